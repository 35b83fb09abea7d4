package authz

import (
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// maxReached bounds a listing: relations of objects that are looked at.
const maxReached = 20_000_000

// candidate is an entity that may belong on a list; a sure one need not be asked about.
type candidate struct {
	id   graph.ID
	sure bool
}

// step is a relation of an object that was come by.
type step struct {
	object graph.ID
	r      *relation
}

// walk collects candidates, sure steps first, so that each step is taken but once.
type walk struct {
	a       *asker
	seen    map[step]bool // whether surely
	sure    []step
	unsure  []step
	found   []candidate
	all     bool // every known entity of the type is a candidate
	allSure bool
}

// come notes a step to take.
func (w *walk) come(object graph.ID, r *relation, sure bool) {
	s := step{object, r}
	if was, there := w.seen[s]; there && (was || !sure) {
		return
	}
	w.seen[s] = sure
	if sure {
		w.sure = append(w.sure, s)
	} else {
		w.unsure = append(w.unsure, s)
	}
}

// run takes all steps.
func (w *walk) run(take func(s step, sure bool)) error {
	for {
		switch {
		case len(w.seen)+len(w.found) > maxReached:
			return writ.Errorf(writ.CodeTooLarge, "the list needs more than %d steps", maxReached)
		case len(w.sure) > 0:
			s := w.sure[len(w.sure)-1]
			w.sure = w.sure[:len(w.sure)-1]
			take(s, true)
		case len(w.unsure) > 0:
			s := w.unsure[len(w.unsure)-1]
			w.unsure = w.unsure[:len(w.unsure)-1]
			if !w.seen[s] {
				take(s, false)
			}
		default:
			return nil
		}
	}
}

// candidates gives what was found, each once.
func (w *walk) candidates(of *kind) []candidate {
	if w.all {
		w.known(of, func(id graph.ID) { w.found = append(w.found, candidate{id, w.allSure}) })
	}
	slices.SortFunc(w.found, func(x, y candidate) int {
		switch {
		case x.id != y.id && x.id < y.id, x.id == y.id && x.sure && !y.sure:
			return -1
		case x == y:
			return 0
		}
		return 1
	})
	found := slices.CompactFunc(w.found, func(x, y candidate) bool { return x.id == y.id })
	// What tuples lead to is stored; what the request names may not be.
	return slices.DeleteFunc(found, func(c candidate) bool {
		named := c.id == w.a.sid || c.id == w.a.tenant || c.id == w.a.resource
		return named && !w.a.known(c.id)
	})
}

// known runs over all entities of a type that anything is stored about, or that a tuple of the query names.
func (w *walk) known(of *kind, f func(graph.ID)) {
	everyone := w.a.facts.Lookup(of.number, Everyone)
	w.a.facts.Each(of.number, func(id graph.ID) bool {
		if id != everyone {
			f(id)
		}
		return true
	})
	for _, x := range w.a.extra {
		for _, id := range []graph.ID{x.object, x.subject} {
			if w.a.kindOf(id) == of && w.a.name(id).ID != Everyone && (id >= outside || !w.a.facts.Known(id)) {
				f(id)
			}
		}
	}
}

// toResources walks from the subject to the objects of a type on which it may have the goal.
type toResources struct {
	walk
	r      *reverse
	goal   *relation
	leads  bits
	fixed  bool // the request names the tenant
	direct bool // nothing is had through the goal itself
}

func (w *toResources) start() {
	a := w.a
	if a.skind == nil {
		return
	}
	if a.srel != 0 {
		w.reach(a.sid, a.c.relation(a.srel), true)
	}
	w.tuples(a.sid, a.srel, true)
	if a.everyone != 0 && a.srel == 0 {
		w.tuples(a.everyone, 0, true)
	}
	for _, u := range w.r.rules {
		if !w.leads.has(u.by.index) || u.subject != a.skind || a.srel != 0 {
			continue
		}
		w.known(u.by.of, func(id graph.ID) { w.reach(id, u.by, false) })
		if u.by.of == a.c.tenant { // and on tenants that nothing is stored about
			w.reach(a.tenant, u.by, false)
			w.reach(nowhere, u.by, false)
		}
	}
}

// nowhere stands for all tenants that only records name.
const nowhere = ^graph.ID(0)

// tuples follows the tuples that a subject stands in.
func (w *toResources) tuples(subject graph.ID, srel graph.Rel, sure bool) {
	if subject < outside {
		edges := w.a.facts.Objects(subject, srel, 0)
		for e, ok := edges.Next(); ok; e, ok = edges.Next() {
			w.stored(e.Other, e.Rel, sure && e.Extra == nil)
		}
	}
	for _, x := range w.a.extra {
		if x.subject == subject && x.srel == srel {
			w.stored(x.object, x.rel, sure && x.extra == nil)
		}
	}
}

func (w *toResources) stored(object graph.ID, rel graph.Rel, sure bool) {
	for _, u := range w.r.readers(rel) {
		w.reach(object, u.by, sure && u.sure)
	}
}

func (w *toResources) reach(object graph.ID, r *relation, sure bool) {
	if object == 0 || !w.leads.has(r.index) {
		return
	}
	if r == w.goal {
		if object != nowhere {
			w.found = append(w.found, candidate{object, sure})
		}
		if w.direct {
			return
		}
	}
	w.come(object, r, sure)
}

// take goes on from a relation that the subject has to an object.
func (w *toResources) take(s step, sure bool) {
	i := s.r.index
	for _, u := range w.r.computed[i] {
		w.reach(s.object, u.by, sure && u.sure)
	}
	for _, v := range w.r.from[i] {
		if w.leads.has(v.by.index) {
			w.related(s.object, v, sure)
		}
	}
	if s.r.rel != 0 && s.object != nowhere {
		w.tuples(s.object, s.r.rel, sure)
	}
	for _, u := range w.r.tenant[i] {
		if !w.leads.has(u.by.index) || w.fixed && s.object != w.a.tenant {
			continue
		}
		if u.by == w.goal {
			// All at once, for a tenant may have a million.
			w.allSure = w.allSure || sure && u.sure && w.fixed
			w.all = true
			if w.direct {
				continue
			}
		}
		w.known(u.by.of, func(id graph.ID) { w.come(id, u.by, sure && u.sure && w.fixed) })
	}
}

// related goes to the objects whose tuples name one.
func (w *toResources) related(object graph.ID, v viaUse, sure bool) {
	if object < outside {
		edges := w.a.facts.Objects(object, 0, v.rel)
		for e, ok := edges.Next(); ok; e, ok = edges.Next() {
			w.reach(e.Other, v.by, sure && v.sure && e.Extra == nil)
		}
	}
	for _, x := range w.a.extra {
		if x.subject == object && x.srel == 0 && x.rel == v.rel {
			w.reach(x.object, v.by, sure && v.sure && x.extra == nil)
		}
	}
}

// known reports whether anything is stored about an entity, or said by a tuple of the query.
func (a *asker) known(id graph.ID) bool {
	if id != 0 && id < outside && a.facts.Known(id) {
		return true
	}
	for _, t := range a.extra {
		if t.object == id || t.subject == id {
			return true
		}
	}
	return false
}
