package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/identity"
)

// documents are two routes by instance, of which one lets every caller pass.
var documents = []gateway.Route{
	route("GET", "/documents/{id}", ask("", "document:{id}", "{claims.org}")),
	route("GET", "/documents/{id}/public", &gateway.Ask{Signed: true}),
	route("GET", "/files/{path+}", ask("", "document:{path}", "{claims.org}")),
	route("GET", "/search", ask("", "document:{query.id}", "{claims.org}")),
	route("GET", "/chosen", ask("", "document:{header.x-id}", "{claims.org}")),
}

// allowAll would let everything pass, so that what is denied was denied before the policy.
func allowAll(context.Context, writ.Request) (writ.Decision, error) {
	return writ.Decision{Allowed: true}, nil
}

func TestOddPathsAreDenied(t *testing.T) {
	t.Parallel()
	a := newAuthorizer(t, gateway.Config{Routes: documents}, dependencies(checker(allowAll)))
	for path, id := range map[string]string{
		"/documents/a%2Fpublic": "a%2Fpublic", "/documents/a%2fb": "a%2fb", "/documents/..": "..", "/documents/.": ".", "/documents/%2e%2e": "%2e%2e",
		"/documents/a;v=1": "a;v=1", "/documents/a%3Bb": "a%3Bb", `/documents/a\b`: `a\b`, "/documents/a%5Cb": "a%5Cb", "/documents/a%252Fb": "a%252Fb",
		"/documents/a%00": "a%00", "/documents/a%0Ab": "a%0Ab", "/documents/a%FF": "a%FF",
	} {
		for _, form := range forms {
			for _, decoded := range []bool{false, true} {
				r := request{method: "GET", path: path, template: "/documents/{id}", parameters: map[string]string{"id": id}, token: "ann-token", decoded: decoded}
				if form == gateway.RESTToken && decoded && (strings.Contains(path, "%2F") || strings.Contains(path, "%2f") || strings.Contains(path, "%FF")) {
					continue // an ARN like any other: why REQUEST is the form to choose
				}
				if allowed, answer, err := verdict(t, a, form, r); allowed {
					t.Errorf("%s %s (decoded %t) is allowed: %+v %v", form, path, decoded, answer, err)
				}
			}
		}
	}
	// What is escaped without need means what it means everywhere.
	for _, form := range forms[1:] {
		r := request{method: "GET", path: "/documents/x%20y", template: "/documents/{id}", parameters: map[string]string{"id": "x%20y"}, token: "ann-token"}
		if allowed, answer, err := verdict(t, a, form, r); !allowed {
			t.Errorf("%s: a space is denied: %+v %v", form, answer, err)
		}
	}
}

// The same paths on routes whose answers are kept: the policy that is kept denies them.
func TestOddPathsAreDeniedByWhatIsKept(t *testing.T) {
	t.Parallel()
	routes := gateway.Plan([]gateway.Route{route("GET", "/documents/{id}", ask("", "document", ""))}, gateway.PlanOptions{}).Routes
	a := newAuthorizer(t, gateway.Config{Routes: routes}, dependencies(checker(allowAll)))
	r := request{method: "GET", path: "/documents/budget", template: "/documents/{id}", parameters: map[string]string{"id": "budget"}, token: "ann-token"}
	_, answer, err := verdict(t, a, gateway.RESTRequest, r)
	if err != nil || routes[0].Group != 1 || !answer.admits(t, r.arn(gateway.RESTRequest)) {
		t.Fatalf("%v %+v", err, answer)
	}
	for _, path := range []string{
		"a%2Fpublic", "a%2fb", "../x", "..", ".", "%2e%2e", "a;v=1", "a%3bb", `a\b`, "a%5Cb", "a%252Fb", "a%00", "/x", "a//b",
	} {
		if answer.admits(t, arnPrefix+"GET/documents/"+path) {
			t.Errorf("%s is allowed", path)
		}
	}
}

