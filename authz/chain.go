package authz

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// chain is a relation that is its own tuples, or others that ask nothing further, or the same
// from the next object: `viewer from parent`. Where each object has one parent it is followed
// in a loop, and nothing is remembered.
type chain struct {
	here []*node
	on   *node // an opFrom
}

// maxFollowed is how many objects are followed without remembering them. What comes after is
// remembered, so that circles end, and rows that many objects lead to are not followed each time.
const maxFollowed = 16

func (r *relation) findChain(c *compiled) *chain {
	if r.hard || r.rel != 0 && c.climb.covers(r.rel) {
		return nil
	}
	found := &chain{}
	parts := []*node{r.fast}
	if r.fast.op == opUnion {
		parts = r.fast.kids
	}
	for _, k := range parts {
		switch {
		case k.op == opFrom && found.on == nil:
			found.on = k
		case k.leaf(), k.op == opDirect && k.rel.climbs:
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

// follow is holds for a chain.
func (a *asker) follow(r *relation, object graph.ID) verdict {
	v, outer := no, a.followed
	for range maxFollowed {
		if a.climb.state == gaveUp {
			break // groups are asked the long way, which may lead back here
		}
		if a.srel != 0 && a.srel == r.rel && a.sid == object {
			return yes
		}
		here := a.near(object)
		on, ok := here.Plain(r.chain.on.rel.rel)
		further := len(on) > 0
		if !ok || len(on) > 1 || further && !a.spend() || a.deep() {
			break
		}
		for _, k := range r.chain.here {
			if k.op == opDirect {
				v = max(v, a.directNear(k.rel, object, here))
			} else {
				v = max(v, a.eval(k, object))
			}
			if v == yes {
				a.followed = outer
				return yes
			}
		}
		if !further {
			a.followed = outer
			return v
		}
		next, _ := graph.Subject(on[0])
		to := r.chain.on.only
		if to == nil {
			to = r.chain.on.target(a.kindOf(next))
		}
		if to == nil {
			a.followed = outer
			return v
		}
		r, object = to, next
		a.followed++
		if r.chain == nil {
			v = max(v, a.holds(r, object))
			a.followed = outer
			return v
		}
	}
	v = max(v, a.remembered(r, object))
	a.followed = outer
	return v
}

// deep reports whether the question has led through as many relations as it may.
func (a *asker) deep() bool { return len(a.memo.stack)+a.followed >= maxDepth }

func (a *asker) near(object graph.ID) graph.Near {
	if object >= outside {
		return graph.Near{}
	}
	return a.facts.Near(object)
}

// directNear is direct where no tuples come with the question.
func (a *asker) directNear(r *relation, object graph.ID, here graph.Near) verdict {
	keys, ok := here.Plain(r.rel)
	if !ok {
		return a.direct(r, object)
	}
	v := no
	for _, key := range keys {
		subject, srel := graph.Subject(key)
		switch {
		case subject == a.sid && srel == a.srel && a.standsIn(r):
			return yes
		case srel != 0:
			if !a.spend() {
				return unknown
			}
			if slices.Contains(r.usersets, srel) {
				v = max(v, a.holds(a.c.byRel[srel], subject))
			}
		case r.wild && subject == a.everyone && a.srel == 0:
			return yes
		}
		if v == yes {
			return yes
		}
	}
	return v
}
