package apigateway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v1 "github.com/aws/aws-sdk-go-v2/service/apigateway"
	resttypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	v2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

const guard = "arn:aws:lambda:us-east-1:000000000000:function:guard"

// asked plays the function of an authorizer beside that of the routes. ARN in
// its answer stands for the one in the event.
type asked struct {
	mu     sync.Mutex
	answer string
	fault  string
	events []string
	routes []string
}

func (a *asked) reply(name string, event []byte) (string, string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if name != guard {
		a.routes = append(a.routes, string(event))
		return `{"statusCode":200,"body":"hi"}`, "", nil
	}
	a.events = append(a.events, string(event))
	var e struct{ MethodARN, RouteARN string }
	if err := json.Unmarshal(event, &e); err != nil {
		return "", "", err
	}
	return strings.ReplaceAll(a.answer, "ARN", e.MethodARN+e.RouteARN), a.fault, nil
}

func (a *asked) says(answer string) { a.fails(answer, "") }

func (a *asked) fails(answer, fault string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer, a.fault = answer, fault
}

// times gives how often the authorizer was asked.
func (a *asked) times() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.events)
}

// ran gives how often a route's function was invoked.
func (a *asked) ran() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.routes)
}

func (a *asked) lastOf(t *testing.T, events *[]string) string {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(*events) == 0 {
		t.Fatal("the function was not invoked")
	}
	return (*events)[len(*events)-1]
}

// forms are the four events, the last with both forms of answers.
var forms = []string{"REST TOKEN", "REST REQUEST", "HTTP 1.0", "HTTP 2.0", "HTTP 2.0 simple"}

// guarded makes an API whose routes GET /a and GET /b/{id} ask the authorizer,
// by the header Auth; answers are kept for ttl seconds. It gives the API's and
// the authorizer's id.
func guarded(t *testing.T, c *cloud, form string, ttl int32) (api, authorizer *string) {
	t.Helper()
	if kind, ok := strings.CutPrefix(form, "REST "); ok {
		rest := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{})
		made := must(rest.client.CreateAuthorizer(t.Context(), &v1.CreateAuthorizerInput{
			RestApiId: rest.id, Name: aws.String("guard"), Type: resttypes.AuthorizerType(kind), AuthorizerUri: uriOf(guard),
			IdentitySource: aws.String("method.request.header.Auth"), AuthorizerResultTtlInSeconds: &ttl,
		}))(t)
		for _, path := range []string{"/a", "/b/{id}"} {
			rest.method("GET "+path, hello)
			must(rest.client.UpdateMethod(t.Context(), &v1.UpdateMethodInput{
				RestApiId: rest.id, ResourceId: rest.paths[path], HttpMethod: aws.String("GET"), PatchOperations: []resttypes.PatchOperation{
					{Op: resttypes.OpReplace, Path: aws.String("/authorizationType"), Value: aws.String("CUSTOM")},
					{Op: resttypes.OpReplace, Path: aws.String("/authorizerId"), Value: made.Id},
				},
			}))(t)
		}
		rest.deploy("prod")
		return rest.id, made.Id
	}
	client := c.http("admin")
	api = newHTTP(t, client, "$default", "GET /a", "GET /b/{id}")
	version, simple := strings.TrimSuffix(strings.TrimPrefix(form, "HTTP "), " simple"), strings.HasSuffix(form, "simple")
	made := must(client.CreateAuthorizer(t.Context(), &v2.CreateAuthorizerInput{
		ApiId: api, Name: aws.String("guard"), AuthorizerType: types.AuthorizerTypeRequest, AuthorizerUri: uriOf(guard), AuthorizerPayloadFormatVersion: &version,
		EnableSimpleResponses: &simple, IdentitySource: []string{"$request.header.Auth"}, AuthorizerResultTtlInSeconds: &ttl,
	}))(t)
	for _, r := range must(client.GetRoutes(t.Context(), &v2.GetRoutesInput{ApiId: api}))(t).Items {
		must(client.UpdateRoute(t.Context(), &v2.UpdateRouteInput{
			ApiId: api, RouteId: r.RouteId, AuthorizationType: types.AuthorizationTypeCustom, AuthorizerId: made.AuthorizerId,
		}))(t)
	}
	return api, made.AuthorizerId
}

func policyOf(effect, resource, more string) string {
	return `{"principalId":"ann","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"` + effect + `","Resource":"` + resource + `"}]}` + more + `}`
}

