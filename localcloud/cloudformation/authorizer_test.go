package cloudformation_test

import (
	"fmt"
	"strings"
	"testing"

	v1 "github.com/aws/aws-sdk-go-v2/service/apigateway"
	v2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// guardTemplate has an authorizer of each API; rest and http are their properties.
func guardTemplate(rest, http, route string) string {
	const uri = `!Sub "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:f/invocations"`
	return strings.ReplaceAll(`
Resources:
  Rest: {Type: AWS::ApiGateway::RestApi, Properties: {Name: r}}
  Other: {Type: AWS::ApiGateway::RestApi, Properties: {Name: o}}
  RestGuard: {Type: AWS::ApiGateway::Authorizer, Properties: {`+rest+`}}
  Get:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Rest, ResourceId: !GetAtt Rest.RootResourceId, HttpMethod: GET, AuthorizationType: NONE, Integration: {Type: MOCK}}
  Http: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: h, ProtocolType: HTTP}}
  HttpGuard: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Http, `+http+`}}
  Route: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Http, RouteKey: "GET /x", `+route+`}}
Outputs:
  Rest: {Value: !Ref RestGuard}
  Http: {Value: !Ref HttpGuard}
  Same: {Value: !Sub "${RestGuard.AuthorizerId} ${HttpGuard.AuthorizerId}"}
  RestApi: {Value: !Ref Rest}
  OtherApi: {Value: !Ref Other}
  HttpApi: {Value: !Ref Http}
`, "URI", uri)
}

// TestAuthorizers makes the authorizers of both APIs, changes them in place, and
// replaces the one whose API changes.
func TestAuthorizers(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	cfg := c.config(t, "admin")
	show := func(stack types.Stack) (rest, http, ids string) {
		t.Helper()
		out := map[string]string{}
		for _, o := range stack.Outputs {
			out[*o.OutputKey] = *o.OutputValue
		}
		if out["Same"] != out["Rest"]+" "+out["Http"] || out["Rest"] == "" || out["Http"] == "" {
			t.Errorf("Ref and GetAtt differ: %v", out)
		}
		for _, api := range []string{"RestApi", "OtherApi"} {
			list, err := v1.NewFromConfig(cfg).GetAuthorizers(t.Context(), &v1.GetAuthorizersInput{RestApiId: aws.String(out[api])})
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range list.Items {
				rest += fmt.Sprintf("%s %s %s %d %s %q %q|", api, *a.Name, a.Type, *a.AuthorizerResultTtlInSeconds, aws.ToString(a.IdentitySource), a.ProviderARNs, aws.ToString(a.IdentityValidationExpression))
			}
		}
		list, err := v2.NewFromConfig(cfg).GetAuthorizers(t.Context(), &v2.GetAuthorizersInput{ApiId: aws.String(out["HttpApi"])})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list.Items {
			issuer := ""
			if a.JwtConfiguration != nil {
				issuer = *a.JwtConfiguration.Issuer
			}
			http += fmt.Sprintf("%s %s %s %d %t %q %s|", *a.Name, a.AuthorizerType, aws.ToString(a.AuthorizerPayloadFormatVersion), aws.ToInt32(a.AuthorizerResultTtlInSeconds), aws.ToBool(a.EnableSimpleResponses), a.IdentitySource, issuer)
		}
		return rest, http, out["Same"]
	}
	const pool = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_"
	before := ""
	for i, step := range []struct {
		rest, http, route  string
		wantREST, wantHTTP string
		newREST            bool
	}{
		{
			`RestApiId: !Ref Rest, Name: g, Type: TOKEN, AuthorizerUri: URI, IdentitySource: method.request.header.Auth, IdentityValidationExpression: "x.*", AuthorizerResultTtlInSeconds: 60`,
			`Name: g, AuthorizerType: REQUEST, AuthorizerUri: URI, AuthorizerPayloadFormatVersion: "2.0", EnableSimpleResponses: "true", AuthorizerResultTtlInSeconds: "60", IdentitySource: ["$request.header.Auth"]`,
			`AuthorizationType: CUSTOM, AuthorizerId: !Ref HttpGuard`,
			`RestApi g TOKEN 60 method.request.header.Auth [] "x.*"|`, `g REQUEST 2.0 60 true ["$request.header.Auth"] |`, false,
		},
		{
			`RestApiId: !Ref Rest, Name: h, Type: REQUEST, AuthorizerUri: URI, IdentitySource: "method.request.header.Auth, context.httpMethod"`,
			`Name: h, AuthorizerType: REQUEST, AuthorizerUri: URI, AuthorizerPayloadFormatVersion: "1.0"`,
			`AuthorizationType: CUSTOM, AuthorizerId: !Ref HttpGuard`,
			`RestApi h REQUEST 300 method.request.header.Auth, context.httpMethod [] ""|`, `h REQUEST 1.0 0 false [] |`, false,
		},
		{
			`RestApiId: !Ref Rest, Name: h, Type: COGNITO_USER_POOLS, ProviderARNs: ["` + pool + `a", "` + pool + `b"], IdentitySource: method.request.header.Auth`,
			`Name: h, AuthorizerType: REQUEST, AuthorizerUri: URI, AuthorizerPayloadFormatVersion: "1.0"`,
			`AuthorizationType: NONE`,
			`RestApi h COGNITO_USER_POOLS 300 method.request.header.Auth ["` + pool + `a" "` + pool + `b"] ""|`, `h REQUEST 1.0 0 false [] |`, false,
		},
		{
			`RestApiId: !Ref Other, Name: h, Type: COGNITO_USER_POOLS, ProviderARNs: ["` + pool + `b"], IdentitySource: method.request.header.Auth`,
			`Name: h, AuthorizerType: JWT, IdentitySource: ["$request.header.Authorization"], JwtConfiguration: {Issuer: "https://issuer.example", Audience: [app]}`,
			`AuthorizationType: NONE`,
			`OtherApi h COGNITO_USER_POOLS 300 method.request.header.Auth ["` + pool + `b"] ""|`, `h JWT  0 false ["$request.header.Authorization"] https://issuer.example|`, true,
		},
		{
			`RestApiId: !Ref Other, Name: h, Type: COGNITO_USER_POOLS, ProviderARNs: ["` + pool + `c"], IdentitySource: method.request.header.Auth`,
			`Name: h, AuthorizerType: JWT, IdentitySource: ["$request.header.Authorization"], JwtConfiguration: {Issuer: "https://issuer.example", Audience: [app]}`,
			`AuthorizationType: JWT, AuthorizerId: !Ref HttpGuard, AuthorizationScopes: [read]`,
			`OtherApi h COGNITO_USER_POOLS 300 method.request.header.Auth ["` + pool + `c"] ""|`, `h JWT  0 false ["$request.header.Authorization"] https://issuer.example|`, false,
		},
	} {
		deploy, status := c.create, types.StackStatusCreateComplete
		if i > 0 {
			deploy, status = func(t testing.TB, name, body string) error { return c.update(t, name, body) }, types.StackStatusUpdateComplete
		}
		if err := deploy(t, "app", guardTemplate(step.rest, step.http, step.route)); err != nil {
			t.Fatal(err)
		}
		rest, http, ids := show(c.want(t, "app", status))
		if rest != step.wantREST || http != step.wantHTTP {
			t.Errorf("step %d: %s\n%s\nwant %s\n%s", i, rest, http, step.wantREST, step.wantHTTP)
		}
		oldREST, oldHTTP, _ := strings.Cut(before, " ")
		newREST, newHTTP, _ := strings.Cut(ids, " ")
		if i > 0 && (oldREST != newREST) != step.newREST || i > 0 && oldHTTP != newHTTP {
			t.Errorf("step %d: %s became %s", i, before, ids)
		}
		before = ids
	}
	if stack := c.deleteStack(t, "app"); stack.StackStatus != types.StackStatusDeleteComplete {
		t.Errorf("deleted: %s\n%s", stack.StackStatus, strings.Join(c.events(t, *stack.StackId), "\n"))
	}
}
