package walk

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// toSubjects walks from the resource down to the subjects of a type that may have the goal on it.
type toSubjects struct {
	walk
	program *engine.Program
	srel    graph.Rel // usersets are looked for, not entities
	forAll  graph.ID
}

// Subjects finds the subjects of a type that may have a goal on the resource; with srel not 0 they are
// the entities whose userset may. ok is as of [Uses.Resources].
func (u *Uses) Subjects(from From, goal *engine.Relation, of graph.Type, srel graph.Rel) (found *Found, ok bool) {
	w := &toSubjects{walk: walk{Found: Found{from: from, of: of}}, program: u.program, srel: srel, forAll: from.ForAll(of)}
	w.come(from.Resource, goal, true)
	if !w.run(w.take) {
		return nil, false
	}
	return &w.Found, true
}

// take goes down from a relation of an object.
func (w *toSubjects) take(s step, sure bool) {
	if w.srel != 0 && s.r.Rel == w.srel {
		w.list = append(w.list, newCandidate(s.object, sure)) // it is a member of itself
	}
	w.down(s.object, s.r.Body, sure)
}

func (w *toSubjects) down(object graph.ID, n *engine.Node, sure bool) {
	switch n.Op {
	case engine.OpDirect:
		w.tuples(object, n.Tuples.Rel, func(subject graph.ID, srel graph.Rel, plain bool) {
			if srel == 0 || slices.Contains(n.Tuples.Usersets, srel) {
				w.subject(subject, srel, sure && plain)
			}
		})
	case engine.OpComputed:
		w.come(object, n.To, sure)
	case engine.OpFrom:
		w.tuples(object, n.Tuples.Rel, func(related graph.ID, srel graph.Rel, plain bool) {
			if to := n.Target(w.from.TypeOf(related)); srel == 0 && to != nil {
				w.come(related, to, sure && plain)
			}
		})
	case engine.OpTenant:
		if w.from.Tenant != 0 {
			w.come(w.from.Tenant, n.To, sure)
		}
	case engine.OpWhen:
		if len(n.Kids) > 0 {
			w.down(object, n.Kids[0], false)
		} else if n.Subject == w.of && w.srel == 0 {
			w.all = true
		}
	case engine.OpUnion:
		for _, k := range n.Kids {
			w.down(object, k, sure)
		}
	case engine.OpIntersection:
		w.down(object, narrowest(n.Kids), false)
	case engine.OpExclusion:
		w.down(object, n.Kids[0], false)
	}
}

func (w *toSubjects) subject(id graph.ID, srel graph.Rel, sure bool) {
	if srel != 0 {
		w.come(id, w.program.Relation(srel), sure)
		return
	}
	switch {
	case w.from.TypeOf(id) != w.of || w.srel != 0:
	case id == w.forAll:
		w.all, w.allSure = true, w.allSure || sure
	default:
		w.list = append(w.list, newCandidate(id, sure))
	}
}

// tuples runs over those of a relation of an object.
func (w *toSubjects) tuples(object graph.ID, rel graph.Rel, f func(subject graph.ID, srel graph.Rel, plain bool)) {
	if object < engine.Outside {
		edges := w.from.Facts.Subjects(object, rel)
		for e, ok := edges.Next(); ok; e, ok = edges.Next() {
			f(e.Other, e.SubjectRel, e.Extra == nil)
		}
	}
	for _, x := range w.from.Extra {
		if x.Object == object && x.Rel == rel {
			f(x.Subject, x.SubjectRel, x.Extra == nil)
		}
	}
}
