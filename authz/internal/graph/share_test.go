package graph_test

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// TestReadWhileEdited reads graphs in some goroutines while another edits the newest. In
// each revision every document has as many viewers as the revision says. Run with -race.
func TestReadWhileEdited(t *testing.T) {
	t.Parallel()
	const documents, revisions = 40, 600
	e := graph.New().Edit()
	document, user := e.Type("document"), e.Type("user")
	viewer := e.Rel(document, "viewer")
	for i := range documents {
		e.Entity(document, strconv.Itoa(i))
	}
	e.SetRecord(1, &graph.Record{About: &graph.About{Profile: map[string]string{"revision": "0"}}})
	type revision struct {
		n int
		g *graph.Graph
	}
	var current atomic.Pointer[revision]
	current.Store(&revision{0, e.Done()})
	var readers sync.WaitGroup
	for seed := range uint64(3) {
		readers.Go(func() {
			r := rand.New(rand.NewPCG(seed, 0))
			for now := current.Load(); now.n < revisions; now = current.Load() {
				id := now.g.Lookup(document, strconv.Itoa(r.IntN(documents)))
				newest := now.g.Lookup(user, strconv.Itoa(now.n-1))
				_, has := now.g.Has(id, viewer, newest, 0)
				viewers := now.g.Subjects(id, viewer)
				n := 0
				for edge, ok := viewers.Next(); ok; edge, ok = viewers.Next() {
					if _, name := now.g.Name(edge.Other); name == "" {
						t.Errorf("viewer %d has no name", edge.Other)
					}
					n++
				}
				each := 0
				now.g.Each(user, func(graph.ID) bool { each++; return true })
				revision := now.g.Record(1).Profile["revision"]
				if n != now.n || has != (now.n > 0) || each != now.n || revision != strconv.Itoa(now.n) {
					t.Errorf("revision %d: %d viewers, the newest %v; %d users; record of %s", now.n, n, has, each, revision)
					return
				}
			}
		})
	}
	for now := current.Load(); now.n < revisions; now = current.Load() {
		e := now.g.Edit()
		name := strconv.Itoa(now.n)
		for i := range documents {
			e.Add(e.Entity(document, strconv.Itoa(i)), viewer, e.Entity(user, name), 0, nil, time.Time{})
		}
		e.SetRecord(1, &graph.Record{About: &graph.About{Profile: map[string]string{"revision": strconv.Itoa(now.n + 1)}}})
		current.Store(&revision{now.n + 1, e.Done()})
	}
	readers.Wait()
}

// TestEditsAtOnce makes edits of one graph in many goroutines: they share names and nothing else.
func TestEditsAtOnce(t *testing.T) {
	t.Parallel()
	base := graph.New()
	var all [4]*graph.Graph
	var writers sync.WaitGroup
	for w := range all {
		writers.Go(func() {
			e := base.Edit()
			document := e.Type("document")
			viewer := e.Rel(document, "viewer")
			for i := range 3000 {
				id := e.Entity(document, strconv.Itoa(i*(w+1)))
				e.Add(id, viewer, id, 0, nil, time.Time{})
			}
			all[w] = e.Done()
		})
	}
	writers.Wait()
	for w, g := range all {
		document := g.Type("document")
		viewer := g.Rel(document, "viewer")
		for i := range 3000 {
			id := g.Lookup(document, strconv.Itoa(i*(w+1)))
			if _, ok := g.Has(id, viewer, id, 0); !ok {
				t.Fatalf("edit %d has lost tuple %d", w, i)
			}
		}
		if n, _ := g.Count(); n != 3000 {
			t.Errorf("edit %d has %d tuples", w, n)
		}
	}
}

