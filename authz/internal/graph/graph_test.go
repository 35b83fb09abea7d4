package graph_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// both is a graph and the oracle that was told the same.
type both struct {
	g *graph.Graph
	n *naive
}

// TestEditsAgainstNaive makes edits that follow each other and fork, some of which
// are dropped, and compares every graph with its oracle: at once and at the end.
func TestEditsAgainstNaive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := []both{{graph.New(), newNaive()}}
		for range rapid.IntRange(1, 6).Draw(t, "edits") {
			from := all[max(0, len(all)-1-rapid.IntRange(0, 2).Draw(t, "back"))]
			e, n := from.g.Edit(), from.n.edit()
			for range rapid.IntRange(0, 10).Draw(t, "changes") {
				step(t, e, n)
			}
			if rapid.IntRange(0, 9).Draw(t, "look early") == 0 {
				compare(t, both{e.Graph(), n})
			}
			if rapid.IntRange(0, 9).Draw(t, "drop") > 0 {
				all = append(all, both{e.Done(), n})
			}
		}
		for _, b := range all {
			compare(t, b)
		}
	})
}

var moments = []time.Time{{}, time.Unix(1, 0), time.Unix(1_700_000_000, 999).UTC(), time.Unix(1<<32-1, 0)}

// step makes one change to both. Half of them are of many tuples, so that lists take all their forms.
func step(t *rapid.T, e *graph.Edit, n *naive) {
	object, subject := entity(t, e, n), entity(t, e, n)
	kind, _ := e.Graph().Name(object)
	rel, subjectRel := relation(t, e, n, kind), graph.Rel(0)
	if rapid.Bool().Draw(t, "userset") {
		kind, _ := e.Graph().Name(subject)
		subjectRel = relation(t, e, n, kind)
	}
	var extra *graph.Extra
	if rapid.IntRange(0, 3).Draw(t, "extra") == 0 {
		extra = &graph.Extra{Condition: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "condition")}
	}
	created := rapid.SampledFrom(moments).Draw(t, "created")
	k := naiveTuple{object, rel, subjectRel, subject}
	switch rapid.IntRange(0, 9).Draw(t, "change") {
	case 0, 1:
		if a, b := e.Add(object, rel, subject, subjectRel, extra, created), n.add(k, extra, created); a != b {
			t.Fatalf("Add gives %v, not %v", a, b)
		}
	case 2:
		if a, b := e.Remove(object, rel, subject, subjectRel), n.remove(k); a != b {
			t.Fatalf("Remove gives %v, not %v", a, b)
		}
	case 3, 4:
		r := &graph.Record{Tenant: subject}
		if rapid.IntRange(0, 2).Draw(t, "forget") == 0 {
			r = nil
		}
		e.SetRecord(object, r)
		n.setRecord(object, r)
	default:
		many(t, e, n, k, extra, created)
	}
}

// many adds or removes tuples that differ in one end.
func many(t *rapid.T, e *graph.Edit, n *naive, k naiveTuple, extra *graph.Extra, created time.Time) {
	kind := e.Type("leaf")
	n.typ("leaf")
	turned := rapid.Bool().Draw(t, "turned")
	if rapid.IntRange(0, 3).Draw(t, "elsewhere") > 0 {
		// The same list time and again, so that it grows long and short.
		k.object, k.subject = named(t, e, n, "doc", "1"), named(t, e, n, "doc", "1")
		k.rel, k.subjectRel = e.Rel(e.Type("doc"), "r"), 0
		n.rel(n.typ("doc"), "r")
	}
	remove := rapid.IntRange(0, 4).Draw(t, "remove") < 2
	from, length := rapid.IntRange(0, 700).Draw(t, "from"), rapid.SampledFrom([]int{5, 20, 300, 1100}).Draw(t, "length")
	stride := rapid.SampledFrom([]int{1, 3, 1099}).Draw(t, "stride")
	every := rapid.SampledFrom([]int{1, 2, 300}).Draw(t, "extra every")
	for i := range length {
		name := strconv.Itoa((from + i*stride) % 1100)
		leaf := e.Entity(kind, name)
		n.entity(kind, name)
		if turned {
			k.object = leaf
		} else {
			k.subject = leaf
		}
		x := extra
		if i%every != 0 {
			x = nil
		}
		var a, b bool
		if remove {
			a, b = e.Remove(k.object, k.rel, k.subject, k.subjectRel), n.remove(k)
		} else {
			a, b = e.Add(k.object, k.rel, k.subject, k.subjectRel, x, created), n.add(k, x, created)
		}
		if a != b {
			t.Fatalf("%v of %v gives %v, not %v", remove, k, a, b)
		}
	}
}

