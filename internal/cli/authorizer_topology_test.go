package cli

import (
	"net"
	"strings"
	"testing"

	"github.com/writ-dev/writ/internal/bundle"
	"github.com/writ-dev/writ/topology"
)

// In AWS an authorizer runs on the processor that its topology says, and the other functions on theirs; here all run on this machine's.
func TestAuthorizersAreBuiltForTheirProcessor(t *testing.T) {
	t.Parallel()
	s := &system{topology: &topology.Topology{Functions: []*topology.Function{
		{Name: "plain"}, {Name: "gate", Authorizer: &topology.Authorizer{}}, {Name: "old", Authorizer: &topology.Authorizer{Architecture: "x86_64"}},
	}}}
	aws, here := bundle.Target{OS: "linux", Arch: "amd64", Release: true}, bundle.Target{OS: "linux", Arch: "amd64"}
	for name, want := range map[string]string{"plain": "amd64", "gate": "arm64", "old": "amd64"} {
		source := bundle.Source{Name: name}
		if got := s.targetOf(source, aws).Arch; got != want {
			t.Errorf("%s is built for %s in AWS, want %s", name, got, want)
		}
		if got := s.targetOf(source, here); got != here {
			t.Errorf("%s is built for %v here", name, got)
		}
	}
}

// An ordinary function is told where the server is, and lent no key.
func TestFunctionsAreLentNoKey(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	u := &up{policyKey: "key", policy: &serving{listener: l, config: &serveConfig{}}}
	if _, lent := u.lentTo(&topology.Function{})[lentKey]; lent {
		t.Error("a function is lent the key")
	}
	asks := &topology.Function{Authorizer: &topology.Authorizer{Decide: topology.Decide{Kind: topology.DecideServer}}}
	if u.lentTo(asks)[lentKey] != "key" {
		t.Error("an authorizer that asks the server is lent no key")
	}
}

// A function that decides by what it has itself is told of no server: it takes variables at their word.
func TestWhoIsLentThePolicy(t *testing.T) {
	t.Parallel()
	u := &up{policyKey: "key", policy: &serving{}}
	for kind, lent := range map[topology.DecideKind]bool{"": true, topology.DecideServer: true, topology.DecideSnapshot: false, topology.DecidePermit: false} {
		f := &topology.Function{Authorizer: &topology.Authorizer{Decide: topology.Decide{Kind: kind}}}
		if !lent && u.lentTo(f) != nil {
			t.Errorf("an authorizer that decides by %s is lent the policy server", kind)
		}
		if asksServer(f.Authorizer) != lent {
			t.Errorf("%q asks a server: %t", kind, !lent)
		}
	}
}

// A request for a route that is left out here is told from one that was denied.
func TestNotServedHere(t *testing.T) {
	t.Parallel()
	top, err := topology.Parse([]byte(`name: app
pools: [people]
functions: {tell: {runtime: {lang: go}}}
authorizers: {door: {identity: {cognito: people, use: access}}}
routes:
  /documents/{id}: {method: GET, function: tell, authorizer: door, authorize: signed}
  /open: {method: GET, function: tell}
`), "topology.yml", "")
	if err != nil {
		t.Fatal(err)
	}
	systems := []*system{{topology: top}}
	for request, want := range map[string]string{
		"GET /documents/a b": "GET /documents/{id} does not run here: it asks for tokens of a user pool, which is not run here",
		"PUT /documents/7":   "",
		"GET /open":          "",
		"GET /nothing":       "",
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := notServedHere(systems, method, path); got != want {
			t.Errorf("%s: %q, want %q", request, got, want)
		}
	}
}
