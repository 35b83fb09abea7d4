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

func invocationOf(function string) *string {
	return aws.String("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:" + function + "/invocations")
}

// ask lets an authorizer ask a function, and no other.
func (c *cloud) ask(t *testing.T, function, api, authorizer string) {
	t.Helper()
	must[*lambda.AddPermissionOutput](t)(lambda.NewFromConfig(c.dev()).AddPermission(t.Context(), &lambda.AddPermissionInput{
		FunctionName: &function, StatementId: aws.String("authorizer"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("apigateway.amazonaws.com"),
		SourceArn: aws.String("arn:aws:execute-api:us-east-1:000000000000:" + api + "/authorizers/" + authorizer),
	}))
}

// guarded checks what becomes of requests of a route whose authorizer is a real function.
func (c *cloud) guarded(t *testing.T, path string, answers map[string]int) {
	t.Helper()
	for header, want := range answers {
		if status, body := c.get(t, path, header); status != want {
			t.Errorf("%s with %q: %d %s, want %d", path, header, status, body, want)
		}
	}
}

// guardREST puts an authorizer before the REST API's method, and takes it away.
func guardREST(t *testing.T, c *cloud, api string) {
	ctx, client := t.Context(), apigateway.NewFromConfig(c.dev())
	c.deploy(t, "restguard")
	made := must[*apigateway.CreateAuthorizerOutput](t)(client.CreateAuthorizer(ctx, &apigateway.CreateAuthorizerInput{
		RestApiId: &api, Name: aws.String("guard"), Type: resttypes.AuthorizerTypeToken, AuthorizerUri: invocationOf("restguard"), IdentitySource: aws.String("method.request.header.Auth"),
	}))
	var resource *string
	for _, r := range must[*apigateway.GetResourcesOutput](t)(client.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: &api})).Items {
		if *r.Path == "/rest" {
			resource = r.Id
		}
	}
	method := func(kind string, id string) {
		t.Helper()
		must[*apigateway.UpdateMethodOutput](t)(client.UpdateMethod(ctx, &apigateway.UpdateMethodInput{RestApiId: &api, ResourceId: resource, HttpMethod: aws.String("GET"), PatchOperations: []resttypes.PatchOperation{
			{Op: resttypes.OpReplace, Path: aws.String("/authorizationType"), Value: &kind}, {Op: resttypes.OpReplace, Path: aws.String("/authorizerId"), Value: &id},
		}}))
		must[*apigateway.CreateDeploymentOutput](t)(client.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: &api, StageName: aws.String("prod")}))
	}
	method("CUSTOM", *made.Id)
	c.guarded(t, "/rest", map[string]int{"Auth: let me in": 500})
	c.ask(t, "restguard", api, *made.Id)
	c.guarded(t, "/rest", map[string]int{"Auth: let me in": 200, "Auth: please": 403, "Auth: who am I": 401, "Other: x": 401})
	must[*apigateway.UpdateAuthorizerOutput](t)(client.UpdateAuthorizer(ctx, &apigateway.UpdateAuthorizerInput{RestApiId: &api, AuthorizerId: made.Id, PatchOperations: []resttypes.PatchOperation{
		{Op: resttypes.OpReplace, Path: aws.String("/identityValidationExpression"), Value: aws.String("let.*")},
	}}))
	method("CUSTOM", *made.Id)
	c.guarded(t, "/rest", map[string]int{"Auth: let me in": 200, "Auth: please": 401})
	must[*apigateway.FlushStageAuthorizersCacheOutput](t)(client.FlushStageAuthorizersCache(ctx, &apigateway.FlushStageAuthorizersCacheInput{RestApiId: &api, StageName: aws.String("prod")}))
	if out := must[*apigateway.GetAuthorizersOutput](t)(client.GetAuthorizers(ctx, &apigateway.GetAuthorizersInput{RestApiId: &api})); len(out.Items) != 1 {
		t.Errorf("authorizers %v", out.Items)
	}
	if out := must[*apigateway.GetAuthorizerOutput](t)(client.GetAuthorizer(ctx, &apigateway.GetAuthorizerInput{RestApiId: &api, AuthorizerId: made.Id})); *out.Name != "guard" {
		t.Errorf("authorizer %+v", out)
	}
	method("NONE", "")
	must[*apigateway.DeleteAuthorizerOutput](t)(client.DeleteAuthorizer(ctx, &apigateway.DeleteAuthorizerInput{RestApiId: &api, AuthorizerId: made.Id}))
}

// guardHTTP puts an authorizer before the HTTP API's route, and takes it away.
func guardHTTP(t *testing.T, c *cloud, api string) {
	ctx, client := t.Context(), apigatewayv2.NewFromConfig(c.dev())
	c.deploy(t, "httpguard")
	made := must[*apigatewayv2.CreateAuthorizerOutput](t)(client.CreateAuthorizer(ctx, &apigatewayv2.CreateAuthorizerInput{
		ApiId: &api, Name: aws.String("guard"), AuthorizerType: httptypes.AuthorizerTypeRequest, AuthorizerUri: invocationOf("httpguard"),
		AuthorizerPayloadFormatVersion: aws.String("2.0"), IdentitySource: []string{"$request.header.Auth"},
	}))
	route := must[*apigatewayv2.GetRoutesOutput](t)(client.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: &api})).Items[0].RouteId
	must[*apigatewayv2.UpdateRouteOutput](t)(client.UpdateRoute(ctx, &apigatewayv2.UpdateRouteInput{
		ApiId: &api, RouteId: route, AuthorizationType: httptypes.AuthorizationTypeCustom, AuthorizerId: made.AuthorizerId,
	}))
	c.guarded(t, "/http", map[string]int{"Auth: let me in": 500})
	c.ask(t, "httpguard", api, *made.AuthorizerId)
	c.guarded(t, "/http", map[string]int{"Auth: let me in": 200, "Auth: please": 403, "Auth: who am I": 500, "Other: x": 401})
	must[*apigatewayv2.UpdateAuthorizerOutput](t)(client.UpdateAuthorizer(ctx, &apigatewayv2.UpdateAuthorizerInput{ApiId: &api, AuthorizerId: made.AuthorizerId, AuthorizerResultTtlInSeconds: aws.Int32(60)}))
	c.guarded(t, "/http", map[string]int{"Auth: let me in": 200})
	must[*apigatewayv2.ResetAuthorizersCacheOutput](t)(client.ResetAuthorizersCache(ctx, &apigatewayv2.ResetAuthorizersCacheInput{ApiId: &api, StageName: aws.String("$default")}))
	if out := must[*apigatewayv2.GetAuthorizersOutput](t)(client.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: &api})); len(out.Items) != 1 {
		t.Errorf("authorizers %v", out.Items)
	}
	if out := must[*apigatewayv2.GetAuthorizerOutput](t)(client.GetAuthorizer(ctx, &apigatewayv2.GetAuthorizerInput{ApiId: &api, AuthorizerId: made.AuthorizerId})); *out.Name != "guard" {
		t.Errorf("authorizer %+v", out)
	}
	must[*apigatewayv2.UpdateRouteOutput](t)(client.UpdateRoute(ctx, &apigatewayv2.UpdateRouteInput{ApiId: &api, RouteId: route, AuthorizationType: httptypes.AuthorizationTypeNone}))
	must[*apigatewayv2.DeleteAuthorizerOutput](t)(client.DeleteAuthorizer(ctx, &apigatewayv2.DeleteAuthorizerInput{ApiId: &api, AuthorizerId: made.AuthorizerId}))
}
