package synth_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// Closed world: a role may make a call, and a service may call for a source, if
// and only if the topology has the edge. Nothing of another sandbox or another
// namespace is ever in reach.
func TestClosedWorld(t *testing.T) {
	t.Parallel()
	closedWorld(t, func(*rapid.T, *topology.Topology) (*roles.Set, bounds) { return nil, nil })
}

// bounds says whether what bounds the roles of a kind lets a call through.
type bounds map[topology.Kind]func(action, resource string) bool

func (b bounds) let(kind topology.Kind, q ask) bool {
	return b[kind] == nil || b[kind](q.action, q.resource)
}

// closedWorld asks all questions of many random systems, whose roles are made
// as choose says.
func closedWorld(t *testing.T, choose func(*rapid.T, *topology.Topology) (*roles.Set, bounds)) {
	systems, questions, yes, services, stopped := 0, 0, 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		top := randomWorld(rt)
		o := options(top, "dev")
		set, bound := choose(rt, top)
		o.Roles = set
		out, err := synth.Template(top, o)
		if err != nil {
			rt.Fatal(err)
		}
		inv, err := deployed(out)
		if err != nil {
			rt.Fatal(err)
		}
		other := *top
		other.Name = "elsewhere"
		systems++
		count := func(got bool) {
			questions++
			if got {
				yes++
			}
		}
		all, foreign := universe(top, "dev"), append(universe(top, "prod"), universe(&other, "dev")...)
		for _, f := range top.Functions {
			for _, q := range all {
				edge := allowed(top, f, q)
				got, want := try(inv, top, f, q), edge && bound.let(topology.KindFunction, q)
				if got != want {
					rt.Fatalf("%s: %s on %s %v is allowed: %v, by the edges %v, by the bounds %v\n%+v %+v", f.Name, q.action, q.resource, q.context, got, edge, bound.let(topology.KindFunction, q), f.Grants, f.Targets)
				}
				if edge && !want {
					stopped++
				}
				count(got)
			}
			for _, q := range foreign {
				if !q.any && !shared(q) && try(inv, top, f, q) {
					rt.Fatalf("%s reaches out of its sandbox: %s on %s", f.Name, q.action, q.resource)
				}
				count(false)
			}
		}
		if scheduler := inv.Principal(synth.PrincipalRoleName(top, topology.KindSchedule, "", "dev")); scheduler != nil {
			for i, q := range append(slices.Clone(all), foreign...) {
				got, want := decide(inv, scheduler.Caller(), q), i < len(all) && scheduled(top, q) && bound.let(topology.KindSchedule, q)
				if got != want {
					rt.Fatalf("the scheduler: %s on %s is allowed: %v, by the edges %v", q.action, q.resource, got, want)
				}
				count(got)
			}
		}
		for _, q := range trustUniverse(top, inv) {
			if got := decide(inv, q.caller(), q.ask); got != q.want {
				rt.Fatalf("%s for %s takes on %s: %v, want %v", q.service, q.source, q.resource, got, q.want)
			}
			services++
			count(q.want)
		}
		for _, q := range serviceUniverse(top) {
			got := decide(inv, q.caller(), q.ask)
			if got != q.want {
				rt.Fatalf("%s for %s: %s on %s is allowed: %v, by the edges %v", q.service, q.source, q.action, q.resource, got, q.want)
			}
			services++
			count(got)
		}
		if set != nil && stopped == 0 && systems > 50 {
			rt.Fatal("nothing was stopped by a boundary: the test says nothing")
		}
	})
	if yes == 0 || yes == questions || services == 0 {
		t.Fatalf("%d of %d questions were answered with yes, %d were of services: the test says nothing", yes, questions, services)
	}
	t.Logf("%d systems, %d questions, %d of them of services, %d allowed, %d stopped by a boundary", systems, questions, services, yes, stopped)
}

// The resource "*" stands only where Wildcards says why, and a "*" within an ARN
// only at the end, after a resource of this stack.
func TestWildcardsAreListed(t *testing.T) {
	t.Parallel()
	listed, found := synth.Wildcards(), 0
	rapid.Check(t, func(rt *rapid.T) {
		top := randomWorld(rt)
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
