package gateway_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/identity"
)

// asking keeps what it was asked.
type asking struct {
	questions []writ.Request
	batches   int
	roles     []string
	rolesErr  error
}

func (a *asking) Check(_ context.Context, r writ.Request) (writ.Decision, error) {
	a.questions = append(a.questions, r)
	return writ.Decision{Allowed: true, Revision: "9"}, nil
}

func (a *asking) Roles(_ context.Context, s writ.Subject, tenant string) ([]string, error) {
	return append(a.roles, s.ID+"@"+tenant), a.rolesErr
}

// together asks all at once.
type together struct{ asking }

func (b *together) CheckAll(_ context.Context, requests []writ.Request) ([]writ.Decision, error) {
	b.batches++
	b.questions = append(b.questions, requests...)
	all := make([]writ.Decision, len(requests))
	for i := range all {
		all[i].Allowed = i == 0
	}
	return all, nil
}

// What a request asks: subject and tenant from the token, resource from the path, and the request itself as context.
func TestQuestion(t *testing.T) {
	t.Parallel()
	check := &asking{roles: []string{"viewer"}}
	d := dependencies(check)
	d.Identify = callers{"t": caller("ann", map[string]any{
		"org": "acme", "email": "ann@example.com", "email_verified": true, "level": int64(3), "address": map[string]any{"country": "AT"}, "secret": "x",
	})}
	a := newAuthorizer(t, gateway.Config{
		Routes: []gateway.Route{route("PUT", "/{tenant}/documents/{id}", ask("", "document:{tenant}/{id}", "{claims.org}"))},
		Subject: gateway.SubjectMapping{Type: "person", ID: "{claims.email}", Properties: map[string]string{
			"level": "level", "country": "address.country", "missing": "no.such",
		}},
	}, d)
	r := request{
		method: "PUT", path: "/x/documents/a%20b", template: "/{tenant}/documents/{id}", parameters: map[string]string{"tenant": "x", "id": "a%20b"}, token: "t",
		header: map[string]string{"x-forwarded-for": "203.0.113.9"},
	}
	allowed, answer, err := verdict(t, a, gateway.RESTRequest, r)
	if err != nil || !allowed {
		t.Fatal(allowed, err)
	}
	want := writ.Request{
		Subject:  writ.Subject{Type: "person", ID: "ann@example.com", Properties: map[string]any{"level": int64(3), "country": "AT"}},
		Action:   writ.Action{Name: "update"},
		Resource: writ.Resource{Type: "document", ID: "x/a b", Properties: map[string]any{"tenant": "acme"}},
		Context:  map[string]any{"ip": "192.0.2.1", "method": "PUT", "path": "/x/documents/a%20b", "user_agent": "test"},
	}
	if !reflect.DeepEqual(check.questions, []writ.Request{want}) {
		t.Errorf("asked %+v, want %+v", check.questions, want)
	}
	wantContext := map[string]string{
		"decision_id": "decision-1", "subject": "person:ann@example.com", "tenant": "acme", "revision": "9", "roles": "viewer,ann@example.com@acme",
	}
	if !reflect.DeepEqual(answer.Context, wantContext) || answer.PrincipalID != "ann@example.com" {
		t.Errorf("answered %+v", answer)
	}
	check.rolesErr = errors.New("no roles")
	if allowed, answer, err = verdict(t, a, gateway.RESTRequest, r); !allowed || err != nil || answer.Context["roles"] != "" {
		t.Errorf("without roles: %t %+v %v", allowed, answer, err)
	}
}

