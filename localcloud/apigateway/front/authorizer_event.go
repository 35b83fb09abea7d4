package front

import (
	"encoding/json"
	"strings"

	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
)

// authorizerEvent makes the event for an authorizer's function, one of four
// forms. None has the body (API Gateway Developer Guide, "Input to an API
// Gateway Lambda authorizer" and "Control access to HTTP APIs with AWS Lambda
// authorizers").
func (in *Incoming) authorizerEvent(a *authorize.Authorizer, arn string, identity []string) ([]byte, error) {
	bare := *in
	bare.Body, bare.Authorized = nil, nil
	switch {
	case a.Kind == authorize.Token:
		return json.Marshal(tokenEvent{Type: "TOKEN", MethodARN: arn, AuthorizationToken: identity[0]})
	case a.REST:
		return json.Marshal(bare.requestEvent(arn))
	case a.Payload == "1.0":
		return json.Marshal(bare.requestEvent1(arn, identity))
	}
	return json.Marshal(bare.requestEvent2(arn, identity))
}

type tokenEvent struct {
	Type               string `json:"type"`
	MethodARN          string `json:"methodArn"`
	AuthorizationToken string `json:"authorizationToken"`
}

// requestEvent is the event of a REST API's REQUEST authorizer. Unlike the
// events of integrations it has empty maps where there is nothing.
type requestEvent struct {
	Type                            string              `json:"type"`
	MethodARN                       string              `json:"methodArn"`
	Resource                        string              `json:"resource"`
	Path                            string              `json:"path"`
	HTTPMethod                      string              `json:"httpMethod"`
	Headers                         map[string]string   `json:"headers"`
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters"`
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters"`
	PathParameters                  map[string]string   `json:"pathParameters"`
	StageVariables                  map[string]string   `json:"stageVariables"`
	RequestContext                  context1            `json:"requestContext"`
}

func (in *Incoming) requestEvent(arn string) requestEvent {
	e := in.event1()
	return requestEvent{
		Type: "REQUEST", MethodARN: arn, Resource: e.Resource, Path: e.Path, HTTPMethod: e.HTTPMethod,
		Headers: e.Headers, MultiValueHeaders: e.MultiValueHeaders,
		QueryStringParameters: orEmpty(e.QueryStringParameters), MultiValueQueryStringParameters: orEmpty(e.MultiValueQueryStringParameters),
		PathParameters: orEmpty(e.PathParameters), StageVariables: orEmpty(e.StageVariables), RequestContext: e.RequestContext,
	}
}

// requestEvent1 is the event of an HTTP API's authorizer in format 1.0.
type requestEvent1 struct {
	Version               string            `json:"version"`
	Type                  string            `json:"type"`
	MethodARN             string            `json:"methodArn"`
	IdentitySource        *string           `json:"identitySource"`
	AuthorizationToken    *string           `json:"authorizationToken"`
	Resource              string            `json:"resource"`
	Path                  string            `json:"path"`
	HTTPMethod            string            `json:"httpMethod"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters"`
	PathParameters        map[string]string `json:"pathParameters"`
	StageVariables        map[string]string `json:"stageVariables"`
	RequestContext        context1          `json:"requestContext"`
}

func (in *Incoming) requestEvent1(arn string, identity []string) requestEvent1 {
	e := in.event1()
	var joined *string
	if len(identity) > 0 {
		text := strings.Join(identity, ",")
		joined = &text
	}
	return requestEvent1{
		Version: "1.0", Type: "REQUEST", MethodARN: arn, IdentitySource: joined, AuthorizationToken: joined,
		Resource: e.Resource, Path: e.Path, HTTPMethod: e.HTTPMethod, Headers: e.Headers, QueryStringParameters: orEmpty(e.QueryStringParameters),
		PathParameters: orEmpty(e.PathParameters), StageVariables: orEmpty(e.StageVariables), RequestContext: e.RequestContext,
	}
}

// requestEvent2 is the event of an HTTP API's authorizer in format 2.0.
type requestEvent2 struct {
	Version               string            `json:"version"`
	Type                  string            `json:"type"`
	RouteARN              string            `json:"routeArn"`
	IdentitySource        []string          `json:"identitySource"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        context2          `json:"requestContext"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	StageVariables        map[string]string `json:"stageVariables,omitempty"`
}

func (in *Incoming) requestEvent2(arn string, identity []string) requestEvent2 {
	e := in.event2()
	return requestEvent2{
		Version: "2.0", Type: "REQUEST", RouteARN: arn, IdentitySource: identity, RouteKey: e.RouteKey, RawPath: e.RawPath,
		RawQueryString: e.RawQueryString, Cookies: e.Cookies, Headers: e.Headers, QueryStringParameters: e.QueryStringParameters,
		RequestContext: e.RequestContext, PathParameters: e.PathParameters, StageVariables: e.StageVariables,
	}
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// authorizer1 is requestContext.authorizer in payload 1.0: of a REST API the
// caller, the context and how long the authorizer took; of an HTTP API the
// context apart, as in 2.0. The claims of a token stand here as they are.
func (in *Incoming) authorizer1() any {
	switch {
	case in.Authorized == nil:
		return nil
	case in.Authorized.Claims != nil && in.Match.Stage.Kind == REST:
		return map[string]any{"claims": in.Authorized.Claims}
	case in.Authorized.Claims != nil:
		return claims{in.Authorized.Claims, in.Authorized.Scopes}
	case in.Match.Stage.Kind == HTTP:
		return in.authorizer2()
	}
	members := map[string]any{}
	for name, value := range in.Authorized.Context {
		members[name] = value
	}
	if in.Authorized.PrincipalID != "" {
		members["principalId"] = in.Authorized.PrincipalID
	}
	members["integrationLatency"] = in.AuthorizerTime.Milliseconds()
	return members
}

// authorizer2 is requestContext.authorizer in payload 2.0.
func (in *Incoming) authorizer2() any {
	switch {
	case in.Authorized == nil:
		return nil
	case in.Authorized.Claims != nil:
		return map[string]any{"jwt": claims{in.Authorized.Claims, in.Authorized.Scopes}}
	}
	return map[string]any{"lambda": in.Authorized.Context}
}

// claims are what an HTTP API says of a token; scopes is null where the route wants none.
type claims struct {
	Claims map[string]string `json:"claims"`
	Scopes []string          `json:"scopes"`
}