// Path, route and parameters that do not fit each other are not judged by any of them.
func TestPathAndRouteDisagree(t *testing.T) {
	t.Parallel()
	a := newAuthorizer(t, gateway.Config{Routes: documents}, dependencies(checker(allowAll)))
	for _, c := range []request{
		{path: "/documents/salaries", template: "/documents/{id}", parameters: map[string]string{"id": "budget"}},
		{path: "/documents/salaries", template: "/documents/{id}/public", parameters: map[string]string{"id": "salaries"}},
		{path: "/documents/salaries", template: "/documents/{id}", parameters: map[string]string{"id": "salaries", "more": "x"}},
		{path: "/documents/salaries", template: "/documents/{id}", parameters: map[string]string{"other": "salaries"}},
		{path: "/documents/salaries", template: "/documents/{id}"},
		{path: "/documents/salaries", template: "/files/{path+}", parameters: map[string]string{"path": "salaries"}},
		{path: "/documents/salaries", template: "/no/{such}", parameters: map[string]string{"such": "salaries"}},
	} {
		c.method, c.token = "GET", "ann-token"
		for _, form := range forms[1:] {
			if allowed, answer, err := verdict(t, a, form, c); allowed {
				t.Errorf("%s %s as %s with %v is allowed: %+v %v", form, c.path, c.template, c.parameters, answer, err)
			}
		}
	}
}

// What is a wildcard or a variable in a policy is text in a path.
func TestWildcardsInPaths(t *testing.T) {
	t.Parallel()
	a := newAuthorizer(t, gateway.Config{Routes: documents}, dependencies(checker(allowAll)))
	for _, id := range []string{"*", "a*", "?", "$", "${aws:username}", "${*}", "$default", "a{b}", "${"} {
		for _, form := range forms {
			r := request{method: "GET", path: "/documents/" + id, template: "/documents/{id}", parameters: map[string]string{"id": id}, token: "ann-token"}
			allowed, answer, err := verdict(t, a, form, r)
			if want := id != "*"; allowed != want { // an ID of a star alone would stand for all
				t.Errorf("%s %s: allowed is %t: %+v %v", form, id, allowed, answer, err)
			}
			for _, other := range []string{"ax", "x", "xy", "aws:username", "", "default"} {
				if answer.admits(t, arnPrefix+"GET/documents/"+other) {
					t.Errorf("%s: the answer for %s lets %s in: %s", form, id, other, answer.PolicyDocument)
				}
			}
		}
	}
}

func TestHeadersGivenTwice(t *testing.T) {
	t.Parallel()
	keys, err := identity.NewVerifier(identity.Settings{Now: time.Now, Issuers: []identity.Issuer{{Issuer: "https://issuer.example", JWKS: "https://issuer.example/keys", Audiences: []string{"a"}}}})
	if err != nil {
		t.Fatal(err)
	}
	d := dependencies(checker(allowAll))
	d.Identify = &gateway.Identity{Tokens: keys}
	a := newAuthorizer(t, gateway.Config{Routes: documents}, d)
	twice := changed(t, budget.event(gateway.RESTRequest), []string{"Bearer ann-token", "Bearer bob-token"}, "multiValueHeaders", "authorization")
	if answer, err := a.Handle(t.Context(), twice); err == nil || err.Error() != "Unauthorized" {
		t.Errorf("REST: %s, %v", answer, err)
	}
	cases := changed(t, changed(t, budget.event(gateway.RESTRequest), nil, "multiValueHeaders"), "Bearer bob-token", "headers", "Authorization")
	if answer, err := a.Handle(t.Context(), cases); err == nil || err.Error() != "Unauthorized" {
		t.Errorf("REST, by case: %s, %v", answer, err)
	}
	joined := changed(t, changed(t, budget.event(gateway.HTTP1), "Bearer bob-token,Bearer ann-token", "identitySource"), "Bearer bob-token,Bearer ann-token", "authorizationToken")
	if c, err := gateway.ReadEvent(joined); err != nil {
		t.Error(err)
	} else if _, err := d.Identify.Identify(t.Context(), c); err == nil || !strings.Contains(err.Error(), "given twice") {
		t.Errorf("1.0 with the last header alone: %v", err)
	}
	for _, form := range []gateway.Form{gateway.HTTP1, gateway.HTTP2} {
		event := changed(t, budget.event(form), "Bearer ann-token,Bearer bob-token", "headers", "authorization")
		c, err := gateway.ReadEvent(event)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Identify.Identify(t.Context(), c); err == nil || !strings.Contains(err.Error(), "given twice") {
			t.Errorf("%s: %v", form, err)
		}
		text, err := a.Handle(t.Context(), event)
		if given := read(t, text); err != nil || given.admits(t, budget.arn(form)) {
			t.Errorf("%s: %s, %v", form, text, err)
		}
	}
}

