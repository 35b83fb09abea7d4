package graph_test

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// naive is the slow oracle: a set of tuples, which every question looks through.
type naive struct {
	names            *naiveNames
	types, rels, ids int // how many of names it knows
	tuples           map[naiveTuple]naiveValue
	records          map[graph.ID]*graph.Record
}

// naiveNames are shared by a lineage; the place in the slice is the number.
type naiveNames struct{ types, rels, ids []naiveName }

type naiveName struct {
	t    graph.Type
	name string
}

type naiveTuple struct {
	object     graph.ID
	rel        graph.Rel
	subjectRel graph.Rel
	subject    graph.ID
}

type naiveValue struct {
	extra   *graph.Extra
	created time.Time
}

func newNaive() *naive {
	none := []naiveName{{}}
	return &naive{
		&naiveNames{none, none, none}, 1, 1, 1,
		map[naiveTuple]naiveValue{},
		map[graph.ID]*graph.Record{},
	}
}

func (g *naive) edit() *naive {
	n := *g
	n.tuples, n.records = maps.Clone(g.tuples), maps.Clone(g.records)
	return &n
}

func intern(all *[]naiveName, known *int, n naiveName) int {
	i := slices.Index(*all, n)
	if i < 1 {
		*all = append(*all, n)
		i = len(*all) - 1
	}
	if i >= *known {
		*known = len(*all)
	}
	return i
}

func (g *naive) typ(name string) graph.Type {
	return graph.Type(intern(&g.names.types, &g.types, naiveName{0, name}))
}

func (g *naive) rel(t graph.Type, name string) graph.Rel {
	return graph.Rel(intern(&g.names.rels, &g.rels, naiveName{t, name}))
}

func (g *naive) entity(t graph.Type, name string) graph.ID {
	return graph.ID(intern(&g.names.ids, &g.ids, naiveName{t, name}))
}

func find(all []naiveName, known int, n naiveName) int {
	return max(slices.Index(all[:known], n), 0)
}

func (g *naive) add(k naiveTuple, extra *graph.Extra, created time.Time) bool {
	_, had := g.tuples[k]
	g.tuples[k] = naiveValue{extra, created.Truncate(time.Second).UTC()}
	return !had
}

func (g *naive) remove(k naiveTuple) bool {
	_, had := g.tuples[k]
	delete(g.tuples, k)
	return had
}

func (g *naive) setRecord(id graph.ID, r *graph.Record) {
	delete(g.records, id)
	if r != nil {
		g.records[id] = r
	}
}

// sorted gives all tuples in the order of one of their ends.
func (g *naive) sorted(bySubject bool) []naiveTuple {
	order := func(a, b naiveTuple) int {
		return cmp.Or(cmp.Compare(a.object, b.object), cmp.Compare(a.rel, b.rel),
			cmp.Compare(a.subjectRel, b.subjectRel), cmp.Compare(a.subject, b.subject))
	}
	if bySubject {
		order = func(a, b naiveTuple) int {
			return cmp.Or(cmp.Compare(a.subject, b.subject), cmp.Compare(a.subjectRel, b.subjectRel),
				cmp.Compare(a.rel, b.rel), cmp.Compare(a.object, b.object))
		}
	}
	return slices.SortedFunc(maps.Keys(g.tuples), order)
}

// edges gives those of a sorted list that fit, seen from one of their ends.
func (g *naive) edges(sorted []naiveTuple, bySubject bool, fit func(naiveTuple) bool) []graph.Edge {
	var list []graph.Edge
	for _, k := range sorted {
		if !fit(k) {
			continue
		}
		e := graph.Edge{Rel: k.rel, Other: k.subject, SubjectRel: k.subjectRel, Extra: g.tuples[k].extra}
		if bySubject {
			e.Other = k.object
		}
		list = append(list, e)
	}
	return list
}

// known gives all entities that anything is stored about.
func (g *naive) known() map[graph.ID]bool {
	all := map[graph.ID]bool{}
	for k := range g.tuples {
		all[k.object], all[k.subject] = true, true
	}
	for id := range g.records {
		all[id] = true
	}
	return all
}
