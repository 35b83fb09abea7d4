package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/identity"
)

// callers knows who tokens are from; a token that it does not know proves nothing.
type callers map[string]identity.Caller

func (k callers) Identify(_ context.Context, c *gateway.Call) (identity.Caller, error) {
	token := strings.TrimPrefix(c.Token, "Bearer ")
	if caller, ok := k[token]; ok {
		return caller, nil
	}
	return identity.Caller{}, writ.Errorf(writ.CodeAuth, "nobody is known by that token")
}

func caller(id string, claims map[string]any) identity.Caller {
	all := map[string]any{"sub": id}
	maps.Copy(all, claims)
	return identity.Caller{Kind: identity.JWT, Subject: id, Claims: all}
}

// people are the callers of most tests.
var people = callers{
	"ann-token": caller("ann", map[string]any{"org": "acme"}),
	"bob-token": caller("bob", map[string]any{"org": "other"}),
}

// checker is a policy as a function.
type checker func(context.Context, writ.Request) (writ.Decision, error)

func (f checker) Check(ctx context.Context, r writ.Request) (writ.Decision, error) { return f(ctx, r) }

// annReads lets ann read what is of acme and named budget, or a whole type.
func annReads(_ context.Context, r writ.Request) (writ.Decision, error) {
	d := writ.Decision{Revision: "7"}
	tenant, _ := r.Resource.Properties["tenant"].(string)
	switch {
	case r.Subject.ID == "ann" && r.Action.Name == "read" && tenant == "acme" && (r.Resource.ID == "budget" || r.Resource.ID == ""):
		d.Allowed = true
		d.Reasons = []writ.Reason{{Layer: writ.LayerPolicy, Effect: writ.EffectAllow, Message: "ann is a viewer in acme"}}
	default:
		d.Reasons = []writ.Reason{{Layer: writ.LayerPolicy, Effect: writ.EffectMissing, Message: r.Subject.ID + " lacks " + r.Action.Name + " on " + r.Resource.Type + ":" + r.Resource.ID}}
	}
	return d, nil
}

func dependencies(check writ.Checker) gateway.Dependencies {
	var n atomic.Int64
	return gateway.Dependencies{
		Identify: people, Check: check,
		Now:   func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) },
		NewID: func() string { return fmt.Sprintf("decision-%d", n.Add(1)) },
	}
}

func ask(action, resource, tenant string) *gateway.Ask {
	return &gateway.Ask{Action: gateway.Template(action), Resource: gateway.Template(resource), Tenant: gateway.Template(tenant)}
}

func route(method, path string, q *gateway.Ask) gateway.Route {
	return gateway.Route{Method: method, Path: path, Ask: q}
}