// A value that a template takes from a header or the query must be one.
func TestValuesGivenTwice(t *testing.T) {
	t.Parallel()
	a := newAuthorizer(t, gateway.Config{Routes: documents}, dependencies(checker(allowAll)))
	chosen := request{method: "GET", path: "/chosen", template: "/chosen", token: "ann-token", header: map[string]string{"x-id": "budget"}}
	search := request{method: "GET", path: "/search", template: "/search", token: "ann-token"}
	for _, c := range []struct {
		name  string
		event json.RawMessage
		want  bool
	}{
		{"REST header once", chosen.event(gateway.RESTRequest), true},
		{"REST header twice", changed(t, chosen.event(gateway.RESTRequest), []string{"salaries", "budget"}, "multiValueHeaders", "x-id"), false},
		{"1.0 header, which does not tell", chosen.event(gateway.HTTP1), false},
		{"1.0 header once", changed(t, chosen.event(gateway.HTTP1), map[string][]string{"x-id": {"budget"}, "authorization": {"Bearer ann-token"}, "user-agent": {"test"}}, "multiValueHeaders"), true},
		{"2.0 header once", chosen.event(gateway.HTTP2), true},
		{"2.0 header twice", changed(t, chosen.event(gateway.HTTP2), "salaries,budget", "headers", "x-id"), false},
		{"2.0 header empty", changed(t, chosen.event(gateway.HTTP2), "", "headers", "x-id"), false},
		{"2.0 no header", changed(t, chosen.event(gateway.HTTP2), nil, "headers", "x-id"), false},
		{"2.0 header too long", changed(t, chosen.event(gateway.HTTP2), strings.Repeat("x", 513), "headers", "x-id"), false},
		{"2.0 header with a line end", changed(t, chosen.event(gateway.HTTP2), "a\nb", "headers", "x-id"), false},
		{"2.0 query once", changed(t, search.event(gateway.HTTP2), "id=budget", "rawQueryString"), true},
		{"2.0 query twice", changed(t, search.event(gateway.HTTP2), "id=budget&id=salaries", "rawQueryString"), false},
		{"REST query once", changed(t, search.event(gateway.RESTRequest), []string{"x"}, "multiValueQueryStringParameters", "id"), true},
		{"REST query twice", changed(t, search.event(gateway.RESTRequest), []string{"x", "y"}, "multiValueQueryStringParameters", "id"), false},
		{"1.0 query, which does not tell", changed(t, search.event(gateway.HTTP1), "x", "queryStringParameters", "id"), false},
	} {
		text, err := a.Handle(t.Context(), c.event)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		call, err := gateway.ReadEvent(c.event)
		if err != nil {
			t.Fatal(err)
		}
		if given := read(t, text); given.admits(t, call.ARN) != c.want {
			t.Errorf("%s: allowed must be %t: %s", c.name, c.want, text)
		}
	}
}

// A token of a megabyte is refused before anybody looks at it, and stands in no line of the log.
func TestHugeToken(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	d := dependencies(checker(allowAll))
	d.Log = slog.New(slog.NewTextHandler(&log, nil))
	a := newAuthorizer(t, gateway.Config{Routes: documents}, d)
	r := budget
	r.token = strings.Repeat("x", 1<<20)
	for _, form := range forms {
		if answer, err := a.Handle(t.Context(), r.event(form)); err == nil || writ.CodeOf(err) != writ.CodeTooLarge {
			t.Errorf("%s: %s, %v", form, answer, err)
		}
	}
	if strings.Contains(log.String(), "xxxx") || log.Len() == 0 {
		t.Errorf("the log: %.300s", log.String())
	}
}

