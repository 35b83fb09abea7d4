package gateway_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/authz/policyfile"
)

// embedded is the engine in this process.
type embedded struct{ snapshot *authz.Snapshot }

func (e embedded) Check(_ context.Context, r writ.Request) (writ.Decision, error) {
	return e.snapshot.Check(&authz.Query{Request: r})
}

const office = `
roles:
  editor: ["document:read", "document:create"]
resources:
  document:
    actions: [read, update, create]
    roles:
      owner: [read, update]
facts:
  tenants: {acme: {}, other: {}}
  users:
    ann: {roles: {acme: editor}}
    bob: {roles: {other: editor}}
    cid: {roles: {"document:budget": owner}}
  instances:
    document:budget: {tenant: acme}
`

var officeRoutes = []gateway.Route{
	{Method: "GET", Path: "/documents/{id}", Ask: ask("", "document:{id}", "{claims.org}")},
	{Method: "POST", Path: "/documents", Ask: ask("", "document", "{claims.org}"), Group: 1},
	{Method: "GET", Path: "/documents", Ask: ask("", "document", "{claims.org}"), Group: 1},
}

func engine(t testing.TB) gateway.Dependencies {
	t.Helper()
	p, err := policyfile.Parse([]byte(office), writ.Position{File: "policy.yml", Line: 1, Col: 1}, policyfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := p.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return gateway.Dependencies{
		Identify: callers{
			"ann": caller("ann", map[string]any{"org": "acme"}), "bob": caller("bob", map[string]any{"org": "other"}),
			"cid": caller("cid", map[string]any{"org": "acme"}), "bob-in-acme": caller("bob", map[string]any{"org": "acme"}),
		},
		Check: embedded{snapshot}, Now: time.Now, NewID: func() string { return "d" },
	}
}

// The tenant that a template gives reaches the engine, for types and for single resources.
func TestWithTheEngine(t *testing.T) {
	t.Parallel()
	a := newAuthorizer(t, gateway.Config{Routes: officeRoutes}, engine(t))
	for _, c := range []struct {
		token            string
		read, create, in bool // in: reads the type
	}{
		{"ann", true, true, true}, {"bob", false, true, true}, {"cid", true, false, false}, {"bob-in-acme", false, false, false},
	} {
		one := request{method: "GET", path: "/documents/budget", template: "/documents/{id}", parameters: map[string]string{"id": "budget"}, token: c.token}
		create := request{method: "POST", path: "/documents", template: "/documents", token: c.token}
		list := create
		list.method = "GET"
		for _, form := range forms {
			for i, r := range []request{one, create, list} {
				want := []bool{c.read, c.create, c.in}[i]
				if allowed, answer, err := verdict(t, a, form, r); allowed != want || err != nil {
					t.Errorf("%s: %s %s of %s must be %t: %s %v %v", form, r.method, r.path, c.token, want, answer.PolicyDocument, answer.Context, err)
				}
			}
		}
	}
}

// A warm decision stays cheap beside what Lambda itself takes.
func TestHandleAllocates(t *testing.T) { // not parallel: it counts for the whole process
	a := newAuthorizer(t, gateway.Config{Routes: officeRoutes}, engine(t))
	event := request{method: "GET", path: "/documents/budget", template: "/documents/{id}", parameters: map[string]string{"id": "budget"}, token: "ann"}.event(gateway.HTTP2)
	got := testing.AllocsPerRun(200, func() {
		if _, err := a.Handle(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	})
	if got > 150 {
		t.Errorf("%.0f allocations for an answer; it was 100", got)
	}
}

func BenchmarkHandle(b *testing.B) {
	a := newAuthorizer(b, gateway.Config{Routes: officeRoutes}, engine(b))
	one := request{method: "GET", path: "/documents/budget", template: "/documents/{id}", parameters: map[string]string{"id": "budget"}, token: "ann"}
	group := request{method: "POST", path: "/documents", template: "/documents", token: "ann"}
	for _, form := range forms {
		for name, r := range map[string]request{"one": one, "group": group} {
			event := r.event(form)
			b.Run(fmt.Sprintf("%s/%s", form, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := a.Handle(b.Context(), event); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
