package apigateway_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v1 "github.com/aws/aws-sdk-go-v2/service/apigateway"
	v2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/writ-dev/writ/localcloud/store"
)

func newHTTP(t *testing.T, client *v2.Client, stage string, routes ...string) *string {
	t.Helper()
	api := must(client.CreateApi(t.Context(), &v2.CreateApiInput{Name: aws.String("api"), ProtocolType: types.ProtocolTypeHttp}))(t)
	i := must(client.CreateIntegration(t.Context(), &v2.CreateIntegrationInput{
		ApiId: api.ApiId, IntegrationType: types.IntegrationTypeAwsProxy, IntegrationUri: aws.String(hello), PayloadFormatVersion: aws.String("2.0"),
	}))(t)
	for _, key := range routes {
		must(client.CreateRoute(t.Context(), &v2.CreateRouteInput{ApiId: api.ApiId, RouteKey: aws.String(key), Target: aws.String("integrations/" + *i.IntegrationId)}))(t)
	}
	must(client.CreateStage(t.Context(), &v2.CreateStageInput{ApiId: api.ApiId, StageName: &stage, AutoDeploy: aws.Bool(true)}))(t)
	return api.ApiId
}

func TestHTTPAPI(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client := c.http("admin")
	id := newHTTP(t, client, "$default", "GET /pets/{id}", "POST /pets")
	c.allow("arn:aws:execute-api:us-east-1:000000000000:" + *id + "/*/*/pets/{id}")
	got := c.send(t, "GET", "/pets/7?a=1&a=2", "", "Cookie: x=1; y=2")
	if got.Status != 200 || got.Body != "hi" || got.Header.Get("Apigw-Requestid") == "" || got.Header.Get("Content-Type") != "text/plain;charset=UTF-8" {
		t.Errorf("%+v", got)
	}
	var event struct {
		Version, RouteKey, RawPath    string
		Cookies                       []string
		PathParameters                map[string]string
		QueryStringParameters         map[string]string
		RequestContext                struct{ Stage, RequestID string }
		Headers                       map[string]string
		MultiValueQueryStringIsAbsent any `json:"multiValueQueryStringParameters"`
	}
	if err := json.Unmarshal([]byte(c.last(t)), &event); err != nil {
		t.Fatal(err)
	}
	if event.Version != "2.0" || event.RouteKey != "GET /pets/{id}" || event.PathParameters["id"] != "7" || event.QueryStringParameters["a"] != "1,2" ||
		strings.Join(event.Cookies, "|") != "x=1|y=2" || event.Headers["cookie"] != "" || event.RequestContext.Stage != "$default" ||
		event.RequestContext.RequestID != got.Header.Get("Apigw-Requestid") {
		t.Errorf("event %+v", event)
	}
	if got := c.send(t, "POST", "/pets", "x"); got.Status != 500 || got.Body != `{"message":"Internal Server Error"}` {
		t.Errorf("a route that the function's policy does not name: %+v", got)
	}
	if got := c.send(t, "GET", "/none", ""); got.Status != 404 || got.Body != `{"message":"Not Found"}` {
		t.Errorf("no route: %+v", got)
	}

	must(client.DeleteApi(t.Context(), &v2.DeleteApiInput{ApiId: id}))(t)
	_, err := client.GetApi(t.Context(), &v2.GetApiInput{ApiId: id})
	wantError(t, err, "NotFoundException", 404)
}

func TestNamedStagesStandInThePath(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	id := newHTTP(t, c.http("admin"), "dev", "$default")
	if got := c.send(t, "GET", "/dev/x", "", "Host: "+*id+".execute-api.localhost:3000"); got.Status != 200 || !strings.Contains(c.last(t), `"rawPath":"/dev/x"`) {
		t.Errorf("%+v %s", got, c.last(t))
	}
	if got := c.send(t, "GET", "/other/x", "", "Host: "+*id+".execute-api.localhost:3000"); got.Status != 404 {
		t.Errorf("another stage: %+v", got)
	}
	if got := c.send(t, "GET", "/x", ""); got.Status != 200 || !strings.Contains(c.last(t), `"rawPath":"/x"`) {
		t.Errorf("merged: %+v %s", got, c.last(t))
	}
}