func entity(t *rapid.T, e *graph.Edit, n *naive) graph.ID {
	kind := rapid.SampledFrom([]string{"doc", "user"}).Draw(t, "type")
	name := rapid.SampledFrom([]string{"1", "2", ""}).Draw(t, "id")
	return named(t, e, n, kind, name)
}

func named(t *rapid.T, e *graph.Edit, n *naive, kind, name string) graph.ID {
	k := e.Type(kind)
	n.typ(kind)
	id := e.Entity(k, name)
	if want := n.entity(k, name); id != want {
		t.Fatalf("%s:%s is number %d, not %d", kind, name, id, want)
	}
	return id
}

func relation(t *rapid.T, e *graph.Edit, n *naive, kind graph.Type) graph.Rel {
	name := rapid.SampledFrom([]string{"r", "s"}).Draw(t, "relation")
	r := e.Rel(kind, name)
	if want := n.rel(kind, name); r != want {
		t.Fatalf("relation %s of %d is number %d, not %d", name, kind, r, want)
	}
	return r
}

type fataler interface{ Fatalf(string, ...any) }

// same compares by identity where the graph promises the very thing that it was given.
func same[T comparable](t fataler, what string, got, want []T) {
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %s", what, cmp.Diff(want, got))
	}
}

func compare(t fataler, b both) {
	compareNames(t, b)
	tuples, records := b.g.Count()
	same(t, "Count", []int{tuples, records}, []int{len(b.n.tuples), len(b.n.records)})
	byObject, bySubject := b.n.sorted(false), b.n.sorted(true)
	stored := b.n.known()
	known := map[graph.Type][]graph.ID{}
	recorded := map[graph.Type][]graph.ID{}
	for id := range graph.ID(len(b.n.names.ids)) {
		if r := b.n.records[id]; b.g.Record(id) != r {
			t.Fatalf("Record of %d is not %v", id, r)
		}
		k := stored[id]
		if b.g.Known(id) != k {
			t.Fatalf("Known of %d is not %v", id, k)
		}
		kind, _ := b.g.Name(id)
		if k {
			known[kind] = append(known[kind], id)
		}
		if b.n.records[id] != nil {
			recorded[kind] = append(recorded[kind], id)
		}
		if _, name := b.g.Name(id); len(name) < 2 || id%499 == 0 {
			compareEdges(t, b, id, byObject, bySubject)
		}
	}
	for kind := range graph.Type(b.n.types) {
		var each, eachRecord []graph.ID
		b.g.Each(kind, func(id graph.ID) bool { each = append(each, id); return true })
		b.g.EachRecord(kind, func(id graph.ID, _ *graph.Record) bool { eachRecord = append(eachRecord, id); return true })
		same(t, "Each", each, known[kind])
		same(t, "EachRecord", eachRecord, recorded[kind])
	}
	for _, k := range byObject {
		e, ok := b.g.Has(k.object, k.rel, k.subject, k.subjectRel)
		want := graph.Edge{Rel: k.rel, Other: k.subject, SubjectRel: k.subjectRel, Extra: b.n.tuples[k].extra}
		if !ok || e != want {
			t.Fatalf("Has %v gives %v, %v", k, e, ok)
		}
		if c := b.g.Created(k.object, k.rel, k.subject, k.subjectRel); c != b.n.tuples[k].created {
			t.Fatalf("Created of %v is %v, not %v", k, c, b.n.tuples[k].created)
		}
	}
}

func compareNames(t fataler, b both) {
	n := b.n.names
	for i := 1; i < len(n.types); i++ {
		want := find(n.types, b.n.types, n.types[i])
		if got := b.g.Type(n.types[i].name); int(got) != want || want > 0 && b.g.TypeName(got) != n.types[i].name {
			t.Fatalf("type %v is number %d", n.types[i], got)
		}
	}
	for i := 1; i < len(n.rels); i++ {
		got, want := b.g.Rel(n.rels[i].t, n.rels[i].name), find(n.rels, b.n.rels, n.rels[i])
		kind, name := b.g.RelName(got)
		if int(got) != want || want > 0 && n.rels[i] != (naiveName{kind, name}) {
			t.Fatalf("relation %v is number %d", n.rels[i], got)
		}
	}
	for i := 1; i < len(n.ids); i++ {
		want := 0
		if i < b.n.ids {
			want = i
		}
		got := b.g.Lookup(n.ids[i].t, n.ids[i].name)
		kind, name := b.g.Name(got)
		if int(got) != want || want > 0 && n.ids[i] != (naiveName{kind, name}) {
			t.Fatalf("entity %v is number %d", n.ids[i], got)
		}
	}
}

