package apigateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v1 "github.com/aws/aws-sdk-go-v2/service/apigateway"
	resttypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	v2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// TestAuthorizerRole asks the function as a role, whose trust sees the
// authorizer as the source, and passes what it says on to a parameter.
func TestAuthorizerRole(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ctx, box := t.Context(), s.Queue("box", "", "")
	s.route("POST /mail", toQueue, s.Role("sender", gatewayPrincipal, allow("sqs:SendMessage", box)), map[string]string{
		"QueueUrl": queueURL("box"), "MessageBody": "${context.authorizer.tenant} ${context.authorizer.n} ${context.authorizer.list}",
	})
	s.Lambda.Answer(`{"isAuthorized":true,"context":{"tenant":"acme","n":7,"list":["a", 1]}}`)
	invoke := allow("lambda:InvokeFunction", guard)
	asks := s.trusting("asks", `{"ArnLike":{"aws:SourceArn":"arn:aws:execute-api:us-east-1:000000000000:`+s.api+`/authorizers/*"}}`, invoke)
	routeOnly := s.trusting("routeonly", `{"ArnLike":{"aws:SourceArn":"arn:aws:execute-api:us-east-1:000000000000:`+s.api+`/*/POST/*"}}`, invoke)
	powerless := s.Role("powerless", gatewayPrincipal, allow("sqs:SendMessage", box))
	input := &v2.CreateAuthorizerInput{
		ApiId: &s.api, Name: aws.String("guard"), AuthorizerType: types.AuthorizerTypeRequest, AuthorizerUri: uriOf(guard), AuthorizerPayloadFormatVersion: aws.String("2.0"),
		EnableSimpleResponses: aws.Bool(true), IdentitySource: []string{"$request.header.Auth"}, AuthorizerCredentialsArn: &asks,
	}
	// Who makes or changes one must be allowed to give the role to API Gateway.
	s.Role("manager", "lambda.amazonaws.com", allow("apigateway:*", "*"))
	_, err := s.gateway("manager").CreateAuthorizer(ctx, input)
	wantError(t, err, "AccessDeniedException", 403)
	made, err := s.gateway("admin").CreateAuthorizer(ctx, input)
	s.Must(err)
	_, err = s.gateway("manager").UpdateAuthorizer(ctx, &v2.UpdateAuthorizerInput{ApiId: &s.api, AuthorizerId: made.AuthorizerId, AuthorizerCredentialsArn: &powerless})
	wantError(t, err, "AccessDeniedException", 403)
	routes, err := s.gateway("admin").GetRoutes(ctx, &v2.GetRoutesInput{ApiId: &s.api})
	s.Must(err)
	_, err = s.gateway("admin").UpdateRoute(ctx, &v2.UpdateRouteInput{
		ApiId: &s.api, RouteId: routes.Items[0].RouteId, AuthorizationType: types.AuthorizationTypeCustom, AuthorizerId: made.AuthorizerId,
	})
	s.Must(err)
	if status, answer, _ := s.post("/mail", "x", "Auth: a"); status != 200 {
		t.Fatalf("%d %s\n%s", status, answer, s.Said())
	}
	if m := s.Receive("box"); m.Body != `acme 7 ["a", 1]` {
		t.Errorf("the message is %q", m.Body)
	}
	for role, why := range map[string]string{routeOnly: "a trust policy for the routes alone", powerless: "a role that may not invoke"} {
		_, err = s.gateway("admin").UpdateAuthorizer(ctx, &v2.UpdateAuthorizerInput{ApiId: &s.api, AuthorizerId: made.AuthorizerId, AuthorizerCredentialsArn: &role})
		s.Must(err)
		before := len(s.Lambda.Calls())
		if status, answer, _ := s.post("/mail", "x", "Auth: a"); status != 500 || answer != `{"message":"Internal Server Error"}` || len(s.Lambda.Calls()) != before {
			t.Errorf("%s: %d %s", why, status, answer)
		}
	}
	if m, ok := s.Poll("box", 0); ok {
		t.Errorf("a refused request sent %+v", m)
	}

	rest := v1.NewFromConfig(s.As("manager"))
	api, err := rest.CreateRestApi(ctx, &v1.CreateRestApiInput{Name: aws.String("r")})
	s.Must(err)
	restInput := &v1.CreateAuthorizerInput{
		RestApiId: api.Id, Name: aws.String("g"), Type: resttypes.AuthorizerTypeToken, AuthorizerUri: uriOf(guard), IdentitySource: aws.String("method.request.header.Auth"),
	}
	plain, err := rest.CreateAuthorizer(ctx, restInput)
	s.Must(err)
	restInput.Name, restInput.AuthorizerCredentials = aws.String("h"), &asks
	_, err = rest.CreateAuthorizer(ctx, restInput)
	wantError(t, err, "AccessDeniedException", 403)
	_, err = rest.UpdateAuthorizer(ctx, &v1.UpdateAuthorizerInput{RestApiId: api.Id, AuthorizerId: plain.Id, PatchOperations: []resttypes.PatchOperation{
		{Op: resttypes.OpReplace, Path: aws.String("/authorizerCredentials"), Value: &asks},
	}})
	wantError(t, err, "AccessDeniedException", 403)
}

