package graph_test

import (
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// world is a graph as a store of documents makes it: each tuple is
// document:N#viewer@user:N, over 0.4 entities per tuple.
type world struct {
	g              *graph.Graph
	document, user graph.Type
	viewer         graph.Rel
}

func load(tuples int) world {
	e := graph.New().Edit()
	w := world{document: e.Type("document"), user: e.Type("user")}
	w.viewer = e.Rel(w.document, "viewer")
	r := rand.New(rand.NewPCG(1, 2))
	created := time.Unix(1_700_000_000, 0)
	for e.Graph() != nil {
		if n, _ := e.Graph().Count(); n == tuples {
			break
		}
		o, s := w.names(r, tuples)
		e.Add(e.Entity(w.document, o), w.viewer, e.Entity(w.user, s), 0, nil, created)
	}
	w.g = e.Done()
	return w
}

func (w world) names(r *rand.Rand, tuples int) (document, user string) {
	return strconv.Itoa(r.IntN(tuples * 35 / 100)), strconv.Itoa(r.IntN(tuples*6/100 + 1))
}

func allocated() (live, total uint64) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, m.TotalAlloc
}

// TestBytesPerTuple is not parallel: it reads how much memory the process has.
func TestBytesPerTuple(t *testing.T) {
	const tuples, ceiling = 100_000, 150
	before, _ := allocated()
	w := load(tuples)
	after, _ := allocated()
	if per := float64(after-before) / tuples; per > ceiling {
		t.Errorf("%.1f bytes per tuple, more than %d", per, ceiling)
	} else {
		t.Logf("%.1f bytes per tuple", per)
	}
	runtime.KeepAlive(w)
}

func BenchmarkLoad(b *testing.B) {
	const tuples = 1_000_000
	for b.Loop() {
		load(tuples)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tuples, "ns/tuple")
}

func BenchmarkBytesPerTuple(b *testing.B) {
	const tuples = 1_000_000
	for b.Loop() {
		before, total := allocated()
		w := load(tuples)
		after, totalAfter := allocated()
		b.ReportMetric(float64(after-before)/tuples, "bytes/tuple")
		b.ReportMetric(float64(totalAfter-total)/tuples, "allocated/tuple")
		runtime.KeepAlive(w)
	}
}

func BenchmarkEdit64(b *testing.B) {
	const tuples = 1_000_000
	w := load(tuples)
	r := rand.New(rand.NewPCG(3, 4))
	b.ReportAllocs()
	for b.Loop() {
		e := w.g.Edit()
		for range 64 {
			o, s := w.names(r, tuples)
			e.Add(e.Entity(w.document, o), w.viewer, e.Entity(w.user, s), 0, nil, time.Time{})
		}
		w.g = e.Done()
	}
}

func BenchmarkRead(b *testing.B) {
	for _, tuples := range []int{10_000, 1_000_000} {
		w := load(tuples)
		type query struct {
			o, s   graph.ID
			on, sn string
		}
		queries := make([]query, 1<<16)
		r := rand.New(rand.NewPCG(5, 6))
		for i := range queries {
			q := &queries[i]
			for q.o == 0 || q.s == 0 {
				q.on, q.sn = w.names(r, tuples)
				q.o, q.s = w.g.Lookup(w.document, q.on), w.g.Lookup(w.user, q.sn)
			}
			if l := w.g.Subjects(q.o, 0); i%2 == 0 {
				e, _ := l.Next()
				q.s = e.Other
				_, q.sn = w.g.Name(q.s)
			}
		}
		bench := func(name string, f func(q *query) bool) {
			b.Run(name+"/"+strconv.Itoa(tuples), func(b *testing.B) {
				b.ReportAllocs()
				n := 0
				for i := 0; b.Loop(); i++ {
					if f(&queries[i%len(queries)]) {
						n++
					}
				}
				if n == 0 {
					b.Fatal("nothing was found")
				}
			})
		}
		bench("LookupDocument", func(q *query) bool { return w.g.Lookup(w.document, q.on) != 0 })
		bench("LookupUser", func(q *query) bool { return w.g.Lookup(w.user, q.sn) != 0 })
		bench("Has", func(q *query) bool { _, ok := w.g.Has(q.o, w.viewer, q.s, 0); return ok })
		bench("Subjects", func(q *query) bool {
			n := 0
			l := w.g.Subjects(q.o, w.viewer)
			for _, ok := l.Next(); ok; _, ok = l.Next() {
				n++
			}
			return n > 0
		})
		bench("Objects", func(q *query) bool {
			n := 0
			l := w.g.Objects(q.s, 0, w.viewer)
			for _, ok := l.Next(); ok; _, ok = l.Next() {
				n++
			}
			return n > 0
		})
		bench("All", func(q *query) bool {
			_, ok := w.g.Has(w.g.Lookup(w.g.Type("document"), q.on), w.viewer, w.g.Lookup(w.g.Type("user"), q.sn), 0)
			return ok
		})
	}
}

func BenchmarkHub(b *testing.B) {
	const n = 1_000_000
	e := graph.New().Edit()
	document, user := e.Type("document"), e.Type("user")
	viewer := e.Rel(document, "viewer")
	hub := e.Entity(document, "hub")
	other := e.Entity(document, "other")
	first := e.Entity(user, "0")
	for i := range n {
		id := e.Entity(user, strconv.Itoa(i))
		e.Add(hub, viewer, id, 0, nil, time.Time{})
		if i%1000 == 0 {
			for range 1000 {
				e.Add(hub, viewer, id, viewer, nil, time.Time{})
			}
		}
	}
	g := e.Done()
	r := rand.New(rand.NewPCG(7, 8))
	b.Run("Has", func(b *testing.B) {
		for b.Loop() {
			if _, ok := g.Has(hub, viewer, first+graph.ID(r.IntN(n)), 0); !ok {
				b.Fatal("not there")
			}
		}
	})
	b.Run("Usersets", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l := g.Usersets(hub, viewer)
			if _, ok := l.Next(); !ok {
				b.Fatal("not there")
			}
		}
	})
	b.Run("Subjects", func(b *testing.B) {
		for b.Loop() {
			l := g.Subjects(hub, viewer)
			for _, ok := l.Next(); ok; _, ok = l.Next() {
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/edge")
	})
	b.Run("Edit1", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e := g.Edit()
			e.Remove(hub, viewer, first+graph.ID(r.IntN(n)), 0)
			e.Add(hub, viewer, other, 0, nil, time.Time{})
			e.Done()
		}
	})
}
