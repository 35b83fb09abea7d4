package apigateway_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v1 "github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// restAPI makes a REST API with routes "GET /a/{b}" to functions and a stage.
type restAPI struct {
	t      *testing.T
	client *v1.Client
	id     *string
	paths  map[string]*string
}

func newREST(t *testing.T, client *v1.Client, in *v1.CreateRestApiInput) *restAPI {
	t.Helper()
	in.Name = aws.String("api")
	made := must(client.CreateRestApi(t.Context(), in))(t)
	return &restAPI{t, client, made.Id, map[string]*string{"/": made.RootResourceId}}
}

// resource makes the resource of a path and all above it.
func (a *restAPI) resource(path string) *string {
	a.t.Helper()
	if id := a.paths[path]; id != nil {
		return id
	}
	i := strings.LastIndexByte(path, '/')
	parent := a.resource(path[:max(i, 1)])
	made := must(a.client.CreateResource(a.t.Context(), &v1.CreateResourceInput{RestApiId: a.id, ParentId: parent, PathPart: aws.String(path[i+1:])}))(a.t)
	if *made.Path != path {
		a.t.Errorf("made %s, want %s", *made.Path, path)
	}
	a.paths[path] = made.Id
	return made.Id
}

func (a *restAPI) method(key, function string) {
	a.t.Helper()
	method, path, _ := strings.Cut(key, " ")
	id := a.resource(path)
	must(a.client.PutMethod(a.t.Context(), &v1.PutMethodInput{RestApiId: a.id, ResourceId: id, HttpMethod: &method, AuthorizationType: aws.String("NONE")}))(a.t)
	must(a.client.PutIntegration(a.t.Context(), &v1.PutIntegrationInput{
		RestApiId: a.id, ResourceId: id, HttpMethod: &method, Type: types.IntegrationTypeAwsProxy, IntegrationHttpMethod: aws.String("POST"), Uri: uriOf(function),
	}))(a.t)
}

func (a *restAPI) deploy(stage string) *string {
	a.t.Helper()
	d := must(a.client.CreateDeployment(a.t.Context(), &v1.CreateDeploymentInput{RestApiId: a.id}))(a.t)
	must(a.client.CreateStage(a.t.Context(), &v1.CreateStageInput{RestApiId: a.id, DeploymentId: d.Id, StageName: &stage}))(a.t)
	return d.Id
}

// The API of the CDK workshop: LambdaRestApi makes ANY on / and on /{proxy+}.
func TestTheWorkshopsAPI(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	api := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{})
	api.method("ANY /", hello)
	api.method("ANY /{proxy+}", hello)
	if got := c.send(t, "GET", "/hello", ""); got.Status != 403 {
		t.Errorf("before it is deployed: %+v", got)
	}
	api.deploy("prod")
	c.allow("arn:aws:execute-api:us-east-1:000000000000:" + *api.id + "/prod/*/*")
	for _, row := range []struct{ path, host string }{
		{"/hello", ""},
		{"/prod/hello", "Host: " + *api.id + ".execute-api.us-east-1.amazonaws.com"},
		{"/_aws/execute-api/" + *api.id + "/prod/hello", ""},
	} {
		headers := []string{}
		if row.host != "" {
			headers = append(headers, row.host)
		}
		got := c.send(t, "GET", row.path, "", headers...)
		if got.Status != 200 || got.Body != "hi" || got.Header.Get("X-Amz-Apigw-Id") == "" || got.Header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s: %+v", row.path, got)
		}
		if event := c.last(t); !strings.Contains(event, `"path":"/hello"`) || !strings.Contains(event, `"stage":"prod"`) {
			t.Errorf("%s: event %s", row.path, event)
		}
	}

	// The function's policy decides: another stage in its SourceArn refuses.
	c.allow("arn:aws:execute-api:us-east-1:000000000000:" + *api.id + "/test-invoke-stage/*/*")
	got := c.send(t, "GET", "/hello", "")
	if got.Status != 500 || got.Body != `{"message": "Internal server error"}` {
		t.Errorf("without a function policy for the stage: %+v", got)
	}
	c.allow("arn:aws:execute-api:us-east-1:000000000000:" + *api.id + "/prod/*/")
	if got := c.send(t, "GET", "/", ""); got.Status != 200 {
		t.Errorf("the root by its own source ARN: %+v", got)
	}
	if !strings.Contains(c.log.String(), "path=/hello status=500") {
		t.Errorf("no line for the request in the log:\n%s", c.log)
	}
}

