package synth_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/synth"
)

// Closed world: a role may make a call if and only if the topology has the
// edge. Nothing of another sandbox or another namespace is ever in reach.
func TestClosedWorld(t *testing.T) {
	t.Parallel()
	systems, questions, yes := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		top := randomSystem(rt)
		out, err := synth.Template(top, options(top, "dev"))
		if err != nil {
			rt.Fatal(err)
		}
		policies, err := deployed(top, out)
		if err != nil {
			rt.Fatal(err)
		}
		other := *top
		other.Name = "elsewhere"
		systems++
		for _, f := range top.Functions {
			for _, q := range universe(top, "dev") {
				want := allowed(f, q)
				if got := try(top, f, policies[f.Name], q.action, q.resource); got != want {
					rt.Fatalf("%s: %s on %s is allowed: %v, by the edges %v\n%+v", f.Name, q.action, q.resource, got, want, f.Grants)
				}
				questions++
				if want {
					yes++
				}
			}
			for _, q := range append(universe(top, "prod"), universe(&other, "dev")...) {
				if !q.any && try(top, f, policies[f.Name], q.action, q.resource) {
					rt.Fatalf("%s reaches out of its sandbox: %s on %s", f.Name, q.action, q.resource)
				}
				questions++
			}
		}
	})
	if yes == 0 || yes == questions {
		t.Fatalf("%d of %d questions were answered with yes: the test says nothing", yes, questions)
	}
	t.Logf("%d systems, %d questions, %d of them allowed", systems, questions, yes)
}

// The resource "*" stands only where Wildcards says why, and a "*" within an ARN
// only at the end, after a resource of this stack.
func TestWildcardsAreListed(t *testing.T) {
	t.Parallel()
	listed, found := synth.Wildcards(), 0
	rapid.Check(t, func(rt *rapid.T) {
		top := randomSystem(rt)
		out, err := synth.Template(top, options(top, "dev"))
		if err != nil {
			rt.Fatal(err)
		}
		for id := range out.Template.Resources().All() {
			resource, _ := out.Template.Resource(id)
			if resource.Type != "AWS::IAM::Policy" {
				continue
			}
			for _, s := range resource.Properties.Object("PolicyDocument").List("Statement") {
				statement := s.(*cfn.Object)
				for _, r := range list(statement, "Resource") {
					where, isText := r.(string)
					if !isText {
						where = r.(*cfn.Object).Text("Fn::Sub") // "" for Fn::GetAtt, which holds no "*"
					}
					switch tail := strings.TrimSuffix(where, "*"); {
					case where == "*":
						for _, a := range list(statement, "Action") {
							if listed[a.(string)] == "" {
								rt.Fatalf("%s is granted on * and not listed", a)
							}
							found++
						}
					case strings.Contains(tail, "*") || strings.HasSuffix(tail, "/index") || strings.HasSuffix(tail, "function:"):
						rt.Fatalf("%s is wider than one resource", where)
					}
				}
			}
		}
	})
	if found == 0 {
		t.Fatal("no wildcard was met: the test says nothing")
	}
}

// list gives a member that is a list or a scalar.
func list(o *cfn.Object, key string) []any {
	if l := o.List(key); l != nil {
		return l
	}
	v, _ := o.Get(key)
	return []any{v}
}
