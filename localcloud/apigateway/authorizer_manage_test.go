package apigateway_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v1 "github.com/aws/aws-sdk-go-v2/service/apigateway"
	resttypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	v2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/smithy-go"
)

// refused fails unless err is a BadRequestException whose message holds want.
func refused(t *testing.T, what string, err error, want string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "BadRequestException" || !strings.Contains(api.ErrorMessage(), want) {
		t.Errorf("%s: got %v, want a BadRequestException with %q", what, err, want)
	}
}

func TestRESTAuthorizers(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, rest := t.Context(), newREST(t, c.rest("admin"), &v1.CreateRestApiInput{})
	client := rest.client
	input := func(change func(*v1.CreateAuthorizerInput)) *v1.CreateAuthorizerInput {
		in := &v1.CreateAuthorizerInput{
			RestApiId: rest.id, Name: aws.String("a"), Type: resttypes.AuthorizerTypeToken, AuthorizerUri: uriOf(guard), IdentitySource: aws.String("method.request.header.Auth"),
		}
		change(in)
		return in
	}
	made := must(client.CreateAuthorizer(ctx, input(func(*v1.CreateAuthorizerInput) {})))(t)
	if *made.AuthorizerResultTtlInSeconds != 300 || *made.AuthType != "custom" || made.Id == nil {
		t.Errorf("made %+v", made)
	}
	for _, row := range []struct {
		what, want string
		change     func(*v1.CreateAuthorizerInput)
	}{
		{"no function", "Invalid Authorizer URI", func(in *v1.CreateAuthorizerInput) { in.AuthorizerUri = nil }},
		{"a bare ARN", "Invalid Authorizer URI", func(in *v1.CreateAuthorizerInput) { in.AuthorizerUri = aws.String(guard) }},
		{"a token that is no header", "Invalid token source expression: method.request.querystring.key. The source must be a method request header", func(in *v1.CreateAuthorizerInput) { in.IdentitySource = aws.String("method.request.querystring.key") }},
		{"two tokens", "Invalid token source", func(in *v1.CreateAuthorizerInput) {
			in.IdentitySource = aws.String("method.request.header.A, method.request.header.B")
		}},
		{"an expression that does not compile", "validation expression", func(in *v1.CreateAuthorizerInput) { in.IdentityValidationExpression = aws.String("(?=x)") }},
		{"a TTL over an hour", "TTL must be between 0 and 3600", func(in *v1.CreateAuthorizerInput) { in.AuthorizerResultTtlInSeconds = aws.Int32(3601) }},
		{"a TTL below zero", "TTL must be between 0 and 3600", func(in *v1.CreateAuthorizerInput) { in.AuthorizerResultTtlInSeconds = aws.Int32(-1) }},
		{"a TTL without sources", "Identity source must be set", func(in *v1.CreateAuthorizerInput) {
			in.Type, in.IdentitySource = resttypes.AuthorizerTypeRequest, nil
		}},
		{"a source that is none", "Invalid identity source", func(in *v1.CreateAuthorizerInput) {
			in.Type, in.IdentitySource = resttypes.AuthorizerTypeRequest, aws.String("method.request.path.id")
		}},
		{"a source of an HTTP API", "Invalid identity source", func(in *v1.CreateAuthorizerInput) {
			in.Type, in.IdentitySource = resttypes.AuthorizerTypeRequest, aws.String("$request.header.Auth")
		}},
		{"a role that is none", "Invalid ARN", func(in *v1.CreateAuthorizerInput) { in.AuthorizerCredentials = aws.String("role") }},
		{"another type", "Invalid authorizer type", func(in *v1.CreateAuthorizerInput) { in.Type = "JWT" }},
		{"no pool", "at least one user pool", func(in *v1.CreateAuthorizerInput) { in.Type = resttypes.AuthorizerTypeCognitoUserPools }},
		{"a pool that is none", "Invalid Cognito User Pool ARN", func(in *v1.CreateAuthorizerInput) {
			in.Type, in.ProviderARNs = resttypes.AuthorizerTypeCognitoUserPools, []string{guard}
		}},
	} {
		_, err := client.CreateAuthorizer(ctx, input(func(in *v1.CreateAuthorizerInput) { in.Name = aws.String("b"); row.change(in) }))
		refused(t, row.what, err, row.want)
	}
	_, err := client.CreateAuthorizer(ctx, input(func(*v1.CreateAuthorizerInput) {}))
	wantError(t, err, "ConflictException", 409)

	patch := func(op resttypes.Op, path, value string) (*v1.UpdateAuthorizerOutput, error) {
		return client.UpdateAuthorizer(ctx, &v1.UpdateAuthorizerInput{RestApiId: rest.id, AuthorizerId: made.Id, PatchOperations: []resttypes.PatchOperation{
			{Op: op, Path: &path, Value: &value},
		}})
	}
	_, err = patch(resttypes.OpReplace, "/authorizerResultTtlInSeconds", "9999")
	refused(t, "an update to a TTL over an hour", err, "TTL")
	const pool = "arn:aws:cognito-idp:eu-west-1:000000000000:userpool/eu-west-1_a"
	_, err = patch(resttypes.OpAdd, "/providerARNs", pool)
	refused(t, "a pool for a TOKEN authorizer", err, "Provider ARNs")
	if out := must(patch(resttypes.OpReplace, "/authorizerResultTtlInSeconds", "0"))(t); *out.AuthorizerResultTtlInSeconds != 0 {
		t.Errorf("updated %+v", out)
	}
	pools := must(client.CreateAuthorizer(ctx, input(func(in *v1.CreateAuthorizerInput) {
		in.Name, in.Type, in.ProviderARNs, in.AuthorizerUri = aws.String("pools"), resttypes.AuthorizerTypeCognitoUserPools, []string{pool}, nil
	})))(t)
	if *pools.AuthType != "cognito_user_pools" {
		t.Errorf("made %+v", pools)
	}
	rest.method("GET /a", hello)
	method := func(kind, id string) error {
		_, err := client.UpdateMethod(ctx, &v1.UpdateMethodInput{
			RestApiId: rest.id, ResourceId: rest.paths["/a"], HttpMethod: aws.String("GET"), PatchOperations: []resttypes.PatchOperation{
				{Op: resttypes.OpReplace, Path: aws.String("/authorizationType"), Value: &kind}, {Op: resttypes.OpReplace, Path: aws.String("/authorizerId"), Value: &id},
			},
		})
		return err
	}
	for _, row := range [][2]string{{"CUSTOM", ""}, {"CUSTOM", "nosuch"}, {"CUSTOM", *pools.Id}, {"COGNITO_USER_POOLS", *made.Id}} {
		refused(t, row[0]+" with "+row[1], method(row[0], row[1]), "Invalid authorizer ID specified")
	}
	if err := method("CUSTOM", *made.Id); err != nil {
		t.Fatal(err)
	}
	_, err = client.DeleteAuthorizer(ctx, &v1.DeleteAuthorizerInput{RestApiId: rest.id, AuthorizerId: made.Id})
	wantError(t, err, "ConflictException", 409)
	must(client.DeleteAuthorizer(ctx, &v1.DeleteAuthorizerInput{RestApiId: rest.id, AuthorizerId: pools.Id}))(t)
	_, err = client.GetAuthorizer(ctx, &v1.GetAuthorizerInput{RestApiId: rest.id, AuthorizerId: pools.Id})
	wantError(t, err, "NotFoundException", 404)
	if list := must(client.GetAuthorizers(ctx, &v1.GetAuthorizersInput{RestApiId: rest.id}))(t); len(list.Items) != 1 || *list.Items[0].Name != "a" {
		t.Errorf("list %+v", list.Items)
	}
	for i := range 9 {
		must(client.CreateAuthorizer(ctx, input(func(in *v1.CreateAuthorizerInput) { in.Name = aws.String(strings.Repeat("n", i+2)) })))(t)
	}
	_, err = client.CreateAuthorizer(ctx, input(func(in *v1.CreateAuthorizerInput) { in.Name = aws.String("eleventh") }))
	wantError(t, err, "LimitExceededException", 429)
}