// A group is asked together, once for each question, with nothing that another request could have otherwise.
func TestGroupIsAskedTogether(t *testing.T) {
	t.Parallel()
	check := &together{}
	planned := gateway.Plan([]gateway.Route{
		route("GET", "/a", ask("", "document", "{claims.org}")), route("GET", "/b", ask("read", "document", "{claims.org}")),
		route("POST", "/a", ask("", "document", "{claims.org}")),
		{Method: "GET", Path: "/none"},
	}, gateway.PlanOptions{})
	// The last asks nothing, so that it is in no tenant, and in a group of its own.
	a := newAuthorizer(t, gateway.Config{Routes: planned.Routes, Debug: true}, dependencies(check))
	r := request{method: "POST", path: "/a", template: "/a", token: "ann-token"}
	allowed, answer, err := verdict(t, a, gateway.HTTP1, r)
	if err != nil || allowed || check.batches != 1 || len(check.questions) != 2 {
		t.Fatalf("%t %v: %d batches, asked %+v", allowed, err, check.batches, check.questions)
	}
	for _, q := range check.questions {
		if q.Context != nil || q.Resource.Properties["tenant"] != "acme" {
			t.Errorf("asked %+v", q)
		}
	}
	for other, want := range map[string]bool{"GET/a": true, "GET/b": true, "POST/a": false, "GET/none": false} {
		if answer.admits(t, arnPrefix+other) != want {
			t.Errorf("%s must be %t: %s", other, want, answer.PolicyDocument)
		}
	}
	if answer.Context["reasons"] != "" || answer.Context["roles"] != "" {
		t.Errorf("what was kept is passed on for one route: %v", answer.Context)
	}
}

type short struct{ asking }

func (*short) CheckAll(context.Context, []writ.Request) ([]writ.Decision, error) {
	return []writ.Decision{{Allowed: true}}, nil
}

func TestABatchWithTooFewAnswersIsAFailure(t *testing.T) {
	t.Parallel()
	planned := gateway.Plan([]gateway.Route{route("GET", "/a", ask("", "a", "")), route("GET", "/b", ask("", "b", ""))}, gateway.PlanOptions{})
	a := newAuthorizer(t, gateway.Config{Routes: planned.Routes}, dependencies(&short{}))
	if _, answer, err := verdict(t, a, gateway.RESTToken, request{method: "GET", path: "/a", token: "ann-token"}); err == nil {
		t.Errorf("%+v", answer)
	}
}

// What is there for a request, of routes that could all take it.
func TestRoutesInOrder(t *testing.T) {
	t.Parallel()
	check := &asking{}
	routes := []gateway.Route{
		{Method: "ANY", Path: "/{rest+}", Ask: ask("read", "rest", "")},
		{Method: "ANY", Path: "/pets/{id}", Ask: ask("read", "any-pet", "")},
		{Method: "GET", Path: "/pets/{id}", Ask: ask("read", "pet", "")},
		{Method: "GET", Path: "/pets/dog", Ask: ask("read", "dog", "")},
		{Method: "ANY", Path: "/", Ask: ask("read", "root", "")},
		{Method: "GET", Path: "/pets/{id}/{way+}", Ask: ask("read", "way", "")},
	}
	a := newAuthorizer(t, gateway.Config{Routes: routes}, dependencies(check))
	for asked, want := range map[string]string{
		"GET /pets/dog": "dog", "GET /pets/cat": "pet", "PUT /pets/cat": "any-pet", "GET /pets": "rest", "GET /": "root", "GET /pets/dog/": "dog",
		"GET /pets/a/b/c": "way",
		// A REST API has chosen the resource before the method, and there is none.
		"PUT /pets/dog": "",
	} {
		method, path, _ := strings.Cut(asked, " ")
		check.questions = nil
		allowed, _, err := verdict(t, a, gateway.RESTToken, request{method: method, path: path, token: "ann-token"})
		got := ""
		if len(check.questions) > 0 {
			got = check.questions[0].Resource.Type
		}
		if err != nil || got != want || allowed != (want != "") {
			t.Errorf("%s asks %q, want %q (%t %v)", asked, got, want, allowed, err)
		}
	}
}

func TestRoutesWithoutAQuestion(t *testing.T) {
	t.Parallel()
	a := newAuthorizer(t, gateway.Config{Debug: true, Routes: []gateway.Route{{Method: "GET", Path: "/none"}, route("GET", "/me", &gateway.Ask{Signed: true})}}, dependencies(&asking{}))
	for path, want := range map[string]string{"/none": "asks nothing yet", "/other": "no route is for", "/me": ""} {
		r := request{method: "GET", path: path, template: path, token: "ann-token"}
		for _, form := range forms {
			allowed, answer, err := verdict(t, a, form, r)
			if err != nil || allowed != (want == "") || !strings.Contains(answer.Context["reasons"], want) {
				t.Errorf("%s %s: %t %+v %v", form, path, allowed, answer, err)
			}
		}
	}
}