// Whoever may read may not write because of an answer that was kept for reading.
func TestKeptAllowIsNotReplayedOnADeniedRoute(t *testing.T) {
	t.Parallel()
	planned := gateway.Plan([]gateway.Route{
		route("GET", "/documents", ask("", "document", "{claims.org}")),
		route("DELETE", "/documents", ask("", "document", "{claims.org}")),
		route("GET", "/documents/{id}", ask("", "document:{id}", "{claims.org}")),
		route("GET", "/{rest+}", ask("", "secret", "{claims.org}")),
	}, gateway.PlanOptions{})
	var groups []int
	for _, r := range planned.Routes {
		groups = append(groups, r.Group)
	}
	// The last would match the first's requests too, as IAM reads patterns.
	if !slices.Equal(groups, []int{1, 1, 0, 2}) || len(planned.Alone) != 1 || planned.Alone[0].Cause != gateway.CauseInstance {
		t.Fatalf("groups %v, alone %+v", groups, planned.Alone)
	}
	for _, form := range forms {
		a := newAuthorizer(t, gateway.Config{Routes: planned.Routes}, dependencies(checker(annReads)))
		read := request{method: "GET", path: "/documents", template: "/documents", token: "ann-token"}
		allowed, kept, err := verdict(t, a, form, read)
		if err != nil || !allowed {
			t.Fatalf("%s: %t %v", form, allowed, err)
		}
		for _, other := range []string{"DELETE/documents", "GET/documents/budget", "GET/documents/", "POST/documents", "GET/x", "DELETE/x"} {
			if kept.admits(t, arnPrefix+other) {
				t.Errorf("%s: what was kept of GET /documents lets %s in: %s", form, other, kept.PolicyDocument)
			}
		}
	}
}

// A tenant comes from nowhere that a caller writes what they like.
func TestTenantFromAHeaderIsRefused(t *testing.T) {
	t.Parallel()
	for _, tenant := range []string{"{header.x-tenant}", "{query.tenant}", "a-{header.x}-b"} {
		_, err := gateway.New(gateway.Config{Routes: []gateway.Route{route("GET", "/x", ask("", "document", tenant))}}, dependencies(checker(allowAll)))
		if writ.CodeOf(err) != writ.CodeInvalid || err == nil || !strings.Contains(err.Error(), "choose the tenant") {
			t.Errorf("%s: %v", tenant, err)
		}
	}
	_, err := gateway.New(gateway.Config{Subject: gateway.SubjectMapping{ID: "{header.x-user}"}}, dependencies(checker(allowAll)))
	if writ.CodeOf(err) != writ.CodeInvalid {
		t.Errorf("a subject from a header: %v", err)
	}
	_, err = gateway.New(gateway.Config{UsageKey: "{query.key}"}, dependencies(checker(allowAll)))
	if writ.CodeOf(err) != writ.CodeInvalid {
		t.Errorf("a usage key from the query: %v", err)
	}
}

// A value must not reach over the text between it and the next.
func TestValuesDoNotRunTogether(t *testing.T) {
	t.Parallel()
	routes := []gateway.Route{route("GET", "/x", ask("read", "document:{claims.org}/{header.x-id}", ""))}
	var asked []string
	d := dependencies(checker(func(_ context.Context, r writ.Request) (writ.Decision, error) {
		asked = append(asked, r.Resource.ID)
		return writ.Decision{Allowed: true}, nil
	}))
	d.Identify = callers{"a": caller("a", map[string]any{"org": "acme"}), "b": caller("b", map[string]any{"org": "acme/eu"})}
	a := newAuthorizer(t, gateway.Config{Routes: routes}, d)
	for token, want := range map[string]bool{"a": true, "b": false} {
		r := request{method: "GET", path: "/x", template: "/x", token: token, header: map[string]string{"x-id": "eu/1"}}
		if allowed, answer, err := verdict(t, a, gateway.HTTP2, r); allowed != want || err != nil {
			t.Errorf("%s: %t %+v %v", token, allowed, answer, err)
		}
	}
	if !slices.Equal(asked, []string{"acme/eu/1"}) {
		t.Errorf("asked about %v", asked)
	}
}