func TestHTTPAuthorizers(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, client := t.Context(), c.http("admin")
	api := newHTTP(t, client, "$default", "GET /a")
	input := func(change func(*v2.CreateAuthorizerInput)) *v2.CreateAuthorizerInput {
		in := &v2.CreateAuthorizerInput{
			ApiId: api, Name: aws.String("a"), AuthorizerType: types.AuthorizerTypeRequest, AuthorizerUri: uriOf(guard),
			AuthorizerPayloadFormatVersion: aws.String("2.0"), IdentitySource: []string{"$request.header.Auth"},
		}
		change(in)
		return in
	}
	asJWT := func(change func(*v2.CreateAuthorizerInput)) func(*v2.CreateAuthorizerInput) {
		return func(in *v2.CreateAuthorizerInput) {
			in.AuthorizerType, in.AuthorizerUri, in.AuthorizerPayloadFormatVersion = types.AuthorizerTypeJwt, nil, nil
			in.JwtConfiguration = &types.JWTConfiguration{Issuer: aws.String("https://issuer.example/"), Audience: []string{"app"}}
			change(in)
		}
	}
	made := must(client.CreateAuthorizer(ctx, input(func(*v2.CreateAuthorizerInput) {})))(t)
	token := must(client.CreateAuthorizer(ctx, input(asJWT(func(*v2.CreateAuthorizerInput) {}))))(t)
	if made.AuthorizerResultTtlInSeconds != nil || made.EnableSimpleResponses != nil || *token.JwtConfiguration.Issuer != "https://issuer.example/" {
		t.Errorf("made %+v %+v", made, token)
	}
	for _, row := range []struct {
		what, want string
		change     func(*v2.CreateAuthorizerInput)
	}{
		{"no format", "AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer", func(in *v2.CreateAuthorizerInput) { in.AuthorizerPayloadFormatVersion = nil }},
		{"another format", "3.0 is not supported", func(in *v2.CreateAuthorizerInput) { in.AuthorizerPayloadFormatVersion = aws.String("3.0") }},
		{"simple answers in 1.0", "EnableSimpleResponses", func(in *v2.CreateAuthorizerInput) {
			in.AuthorizerPayloadFormatVersion, in.EnableSimpleResponses = aws.String("1.0"), aws.Bool(true)
		}},
		{"a TTL over an hour", "TTL must be between 0 and 3600", func(in *v2.CreateAuthorizerInput) { in.AuthorizerResultTtlInSeconds = aws.Int32(3601) }},
		{"a TTL without sources", "Identity source must be set if authorizer caching is enabled (TTL is greater than 0)", func(in *v2.CreateAuthorizerInput) {
			in.IdentitySource, in.AuthorizerResultTtlInSeconds = []string{}, aws.Int32(1)
		}},
		{"a source of a REST API", "Invalid identity source expression", func(in *v2.CreateAuthorizerInput) { in.IdentitySource = []string{"method.request.header.Auth"} }},
		{"a source in the path", "Invalid identity source expression", func(in *v2.CreateAuthorizerInput) { in.IdentitySource = []string{"$request.path.id"} }},
		{"a source in the body", "Invalid identity source expression", func(in *v2.CreateAuthorizerInput) { in.IdentitySource = []string{"$request.body.token"} }},
		{"no function", "Invalid Authorizer URI", func(in *v2.CreateAuthorizerInput) { in.AuthorizerUri = nil }},
		{"a role that is none", "Invalid ARN", func(in *v2.CreateAuthorizerInput) { in.AuthorizerCredentialsArn = aws.String("x") }},
		{"another type", "Invalid authorizer type", func(in *v2.CreateAuthorizerInput) { in.AuthorizerType = "TOKEN" }},
		{"no issuer", "needs an issuer", asJWT(func(in *v2.CreateAuthorizerInput) { in.JwtConfiguration.Issuer = nil })},
		{"an issuer without TLS", "Invalid issuer", asJWT(func(in *v2.CreateAuthorizerInput) { in.JwtConfiguration.Issuer = aws.String("http://issuer.example/") })},
		{"an issuer with a user", "Invalid issuer", asJWT(func(in *v2.CreateAuthorizerInput) {
			in.JwtConfiguration.Issuer = aws.String("https://a@issuer.example/")
		})},
		{"no audience", "audiences", asJWT(func(in *v2.CreateAuthorizerInput) { in.JwtConfiguration.Audience = nil })},
		{"a token in $context", "one identity source", asJWT(func(in *v2.CreateAuthorizerInput) { in.IdentitySource = []string{"$context.stage"} })},
		{"a TTL of a JWT authorizer", "only for authorizers of type REQUEST", asJWT(func(in *v2.CreateAuthorizerInput) { in.AuthorizerResultTtlInSeconds = aws.Int32(60) })},
	} {
		_, err := client.CreateAuthorizer(ctx, input(row.change))
		refused(t, row.what, err, row.want)
	}
	_, err := client.UpdateAuthorizer(ctx, &v2.UpdateAuthorizerInput{ApiId: api, AuthorizerId: made.AuthorizerId, AuthorizerResultTtlInSeconds: aws.Int32(-1)})
	refused(t, "an update to a TTL below zero", err, "TTL")
	out := must(client.UpdateAuthorizer(ctx, &v2.UpdateAuthorizerInput{ApiId: api, AuthorizerId: made.AuthorizerId, EnableSimpleResponses: aws.Bool(true), Name: aws.String("new")}))(t)
	if !*out.EnableSimpleResponses || *out.Name != "new" || out.IdentitySource[0] != "$request.header.Auth" {
		t.Errorf("updated %+v", out)
	}

	route := must(client.GetRoutes(ctx, &v2.GetRoutesInput{ApiId: api}))(t).Items[0].RouteId
	update := func(kind types.AuthorizationType, id *string, scopes ...string) error {
		_, err := client.UpdateRoute(ctx, &v2.UpdateRouteInput{ApiId: api, RouteId: route, AuthorizationType: kind, AuthorizerId: id, AuthorizationScopes: scopes})
		return err
	}
	refused(t, "CUSTOM without an authorizer", update(types.AuthorizationTypeCustom, nil), "Invalid authorizer ID")
	refused(t, "CUSTOM with a JWT authorizer", update(types.AuthorizationTypeCustom, token.AuthorizerId), "Invalid authorizer ID")
	refused(t, "JWT with a REQUEST authorizer", update(types.AuthorizationTypeJwt, made.AuthorizerId), "Invalid authorizer ID")
	refused(t, "scopes of a REQUEST authorizer", update(types.AuthorizationTypeCustom, made.AuthorizerId, "read"), "scopes")
	if err := update(types.AuthorizationTypeJwt, token.AuthorizerId, "read", "write"); err != nil {
		t.Fatal(err)
	}
	_, err = client.DeleteAuthorizer(ctx, &v2.DeleteAuthorizerInput{ApiId: api, AuthorizerId: token.AuthorizerId})
	wantError(t, err, "ConflictException", 409)
	must(client.DeleteAuthorizer(ctx, &v2.DeleteAuthorizerInput{ApiId: api, AuthorizerId: made.AuthorizerId}))(t)
	_, err = client.GetAuthorizer(ctx, &v2.GetAuthorizerInput{ApiId: api, AuthorizerId: made.AuthorizerId})
	wantError(t, err, "NotFoundException", 404)
	if list := must(client.GetAuthorizers(ctx, &v2.GetAuthorizersInput{ApiId: api}))(t); len(list.Items) != 1 {
		t.Errorf("list %+v", list.Items)
	}
	_, err = client.ResetAuthorizersCache(ctx, &v2.ResetAuthorizersCacheInput{ApiId: api, StageName: aws.String("none")})
	wantError(t, err, "NotFoundException", 404)
}
