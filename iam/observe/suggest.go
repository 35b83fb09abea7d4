package observe

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
)

// Edge is one right that is given or taken as a whole: a line under `grants` of
// a topology, say.
type Edge struct {
	// Kind and Name are what it leads to: "store", "hits".
	Kind, Name string
	// Access is the verb: "readData".
	Access string
	// Actions are what it allows, as a policy would write them.
	Actions []string
	// Holds reports whether it allows an action on a resource.
	Holds func(action, resource string) bool
	// Position is where it is granted, zero for one that is only offered.
	Position writ.Position
	// Drawn says that it is granted by something that is there for another
	// reason too, and so cannot be taken away alone.
	Drawn bool
}

// String names the edge: "readData on store hits".
func (e *Edge) String() string { return e.Access + " on " + e.target() }

func (e *Edge) target() string { return e.Kind + " " + e.Name }

func (e *Edge) same(other *Edge) bool {
	return e.target() == other.target() && e.Access == other.Access
}

// World is what a role has and could have.
type World struct {
	// Granted are its edges.
	Granted []Edge
	// Offered are all edges that could be granted, those to one thing together
	// with the weaker first.
	Offered []Edge
	// Always reports what the role may do whatever its edges: write its log. It
	// is neither suggested nor called unused. Nil means nothing.
	Always func(action, resource string) bool
}

// Suggestion is what a record says about one role.
type Suggestion struct {
	// Allowed and Denied count calls, Distinct the different ones.
	Allowed, Denied int64
	Distinct        int
	First, Last     time.Time
	// Edges is the smallest set of edges that holds every allowed call that an
	// edge can hold.
	Edges []Use
	// Unused are granted edges of which something was never used.
	Unused []Unused
	// Calls are the allowed calls that no edge holds.
	Calls []Observation
	// Refused are the calls that were denied, and not allowed later on.
	Refused []Refusal
	// Inexact are allowed calls whose resources were not kept one by one and
	// that no edge is known to hold.
	Inexact []Observation
}

// Use is an edge of the suggestion and what it is there for.
type Use struct {
	Edge Edge
	Used []Used
	// Granted says that the role has it.
	Granted bool
	// Instead is the granted edge that it takes the place of, nil for none.
	Instead *Edge
}

// Used is an action and how often it was allowed.
type Used struct {
	Action string
	Count  int64
}

// Unused is a granted edge of which something was never used.
type Unused struct {
	Edge Edge
	Used []Used
	// Actions are those patterns of the edge that no call used.
	Actions []string
	// Weaker are edges of the suggestion that suffice in its place; none when
	// it was not used at all, or when no weaker edge holds what was used.
	Weaker []Edge
	// Spare says that it can go: not used at all, or held by the other edges.
	Spare bool
}

// Refusal is a call that was denied.
type Refusal struct {
	Observation
	// NewlyAllowedBy is the suggested edge that would allow it from now on.
	NewlyAllowedBy *Edge
	// Granted says that an edge of the role holds it by now.
	Granted bool
	// Needs is the weakest edge that would allow it, where none does. Nil also
	// when an edge alone would not help: another kind of policy stands in the way.
	Needs *Edge
}

// Suggest says which edges cover the calls of one role, and what it has beyond
// them. The edges are smallest in this sense: none can be left out, and none
// changed for a weaker one to the same thing, without losing a call that was
// seen.
func Suggest(seen []Observation, w World) *Suggestion {
	s := &Suggestion{}
	var calls []Observation
	for _, o := range merged(seen) {
		s.count(&o)
		if o.Allowed() && (w.Always == nil || !w.Always(o.Action, o.Resource)) {
			calls = append(calls, o)
		}
	}
	chosen := s.choose(calls, &w)
	s.match(chosen, calls, &w)
	s.findUnused(calls, &w)
	s.findRefused(merged(seen), &w)
	return s
}

// merged puts together the rows of one call, whoever made it with the role.
func merged(seen []Observation) []Observation {
	rows, byKey := []*Observation{}, map[key]*Observation{}
	for _, o := range seen {
		o.Function, o.Source, o.Via = "", "", ""
		if row := byKey[o.key()]; row != nil {
			row.add(&o)
			continue
		}
		byKey[o.key()] = &o
		rows = append(rows, &o)
	}
	out := make([]Observation, len(rows))
	for i, row := range rows {
		out[i] = *row
	}
	sortRows(out)
	return out
}

func (s *Suggestion) count(o *Observation) {
	s.Distinct++
	if o.Allowed() {
		s.Allowed += o.Count
	} else {
		s.Denied += o.Count
	}
	if s.First.IsZero() || o.First.Before(s.First) {
		s.First = o.First
	}
	if o.Last.After(s.Last) {
		s.Last = o.Last
	}
}

// target is one thing that edges lead to, and what they must hold.
type target struct {
	edges []Edge
	// needs has a set of edges (bit i is edges[i]) for each call: one of them
	// must be there.
	needs map[int]bool
}

// choose gives the smallest set of edges. Calls that edges to several things
// hold come last: most often an edge that is needed anyhow holds them.
func (s *Suggestion) choose(calls []Observation, w *World) []Edge {
	targets := group(w.Offered)
	type held struct {
		by    *target
		edges int
	}
	var several [][]held
	for _, o := range calls {
		var holding []held
		for _, t := range targets {
			if edges := t.holding(&o); edges != 0 {
				holding = append(holding, held{t, edges})
			}
		}
		switch {
		case len(holding) == 1:
			holding[0].by.needs[holding[0].edges] = true
		case len(holding) > 1:
			several = append(several, holding)
		case rank(o.Extent) == 0:
			s.Calls = append(s.Calls, o)
		default:
			s.Inexact = append(s.Inexact, o)
		}
	}
	for _, holding := range several {
		if !slices.ContainsFunc(holding, func(h held) bool { return h.by.smallest()&h.edges != 0 }) {
			holding[0].by.needs[holding[0].edges] = true
		}
	}
	var chosen []Edge
	for _, t := range targets {
		chosen = append(chosen, t.inOne(t.subset(t.smallest()), w.Granted)...)
	}
	return chosen
}

