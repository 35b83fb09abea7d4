package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/identity"
)

// line is what the log says of a decision that may be kept.
type line struct {
	Msg     string
	Group   int
	TookMS  *float64 `json:"took_ms"`
	Reasons []string
	Routes  []struct {
		Route   string
		Allowed bool
		Reason  string
	}
	More int `json:"more_routes"`
}

func (l line) text() string {
	text := fmt.Sprintf("%s %d", l.Msg, l.Group)
	for _, r := range l.Routes {
		text += fmt.Sprintf("|%s %t %s", r.Route, r.Allowed, r.Reason)
	}
	return text
}

func lineOf(t *testing.T, c gateway.Config, form gateway.Form, r request) line {
	t.Helper()
	var log strings.Builder
	d := dependencies(checker(annReads))
	d.Log = slog.New(slog.NewJSONHandler(&log, nil))
	// The answer itself may be Unauthorized.
	_, _ = newAuthorizer(t, c, d).Handle(t.Context(), r.event(form))
	var l line
	if err := json.Unmarshal([]byte(log.String()), &l); err != nil || l.TookMS == nil {
		t.Fatalf("the log is not one line of JSON with took_ms: %v: %s", err, log.String())
	}
	return l
}

// The function hears nothing of requests that a kept answer is used for: the one line of a group says what it will mean for them.
func TestLogOfAKeptAnswer(t *testing.T) {
	t.Parallel()
	group := func(routes ...gateway.Route) []gateway.Route {
		for i := range routes {
			routes[i].Group = 1
		}
		return routes
	}
	get, post := ask("", "document", "{claims.org}"), ask("", "document", "{claims.org}")
	routes := group(
		route("GET", "/documents", get), route("POST", "/documents", post),
		route("GET", "/level", ask("read-{claims.level}", "document", "{claims.org}")),
		route("GET", "/me", &gateway.Ask{Signed: true, Tenant: "{claims.org}"}),
	)
	ann := request{method: "GET", path: "/documents", template: "/documents", token: "ann-token"}
	const policies = "allowed 1|GET /documents true |POST /documents false ann lacks create on document:|GET /level false "
	for _, form := range forms {
		got := lineOf(t, gateway.Config{Routes: routes}, form, ann).text()
		if !strings.HasPrefix(got, policies) || !strings.Contains(got, "level") || !strings.HasSuffix(got, "|GET /me true ") {
			t.Errorf("%s: %s", form, got)
		}
	}
	forged := ann
	forged.token = "forged"
	if got := lineOf(t, gateway.Config{Routes: routes[:2]}, gateway.HTTP2, forged).text(); got != "the caller is not known 1|GET /documents false |POST /documents false " {
		t.Errorf("who is not known: %s", got)
	}
	if got := lineOf(t, gateway.Config{Routes: routes[:2]}, gateway.RESTRequest, forged).text(); got != "the caller is not known 1" {
		t.Errorf("a 401, which is not kept: %s", got)
	}

	simple := gateway.Config{Simple: true, Routes: group(route("GET", "/documents", get), route("GET", "/list", get))}
	bob := ann
	bob.token = "bob-token"
	l := lineOf(t, simple, gateway.HTTP2, bob)
	if got := l.text(); got != "denied 1|GET /documents false |GET /list false " || len(l.Reasons) != 1 || l.Reasons[0] != "bob lacks read on document:" {
		t.Errorf("simple: %s %q", got, l.Reasons)
	}
	simple.RouteInKey, bob.routeInKey = true, true
	if got := lineOf(t, simple, gateway.HTTP2, bob).text(); got != "denied 1|GET /documents false " {
		t.Errorf("kept for one route: %s", got)
	}
}

