package policy

import (
	"runtime"
	"sync"
	"testing"
)

// Each workload is made once for all benchmarks of a run.
var (
	oneRBAC = sync.OnceValue(newRBAC)
	oneTree = sync.OnceValue(newTree)
)

// run verifies each engine and times it.
func run(b *testing.B, want []bool, engines []engine) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) { measure(b, e, want) })
	}
}

func measure(b *testing.B, e engine, want []bool) {
	checked, err := e.verify(want)
	if err != nil {
		b.Fatal(err)
	}
	loop(b, func(i int) error {
		_, err := e.ask(i % len(want))
		return err
	})
	b.ReportMetric(float64(checked), "checked")
}

// beside are the peers that can do a workload, each made when its turn comes and gone after it.
func beside(b *testing.B, want []bool, ask func(peer) (func() (engine, error), bool)) {
	for _, p := range peers() {
		open, ok := ask(p)
		if !ok {
			continue
		}
		b.Run(p.name, func(b *testing.B) {
			e, err := open()
			if err != nil {
				b.Fatal(err)
			}
			if e.close != nil {
				defer e.close()
			}
			measure(b, e, want)
		})
		runtime.GC()
	}
}

func rbacPeers(b *testing.B, w *rbac, want []bool, attributes bool) {
	beside(b, want, func(p peer) (func() (engine, error), bool) {
		return func() (engine, error) { return p.rbac(w, attributes) }, p.rbac != nil
	})
}

func BenchmarkW1RBAC(b *testing.B) {
	w := oneRBAC()
	h, names := newHand(w), namesOf(w.w1)
	s, err := writRBAC(w, false)
	if err != nil {
		b.Fatal(err)
	}
	hand := engine{name: "hand", ask: func(i int) (bool, error) {
		q := &names[i]
		return h.role(q.user, q.kind, q.action), nil
	}}
	run(b, w.allowed1, append([]engine{hand}, writEngines(s, writQueries(w.w1, false))...))
	rbacPeers(b, w, w.allowed1, false)
}

func BenchmarkW3ABAC(b *testing.B) {
	w := oneRBAC()
	h, names := newHand(w), namesOf(w.w3)
	s, err := writRBAC(w, true)
	if err != nil {
		b.Fatal(err)
	}
	hand := engine{name: "hand", ask: func(i int) (bool, error) {
		q := &names[i]
		return h.attributes(q.user, q.kind, q.action, q.instance), nil
	}}
	run(b, w.allowed3, append([]engine{hand}, writEngines(s, writQueries(w.w3, true))...))
	rbacPeers(b, w, w.allowed3, true)
}

func BenchmarkW2ReBAC(b *testing.B) {
	w := oneTree()
	h := newHandTree(w)
	s, err := writTree(w)
	if err != nil {
		b.Fatal(err)
	}
	type named struct{ user, document string }
	var names []named
	for _, q := range w.w2 {
		names = append(names, named{userName(q.user), documentName(q.document)})
	}
	hand := engine{name: "hand", ask: func(i int) (bool, error) { return h.views(names[i].user, names[i].document), nil }}
	queries := writTreeQueries(w.w2)
	run(b, w.allowed2, append([]engine{hand, writAnew(s, queries)}, writEngines(s, queries)...))
	beside(b, w.allowed2, func(p peer) (func() (engine, error), bool) {
		return func() (engine, error) {
			e, _, err := p.tree(w)
			return e, err
		}, p.tree != nil
	})
}

func BenchmarkW4Listing(b *testing.B) {
	w := oneTree()
	h := newHandTree(w)
	s, err := writTree(w)
	if err != nil {
		b.Fatal(err)
	}
	hand := lister{
		name: "hand", documents: func(u int) ([]string, error) { return h.list(userName(u)), nil },
		viewers: func(d int) ([]string, error) { return h.viewers(documentName(d)), nil },
	}
	timeLists(b, h, hand)
	timeLists(b, h, writLister(s))
	for _, p := range peers() {
		if !p.lists {
			continue
		}
		b.Run(p.name, func(b *testing.B) {
			e, l, err := p.tree(w)
			if err != nil {
				b.Fatal(err)
			}
			if e.close != nil {
				defer e.close()
			}
			timeLists(b, h, l)
		})
		runtime.GC()
	}
}

func timeLists(b *testing.B, h *handTree, l lister) {
	checked, err := l.verify(h)
	if err != nil {
		b.Fatal(err)
	}
	each := []struct {
		name string
		ask  func(int) ([]string, error)
	}{{"documents", l.documents}, {"viewers", l.viewers}}
	for _, list := range each {
		if list.ask == nil {
			continue
		}
		b.Run(list.name+"/"+l.name, func(b *testing.B) {
			loop(b, func(i int) error {
				_, err := list.ask(i % users)
				return err
			})
			b.ReportMetric(float64(checked), "checked")
		})
	}
}

// BenchmarkLoad loads W2's facts, and says how many bytes each takes.
func BenchmarkLoad(b *testing.B) {
	w := oneTree()
	facts := 0
	eachTreeFact(w, func(_, _, _ string) { facts++ })
	for b.Loop() {
		before := heap()
		s, err := writTree(w)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(heap()-before)/float64(facts), "bytes/fact")
		b.ReportMetric(float64(facts), "facts")
		runtime.KeepAlive(s)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

type rbacNames struct{ user, kind, action, instance string }

func namesOf(list []rbacQuery) []rbacNames {
	out := make([]rbacNames, len(list))
	for i, q := range list {
		out[i] = rbacNames{userName(q.user), typeName(q.kind), actionName(q.action), thingName(q.instance)}
	}
	return out
}
