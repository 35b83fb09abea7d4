package gateway_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
)

// A mux serves HEAD by its pattern of GET: what guards GET guards HEAD.
func TestMiddlewareJudgesHeadAsTheMuxServesIt(t *testing.T) {
	t.Parallel()
	secret, anything := route("GET", "/secret", ask("administer", "secret", "")), route("ANY", "/{proxy+}", &gateway.Ask{Signed: true})
	for name, c := range map[string]struct {
		routes []gateway.Route
		want   int
	}{
		"GET before a wider ANY":      {[]gateway.Route{secret, anything}, http.StatusForbidden},
		"GET before ANY of its path":  {[]gateway.Route{secret, route("ANY", "/secret", &gateway.Ask{Signed: true})}, http.StatusForbidden},
		"GET before a wider HEAD":     {[]gateway.Route{secret, route("HEAD", "/{proxy+}", &gateway.Ask{Signed: true})}, http.StatusForbidden},
		"HEAD of its path before GET": {[]gateway.Route{secret, route("HEAD", "/secret", &gateway.Ask{Signed: true})}, http.StatusOK},
		"ANY alone":                   {[]gateway.Route{anything}, http.StatusOK},
		"another method alone":        {[]gateway.Route{route("POST", "/secret", &gateway.Ask{Signed: true})}, http.StatusForbidden},
	} {
		a := newAuthorizer(t, gateway.Config{Routes: c.routes}, dependencies(checker(annReads)))
		mux, ran := http.NewServeMux(), false
		mux.HandleFunc("GET /secret", func(http.ResponseWriter, *http.Request) { ran = true })
		r, w := httptest.NewRequest(http.MethodHead, "/secret", nil), httptest.NewRecorder()
		r.Header.Set("Authorization", "Bearer bob-token")
		a.Middleware(mux).ServeHTTP(w, r)
		if w.Code != c.want || ran != (c.want == http.StatusOK) {
			t.Errorf("%s: %d, the handler ran: %t", name, w.Code, ran)
		}
	}
}

// Middleware keeps nothing, so the policy learns of the request whatever the route's group.
func TestMiddlewareGivesContextInGroups(t *testing.T) {
	t.Parallel()
	for _, group := range []int{0, 1} {
		var got map[string]any
		check := checker(func(_ context.Context, r writ.Request) (writ.Decision, error) {
			got = r.Context
			return writ.Decision{Allowed: true}, nil
		})
		one := route("GET", "/x", ask("read", "document", ""))
		one.Group = group
		a := newAuthorizer(t, gateway.Config{Routes: []gateway.Route{one}}, dependencies(check))
		r := httptest.NewRequest(http.MethodGet, "/x", nil)
		r.Header.Set("Authorization", "Bearer bob-token")
		a.Middleware(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
		if got["ip"] != "192.0.2.1" || got["path"] != "/x" {
			t.Errorf("group %d: context %v", group, got)
		}
	}
}
