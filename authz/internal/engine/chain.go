package engine

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// chain is a relation that is its own tuples, or others that ask nothing further, or the same
// from the next object: `viewer from parent`. Where each object has one parent it is followed
// in a loop, and nothing is remembered.
type chain struct {
	here []*Node
	on   *Node // an OpFrom
}

// maxFollowed is how many objects are followed without remembering them. What comes after is
// remembered, so that circles end, and rows that many objects lead to are not followed each time.
const maxFollowed = 16

func (r *Relation) findChain() *chain {
	if r.hard || r.covered {
		return nil
	}
	found := &chain{}
	parts := []*Node{r.fast}
	if r.fast.Op == OpUnion {
		parts = r.fast.Kids
	}
	for _, k := range parts {
		switch {
		case k.Op == OpFrom && found.on == nil:
			found.on = k
		case k.leaf(), k.Op == OpDirect && k.Tuples.climbs:
			found.here = append(found.here, k)
		default:
			return nil
		}
	}
	if found.on == nil {
		return nil
	}
	return found
}

// follow is Holds for a chain.
func (a *Asker) follow(r *Relation, object graph.ID) Verdict {
	v, outer := No, a.followed
	for range maxFollowed {
		if a.climb.state == gaveUp {
			break // groups are asked the long way, which may lead back here
		}
		if a.SubjectRel != 0 && a.SubjectRel == r.Rel && a.Subject == object {
			a.followed = outer
			return Yes
		}
		here := a.near(object)
		on, ok := here.Plain(r.chain.on.Tuples.Rel)
		further := len(on) > 0
		if !ok || len(on) > 1 || further && !a.Spend() || a.deep() {
			break
		}
		for _, k := range r.chain.here {
			if k.Op == OpDirect {
				v = max(v, a.directNear(k.Tuples, object, here))
			} else {
				v = max(v, a.Eval(k, object))
			}
			if v == Yes {
				a.followed = outer
				return Yes
			}
		}
		if !further {
			a.followed = outer
			return v
		}
		next, _ := graph.Subject(on[0])
		to := r.chain.on.only
		if to == nil {
			to = r.chain.on.Target(a.TypeOf(next))
		}
		if to == nil {
			a.followed = outer
			return v
		}
		r, object = to, next
		a.followed++
		if r.chain == nil {
			v = max(v, a.Holds(r, object))
			a.followed = outer
			return v
		}
	}
	v = max(v, a.remembered(r, object))
	a.followed = outer
	return v
}

// deep reports whether the question has led through as many relations as it may.
func (a *Asker) deep() bool { return len(a.memo.stack)+a.followed >= MaxDepth }

func (a *Asker) near(object graph.ID) graph.Near {
	if object >= Outside {
		return graph.Near{}
	}
	return a.Facts.Near(object)
}

// directNear is direct where no tuples come with the question.
func (a *Asker) directNear(r *Relation, object graph.ID, here graph.Near) Verdict {
	keys, ok := here.Plain(r.Rel)
	if !ok {
		return a.direct(r, object)
	}
	v := No
	for _, key := range keys {
		subject, srel := graph.Subject(key)
		switch {
		case subject == a.Subject && srel == a.SubjectRel && a.standsIn(r):
			return Yes
		case srel != 0:
			if !a.Spend() {
				return Unknown
			}
			if slices.Contains(r.Usersets, srel) {
				v = max(v, a.Holds(a.program.byRel[srel], subject))
			}
		case r.Wild && subject == a.Everyone && a.SubjectRel == 0:
			return Yes
		}
		if v == Yes {
			return Yes
		}
	}
	return v
}