func group(edges []Edge) []*target {
	var list []*target
	byName := map[string]*target{}
	for _, e := range edges {
		t := byName[e.target()]
		if t == nil {
			t = &target{needs: map[int]bool{}}
			byName[e.target()] = t
			list = append(list, t)
		}
		t.edges = append(t.edges, e)
	}
	return list
}

// holding gives the set of edges that hold a call.
func (t *target) holding(o *Observation) int {
	set := 0
	for i, e := range t.edges {
		if e.Holds(o.Action, o.Resource) {
			set |= 1 << i
		}
	}
	return set
}

func holds(edges []Edge, o *Observation) bool {
	return slices.ContainsFunc(edges, func(e Edge) bool { return e.Holds(o.Action, o.Resource) })
}

// smallest gives the least set of a target's edges that holds its calls. Sets
// are compared by their strongest edge first, so that one fewer or one weaker
// is always less.
func (t *target) smallest() int {
	set := 0
	for set < 1<<len(t.edges)-1 && !t.isEnough(set) {
		set++
	}
	return set
}

// isEnough reports whether a set of edges holds all calls.
func (t *target) isEnough(set int) bool {
	for need := range t.needs {
		if need&set == 0 {
			return false
		}
	}
	return true
}

func (t *target) subset(set int) []Edge {
	var edges []Edge
	for i, e := range t.edges {
		if set&(1<<i) != 0 {
			edges = append(edges, e)
		}
	}
	return edges
}

// inOne writes several edges as the one that allows the same actions and holds
// the same calls, where there is one and they are not granted as they are.
func (t *target) inOne(edges, granted []Edge) []Edge {
	if len(edges) < 2 || !slices.ContainsFunc(edges, func(e Edge) bool { return find(granted, &e) == nil }) {
		return edges
	}
	var all []string
	for _, e := range edges {
		all = append(all, e.Actions...)
	}
	for i, e := range t.edges {
		if t.isEnough(1<<i) && slices.Equal(normal(all), normal(e.Actions)) {
			return []Edge{e}
		}
	}
	return edges
}

// normal sorts action patterns and leaves out what another covers.
func normal(actions []string) []string {
	all := slices.Clone(actions)
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(slices.Clone(all), func(a string) bool {
		return slices.ContainsFunc(all, func(p string) bool { return p != a && covers(p, a) })
	})
}

// covers reports whether an action pattern with at most one "*", at its end,
// covers an action or another such pattern.
func covers(pattern, action string) bool {
	if stem, wild := strings.CutSuffix(pattern, "*"); wild {
		return len(action) >= len(stem) && strings.EqualFold(action[:len(stem)], stem)
	}
	return strings.EqualFold(pattern, action)
}

// find gives the edge of a list that is the same as e, nil for none.
func find(edges []Edge, e *Edge) *Edge {
	for i := range edges {
		if edges[i].same(e) {
			return &edges[i]
		}
	}
	return nil
}

// match pairs the chosen edges with those that are granted.
func (s *Suggestion) match(chosen []Edge, calls []Observation, w *World) {
	taken := map[int]bool{}
	free := func(e *Edge, equal bool) *Edge {
		for i := range w.Granted {
			g := &w.Granted[i]
			if taken[i] || g.target() != e.target() || g.same(e) != equal || !equal && (g.Drawn || find(chosen, g) != nil) {
				continue
			}
			taken[i] = true
			return g
		}
		return nil
	}
	for _, e := range chosen {
		use := Use{Edge: e, Used: used(&e, calls)}
		if g := free(&e, true); g != nil {
			use.Granted, use.Edge.Position, use.Edge.Drawn = true, g.Position, g.Drawn
		}
		s.Edges = append(s.Edges, use)
	}
	for i := range s.Edges {
		if use := &s.Edges[i]; !use.Granted {
			use.Instead = free(&use.Edge, false)
		}
	}
}

// used lists the actions that an edge holds among calls.
func used(e *Edge, calls []Observation) []Used {
	counts := map[string]int64{}
	for _, o := range calls {
		if e.Holds(o.Action, o.Resource) {
			counts[o.Action] += o.Count
		}
	}
	list := make([]Used, 0, len(counts))
	for action, n := range counts {
		list = append(list, Used{action, n})
	}
	slices.SortFunc(list, func(a, b Used) int { return cmp.Compare(a.Action, b.Action) })
	return list
}

func (s *Suggestion) findUnused(calls []Observation, w *World) {
	kept := map[string]bool{}
	for _, g := range w.Granted {
		u := Unused{Edge: g, Used: used(&g, calls)}
		for _, pattern := range g.Actions {
			if !slices.ContainsFunc(u.Used, func(x Used) bool { return covers(pattern, x.Action) }) {
				u.Actions = append(u.Actions, pattern)
			}
		}
		wanted := false // as it stands, once
		for _, use := range s.Edges {
			switch {
			case use.Edge.same(&g):
				wanted = !kept[g.String()]
				kept[g.String()] = true
			case use.Edge.target() == g.target() && len(u.Used) > 0:
				u.Weaker = append(u.Weaker, use.Edge)
			}
		}
		u.Spare = !wanted && !g.Drawn
		if wanted {
			u.Weaker = nil
		}
		if len(u.Actions) > 0 || u.Spare {
			s.Unused = append(s.Unused, u)
		}
	}
}
