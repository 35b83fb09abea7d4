package graph_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/authz/internal/graph"
)

func TestNamesOfAllLengths(t *testing.T) {
	t.Parallel()
	e := graph.New().Edit()
	kinds := []graph.Type{e.Type("a"), e.Type("b"), e.Type(strings.Repeat("long", 100))}
	type named struct {
		t    graph.Type
		name string
		id   graph.ID
	}
	var all []named
	for i := range 2000 {
		// Names of each length, of which many are the beginning of another.
		name := strings.Repeat("x", i%300) + strconv.Itoa(i/300)
		for _, k := range kinds {
			all = append(all, named{k, name, e.Entity(k, name)})
		}
	}
	g := e.Done()
	for i, n := range all {
		if int(n.id) != i+1 {
			t.Fatalf("the %dth name has number %d", i+1, n.id)
		}
		if got := g.Lookup(n.t, n.name); got != n.id {
			t.Fatalf("%d:%q has number %d, not %d", n.t, n.name, got, n.id)
		}
		if kind, name := g.Name(n.id); kind != n.t || name != n.name {
			t.Fatalf("number %d is %d:%q, not %d:%q", n.id, kind, name, n.t, n.name)
		}
		if got := g.Lookup(n.t, n.name+"y"); got != 0 {
			t.Fatalf("%d:%q, which nobody named, has number %d", n.t, n.name+"y", got)
		}
	}
}

func TestNumbersThatAreNot(t *testing.T) {
	t.Parallel()
	old := graph.New()
	e := old.Edit()
	kind := e.Type("document")
	id := e.Entity(kind, "budget")
	r := e.Rel(kind, "viewer")
	e.Add(id, r, id, r, nil, time.Time{})
	e.SetRecord(id, &graph.Record{})
	e.Done()
	for _, id := range []graph.ID{0, id, id + 1, 1 << 31, 1<<32 - 1} {
		kind, name := old.Name(id)
		_, has := old.Has(id, r, id, r)
		edges := old.Subjects(id, 0)
		if kind != 0 || name != "" || has || edges.Len() != 0 || old.Record(id) != nil || old.Known(id) ||
			!old.Created(id, r, id, r).IsZero() {
			t.Errorf("number %d is something in a graph of nothing", id)
		}
	}
	if old.Type("document") != 0 || old.Rel(kind, "viewer") != 0 || old.Lookup(kind, "budget") != 0 {
		t.Error("a graph has names that came after it")
	}
	if _, name := old.RelName(r); name != "" || old.TypeName(kind) != "" {
		t.Error("a graph has numbers that came after it")
	}
	old.Each(kind, func(id graph.ID) bool { t.Errorf("number %d is known", id); return true })

	e = old.Edit()
	for _, x := range [][2]graph.ID{{0, 1}, {1, 0}, {1, 1}} {
		if e.Add(x[0], r, x[1], 0, nil, time.Time{}) {
			t.Errorf("a tuple of %d, which the edit has not named, is added", x)
		}
	}
	e.SetRecord(id, &graph.Record{})
	if tuples, records := e.Done().Count(); tuples != 0 || records != 0 {
		t.Errorf("%d tuples and %d records of entities without names", tuples, records)
	}
}

func TestNumbersEnd(t *testing.T) {
	t.Parallel()
	e := graph.New().Edit()
	first := e.Type("t0")
	var last graph.Rel
	for i := range 1<<16 - 1 {
		e.Type("t" + strconv.Itoa(i))
		last = e.Rel(first, strconv.Itoa(i))
	}
	if last != 1<<16-1 || e.Graph().TypeName(1<<16-1) != fmt.Sprint("t", 1<<16-2) {
		t.Fatalf("the last relation is number %d", last)
	}
	if k := e.Type("one more"); k != 0 {
		t.Errorf("the type after the last is number %d", k)
	}
	if r := e.Rel(first, "one more"); r != 0 {
		t.Errorf("the relation after the last is number %d", r)
	}
	graph.LimitEntities(e, 3)
	for i := range 3 {
		e.Entity(first, strconv.Itoa(i))
	}
	if id := e.Entity(first, "one more"); id != 0 || e.Entity(first, "2") != 3 {
		t.Errorf("the entity after the last is number %d", id)
	}
	if e.Entity(0, "x") != 0 || e.Rel(0, "x") != 0 {
		t.Error("no type has names")
	}
	if !e.Add(3, last, 3, last, nil, time.Time{}) {
		t.Error("a tuple of the greatest numbers is not added")
	}
	all := e.Done().Objects(3, last, last)
	if edge, ok := all.Next(); !ok || edge.Rel != last || edge.SubjectRel != last {
		t.Errorf("a tuple of the greatest numbers is %v", edge)
	}
}

func TestRecordsHaveSortedAttributes(t *testing.T) {
	t.Parallel()
	e := graph.New().Edit()
	id := e.Entity(e.Type("user"), "ann")
	e.SetRecord(id, &graph.Record{Attributes: []graph.Attribute{{"b", 2}, {"c", 3}, {"a", 1}}})
	r := e.Done().Record(id)
	for name, want := range map[string]any{"a": 1, "b": 2, "c": 3, "d": nil} {
		if got, ok := r.Attribute(name); got != want || ok != (want != nil) {
			t.Errorf("attribute %s is %v, %v", name, got, ok)
		}
	}
	if _, ok := (*graph.Record)(nil).Attribute("a"); ok {
		t.Error("no record has an attribute")
	}
}

func TestEachEndsWhenItIsTold(t *testing.T) {
	t.Parallel()
	e := graph.New().Edit()
	kind := e.Type("user")
	for i := range 5 {
		e.SetRecord(e.Entity(kind, strconv.Itoa(i)), &graph.Record{})
	}
	g := e.Done()
	var each, records []graph.ID
	g.Each(kind, func(id graph.ID) bool { each = append(each, id); return id < 2 })
	g.EachRecord(kind, func(id graph.ID, _ *graph.Record) bool { records = append(records, id); return id < 3 })
	if !slices.Equal(each, []graph.ID{1, 2}) || !slices.Equal(records, []graph.ID{1, 2, 3}) {
		t.Errorf("Each gives %d, EachRecord %d", each, records)
	}
}
