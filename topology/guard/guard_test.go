package guard_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
	"github.com/writ-dev/writ/topology/guard"
)

var update = flag.Bool("update", false, "write the golden files anew")

// orders is a policy with one type.
type orders struct{}

func (orders) Types() []string    { return []string{"order"} }
func (orders) Subjects() []string { return []string{"user", "order"} }

func (orders) Actions(string) []string {
	return []string{"read", "create", "audit"}
}

func (orders) ReadsContext(_, action string) bool { return action == "audit" }

func parse(t *testing.T, file string) *topology.Topology {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	top, err := topology.Parse(src, "topology.yml", "")
	if err != nil {
		t.Fatal(err)
	}
	return top
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; write anew with -update):\n%s", file, diff)
	}
}

// What a user sees of questions that no function could read, and of words that the policy does not have.
func TestErrors(t *testing.T) {
	t.Parallel()
	_, err := guard.Read(parse(t, "testdata/wrong.yml"), orders{})
	if err == nil {
		t.Fatal("no error")
	}
	var shown bytes.Buffer
	writ.WriteError(&shown, err)
	golden(t, "testdata/wrong.txt", shown.String())
}

// Notes say what is shut, what is not made, and why answers are not kept.
func TestNotes(t *testing.T) {
	t.Parallel()
	s, err := guard.Read(parse(t, "testdata/notes.yml"), orders{})
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	for _, n := range s.Notes {
		fmt.Fprintf(&shown, "%s: %s %s: %s\n", n.Pos, n.Kind, n.Name, n.Why)
	}
	for _, g := range s.Guards {
		for _, r := range g.Config.Routes {
			fmt.Fprintf(&shown, "%s: %s %s is in group %d\n", g.Authorizer.Name, r.Method, r.Path, r.Group)
		}
	}
	golden(t, "testdata/notes.txt", shown.String())
}

// Every group is an authorizer of the API, and an API takes ten: however many authorizers are declared, they fit or it is said.
func TestTenAuthorizersOfAnAPI(t *testing.T) {
	t.Parallel()
	for declared := 1; declared <= 10; declared++ {
		text := "name: shop\nfunctions: {list: {runtime: {lang: go}}}\nauthorizers:\n"
		routes := "routes:\n"
		for i := range declared {
			text += fmt.Sprintf("  a%d: {identity: {issuer: https://idp.example.com, audience: shop}, keep: 5m}\n", i)
			for n := range 12 { // each tenant needs a group of its own
				routes += fmt.Sprintf("  /r%d-%d: {method: GET, function: list, authorizer: a%d, authorize: {resource: order, tenant: t%d}}\n", i, n, i, n)
			}
		}
		top, err := topology.Parse([]byte(text+routes), "topology.yml", "")
		if err != nil {
			t.Fatal(err)
		}
		s, err := guard.Read(top, orders{})
		if err != nil {
			t.Fatal(err)
		}
		all := 0
		for _, g := range s.Guards {
			all += g.Groups
			if g.Alone() {
				all++
			}
		}
		if all > 10 || all < declared {
			t.Errorf("%d declared authorizers become %d", declared, all)
		}
	}
}