func TestADeploymentIsASnapshot(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	api := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{})
	_, err := api.client.CreateDeployment(t.Context(), &v1.CreateDeploymentInput{RestApiId: api.id})
	wantError(t, err, "BadRequestException", 400)
	api.method("GET /one", hello)
	first := api.deploy("prod")
	api.method("GET /two", hello)
	if got := c.send(t, "GET", "/two", ""); got.Status != 403 || got.Body != `{"message":"Missing Authentication Token"}` {
		t.Errorf("a route that is not deployed: %+v", got)
	}
	second := must(api.client.CreateDeployment(t.Context(), &v1.CreateDeploymentInput{RestApiId: api.id, StageName: aws.String("prod")}))(t)
	if got := c.send(t, "GET", "/two", ""); got.Status != 200 {
		t.Errorf("deployed: %+v\n%s", got, c.log)
	}
	_, err = api.client.DeleteDeployment(t.Context(), &v1.DeleteDeploymentInput{RestApiId: api.id, DeploymentId: second.Id})
	wantError(t, err, "BadRequestException", 400)
	must(api.client.UpdateStage(t.Context(), &v1.UpdateStageInput{RestApiId: api.id, StageName: aws.String("prod"), PatchOperations: []types.PatchOperation{
		{Op: types.OpReplace, Path: aws.String("/deploymentId"), Value: first},
		{Op: types.OpReplace, Path: aws.String("/variables/color"), Value: aws.String("blue")},
	}}))(t)
	stage := must(api.client.GetStage(t.Context(), &v1.GetStageInput{RestApiId: api.id, StageName: aws.String("prod")}))(t)
	if *stage.DeploymentId != *first || stage.Variables["color"] != "blue" || stage.CreatedDate == nil {
		t.Errorf("stage %+v", stage)
	}
	if got := c.send(t, "GET", "/two", ""); got.Status != 403 {
		t.Errorf("rolled back: %+v", got)
	}
	must(api.client.DeleteDeployment(t.Context(), &v1.DeleteDeploymentInput{RestApiId: api.id, DeploymentId: second.Id}))(t)
	must(api.client.DeleteStage(t.Context(), &v1.DeleteStageInput{RestApiId: api.id, StageName: aws.String("prod")}))(t)
	must(api.client.DeleteRestApi(t.Context(), &v1.DeleteRestApiInput{RestApiId: api.id}))(t)
	_, err = api.client.GetRestApi(t.Context(), &v1.GetRestApiInput{RestApiId: api.id})
	wantError(t, err, "NotFoundException", 404)
}

