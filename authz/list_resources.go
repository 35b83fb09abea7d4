package authz

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

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
			if srel == 0 || w.takes(e.Rel, srel) {
				w.stored(e.Other, e.Rel, sure && e.Extra == nil)
			}
		}
	}
	for _, x := range w.a.extra {
		if x.subject == subject && x.srel == srel {
			w.stored(x.object, x.rel, sure && x.extra == nil)
		}
	}
}

// takes reports whether the model lets a userset into the tuples of a relation: what was restored may not fit it.
func (w *toResources) takes(rel, srel graph.Rel) bool {
	r := w.a.c.relation(rel)
	return r != nil && slices.Contains(r.usersets, srel)
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
			w.found = append(w.found, newCandidate(object, sure))
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