// A checker that fails, in whichever way, lets nobody in.
func TestFailingCheckers(t *testing.T) {
	t.Parallel()
	for name, check := range map[string]checker{
		"error with allow": func(context.Context, writ.Request) (writ.Decision, error) {
			return writ.Decision{Allowed: true}, errors.New("down")
		},
		"not known to the server": func(context.Context, writ.Request) (writ.Decision, error) {
			return writ.Decision{Allowed: true}, writ.Errorf(writ.CodeAuth, "the key is not valid")
		},
		"panic": func(context.Context, writ.Request) (writ.Decision, error) { panic("nil map") },
		"too late": func(ctx context.Context, _ writ.Request) (writ.Decision, error) {
			<-ctx.Done()
			return writ.Decision{Allowed: true}, nil
		},
	} {
		for _, mode := range []gateway.FailMode{gateway.FailDeny, gateway.FailError} {
			a := newAuthorizer(t, gateway.Config{Routes: documents, FailMode: mode, Timeout: gateway.Duration(20 * time.Millisecond)}, dependencies(check))
			for _, form := range forms {
				allowed, answer, err := verdict(t, a, form, budget)
				if allowed || (err != nil) != (mode == gateway.FailError) || err != nil && err.Error() == "Unauthorized" {
					t.Errorf("%s, %s, %s: %t %+v %v", name, mode, form, allowed, answer, err)
				}
			}
		}
	}
}

// An answer that would be kept by something else than the proof is not given.
func TestKeptByAnotherIdentitySource(t *testing.T) {
	t.Parallel()
	routes := gateway.Plan([]gateway.Route{route("GET", "/documents", ask("", "document", "{claims.org}"))}, gateway.PlanOptions{}).Routes
	a := newAuthorizer(t, gateway.Config{Routes: routes}, dependencies(checker(allowAll)))
	r := request{method: "GET", path: "/documents", template: "/documents", token: "ann-token"}
	if answer, err := a.Handle(t.Context(), changed(t, r.event(gateway.HTTP2), []string{"en"}, "identitySource")); err == nil {
		t.Errorf("2.0: %s", answer)
	}
	event := changed(t, changed(t, r.event(gateway.HTTP1), "en", "identitySource"), "en", "authorizationToken")
	if answer, err := a.Handle(t.Context(), event); err == nil {
		t.Errorf("1.0: %s", answer)
	}
	d := dependencies(checker(allowAll))
	d.Identify = byCertificate{}
	a = newAuthorizer(t, gateway.Config{Routes: routes}, d)
	if answer, err := a.Handle(t.Context(), r.event(gateway.RESTRequest)); err == nil {
		t.Errorf("a certificate: %s", answer)
	}
}

// A simple answer counts for all routes that its key does not tell apart: a configuration that says otherwise is refused, and so
// is an event without the route in its sources.
func TestSimpleAnswersOfSeveralRoutes(t *testing.T) {
	t.Parallel()
	routes := []gateway.Route{
		{Method: "GET", Path: "/documents", Ask: ask("", "document", ""), Group: 1}, {Method: "DELETE", Path: "/documents", Ask: ask("", "document", ""), Group: 1},
	}
	if _, err := gateway.New(gateway.Config{Routes: routes, Simple: true}, dependencies(checker(allowAll))); writ.CodeOf(err) != writ.CodeInvalid {
		t.Errorf("without the route in the key: %v", err)
	}
	a := newAuthorizer(t, gateway.Config{Routes: routes, Simple: true, RouteInKey: true}, dependencies(checker(allowAll)))
	r := request{method: "GET", path: "/documents", template: "/documents", token: "ann-token"}
	if answer, err := a.Handle(t.Context(), r.event(gateway.HTTP2)); err == nil {
		t.Errorf("the event does not have the route in its sources: %s", answer)
	}
	r.routeInKey = true
	if allowed, _, err := verdict(t, a, gateway.HTTP2, r); !allowed || err != nil {
		t.Errorf("%t %v", allowed, err)
	}
}

type byCertificate struct{}

func (byCertificate) Identify(context.Context, *gateway.Call) (identity.Caller, error) {
	return identity.Caller{Kind: identity.Certificate, Subject: "device"}, nil
}