func TestRESTResourcesAndMethods(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	api := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{Tags: map[string]string{"team": "red"}, BinaryMediaTypes: []string{"image/png"}})
	api.method("GET /pets/{id}", hello)
	api.method("POST /pets/{id}", hello)
	list := must(api.client.GetResources(t.Context(), &v1.GetResourcesInput{RestApiId: api.id, Embed: []string{"methods"}}))(t)
	var paths []string
	for _, r := range list.Items {
		paths = append(paths, *r.Path)
	}
	if got := strings.Join(paths, " "); got != "/ /pets /pets/{id}" {
		t.Errorf("resources %s", got)
	}
	leaf := list.Items[2]
	if m := leaf.ResourceMethods["GET"]; m.MethodIntegration == nil || *m.MethodIntegration.Uri != *uriOf(hello) || *m.MethodIntegration.HttpMethod != "POST" {
		t.Errorf("GET is %+v", m)
	}
	_, err := api.client.CreateResource(t.Context(), &v1.CreateResourceInput{RestApiId: api.id, ParentId: list.Items[1].Id, PathPart: aws.String("{id}")})
	wantError(t, err, "ConflictException", 409)
	_, err = api.client.CreateResource(t.Context(), &v1.CreateResourceInput{RestApiId: api.id, ParentId: list.Items[1].Id, PathPart: aws.String("{name}")})
	wantError(t, err, "BadRequestException", 400)
	_, err = api.client.PutMethod(t.Context(), &v1.PutMethodInput{RestApiId: api.id, ResourceId: leaf.Id, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE")})
	wantError(t, err, "ConflictException", 409)
	_, err = api.client.PutIntegration(t.Context(), &v1.PutIntegrationInput{RestApiId: api.id, ResourceId: leaf.Id, HttpMethod: aws.String("GET"), Type: types.IntegrationTypeHttp, Uri: aws.String("http://x")})
	wantError(t, err, "BadRequestException", 400)
	must(api.client.UpdateMethod(t.Context(), &v1.UpdateMethodInput{RestApiId: api.id, ResourceId: leaf.Id, HttpMethod: aws.String("GET"), PatchOperations: []types.PatchOperation{
		{Op: types.OpReplace, Path: aws.String("/apiKeyRequired"), Value: aws.String("true")},
	}}))(t)
	if m := must(api.client.GetMethod(t.Context(), &v1.GetMethodInput{RestApiId: api.id, ResourceId: leaf.Id, HttpMethod: aws.String("GET")}))(t); !*m.ApiKeyRequired || m.MethodIntegration == nil {
		t.Errorf("after the patch: %+v", m)
	}
	updated := must(api.client.UpdateRestApi(t.Context(), &v1.UpdateRestApiInput{RestApiId: api.id, PatchOperations: []types.PatchOperation{
		{Op: types.OpReplace, Path: aws.String("/name"), Value: aws.String("new")},
		{Op: types.OpRemove, Path: aws.String("/binaryMediaTypes/image~1png")},
		{Op: types.OpAdd, Path: aws.String("/binaryMediaTypes/application~1zip")},
	}}))(t)
	if *updated.Name != "new" || strings.Join(updated.BinaryMediaTypes, " ") != "application/zip" || updated.Tags["team"] != "red" || *updated.RootResourceId != *api.paths["/"] {
		t.Errorf("updated %+v", updated)
	}
	arn := aws.String("arn:aws:apigateway:us-east-1::/restapis/" + *api.id)
	must(api.client.TagResource(t.Context(), &v1.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"env": "dev"}}))(t)
	must(api.client.UntagResource(t.Context(), &v1.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"team"}}))(t)
	if tags := must(api.client.GetTags(t.Context(), &v1.GetTagsInput{ResourceArn: arn}))(t); len(tags.Tags) != 1 || tags.Tags["env"] != "dev" {
		t.Errorf("tags %v", tags.Tags)
	}
	must(api.client.DeleteMethod(t.Context(), &v1.DeleteMethodInput{RestApiId: api.id, ResourceId: leaf.Id, HttpMethod: aws.String("GET")}))(t)
	must(api.client.DeleteResource(t.Context(), &v1.DeleteResourceInput{RestApiId: api.id, ResourceId: list.Items[1].Id}))(t)
	if rest := must(api.client.GetResources(t.Context(), &v1.GetResourcesInput{RestApiId: api.id}))(t); len(rest.Items) != 1 {
		t.Errorf("a resource's children outlive it: %d left", len(rest.Items))
	}
	must(api.client.GetAccount(t.Context(), &v1.GetAccountInput{}))(t)
}

func TestIAMDecidesOnTheControlPlane(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	api := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{})
	must(c.rest("reader").GetRestApi(t.Context(), &v1.GetRestApiInput{RestApiId: api.id}))(t)
	_, err := c.rest("reader").DeleteRestApi(t.Context(), &v1.DeleteRestApiInput{RestApiId: api.id})
	wantError(t, err, "AccessDeniedException", 403)
	if err == nil || !strings.Contains(err.Error(), "apigateway:DELETE on resource: arn:aws:apigateway:us-east-1::/restapis/"+*api.id) {
		t.Errorf("the denial does not name the action and the resource: %v", err)
	}
}

func TestMockIntegrationAnswersPreflight(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	api := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{})
	api.method("GET /pets", hello)
	id, options := api.resource("/pets"), aws.String("OPTIONS")
	must(api.client.PutMethod(t.Context(), &v1.PutMethodInput{RestApiId: api.id, ResourceId: id, HttpMethod: options, AuthorizationType: aws.String("NONE")}))(t)
	must(api.client.PutMethodResponse(t.Context(), &v1.PutMethodResponseInput{
		RestApiId: api.id, ResourceId: id, HttpMethod: options, StatusCode: aws.String("204"),
		ResponseParameters: map[string]bool{"method.response.header.Access-Control-Allow-Origin": true},
	}))(t)
	must(api.client.PutIntegration(t.Context(), &v1.PutIntegrationInput{
		RestApiId: api.id, ResourceId: id, HttpMethod: options, Type: types.IntegrationTypeMock,
		RequestTemplates: map[string]string{"application/json": "{ statusCode: 200 }"},
	}))(t)
	must(api.client.PutIntegrationResponse(t.Context(), &v1.PutIntegrationResponseInput{
		RestApiId: api.id, ResourceId: id, HttpMethod: options, StatusCode: aws.String("204"),
		ResponseParameters: map[string]string{"method.response.header.Access-Control-Allow-Origin": "'*'"},
	}))(t)
	api.deploy("prod")
	got := c.send(t, "OPTIONS", "/pets", "", "Origin: https://x.example", "Access-Control-Request-Method: GET")
	if got.Status != 204 || got.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("preflight: %+v", got)
	}
}