// However many routes there are and however long their reasons, a line stays below what CloudWatch takes.
func TestLogOfAKeptAnswerIsBounded(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	d := dependencies(checker(func(context.Context, writ.Request) (writ.Decision, error) {
		return writ.Decision{Reasons: []writ.Reason{{Message: strings.Repeat("é", 4000)}}}, nil
	}))
	d.Log = slog.New(slog.NewJSONHandler(&log, nil))
	c := gateway.Config{}
	for i := range 300 {
		r := route("GET", fmt.Sprintf("/r%d", i), ask(fmt.Sprintf("a%d", i), "document", ""))
		r.Group = 1
		c.Routes = append(c.Routes, r)
	}
	// The answer itself is too long, as no plan makes it so.
	_, _ = newAuthorizer(t, c, d).Handle(t.Context(), request{method: "GET", path: "/r0", template: "/r0", token: "ann-token"}.event(gateway.HTTP2))
	if !strings.Contains(log.String(), "no answer") || strings.Contains(log.String(), `"routes"`) {
		t.Fatalf("an answer that is not given is kept by nobody: %.300s", log.String())
	}
	log.Reset()
	c.Routes = c.Routes[:60]
	if _, err := newAuthorizer(t, c, d).Handle(t.Context(), request{method: "GET", path: "/r0", template: "/r0", token: "ann-token"}.event(gateway.HTTP2)); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), `"route":`); n != 61 || log.Len() > 32<<10 {
		t.Errorf("%d routes in %d bytes", n, log.Len())
	}
	log.Reset()
	same := gateway.Config{Simple: true}
	for i := range 300 {
		r := route("GET", fmt.Sprintf("/r%d", i), ask("read", "document", ""))
		r.Group = 1
		same.Routes = append(same.Routes, r)
	}
	if _, err := newAuthorizer(t, same, d).Handle(t.Context(), request{method: "GET", path: "/r0", template: "/r0", token: "ann-token"}.event(gateway.HTTP2)); err != nil {
		t.Fatal(err)
	}
	var l line
	if err := json.Unmarshal([]byte(log.String()), &l); err != nil || len(l.Routes) != 200 || l.More != 100 {
		t.Errorf("%v: %d routes and %d more", err, len(l.Routes), l.More)
	}
}

// A caller's mistake is an answer, on routes that are kept too, and is kept for no request but those that make the same mistake.
func TestRefusalsOnKeptRoutes(t *testing.T) {
	t.Parallel()
	tokens, err := identity.NewVerifier(identity.Settings{Now: time.Now, Issuers: []identity.Issuer{{Issuer: "https://issuer.example", JWKS: "https://issuer.example/keys", Audiences: []string{"a"}}}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := identity.NewKeys(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r := request{method: "GET", path: "/documents", template: "/documents", token: "x"}
	list := route("GET", "/documents", ask("", "document", ""))
	kept := list
	kept.Group = 1
	// with gives an event whose Authorization header and identity source are these.
	with := func(form gateway.Form, header, source string) json.RawMessage {
		event := changed(t, r.event(form), header, "headers", "authorization")
		if form == gateway.HTTP2 {
			return changed(t, event, []string{source}, "identitySource")
		}
		return changed(t, changed(t, event, source, "identitySource"), source, "authorizationToken")
	}
	for _, form := range []gateway.Form{gateway.HTTP1, gateway.HTTP2} {
		for _, simple := range []bool{false, true} {
			for name, c := range map[string]struct {
				header, source string
				answered       bool
			}{
				"a comma":                  {"Bearer a,b", "Bearer a,b", true},
				"two headers":              {"Bearer a,Bearer b", "Bearer a,Bearer b", true},
				"another scheme":           {"Basic YTpi", "Basic YTpi", true},
				"no token of ours":         {"Bearer a", "Bearer a", true},
				"kept by something else":   {"Bearer a", "acme", false},
				"kept by one of the two":   {"Bearer a,Bearer b", "Bearer b", false},
				"kept by nothing but that": {"Bearer a,b", "b", false},
			} {
				d := dependencies(checker(allowAll))
				d.Identify = &gateway.Identity{Tokens: tokens}
				for _, route := range []gateway.Route{list, kept} {
					answer, err := newAuthorizer(t, gateway.Config{Routes: []gateway.Route{route}, Simple: simple}, d).Handle(t.Context(), with(form, c.header, c.source))
					wantAnswer := c.answered || route.Group == 0
					if wantAnswer != (err == nil) {
						t.Errorf("%s, simple %t, %s, group %d: %s, %v", form, simple, name, route.Group, answer, err)
					} else if err == nil {
						if given := read(t, answer); given.admits(t, r.arn(form)) {
							t.Errorf("%s, simple %t, %s: let in", form, simple, name)
						}
					}
				}
			}
		}
	}
	// A token that is good by itself must not be shut out because a key came with it once.
	d := dependencies(checker(allowAll))
	d.Identify = &gateway.Identity{Tokens: tokens, Keys: keys}
	both := changed(t, with(gateway.HTTP2, "Bearer a", "Bearer a"), "key", "headers", "x-api-key")
	if answer, err := newAuthorizer(t, gateway.Config{Routes: []gateway.Route{kept}}, d).Handle(t.Context(), both); err == nil {
		t.Errorf("two proofs, and kept by one: %s", answer)
	}
	// REST APIs keep no 401, whatever it is owed to.
	rest := changed(t, r.event(gateway.RESTRequest), []string{"Bearer a", "Bearer x"}, "multiValueHeaders", "authorization")
	if answer, err := newAuthorizer(t, gateway.Config{Routes: []gateway.Route{kept}}, d).Handle(t.Context(), rest); err == nil || err.Error() != "Unauthorized" {
		t.Errorf("REST: %s, %v", answer, err)
	}
}
