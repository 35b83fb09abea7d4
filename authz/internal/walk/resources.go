package walk

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// toResources walks from the subject to the objects of a type on which it may have the goal.
type toResources struct {
	walk
	uses   *Uses
	goal   *engine.Relation
	leads  bits
	fixed  bool // the question names the tenant
	direct bool // nothing is had through the goal itself
}

// Resources finds the objects on which the subject may have a goal. fixed says that the question
// names its tenant. ok is false, and nothing is found, when it would take more than MaxSteps.
func (u *Uses) Resources(from From, goal *engine.Relation, fixed bool) (found *Found, ok bool) {
	w := &toResources{walk: walk{Found: Found{from: from, of: goal.Of}}, uses: u, goal: goal, leads: u.leading(goal), fixed: fixed}
	w.direct = !u.leadsOn(goal, w.leads)
	w.start()
	if !w.run(w.take) {
		return nil, false
	}
	return &w.Found, true
}

func (w *toResources) start() {
	a := w.from
	if a.SubjectRel != 0 {
		w.reach(a.Subject, w.uses.program.Relation(a.SubjectRel), true)
	}
	w.tuples(a.Subject, a.SubjectRel, true)
	if a.Everyone != 0 && a.SubjectRel == 0 {
		w.tuples(a.Everyone, 0, true)
	}
	for _, u := range w.uses.rules {
		if !w.leads.has(u.by.Index) || u.subject != a.SubjectType || a.SubjectRel != 0 {
			continue
		}
		w.from.known(u.by.Of, func(id graph.ID) { w.reach(id, u.by, false) })
		if u.by.Of == w.uses.tenants { // and on tenants that nothing is stored about
			w.reach(a.Tenant, u.by, false)
			w.reach(nowhere, u.by, false)
		}
	}
}

// nowhere stands for all tenants that only records name.
const nowhere = ^graph.ID(0)

// tuples follows the tuples that a subject stands in.
func (w *toResources) tuples(subject graph.ID, srel graph.Rel, sure bool) {
	if subject < engine.Outside {
		edges := w.from.Facts.Objects(subject, srel, 0)
		for e, ok := edges.Next(); ok; e, ok = edges.Next() {
			if srel == 0 || w.takes(e.Rel, srel) {
				w.stored(e.Other, e.Rel, sure && e.Extra == nil)
			}
		}
	}
	for _, x := range w.from.Extra {
		if x.Subject == subject && x.SubjectRel == srel {
			w.stored(x.Object, x.Rel, sure && x.Extra == nil)
		}
	}
}

// takes reports whether the model lets a userset into the tuples of a relation: what was restored may not fit it.
func (w *toResources) takes(rel, srel graph.Rel) bool {
	r := w.uses.program.Relation(rel)
	return r != nil && slices.Contains(r.Usersets, srel)
}

func (w *toResources) stored(object graph.ID, rel graph.Rel, sure bool) {
	for _, u := range w.uses.readers(rel) {
		w.reach(object, u.by, sure && u.sure)
	}
}

func (w *toResources) reach(object graph.ID, r *engine.Relation, sure bool) {
	if object == 0 || !w.leads.has(r.Index) {
		return
	}
	if r == w.goal {
		if object != nowhere {
			w.list = append(w.list, newCandidate(object, sure))
		}
		if w.direct {
			return
		}
	}
	w.come(object, r, sure)
}

// take goes on from a relation that the subject has to an object.
func (w *toResources) take(s step, sure bool) {
	i := s.r.Index
	for _, u := range w.uses.computed[i] {
		w.reach(s.object, u.by, sure && u.sure)
	}
	for _, v := range w.uses.from[i] {
		if w.leads.has(v.by.Index) {
			w.related(s.object, v, sure)
		}
	}
	if s.r.Rel != 0 && s.object != nowhere {
		w.tuples(s.object, s.r.Rel, sure)
	}
	for _, u := range w.uses.tenant[i] {
		if !w.leads.has(u.by.Index) || w.fixed && s.object != w.from.Tenant {
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
		w.from.known(u.by.Of, func(id graph.ID) { w.come(id, u.by, sure && u.sure && w.fixed) })
	}
}

// related goes to the objects whose tuples name one.
func (w *toResources) related(object graph.ID, v viaUse, sure bool) {
	if object < engine.Outside {
		edges := w.from.Facts.Objects(object, 0, v.rel)
		for e, ok := edges.Next(); ok; e, ok = edges.Next() {
			w.reach(e.Other, v.by, sure && v.sure && e.Extra == nil)
		}
	}
	for _, x := range w.from.Extra {
		if x.Subject == object && x.SubjectRel == 0 && x.Rel == v.rel {
			w.reach(x.Object, v.by, sure && v.sure && x.Extra == nil)
		}
	}
}
