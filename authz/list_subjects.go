package authz

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// toSubjects walks from the resource down to the subjects of a type that may have the goal on it.
type toSubjects struct {
	walk
	of   *kind
	srel graph.Rel // usersets are looked for, not entities
}

// take goes down from a relation of an object.
func (w *toSubjects) take(s step, sure bool) {
	if w.srel != 0 && s.r.rel == w.srel {
		w.found = append(w.found, newCandidate(s.object, sure)) // it is a member of itself
	}
	w.down(s.object, s.r.body, sure)
}

func (w *toSubjects) down(object graph.ID, n *node, sure bool) {
	switch n.op {
	case opDirect:
		w.tuples(object, n.rel.rel, func(subject graph.ID, srel graph.Rel, plain bool) {
			if srel == 0 || slices.Contains(n.rel.usersets, srel) {
				w.subject(subject, srel, sure && plain)
			}
		})
	case opComputed:
		w.come(object, n.to, sure)
	case opFrom:
		w.tuples(object, n.rel.rel, func(related graph.ID, srel graph.Rel, plain bool) {
			if to := n.target(w.a.kindOf(related)); srel == 0 && to != nil {
				w.come(related, to, sure && plain)
			}
		})
	case opTenant:
		if w.a.tenant != 0 {
			w.come(w.a.tenant, n.to, sure)
		}
	case opWhen:
		if len(n.kids) > 0 {
			w.down(object, n.kids[0], false)
		} else if n.subject == w.of && w.srel == 0 {
			w.all = true
		}
	case opUnion:
		for _, k := range n.kids {
			w.down(object, k, sure)
		}
	case opIntersection:
		w.down(object, narrowest(n.kids), false)
	case opExclusion:
		w.down(object, n.kids[0], false)
	}
}

func (w *toSubjects) subject(id graph.ID, srel graph.Rel, sure bool) {
	if srel != 0 {
		w.come(id, w.a.c.relation(srel), sure)
		return
	}
	switch {
	case w.a.kindOf(id) != w.of || w.srel != 0:
	case w.a.name(id).ID == Everyone:
		w.all, w.allSure = true, w.allSure || sure
	default:
		w.found = append(w.found, newCandidate(id, sure))
	}
}

// tuples runs over those of a relation of an object.
func (w *toSubjects) tuples(object graph.ID, rel graph.Rel, f func(subject graph.ID, srel graph.Rel, plain bool)) {
	if object < outside {
		edges := w.a.facts.Subjects(object, rel)
		for e, ok := edges.Next(); ok; e, ok = edges.Next() {
			f(e.Other, e.SubjectRel, e.Extra == nil)
		}
	}
	for _, x := range w.a.extra {
		if x.object == object && x.rel == rel {
			f(x.subject, x.srel, x.extra == nil)
		}
	}
}