// mappingOf gives what a test says.
type mappingOf func(method, url string) (string, string, map[string]any, bool)

func (f mappingOf) Map(method, url string) (string, string, map[string]any, bool) {
	return f(method, url)
}

func TestMapping(t *testing.T) {
	t.Parallel()
	check := &asking{}
	d := dependencies(check)
	d.Mapping = mappingOf(func(method, url string) (string, string, map[string]any, bool) {
		switch method + " " + url {
		case "GET /a/1?x=y":
			return "read", "thing", map[string]any{"id": "1"}, true
		case "GET /b":
			return "read", "thing", map[string]any{"tenant": "evil"}, true
		}
		return "", "", nil, false
	})
	routes := []gateway.Route{route("ANY", "$default", &gateway.Ask{Mapping: true, Tenant: "{claims.org}"})}
	a := newAuthorizer(t, gateway.Config{Routes: routes}, d)
	for path, want := range map[string]bool{"/a/1": true, "/b": false, "/c": false, "/a//1": false} {
		r := request{method: "GET", path: path, template: "$default", token: "ann-token"}
		event := changed(t, r.event(gateway.HTTP2), "x=y", "rawQueryString")
		if path != "/a/1" {
			event = r.event(gateway.HTTP2)
		}
		text, err := a.Handle(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		if given := read(t, text); given.admits(t, r.arn(gateway.HTTP2)) != want {
			t.Errorf("%s: %s", path, text)
		}
	}
	want := writ.Resource{Type: "thing", Properties: map[string]any{"id": "1", "tenant": "acme"}}
	if len(check.questions) != 1 || !reflect.DeepEqual(check.questions[0].Resource, want) {
		t.Errorf("asked %+v", check.questions)
	}
	d.Mapping = nil
	if _, err := gateway.New(gateway.Config{Routes: routes}, d); writ.CodeOf(err) != writ.CodeInvalid {
		t.Errorf("mapping without rules: %v", err)
	}
}

// One line for each decision, with what was asked and why, and nothing that proves anybody.
func TestLog(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	d := dependencies(checker(annReads))
	d.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	a := newAuthorizer(t, gateway.Config{Routes: documents[:1]}, d)
	denied, nobody := budget, budget
	denied.token, nobody.token = "bob-token", "forged-secret"
	for _, r := range []request{budget, denied, nobody} {
		if _, err := a.Handle(t.Context(), r.event(gateway.HTTP2)); err != nil {
			t.Fatal(err)
		}
	}
	want := `level=INFO msg=allowed decision_id=decision-1 allowed=true form="HTTP 2.0" took_ms=0 request_id=request-1 subject=user:ann route="GET /documents/{id}" action=read resource=document:budget tenant=acme revision=7 reasons="[ann is a viewer in acme]"
level=WARN msg=denied decision_id=decision-2 allowed=false form="HTTP 2.0" took_ms=0 request_id=request-1 subject=user:bob route="GET /documents/{id}" action=read resource=document:budget tenant=other revision=7 reasons="[bob lacks read on document:budget]"
level=WARN msg="the caller is not known" decision_id=decision-3 allowed=false form="HTTP 2.0" took_ms=0 error="nobody is known by that token" request_id=request-1 route="GET /documents/{id}"
`
	if log.String() != want {
		t.Errorf("the log is\n%s\nwant\n%s", log.String(), want)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	t.Parallel()
	at := writ.Position{File: "topology.yml", Line: 7, Col: 3}
	for name, c := range map[string]struct {
		route gateway.Route
		want  string
	}{
		"method":             {gateway.Route{Method: "get", Path: "/x"}, "upper case"},
		"default":            {gateway.Route{Method: "GET", Path: "$default"}, "every method"},
		"path":               {gateway.Route{Method: "GET", Path: "x"}, "must begin with /"},
		"open parameter":     {gateway.Route{Method: "GET", Path: "/{x"}, "no parameter"},
		"greedy in between":  {gateway.Route{Method: "GET", Path: "/{x+}/y"}, "must be the last"},
		"parameter twice":    {gateway.Route{Method: "GET", Path: "/{x}/{x}"}, "twice"},
		"odd path":           {gateway.Route{Method: "GET", Path: "/a/../b"}, "no request could reach it"},
		"unknown parameter":  {route("GET", "/{x}", ask("", "d:{y}", "")), "no parameter {y}"},
		"unknown source":     {route("GET", "/{x}", ask("", "d:{body.x}", "")), "is no value"},
		"open brace":         {route("GET", "/{x}", ask("", "d:{x", "")), "not closed"},
		"closing brace":      {route("GET", "/{x}", ask("", "d:x}", "")), "closes nothing"},
		"parts without text": {route("GET", "/{x}/{y}", ask("", "d:{x}{y}", "")), "without text between"},
		"no resource":        {route("GET", "/{x}", ask("read", "", "")), "TYPE or TYPE:ID"},
		"type from a part":   {route("GET", "/{x}", ask("read", "{x}:1", "")), "TYPE without braces"},
		"no ID":              {route("GET", "/{x}", ask("read", "d:", "")), "TYPE or TYPE:ID"},
		"no action":          {route("OPTIONS", "/x", ask("", "d", "")), "name one"},
		"two ways":           {route("GET", "/x", &gateway.Ask{Signed: true, Resource: "d"}), "choose one"},
		"group":              {gateway.Route{Method: "GET", Path: "/{x}", Ask: ask("", "d:{x}", ""), Group: 1}, "cannot be in group 1"},
		"group of any":       {gateway.Route{Method: "ANY", Path: "/x", Ask: ask("", "d", ""), Group: 1}, "depends on the method"},
	} {
		c.route.Position = at
		_, err := gateway.New(gateway.Config{Routes: []gateway.Route{c.route}}, dependencies(&asking{}))
		var e *writ.Error
		if !errors.As(err, &e) || e.Code != writ.CodeInvalid || e.Position != at || !strings.Contains(e.Message, c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for name, c := range map[string]gateway.Config{
		"a route twice": {Routes: []gateway.Route{{Method: "GET", Path: "/x"}, {Method: "GET", Path: "/x"}}},
		"fail mode":     {FailMode: "allow"}, "timeout": {Timeout: -1}, "long timeout": {Timeout: gateway.Duration(time.Minute)},
		"ttl": {TTL: gateway.Duration(2 * time.Hour)}, "subject type": {Subject: gateway.SubjectMapping{Type: "a:b"}},
	} {
		if _, err := gateway.New(c, dependencies(&asking{})); writ.CodeOf(err) != writ.CodeInvalid || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := gateway.New(gateway.Config{}, gateway.Dependencies{}); writ.CodeOf(err) != writ.CodeInvalid {
		t.Errorf("no dependencies: %v", err)
	}
}

func TestReadConfig(t *testing.T) {
	t.Parallel()
	c, err := gateway.ReadConfig([]byte(`{"routes":[{"method":"GET","path":"/x","ask":{"resource":"d"},"group":1}],"timeout":"800ms","ttl":"5m","failMode":"error","simple":true}`))
	want := gateway.Config{
		Routes: []gateway.Route{{Method: "GET", Path: "/x", Ask: ask("", "d", ""), Group: 1}}, Timeout: gateway.Duration(800 * time.Millisecond),
		TTL: gateway.Duration(5 * time.Minute), FailMode: gateway.FailError, Simple: true,
	}
	if err != nil || !reflect.DeepEqual(c, want) {
		t.Errorf("%+v, %v", c, err)
	}
	for _, text := range []string{`{"routs":[]}`, `{"routes":[],"routes":[]}`, `{"timeout":"soon"}`, `{"timeout":5}`, `[]`, `{} {}`, ``} {
		if c, err := gateway.ReadConfig([]byte(text)); writ.CodeOf(err) != writ.CodeInvalid || err == nil {
			t.Errorf("%s: %+v, %v", text, c, err)
		}
	}
}

// Which of the proofs that a request brings count.
func TestIdentity(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	secret := strings.Repeat("k", 40)
	hash, err := identity.HashSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := identity.NewKeys(now, identity.Key{Name: "app", Subject: "app", Hash: hash})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := identity.NewVerifier(identity.Settings{Now: now, Issuers: []identity.Issuer{{Issuer: "https://issuer.example", JWKS: "https://issuer.example/keys", Audiences: []string{"a"}}}})
	if err != nil {
		t.Fatal(err)
	}
	certificates, err := identity.NewCertificates(identity.CertificateRules{Subject: identity.CommonName, Issuers: []string{"CN=Devices"}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		who  gateway.Identity
		call gateway.Call
		want string // of the error; "" is app
	}{
		{"key", gateway.Identity{Keys: keys}, gateway.Call{Key: secret}, ""},
		{"wrong key", gateway.Identity{Keys: keys}, gateway.Call{Key: secret + "x"}, "key not valid"},
		{"nothing", gateway.Identity{Keys: keys, Tokens: tokens}, gateway.Call{}, "nothing that says"},
		{"token where keys are taken", gateway.Identity{Keys: keys}, gateway.Call{Token: "Bearer x"}, "nothing that says"},
		{"key beside a token that is not looked at", gateway.Identity{Keys: keys}, gateway.Call{Key: secret, Token: "Bearer x"}, ""},
		{"key and token", gateway.Identity{Keys: keys, Tokens: tokens}, gateway.Call{Key: secret, Token: "Bearer x"}, "2 proofs"},
		{"both must hold", gateway.Identity{Keys: keys, Tokens: tokens, Several: true}, gateway.Call{Key: secret, Token: "Bearer x"}, "token not valid"},
		{"key and certificate must hold", gateway.Identity{Keys: keys, Certificates: certificates, Several: true}, gateway.Call{Key: secret, Certificate: "x"}, "certificate not valid"},
		{"certificate", gateway.Identity{Certificates: certificates}, gateway.Call{Certificate: "x"}, "certificate not valid"},
		{"another scheme", gateway.Identity{Tokens: tokens}, gateway.Call{Token: "Basic eDp5"}, "no Bearer token"},
		{"two tokens", gateway.Identity{Tokens: tokens}, gateway.Call{Token: "Bearer a b"}, "no Bearer token"},
		{"another space than that", gateway.Identity{Tokens: tokens}, gateway.Call{Token: "\u00a0Bearer abc"}, "no Bearer token"},
		{"bare token", gateway.Identity{Tokens: tokens}, gateway.Call{Token: "abc"}, "token not valid"},
		{"scheme in another case", gateway.Identity{Tokens: tokens}, gateway.Call{Token: "bEARER abc"}, "token not valid"},
	} {
		got, err := c.who.Identify(t.Context(), &c.call)
		if c.want == "" {
			if err != nil || got.Subject != "app" {
				t.Errorf("%s: %+v, %v", c.name, got, err)
			}
			continue
		}
		if err == nil || writ.CodeOf(err) != writ.CodeAuth || !strings.Contains(err.Error(), c.want) || got.Subject != "" {
			t.Errorf("%s: %+v, %v; want %q", c.name, got, err, c.want)
		}
	}
}

// The API key is found in the header and where a REST API tells of it, and is no token.
func TestWhereProofsStand(t *testing.T) {
	t.Parallel()
	event := changed(t, changed(t, budget.event(gateway.RESTRequest), []string{"k"}, "multiValueHeaders", "x-api-key"), "k", "requestContext", "identity", "apiKey")
	c, err := gateway.ReadEvent(changed(t, event, "PEM", "requestContext", "identity", "clientCert", "clientCertPem"))
	if err != nil || c.Key != "k" || c.Token != "Bearer ann-token" || c.Certificate != "PEM" {
		t.Errorf("%+v, %v", c, err)
	}
	bare := changed(t, budget.event(gateway.HTTP2), nil, "headers", "authorization")
	c, err = gateway.ReadEvent(changed(t, bare, []string{"from-a-cookie"}, "identitySource"))
	if err != nil || c.Token != "from-a-cookie" {
		t.Errorf("identity source: %+v, %v", c, err)
	}
	c, err = gateway.ReadEvent(changed(t, changed(t, bare, []string{"k"}, "identitySource"), "k", "headers", "x-api-key"))
	if err != nil || c.Token != "" || c.Key != "k" {
		t.Errorf("a key as identity source: %+v, %v", c, err)
	}
}