func TestADeploymentOfAnHTTPAPI(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client := c.http("admin")
	id := newHTTP(t, client, "auto", "GET /one")
	d := must(client.CreateDeployment(t.Context(), &v2.CreateDeploymentInput{ApiId: id}))(t)
	must(client.CreateStage(t.Context(), &v2.CreateStageInput{ApiId: id, StageName: aws.String("fixed"), DeploymentId: d.DeploymentId}))(t)
	routes := must(client.GetRoutes(t.Context(), &v2.GetRoutesInput{ApiId: id}))(t)
	must(client.CreateRoute(t.Context(), &v2.CreateRouteInput{ApiId: id, RouteKey: aws.String("GET /two"), Target: routes.Items[0].Target}))(t)
	for path, want := range map[string]int{"auto/one": 200, "auto/two": 200, "fixed/one": 200, "fixed/two": 404} {
		if got := c.send(t, "GET", "/_aws/execute-api/"+*id+"/"+path, ""); got.Status != want {
			t.Errorf("%s: %d, want %d", path, got.Status, want)
		}
	}
	_, err := client.DeleteIntegration(t.Context(), &v2.DeleteIntegrationInput{ApiId: id, IntegrationId: aws.String(strings.TrimPrefix(*routes.Items[0].Target, "integrations/"))})
	wantError(t, err, "ConflictException", 409)
	_, err = client.CreateRoute(t.Context(), &v2.CreateRouteInput{ApiId: id, RouteKey: aws.String("GET /two")})
	wantError(t, err, "ConflictException", 409)
	_, err = client.CreateRoute(t.Context(), &v2.CreateRouteInput{ApiId: id, RouteKey: aws.String("FETCH /two")})
	wantError(t, err, "BadRequestException", 400)
}

func TestCORSOfAnHTTPAPI(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client := c.http("admin")
	id := newHTTP(t, client, "$default", "GET /pets")
	must(client.UpdateApi(t.Context(), &v2.UpdateApiInput{ApiId: id, CorsConfiguration: &types.Cors{
		AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"GET"}, AllowHeaders: []string{"x-key"}, AllowCredentials: aws.Bool(true), MaxAge: aws.Int32(60),
	}}))(t)
	c.answers(`{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"*"},"body":"hi"}`)
	preflight := func(origin string) answer {
		return c.send(t, "OPTIONS", "/pets", "", "Origin: "+origin, "Access-Control-Request-Method: GET")
	}
	if got := preflight("https://app.example"); got.Status != 204 || got.Header.Get("Access-Control-Allow-Origin") != "https://app.example" ||
		got.Header.Get("Access-Control-Allow-Headers") != "x-key" || got.Header.Get("Access-Control-Max-Age") != "60" {
		t.Errorf("preflight: %+v", got)
	}
	if got := preflight("https://evil.example"); got.Status != 204 || got.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of another origin: %+v", got)
	}
	if got := c.send(t, "GET", "/pets", "", "Origin: https://app.example"); got.Header.Get("Access-Control-Allow-Origin") != "https://app.example" || got.Header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("the function's header was not replaced: %+v", got)
	}
	if got := c.send(t, "GET", "/pets", "", "Origin: https://evil.example"); got.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the function's header reached another origin: %+v", got)
	}
}

func TestAPIsSurviveARestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cloud.db")
	db := must(store.Open(path))(t)
	c := openCloud(t, db)
	rest := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{})
	rest.method("GET /rest", hello)
	rest.deploy("prod")
	newHTTP(t, c.http("admin"), "$default", "GET /http")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = must(store.Open(path))(t)
	t.Cleanup(func() { _ = db.Close() })
	again := openCloud(t, db)
	for _, path := range []string{"/rest", "/http"} {
		if got := again.send(t, "GET", path, ""); got.Status != 200 {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestTheNewestAPIAnswersWhereTwoMatch(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	newHTTP(t, c.http("admin"), "$default", "GET /same", "GET /older")
	second := newHTTP(t, c.http("admin"), "$default", "GET /same")
	c.send(t, "GET", "/same", "")
	if event := c.last(t); !strings.Contains(event, *second) {
		t.Errorf("answered by another API: %s", event)
	}
	if got := c.send(t, "GET", "/older", ""); got.Status != 200 {
		t.Errorf("%+v", got)
	}
}

func TestQuickCreate(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	made := must(c.http("admin").CreateApi(t.Context(), &v2.CreateApiInput{Name: aws.String("q"), ProtocolType: types.ProtocolTypeHttp, Target: aws.String(hello)}))(t)
	if !strings.HasPrefix(*made.ApiEndpoint, "https://"+*made.ApiId+".execute-api.us-east-1.") || made.CreatedDate == nil {
		t.Errorf("%+v", made)
	}
	if got := c.send(t, "DELETE", "/anything/at/all", ""); got.Status != 200 {
		t.Errorf("%+v", got)
	}
}
