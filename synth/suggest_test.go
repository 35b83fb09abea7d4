package synth_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/inventory"
	"github.com/writ-dev/writ/iam/observe"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// What is suggested for random calls allows all of them that an edge can allow
// once it is deployed, and no line of it can be left out or made weaker.
func TestSuggestionsAreEnoughAndSmallest(t *testing.T) {
	t.Parallel()
	systems, covered, smaller, leftOver := 0, 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		top := randomSystem(rt)
		f := top.Functions[rapid.IntRange(0, len(top.Functions)-1).Draw(rt, "function")]
		world, err := synth.Edges(top, "dev", f.Name)
		if err != nil {
			rt.Fatal(err)
		}
		all := universe(top, "dev")
		var seen []observe.Observation
		for range rapid.IntRange(0, 12).Draw(rt, "calls") {
			q := rapid.SampledFrom(all).Draw(rt, "call")
			seen = append(seen, sighting(q, iam.Allowed))
		}
		s := observe.Suggest(seen, world)
		grants := make([]topology.Grant, len(s.Edges))
		for i, use := range s.Edges {
			grants[i] = topology.Grant{Kind: topology.Kind(use.Edge.Kind), Name: use.Edge.Name, Access: use.Edge.Access}
		}
		outside := map[string]bool{}
		for _, o := range s.Calls {
			outside[o.Action+" "+o.Resource] = true
			leftOver++
			if anyEdge(all, o) {
				rt.Fatalf("%s on %s is left to a statement, though an edge allows it", o.Action, o.Resource)
			}
		}
		missing := func(grants []topology.Grant) string {
			given := granted(rt, top, f, grants)
			for _, o := range seen {
				if !outside[o.Action+" "+o.Resource] && !try(given, top, f, ask{action: o.Action, resource: o.Resource}) {
					return o.Action + " on " + o.Resource
				}
			}
			return ""
		}
		systems++
		covered += len(seen) - len(s.Calls)
		if lost := missing(grants); lost != "" {
			rt.Fatalf("the suggestion %v does not allow %s", grants, lost)
		}
		for i, g := range grants {
			without := append(append([]topology.Grant{}, grants[:i]...), grants[i+1:]...)
			if missing(without) == "" {
				rt.Fatalf("%v is not needed in %v", g, grants)
			}
			smaller++
			for _, weaker := range weakerThan(top, g) {
				changed := append([]topology.Grant{}, grants...)
				changed[i].Access = weaker
				if missing(changed) == "" {
					rt.Fatalf("%s on %s could be %s in %v", g.Access, g.Name, weaker, grants)
				}
				smaller++
			}
		}
	})
	if covered == 0 || smaller == 0 || leftOver == 0 {
		t.Fatalf("%d calls covered, %d smaller sets tried, %d calls left over: the test says nothing", covered, smaller, leftOver)
	}
	t.Logf("%d systems, %d calls covered, %d smaller sets tried, %d calls that no edge allows", systems, covered, smaller, leftOver)
}

// A role that has exactly what is suggested is told to change nothing; and what
// is said to be unused can go without losing a call.
func TestSuggestionsSettle(t *testing.T) {
	t.Parallel()
	unused := 0
	rapid.Check(t, func(rt *rapid.T) {
		top := randomSystem(rt)
		f := top.Functions[0]
		var seen []observe.Observation
		before, err := synth.Edges(top, "dev", f.Name)
		if err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 8).Draw(rt, "calls") {
			q := rapid.SampledFrom(universe(top, "dev")).Draw(rt, "call")
			for _, e := range before.Granted { // only what it may do, as a record has it
				if e.Holds(q.action, q.resource) {
					seen = append(seen, sighting(q, iam.Allowed))
					break
				}
			}
		}
		first := observe.Suggest(seen, before)
		unused += len(first.Unused)
		f.Grants = nil
		for _, use := range first.Edges {
			f.Grants = append(f.Grants, topology.Grant{Kind: topology.Kind(use.Edge.Kind), Name: use.Edge.Name, Access: use.Edge.Access})
		}
		after, err := synth.Edges(top, "dev", f.Name)
		if err != nil {
			rt.Fatal(err)
		}
		second := observe.Suggest(seen, after)
		for _, use := range second.Edges {
			if !use.Granted {
				rt.Fatalf("%s is suggested after the suggestion was taken: %v", use.Edge.String(), f.Grants)
			}
		}
		for _, u := range second.Unused {
			if u.Spare || len(u.Weaker) > 0 || len(u.Used) == 0 {
				rt.Fatalf("%s is spare after the suggestion was taken", u.Edge.String())
			}
		}
	})
	if unused == 0 {
		t.Fatal("nothing was unused: the test says nothing")
	}
}

func sighting(q ask, v iam.Verdict) observe.Observation {
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	return observe.Observation{Role: "r", Action: q.action, Resource: q.resource, Verdict: v, Count: 1, First: at, Last: at}
}

// granted gives the policy that a function has with other grants.
func granted(rt *rapid.T, top *topology.Topology, f *topology.Function, grants []topology.Grant) *inventory.Inventory {
	old := f.Grants
	f.Grants = grants
	defer func() { f.Grants = old }()
	out, err := synth.Template(top, options(top, "dev"))
	if err != nil {
		rt.Fatal(err)
	}
	inv, err := deployed(out)
	if err != nil {
		rt.Fatal(err)
	}
	return inv
}

// anyEdge asks the hand-written universe whether some verb allows a call.
func anyEdge(all []ask, o observe.Observation) bool {
	for _, q := range all {
		if q.action == o.Action && q.resource == o.Resource && q.words != "" {
			// An invocation or a table's action has verbs; ListStreams needs a store with a stream.
			return !q.any
		}
	}
	return false
}

// weakerThan lists verbs that allow less, by hand.
func weakerThan(top *topology.Topology, g topology.Grant) []string {
	for _, s := range top.Stores {
		if s.Name == g.Name && s.Kind == topology.StoreBucket && g.Kind == topology.KindStore {
			return strings.Fields(map[string]string{"write": "put delete", "readWrite": "read put delete write"}[g.Access])
		}
	}
	return strings.Fields(map[string]string{"readWriteData": "readData writeData", "fullAccess": "readData writeData readWriteData"}[g.Access])
}