func newAuthorizer(t testing.TB, c gateway.Config, d gateway.Dependencies) *gateway.Authorizer {
	t.Helper()
	a, err := gateway.New(c, d)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// request is what a client sends, for event to tell of.
type request struct {
	method, path, template string // path escaped, without stage
	routeMethod            string // of an HTTP API's route, when it is ANY
	token                  string
	parameters             map[string]string // escaped
	header                 map[string]string
	ip                     string
	routeInKey             bool
	// decoded: the ARN of a REST API, and path and ARN of an HTTP API have no escapes.
	decoded bool
}

const arnPrefix = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/dev/"

func plain(s string) string {
	text, err := pathUnescape(s)
	if err != nil {
		return s
	}
	return text
}

func (r request) arnPath(form gateway.Form) string {
	path := r.path
	if form == gateway.RESTToken || form == gateway.RESTRequest {
		path = "/" + strings.Trim(path, "/")
		if strings.HasPrefix(r.path, "//") {
			path = strings.TrimRight(r.path, "/")
		}
	}
	if r.decoded {
		path = plain(path)
	}
	return path
}

func (r request) arn(form gateway.Form) string { return arnPrefix + r.method + r.arnPath(form) }

// event tells of a request in one of the four forms, as API Gateway does.
func (r request) event(form gateway.Form) json.RawMessage {
	if r.ip == "" {
		r.ip = "192.0.2.1"
	}
	if r.routeMethod == "" {
		r.routeMethod = r.method
	}
	arn := r.arn(form)
	headers := map[string]string{"authorization": "Bearer " + r.token, "user-agent": "test"}
	if r.token == "" {
		delete(headers, "authorization")
	}
	for name, value := range r.header {
		headers[name] = value
	}
	multi := map[string][]string{}
	for name, value := range headers {
		multi[name] = []string{value}
	}
	place := map[string]any{"accountId": "123456789012", "apiId": "abcdef1234", "stage": "dev", "requestId": "request-1"}
	var e map[string]any
	switch form {
	case gateway.RESTToken:
		e = map[string]any{"type": "TOKEN", "methodArn": arn, "authorizationToken": "Bearer " + r.token}
	case gateway.RESTRequest, gateway.HTTP1:
		maps.Copy(place, map[string]any{
			"resourcePath": r.template, "httpMethod": r.method, "path": "/dev" + r.path,
			"identity": map[string]any{"sourceIp": r.ip, "userAgent": "test"},
		})
		path, parameters := r.path, r.parameters
		if form == gateway.HTTP1 {
			parameters = map[string]string{}
			for name, value := range r.parameters {
				parameters[name] = plain(value)
			}
		}
		if form == gateway.HTTP1 && r.decoded {
			path = plain(path)
		}
		e = map[string]any{
			"type": "REQUEST", "methodArn": arn, "resource": r.template, "path": path, "httpMethod": r.method,
			"headers": headers, "multiValueHeaders": multi, "pathParameters": parameters, "requestContext": place,
		}
		if form == gateway.HTTP1 {
			e["version"], e["identitySource"], e["authorizationToken"] = "1.0", headers["authorization"], headers["authorization"]
			delete(e, "multiValueHeaders")
		}
	case gateway.HTTP2:
		path := r.path
		if r.decoded {
			path = plain(path)
		}
		parameters := map[string]string{}
		for name, value := range r.parameters {
			parameters[name] = plain(value)
		}
		key := r.routeMethod + " " + r.template
		if r.template == "$default" {
			key = "$default"
		}
		maps.Copy(place, map[string]any{"routeKey": key, "http": map[string]any{
			"method": r.method, "path": "/dev" + path, "sourceIp": r.ip, "userAgent": "test", "protocol": "HTTP/1.1",
		}})
		e = map[string]any{
			"version": "2.0", "type": "REQUEST", "routeArn": arn, "routeKey": key, "rawPath": "/dev" + path, "rawQueryString": "",
			"headers": headers, "pathParameters": parameters, "requestContext": place,
		}
		if token := headers["authorization"]; token != "" {
			sources := []string{token}
			if r.routeInKey {
				sources = append(sources, key)
			}
			e["identitySource"] = sources
		}
	}
	text, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return text
}

// answered is an answer of an authorizer, as API Gateway reads it.
type answered struct {
	PrincipalID    string            `json:"principalId"`
	PolicyDocument json.RawMessage   `json:"policyDocument"`
	IsAuthorized   *bool             `json:"isAuthorized"`
	Context        map[string]string `json:"context"`
	UsageKey       string            `json:"usageIdentifierKey"`

	policy *iam.Policy // once it was read
}

func read(t testing.TB, answer json.RawMessage) answered {
	t.Helper()
	var a answered
	if err := json.Unmarshal(answer, &a); err != nil {
		t.Fatalf("the answer cannot be read: %v: %s", err, answer)
	}
	return a
}

// admits is API Gateway's verdict on a request by an answer, kept or fresh.
func (a *answered) admits(t testing.TB, arn string) bool {
	t.Helper()
	if a.IsAuthorized != nil {
		return *a.IsAuthorized
	}
	if a.policy == nil {
		doc, err := iam.Parse(a.PolicyDocument)
		if err != nil {
			t.Fatalf("the policy cannot be read: %v: %s", err, a.PolicyDocument)
		}
		if err := doc.Validate(iam.TypeIdentity); err != nil {
			t.Fatalf("the policy is not valid: %v: %s", err, a.PolicyDocument)
		}
		for _, s := range doc.Statements {
			for _, resource := range s.Resource {
				if len([]rune(resource)) > 512 {
					t.Fatalf("a Resource has more than 512 characters: %s", resource)
				}
			}
		}
		a.policy = iam.Compile(doc, iam.Origin{Type: iam.TypeIdentity})
	}
	return iam.Evaluate(&iam.Request{
		Principal: iam.Principal{Kind: iam.PrincipalUser, Account: "123456789012"}, Action: "execute-api:Invoke",
		Resource: arn, ResourceAccount: "123456789012",
	}, &iam.Policies{Identity: []*iam.Policy{a.policy}}).Verdict == iam.Allowed
}

// verdict asks afresh.
func verdict(t testing.TB, a *gateway.Authorizer, form gateway.Form, r request) (allowed bool, answer answered, err error) {
	t.Helper()
	text, err := a.Handle(t.Context(), r.event(form))
	if err != nil {
		return false, answered{}, err
	}
	answer = read(t, text)
	return answer.admits(t, r.arn(form)), answer, nil
}

var forms = []gateway.Form{gateway.RESTToken, gateway.RESTRequest, gateway.HTTP1, gateway.HTTP2}