// outcomes are what the client of each kind of API gets: status, body and x-amzn-ErrorType.
var (
	letIn       = [2]string{`200 hi `, `200 hi `}
	notKnown    = [2]string{`401 {"message":"Unauthorized"} UnauthorizedException`, `401 {"message":"Unauthorized"} `}
	denied      = [2]string{`403 {"Message":"User is not authorized to access this resource with an explicit deny"} AccessDeniedException`, `403 {"message":"Forbidden"} `}
	noneAllows  = [2]string{`403 {"Message":"User is not authorized to access this resource"} AccessDeniedException`, `403 {"message":"Forbidden"} `}
	broken      = [2]string{`500 {"message":null} AuthorizerConfigurationException`, `500 {"message":"Internal Server Error"} `}
	brokenREST  = [2]string{broken[0], letIn[1]} // what only a REST API minds
	unknownREST = [2]string{notKnown[0], broken[1]}
)

// TestAuthorizerAnswers is what each kind of API makes of each answer.
func TestAuthorizerAnswers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 8<<10)
	rows := []struct {
		what, answer, fault string
		policy, simple      [2]string // what becomes of it, where a policy and where a simple answer is wanted
	}{
		{"an Allow of the request", policyOf("Allow", "ARN", ""), "", letIn, broken},
		{"an Allow of all", policyOf("Allow", "*", ""), "", letIn, broken},
		{"a Deny", policyOf("Deny", "ARN", ""), "", denied, broken},
		{"an Allow of something else", policyOf("Allow", "arn:aws:execute-api:us-east-1:000000000000:x/prod/GET/other", ""), "", noneAllows, broken},
		{"another action", strings.Replace(policyOf("Allow", "*", ""), "execute-api:Invoke", "s3:GetObject", 1), "", noneAllows, broken},
		{"a condition that does not hold", strings.Replace(policyOf("Allow", "*", ""), `"Effect"`, `"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}},"Effect"`, 1), "", noneAllows, broken},
		{"a simple yes", `{"isAuthorized":true}`, "", broken, letIn},
		{"a simple no", `{"isAuthorized":false}`, "", broken, denied},
		{"a simple yes as text", `{"isAuthorized":"true"}`, "", broken, broken},
		{"a name in another case", `{"IsAuthorized":true,"PolicyDocument":{},"principalId":"a"}`, "", broken, broken},
		{"a bare true", `true`, "", broken, broken},
		{"nothing", `null`, "", broken, broken},
		{"no JSON", `allow`, "", broken, broken},
		{"two answers", `{"isAuthorized":true}{"isAuthorized":true}`, "", broken, broken},
		{"no principalId", strings.Replace(policyOf("Allow", "*", ""), `"principalId":"ann",`, "", 1), "", brokenREST, broken},
		{"a principalId that is a number", strings.Replace(policyOf("Allow", "*", ""), `"ann"`, "7", 1), "", broken, broken},
		{"no policyDocument", `{"principalId":"ann"}`, "", broken, broken},
		{"a policyDocument in a text", `{"principalId":"ann","policyDocument":"{}"}`, "", broken, broken},
		{"an effect that is none", policyOf("Grant", "*", ""), "", broken, broken},
		{"a Principal in the policy", strings.Replace(policyOf("Allow", "*", ""), `"Effect"`, `"Principal":"*","Effect"`, 1), "", broken, broken},
		{"a Resource that is too long", policyOf("Allow", "arn:aws:execute-api:us-east-1:000000000000:"+strings.Repeat("x", 512), ""), "", broken, broken},
		{"an object in the context", policyOf("Allow", "*", `,"context":{"a":{"b":1}}`), "", brokenREST, broken},
		{"claims in the context", policyOf("Allow", "*", `,"context":{"claims":"x"}`), "", brokenREST, broken},
		{"a context that is a list", policyOf("Allow", "*", `,"context":[1]`), "", broken, broken},
		{"an answer over 8 KB", policyOf("Allow", "*", `,"context":{"a":"`+long+`"}`), "", brokenREST, broken},
		{"an API key", policyOf("Allow", "*", `,"usageIdentifierKey":"k"`), "", letIn, broken},
		{"an API key that is no text", policyOf("Allow", "*", `,"usageIdentifierKey":{}`), "", broken, broken},
		{"the error Unauthorized", `{"errorType":"Error","errorMessage":"Unauthorized"}`, "Unhandled", unknownREST, broken},
		{"an error that begins so", `{"errorType":"Error","errorMessage":"Unauthorized: expired"}`, "Unhandled", broken, broken},
		{"another error", `{"errorType":"Error","errorMessage":"boom"}`, "Unhandled", broken, broken},
		{"an answer with an error", policyOf("Allow", "*", ""), "Unhandled", broken, broken},
	}
	for _, form := range forms {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			c, a := newCloud(t), &asked{}
			c.set(a.reply)
			guarded(t, c, form, 0)
			kind := 0
			if strings.HasPrefix(form, "HTTP") {
				kind = 1
			}
			for _, row := range rows {
				a.fails(row.answer, row.fault)
				want := row.policy[kind]
				if strings.HasSuffix(form, "simple") {
					want = row.simple[kind]
				}
				before := a.ran()
				got := c.send(t, "GET", "/a", "", "Auth: token")
				if said := fmt.Sprint(got.Status, " ", got.Body, " ", got.Header.Get("X-Amzn-Errortype")); said != want {
					t.Errorf("%s: %s, want %s", row.what, said, want)
				}
				if ran := a.ran() > before; ran != (got.Status == 200) {
					t.Errorf("%s: status %d, and the route's function ran: %t", row.what, got.Status, ran)
				}
			}
			a.says(map[bool]string{true: `{"isAuthorized":true}`, false: policyOf("Allow", "*", "")}[strings.HasSuffix(form, "simple")])
			before := a.times()
			for _, headers := range [][]string{nil, {"Auth:  "}, {"Authorization: token"}} {
				if got := c.send(t, "GET", "/a", "", headers...); fmt.Sprint(got.Status, " ", got.Body, " ", got.Header.Get("X-Amzn-Errortype")) != notKnown[kind] {
					t.Errorf("with the headers %q: %+v", headers, got)
				}
			}
			if a.times() != before {
				t.Error("the function was asked without an identity")
			}
			if got := c.send(t, "GET", "/b/"+strings.Repeat("x", 1700), "", "Auth: token"); got.Status != 414 || a.times() != before {
				t.Errorf("an ARN over 1600 bytes: %d, asked %d times", got.Status, a.times()-before)
			}
			// The function's own policy decides, and is asked with the authorizer's ARN.
			c.allow("arn:aws:execute-api:us-east-1:000000000000:*/*/GET/*")
			if got := c.send(t, "GET", "/a", "", "Auth: token"); fmt.Sprint(got.Status, " ", got.Body, " ", got.Header.Get("X-Amzn-Errortype")) != broken[kind] {
				t.Errorf("without the permission: %+v", got)
			}
		})
	}
}