// compareEdges asks all that can be asked about the edges of an entity.
func compareEdges(t fataler, b both, id graph.ID, byObject, bySubject []naiveTuple) {
	out := slices.DeleteFunc(slices.Clone(byObject), func(k naiveTuple) bool { return k.object != id })
	in := slices.DeleteFunc(slices.Clone(bySubject), func(k naiveTuple) bool { return k.subject != id })
	asObject, asSubject := b.g.Degree(id)
	same(t, "Degree", []int{asObject, asSubject}, []int{len(out), len(in)})
	run(t, "ObjectsAny", b.g.ObjectsAny(id), b.n.edges(in, true, func(naiveTuple) bool { return true }))
	if len(out)+len(in) == 0 {
		run(t, "Subjects", b.g.Subjects(id, 0), nil)
		return
	}
	for rel := range graph.Rel(len(b.n.names.rels)) {
		run(t, "Subjects", b.g.Subjects(id, rel),
			b.n.edges(out, false, func(k naiveTuple) bool { return rel == 0 || k.rel == rel }))
		if rel != 0 {
			run(t, "Usersets", b.g.Usersets(id, rel),
				b.n.edges(out, false, func(k naiveTuple) bool { return k.rel == rel && k.subjectRel != 0 }))
		}
		for subjectRel := range graph.Rel(len(b.n.names.rels)) {
			run(t, "Objects", b.g.Objects(id, subjectRel, rel), b.n.edges(in, true,
				func(k naiveTuple) bool { return k.subjectRel == subjectRel && (rel == 0 || k.rel == rel) }))
			run(t, "SubjectsWith", b.g.SubjectsWith(id, rel, subjectRel), b.n.edges(out, false,
				func(k naiveTuple) bool { return k.rel == rel && k.subjectRel == subjectRel }))
			for other := graph.ID(0); int(other) < len(b.n.names.ids); other += 1 + other/2 {
				_, want := b.n.tuples[naiveTuple{id, rel, subjectRel, other}]
				if _, ok := b.g.Has(id, rel, other, subjectRel); ok != want {
					t.Fatalf("Has %d %d %d %d gives %v", id, rel, other, subjectRel, ok)
				}
			}
		}
	}
}

// run reads a cursor to its end, and a copy of it in leaps.
func run(t fataler, what string, e graph.Edges, want []graph.Edge) {
	leaping := e
	if n := e.Len(); (n == 0) != (len(want) == 0) || len(want) < 2000 && n != len(want) {
		t.Fatalf("%s: Len is %d, not %d", what, n, len(want))
	}
	var got []graph.Edge
	for edge, ok := e.Next(); ok; edge, ok = e.Next() {
		got = append(got, edge)
	}
	if _, ok := e.Next(); ok || e.Len() != 0 {
		t.Fatalf("%s goes on after its end", what)
	}
	same(t, what, got, want)
	for step := graph.ID(1); len(want) > 0; step = step*2%1023 + 1 {
		edge, ok := leaping.Next()
		if !ok || edge != want[0] {
			t.Fatalf("%s after Seek gives %v, not %v", what, edge, want[0])
		}
		to := want[0].Other + step
		want = want[1:]
		leaping.Seek(to)
		if len(want) > 0 {
			first := want[0]
			for len(want) > 0 && want[0].Other < to && want[0].Rel == first.Rel && want[0].SubjectRel == first.SubjectRel {
				want = want[1:]
			}
		}
	}
	if _, ok := leaping.Next(); ok {
		t.Fatalf("%s: Seek does not find the end", what)
	}
}

func ExampleGraph() {
	e := graph.New().Edit()
	document, user := e.Type("document"), e.Type("user")
	viewer := e.Rel(document, "viewer")
	budget := e.Entity(document, "budget")
	e.Add(budget, viewer, e.Entity(user, "ann"), 0, nil, time.Time{})
	e.Add(budget, viewer, e.Entity(user, "bob"), 0, nil, time.Time{})
	g := e.Done()

	e = g.Edit()
	e.Remove(budget, viewer, g.Lookup(user, "ann"), 0)
	next := e.Done()

	for _, g := range []*graph.Graph{g, next} {
		fmt.Print("viewers:")
		viewers := g.Subjects(budget, viewer)
		for edge, ok := viewers.Next(); ok; edge, ok = viewers.Next() {
			_, name := g.Name(edge.Other)
			fmt.Print(" ", name)
		}
		fmt.Println()
	}
	// Output:
	// viewers: ann bob
	// viewers: bob
}
