package authz

import (
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// Node is a step of an explanation: a relation of an object, with what made
// it hold or not.
type Node struct {
	// Object and Relation say what is asked here: `document:budget`, `viewer`.
	Object   Entity `json:"object"`
	Relation string `json:"relation"`
	// Kind is action, role, relation, tuple, tenant, rule, from, union, intersection, exclusion,
	// condition, or cut where the explanation ends early.
	Kind string `json:"kind"`
	// Verdict is yes, no, or unknown (a condition without an answer, a cycle through an exclusion).
	Verdict  string        `json:"verdict"`
	Message  string        `json:"message"`
	Tuple    *Tuple        `json:"tuple,omitempty"`
	Rule     string        `json:"rule,omitempty"`
	Position writ.Position `json:"position,omitzero"`
	// Values are those that a condition saw, by path: "user.age".
	Values map[string]any `json:"values,omitempty"`
	Parts  []*Node        `json:"parts,omitempty"`
}

// maxNodes bounds an explanation, maxShown the tuples that are shown of one relation.
const (
	maxNodes = 1_000
	maxShown = 25
)

// Explain gives the tree of an answer: for an allow the proof alone; for a deny all that was
// tried, cut at 1,000 steps (the cut is a node that says so).
func (s *Snapshot) Explain(q *Query) (*Node, error) {
	a := s.ask(q)
	defer a.done()
	if a.err != nil {
		return nil, a.err
	}
	x := &a.x
	x.a = a
	if a.goal == nil {
		n := &Node{Object: requested(q), Relation: q.Action.Name, Kind: "action", Verdict: engine.No.String(), Message: x.may(false)}
		for _, r := range x.unheard() {
			n.Parts = append(n.Parts, &Node{Object: n.Object, Relation: n.Relation, Kind: "cut", Verdict: engine.No.String(), Message: r.Message})
		}
		return n, nil
	}
	v, err := a.answer()
	if err != nil {
		return nil, err
	}
	if v == engine.Yes {
		return x.proof(), nil
	}
	return x.tried(step{a.resource, a.goal}), nil
}

func requested(q *Query) Entity { return Entity{q.Resource.Type, q.Resource.ID} }

// step is a relation of an object.
type step struct {
	object graph.ID
	r      *relation
}

// explanation makes nodes out of what a question answers.
type explanation struct {
	wording
	a     *question
	nodes int
	// terse leaves out the messages of relations that have parts: reasons do not show them.
	terse   bool
	subject string // the subject of the question in words
	// path are the steps that are being tried, done those that were.
	path, done map[step]bool
}

// node makes the node of a relation of an object.
func (x *explanation) node(s step, v engine.Verdict) *Node {
	n := x.part(s, kindName(s.r), v, "")
	n.Position = s.r.source.Position
	if !x.terse {
		n.Message = x.has(s, v)
	}
	return n
}

// part makes a node of something inside a relation of an object.
func (x *explanation) part(s step, kind string, v engine.Verdict, message string) *Node {
	return &x.roomFor(s, kind, v, message).Node
}

func (x *explanation) roomFor(s step, kind string, v engine.Verdict, message string) *room {
	r := x.room()
	r.Object, r.Relation, r.Kind, r.Verdict, r.Message = x.a.name(s.object), s.r.source.Name, kind, v.String(), message
	return r
}

func kindName(r *relation) string {
	switch {
	case r.Rel == 0:
		return "action"
	case r.source.Role:
		return "role"
	}
	return "relation"
}

// link is a tuple as the walks of an explanation see it, stored or of the query.
type link struct {
	subject graph.ID
	srel    graph.Rel
	extra   *graph.Extra
}

// links runs over the tuples of a relation of an object until f gives false.
func (x *explanation) links(object graph.ID, rel graph.Rel, f func(link) bool) {
	edges := x.a.Tuples(object, rel)
	for e, ok := edges.Next(); ok; e, ok = edges.Next() {
		if !f(link{e.Other, e.SubjectRel, e.Extra}) {
			return
		}
	}
	for _, t := range x.a.Extra {
		if t.Object == object && t.Rel == rel && !f(link{t.Subject, t.SubjectRel, t.Extra}) {
			return
		}
	}
}

// usersets runs over those tuples of a relation of an object whose subjects are usersets, until f gives
// false. inOnly leaves out those that the subject is not in, where that spares looking at many.
func (x *explanation) usersets(object graph.ID, r *relation, inOnly bool, f func(link) bool) {
	a := x.a
	if len(r.Usersets) == 0 {
		return
	}
	for _, t := range a.Extra {
		if t.Object == object && t.Rel == r.Rel && t.SubjectRel != 0 && !f(link{t.Subject, t.SubjectRel, t.Extra}) {
			return
		}
	}
	if object >= engine.Outside {
		return
	}
	if inOnly {
		groups, all := a.Groups(&r.Relation)
		if degree, _ := a.Facts.Degree(object); all && degree > 4*len(groups) {
			for _, up := range groups {
				group, srel := up.Split()
				if group >= engine.Outside || !slices.Contains(r.Usersets, srel) {
					continue
				}
				if e, ok := a.Facts.Has(object, r.Rel, group, srel); ok && !f(link{group, srel, e.Extra}) {
					return
				}
			}
			return
		}
	}
	edges := a.Facts.Usersets(object, r.Rel)
	for e, ok := edges.Next(); ok; e, ok = edges.Next() {
		if slices.Contains(r.Usersets, e.SubjectRel) && !f(link{e.Other, e.SubjectRel, e.Extra}) {
			return
		}
	}
}

// mine finds the tuples of a relation of an object that name the subject itself, or everyone of its type.
// They count until it is called again.
func (x *explanation) mine(object graph.ID, rel graph.Rel) []link {
	found := x.a.scratch.links[:0]
	a := x.a
	stands := func(id graph.ID, srel graph.Rel) {
		if id != 0 && id < engine.Outside && object < engine.Outside {
			if e, ok := a.Facts.Has(object, rel, id, srel); ok {
				found = append(found, link{id, srel, e.Extra})
			}
		}
		for _, t := range a.Extra {
			if t.Object == object && t.Rel == rel && t.Subject == id && t.SubjectRel == srel {
				found = append(found, link{id, srel, t.Extra})
			}
		}
	}
	stands(a.Subject, a.SubjectRel)
	if a.Everyone != 0 && a.Everyone != a.Subject && a.SubjectRel == 0 {
		stands(a.Everyone, 0)
	}
	return found
}

// setTuple gives a link of a relation of an object in words that can be stored.
func (x *explanation) setTuple(t *Tuple, object graph.ID, r *relation, l link) {
	*t = Tuple{Object: x.a.name(object), Relation: r.source.Name, Subject: Holder{Entity: x.a.name(l.subject)}}
	if l.srel != 0 {
		t.Subject.Relation = x.a.c.relation(l.srel).source.Name
	}
	if l.extra != nil {
		t.Condition, t.Params, t.Expires = l.extra.Condition, l.extra.Params, l.extra.Expires
	}
}
