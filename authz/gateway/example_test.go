package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/identity"
)

// everybody is who the token says; real programs take a gateway.Identity.
type everybody struct{}

func (everybody) Identify(_ context.Context, c *gateway.Call) (identity.Caller, error) {
	if c.Token == "" {
		return identity.Caller{}, writ.Errorf(writ.CodeAuth, "no token")
	}
	return identity.Caller{Kind: identity.JWT, Subject: c.Token, Claims: map[string]any{"org": "acme"}}, nil
}

// owners may do all with what is named after them.
type owners struct{}

func (owners) Check(_ context.Context, r writ.Request) (writ.Decision, error) {
	return writ.Decision{Allowed: r.Resource.ID == r.Subject.ID}, nil
}

// A route says what it asks; the answer is for this request alone.
func ExampleAuthorizer_Handle() {
	a, err := gateway.New(gateway.Config{
		Routes: []gateway.Route{{
			Method: "GET", Path: "/drawers/{name}",
			Ask: &gateway.Ask{Resource: "drawer:{name}", Tenant: "{claims.org}"},
		}},
	}, gateway.Dependencies{
		Identify: everybody{}, Check: owners{}, Now: time.Now, NewID: func() string { return "d-1" },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"ann", "bob"} {
		answer, err := a.Handle(context.Background(), json.RawMessage(`{
			"type": "TOKEN", "authorizationToken": "ann",
			"methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/drawers/`+name+`"
		}`))
		fmt.Println(string(answer), err)
	}
	// Output:
	// {"principalId":"ann","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"Allow","Resource":["arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/drawers/ann"]}]},"context":{"decision_id":"d-1","subject":"user:ann","tenant":"acme"}} <nil>
	// {"principalId":"ann","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"Deny","Resource":["arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/drawers/bob"]}]},"context":{"decision_id":"d-1","subject":"user:ann","tenant":"acme"}} <nil>
}

// Answers may be kept where nothing but the token decides, and where IAM's patterns keep routes apart.
func ExamplePlan() {
	planned := gateway.Plan([]gateway.Route{
		{Method: "GET", Path: "/documents", Ask: &gateway.Ask{Resource: "document"}},
		{Method: "POST", Path: "/documents", Ask: &gateway.Ask{Resource: "document"}},
		{Method: "GET", Path: "/documents/{id}", Ask: &gateway.Ask{Resource: "document:{id}"}},
		{Method: "GET", Path: "/{page+}", Ask: &gateway.Ask{Resource: "page"}},
	}, gateway.PlanOptions{})
	for _, r := range planned.Routes {
		fmt.Println(r.Group, r.Method, r.Path)
	}
	for _, a := range planned.Alone {
		fmt.Println(a.Cause, planned.Routes[a.Route].Path, "-", a.Reason)
	}
	// Output:
	// 1 GET /documents
	// 1 POST /documents
	// 0 GET /documents/{id}
	// 2 GET /{page+}
	// instance /documents/{id} - what it asks depends on more of the request than the caller's token
}

// The same routes guard a service without API Gateway.
func ExampleAuthorizer_Middleware() {
	a, err := gateway.New(gateway.Config{
		Routes: []gateway.Route{{Method: "GET", Path: "/drawers/{name}", Ask: &gateway.Ask{Resource: "drawer:{name}"}}},
	}, gateway.Dependencies{
		Identify: everybody{}, Check: owners{}, Now: time.Now, NewID: func() string { return "d-1" },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := a.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		admitted, _ := gateway.AdmittedFrom(r.Context())
		fmt.Fprintln(w, "the drawer of", admitted.Subject.ID)
	}))
	for _, path := range []string{"/drawers/ann", "/drawers/bob", "/drawers/x%2F..%2Fann"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "ann")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 the drawer of ann
	// 403 {"error":"insufficient_scope","message":"not allowed","decision_id":"d-1"}
	// 400 {"error":"invalid_request","message":"the request can be read in more than one way","decision_id":"d-1"}
}