// TestAuthorizerPermission lets a function be asked by one authorizer alone.
func TestAuthorizerPermission(t *testing.T) {
	t.Parallel()
	c, a := newCloud(t), &asked{}
	c.set(a.reply)
	api, id := guarded(t, c, "HTTP 2.0 simple", 0)
	a.says(`{"isAuthorized":false}`)
	for source, want := range map[string]int{
		*api + "/authorizers/" + *id: 403, *api + "/authorizers/other": 500, *api + "/*": 403, "other/authorizers/" + *id: 500,
	} {
		c.allow("arn:aws:execute-api:us-east-1:000000000000:" + source)
		if got := c.send(t, "GET", "/a", "", "Auth: x"); got.Status != want {
			t.Errorf("with the source %s: %d, want %d", source, got.Status, want)
		}
	}
}

// TestAuthorizerContext passes what the authorizer says on to the route's function.
func TestAuthorizerContext(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ form, context, want string }{
		{"REST TOKEN", `{"a":"x","n":1.50,"b":true}`, `{"a":"x","b":"true","integrationLatency":0,"n":"1.50","principalId":"ann"}`},
		{"REST REQUEST", `{"principalId":"eve","integrationLatency":"9"}`, `{"integrationLatency":0,"principalId":"ann"}`},
		{"HTTP 1.0", `{"a":"x","n":1.50,"m":{"k":[1,null]}}`, `{"lambda":{"a":"x","m":{"k":[1,null]},"n":1.50}}`},
		{"HTTP 2.0", `{"claims":{"sub":"x"}}`, `{"lambda":{"claims":{"sub":"x"}}}`},
	} {
		c, a := newCloud(t), &asked{}
		c.set(a.reply)
		guarded(t, c, row.form, 0)
		a.says(policyOf("Allow", "ARN", `,"context":`+row.context))
		if got := c.send(t, "GET", "/b/7", "", "Auth: token"); got.Status != 200 {
			t.Fatalf("%s: %+v\n%s", row.form, got, c.log)
		}
		var event struct {
			RequestContext struct{ Authorizer map[string]json.RawMessage }
		}
		if err := json.Unmarshal([]byte(a.lastOf(t, &a.routes)), &event); err != nil {
			t.Fatal(err)
		}
		if latency := event.RequestContext.Authorizer["integrationLatency"]; latency != nil {
			if bytes.HasPrefix(latency, []byte(`"`)) {
				t.Errorf("%s: the latency is %s", row.form, latency)
			}
			event.RequestContext.Authorizer["integrationLatency"] = json.RawMessage("0")
		}
		got, err := json.Marshal(event.RequestContext.Authorizer)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != row.want {
			t.Errorf("%s: authorizer %s, want %s", row.form, got, row.want)
		}
	}
}