// TestAnAPIsPolicyAndItsAuthorizer weighs both, as AWS's table A says: one
// Allow is enough, one Deny is final, and one of the API's own asks nobody.
func TestAnAPIsPolicyAndItsAuthorizer(t *testing.T) {
	t.Parallel()
	statement := func(effect string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}`
	}
	silent := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/GET/other"}]}`
	for _, row := range []struct {
		policy, answer, want string
		asked                int
	}{
		{statement("Allow"), "Allow", letIn[0], 1},
		{statement("Allow"), "none", letIn[0], 1},
		{statement("Allow"), "Deny", denied[0], 1},
		{silent, "Allow", letIn[0], 1},
		{silent, "none", noneAllows[0], 1},
		{silent, "Deny", denied[0], 1},
		{statement("Deny"), "Allow", "403 AccessDeniedException", 0},
	} {
		c, a := newCloud(t), &asked{}
		c.set(a.reply)
		a.says(policyOf(strings.Replace(row.answer, "none", "Allow", 1), map[bool]string{true: "arn:aws:execute-api:us-east-1:000000000000:x", false: "ARN"}[row.answer == "none"], ""))
		rest := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{Policy: &row.policy})
		made := must(rest.client.CreateAuthorizer(t.Context(), &v1.CreateAuthorizerInput{
			RestApiId: rest.id, Name: aws.String("g"), Type: resttypes.AuthorizerTypeToken, AuthorizerUri: uriOf(guard), IdentitySource: aws.String("method.request.header.Auth"),
		}))(t)
		rest.method("GET /a", hello)
		must(rest.client.UpdateMethod(t.Context(), &v1.UpdateMethodInput{RestApiId: rest.id, ResourceId: rest.paths["/a"], HttpMethod: aws.String("GET"), PatchOperations: []resttypes.PatchOperation{
			{Op: resttypes.OpReplace, Path: aws.String("/authorizationType"), Value: aws.String("CUSTOM")}, {Op: resttypes.OpReplace, Path: aws.String("/authorizerId"), Value: made.Id},
		}}))(t)
		rest.deploy("prod")
		got := c.send(t, "GET", "/a", "", "Auth: x")
		said := fmt.Sprint(got.Status, " ", got.Body, " ", got.Header.Get("X-Amzn-Errortype"))
		if row.asked == 0 {
			said = fmt.Sprint(got.Status, " ", got.Header.Get("X-Amzn-Errortype"))
		}
		if said != row.want || a.times() != row.asked {
			t.Errorf("policy %s, answer %s: %s, asked %d times; want %s", row.policy, row.answer, said, a.times(), row.want)
		}
	}
}