// TestHub has an object and a subject with very many edges.
func TestHub(t *testing.T) {
	t.Parallel()
	const n = 30_000
	e := graph.New().Edit()
	document, group := e.Type("document"), e.Type("group")
	viewer, owner, member := e.Rel(document, "viewer"), e.Rel(document, "owner"), e.Rel(group, "member")
	hub := e.Entity(document, "hub")
	ids := make([]graph.ID, n)
	for i := range ids {
		ids[i] = e.Entity(group, strconv.Itoa(i))
	}
	shuffled := append([]graph.ID{}, ids...)
	rand.New(rand.NewPCG(1, 1)).Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, id := range shuffled {
		e.Add(hub, viewer, id, 0, nil, time.Time{})
		e.Add(id, viewer, hub, 0, nil, time.Time{})
	}
	e.Add(hub, viewer, ids[7], member, nil, time.Time{})
	e.Add(hub, owner, ids[8], 0, nil, time.Time{})
	full := e.Done()

	check := func(g *graph.Graph, want []graph.ID) {
		t.Helper()
		l := g.Subjects(hub, viewer)
		if guess := l.Len(); guess < len(want)/2 || guess > 2*len(want)+2 {
			t.Errorf("Len guesses %d for %d", guess, len(want))
		}
		for i, id := range want {
			if edge, ok := l.Next(); !ok || edge.Other != id {
				t.Fatalf("edge %d is %v", i, edge)
			}
		}
		if edge, ok := l.Next(); !ok || edge.SubjectRel != member {
			t.Errorf("the userset is not found after the rest: %v", edge)
		}
		if u := g.Usersets(hub, viewer); u.Len() != 1 {
			t.Errorf("%d usersets", u.Len())
		}
		if l := g.SubjectsWith(hub, owner, 0); l.Len() != 1 {
			t.Errorf("%d owners", l.Len())
		}
	}
	check(full, ids)
	for _, id := range []graph.ID{hub, ids[0], ids[n-1]} {
		l := full.SubjectsWith(hub, viewer, 0)
		l.Seek(id)
		if edge, _ := l.Next(); edge.Other != max(id, ids[0]) {
			t.Errorf("Seek %d finds %v", id, edge)
		}
	}
	// Edits that take nearly all away, a part each, leave the graphs before them whole.
	g, left := full, ids
	for range 6 {
		e, kept := g.Edit(), []graph.ID{}
		for i, id := range left {
			if i%4 == 0 {
				kept = append(kept, id)
			} else if !e.Remove(hub, viewer, id, 0) || !e.Remove(id, viewer, hub, 0) {
				t.Fatalf("edge to %d is not there", id)
			}
		}
		g, left = e.Done(), kept
		check(g, left)
		if out, in := g.Degree(hub); out != len(left)+2 || in != len(left) {
			t.Errorf("degree %d, %d of %d", out, in, len(left))
		}
	}
	check(full, ids)
}

func TestReadsDoNotAllocate(t *testing.T) {
	const n = 5000
	e := graph.New().Edit()
	document, user := e.Type("document"), e.Type("user")
	viewer := e.Rel(document, "viewer")
	hub := e.Entity(document, "hub")
	var ann graph.ID
	for i := range n {
		ann = e.Entity(user, "a user with a long name "+strconv.Itoa(i))
		e.Add(hub, viewer, ann, 0, &graph.Extra{}, time.Unix(5, 0))
	}
	e.SetRecord(ann, &graph.Record{Attributes: []graph.Attribute{{"a", 1}}})
	g := e.Done()
	_, name := g.Name(ann)
	for what, f := range map[string]func() bool{
		"Type":    func() bool { return g.Type("user") == user && g.TypeName(user) == "user" },
		"Rel":     func() bool { k, name := g.RelName(g.Rel(document, "viewer")); return k == document && name == "viewer" },
		"Lookup":  func() bool { return g.Lookup(user, name) == ann && g.Lookup(document, "hub") == hub },
		"Name":    func() bool { k, n := g.Name(ann); return k == user && n == name },
		"Has":     func() bool { _, ok := g.Has(hub, viewer, ann, 0); return ok },
		"Created": func() bool { return !g.Created(hub, viewer, ann, 0).IsZero() },
		"Degree":  func() bool { out, _ := g.Degree(hub); return out == n },
		"Known":   func() bool { return g.Known(ann) },
		"Record":  func() bool { a, _ := g.Record(ann).Attribute("a"); return a == 1 },
		"Objects": func() bool { l := g.Objects(ann, 0, viewer); _, ok := l.Next(); return ok && l.Len() == 0 },
		"Subjects": func() bool {
			seen := 0
			l := g.Subjects(hub, viewer)
			l.Seek(hub)
			for _, ok := l.Next(); ok; _, ok = l.Next() {
				seen++
			}
			return seen == n
		},
	} {
		if !f() {
			t.Errorf("%s gives the wrong answer", what)
		}
		if a := testing.AllocsPerRun(10, func() { f() }); a != 0 {
			t.Errorf("%s allocates %v times", what, a)
		}
	}
}

// TestSmallEditsAreSmall bounds what an edit of a large graph costs, by what it allocates.
func TestSmallEditsAreSmall(t *testing.T) {
	const tuples = 100_000
	w := load(tuples)
	e := w.g.Edit()
	hub := e.Entity(w.document, "hub")
	for i := range tuples {
		e.Add(hub, w.viewer, e.Entity(w.user, strconv.Itoa(i)), 0, nil, time.Time{})
	}
	w.g = e.Done()
	r := rand.New(rand.NewPCG(9, 9))
	for what, at := range map[string]func() graph.ID{
		"random": func() graph.ID { return graph.ID(3 + r.IntN(tuples/4)) },
		"hub":    func() graph.ID { return hub },
	} {
		const edits, size, ceiling = 20, 64, 600 << 10
		_, before := allocated()
		for range edits {
			e := w.g.Edit()
			for range size {
				object, subject := at(), graph.ID(3+r.IntN(tuples/4))
				if !e.Remove(object, w.viewer, subject, 0) {
					e.Add(object, w.viewer, subject, 0, nil, time.Time{})
				}
			}
			w.g = e.Done()
		}
		_, after := allocated()
		if per := (after - before) / edits; per > ceiling || per == 0 {
			t.Errorf("an edit of %d %s tuples allocates %d bytes", size, what, per)
		} else {
			t.Logf("an edit of %d %s tuples allocates %d bytes", size, what, per)
		}
	}
}
