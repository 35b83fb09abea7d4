package localcloud_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	resttypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	httptypes "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// permit lets API Gateway invoke a function for an API.
func (c *cloud) permit(t testing.TB, function, apiID string) {
	t.Helper()
	must[*lambda.AddPermissionOutput](t)(lambda.NewFromConfig(c.dev()).AddPermission(t.Context(), &lambda.AddPermissionInput{
		FunctionName: &function, StatementId: aws.String("api"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("apigateway.amazonaws.com"), SourceArn: aws.String("arn:aws:execute-api:us-east-1:000000000000:" + apiID + "/*"),
	}))
}

// restAPI makes a REST API with a resource that a function answers, and deploys it.
func (c *cloud) restAPI(t testing.TB, path, functionARN string) (id string) {
	t.Helper()
	ctx, client := t.Context(), apigateway.NewFromConfig(c.dev())
	api := must[*apigateway.CreateRestApiOutput](t)(client.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String(path)})).Id
	root := must[*apigateway.GetResourcesOutput](t)(client.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: api})).Items[0].Id
	resource := must[*apigateway.CreateResourceOutput](t)(client.CreateResource(ctx, &apigateway.CreateResourceInput{RestApiId: api, ParentId: root, PathPart: &path})).Id
	must[*apigateway.PutMethodOutput](t)(client.PutMethod(ctx, &apigateway.PutMethodInput{
		RestApiId: api, ResourceId: resource, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE"),
	}))
	must[*apigateway.PutIntegrationOutput](t)(client.PutIntegration(ctx, &apigateway.PutIntegrationInput{
		RestApiId: api, ResourceId: resource, HttpMethod: aws.String("GET"), Type: resttypes.IntegrationTypeAwsProxy, IntegrationHttpMethod: aws.String("POST"),
		Uri: aws.String("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + functionARN + "/invocations"),
	}))
	must[*apigateway.CreateDeploymentOutput](t)(client.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api, StageName: aws.String("prod")}))
	return *api
}

// httpAPI makes an HTTP API with a route that a function answers.
func (c *cloud) httpAPI(t testing.TB, path, functionARN string) (id string) {
	t.Helper()
	ctx, client := t.Context(), apigatewayv2.NewFromConfig(c.dev())
	api := must[*apigatewayv2.CreateApiOutput](t)(client.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String(path), ProtocolType: httptypes.ProtocolTypeHttp})).ApiId
	integration := must[*apigatewayv2.CreateIntegrationOutput](t)(client.CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{
		ApiId: api, IntegrationType: httptypes.IntegrationTypeAwsProxy, IntegrationUri: &functionARN, PayloadFormatVersion: aws.String("2.0"),
	})).IntegrationId
	must[*apigatewayv2.CreateRouteOutput](t)(client.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
		ApiId: api, RouteKey: aws.String("GET /" + path), Target: aws.String("integrations/" + *integration),
	}))
	must[*apigatewayv2.CreateStageOutput](t)(client.CreateStage(ctx, &apigatewayv2.CreateStageInput{ApiId: api, StageName: aws.String("$default"), AutoDeploy: aws.Bool(true)}))
	return *api
}

// useREST: the function's own policy decides whether API Gateway may invoke it.
func useREST(t *testing.T, c *cloud) {
	ctx, client := t.Context(), apigateway.NewFromConfig(c.dev())
	api := c.restAPI(t, "rest", c.deploy(t, "rest"))
	if status, body := c.get(t, "/rest"); status != 500 || body != `{"message": "Internal server error"}` {
		t.Errorf("without permission: %d %s", status, body)
	}
	c.permit(t, "rest", api)
	if status, body := c.get(t, "/rest"); status != 200 || body != "arn:aws:sts::000000000000:assumed-role/rest-role/rest" {
		t.Errorf("with permission: %d %s", status, body)
	}
	guardREST(t, c, api)
	if out := must[*apigateway.GetRestApisOutput](t)(client.GetRestApis(ctx, &apigateway.GetRestApisInput{})); len(out.Items) != 1 {
		t.Errorf("APIs %v", out.Items)
	}
	if out := must[*apigateway.GetStagesOutput](t)(client.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: &api})); len(out.Item) != 1 {
		t.Errorf("stages %v", out.Item)
	}
	must[*apigateway.DeleteRestApiOutput](t)(client.DeleteRestApi(ctx, &apigateway.DeleteRestApiInput{RestApiId: &api}))
	if status, _ := c.get(t, "/rest"); status == 200 {
		t.Error("the API that is gone still answers")
	}
}

func useHTTP(t *testing.T, c *cloud) {
	ctx, client := t.Context(), apigatewayv2.NewFromConfig(c.dev())
	api := c.httpAPI(t, "http", c.deploy(t, "http"))
	if status, body := c.get(t, "/http"); status != 500 || body != `{"message":"Internal Server Error"}` {
		t.Errorf("without permission: %d %s", status, body)
	}
	c.permit(t, "http", api)
	if status, body := c.get(t, "/http"); status != 200 || body != "arn:aws:sts::000000000000:assumed-role/http-role/http" {
		t.Errorf("with permission: %d %s", status, body)
	}
	guardHTTP(t, c, api)
	if out := must[*apigatewayv2.GetApisOutput](t)(client.GetApis(ctx, &apigatewayv2.GetApisInput{})); len(out.Items) != 1 {
		t.Errorf("APIs %v", out.Items)
	}
	if out := must[*apigatewayv2.GetRoutesOutput](t)(client.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: &api})); len(out.Items) != 1 {
		t.Errorf("routes %v", out.Items)
	}
	must[*apigatewayv2.DeleteApiOutput](t)(client.DeleteApi(ctx, &apigatewayv2.DeleteApiInput{ApiId: &api}))
}
