package authz

import "github.com/writ-dev/writ/authz/internal/graph"

// reverse says of each relation what it is used for: the way from a subject to
// the objects that it has something on. Of an intersection only one side leads there, of an
// exclusion only the base: what is found that way is a candidate, not an answer.
type reverse struct {
	stored   [][]use    // by graph.Rel: who reads the tuples of a relation
	computed [][]use    // by relation.index: who is made of it on the same object
	from     [][]viaUse // by relation.index: who is made of it on an object that stands in a tuple
	tenant   [][]use    // by relation.index of a tenant's relation: what it gives on other objects
	rules    []use      // who holds subjects by a condition alone
	needs    [][]int    // by relation.index: the relations that a relation asks
}

// use is a place of a relation in another.
type use struct {
	by *relation
	// sure: who has the one has the other, with nothing left to check.
	sure    bool
	subject *kind // of rules
}

type viaUse struct {
	use
	rel graph.Rel // of the tuples that lead there
}

func newReverse(c *compiled) *reverse {
	n := len(c.all) + 1
	r := &reverse{computed: make([][]use, n), from: make([][]viaUse, n), tenant: make([][]use, n), needs: make([][]int, n)}
	for _, by := range c.all {
		r.add(by, by.body, true)
		r.need(c, by, by.body)
	}
	return r
}

// readers are the relations that read the tuples of one.
func (r *reverse) readers(rel graph.Rel) []use {
	if int(rel) < len(r.stored) {
		return r.stored[rel]
	}
	return nil
}

func (r *reverse) add(by *relation, n *node, sure bool) {
	u := use{by: by, sure: sure}
	switch n.op {
	case opDirect:
		r.stored = put(r.stored, int(n.rel.rel), append(r.readers(n.rel.rel), u))
	case opComputed:
		r.computed[n.to.index] = append(r.computed[n.to.index], u)
	case opFrom:
		for _, to := range n.targets {
			if to != nil {
				r.from[to.index] = append(r.from[to.index], viaUse{u, n.rel.rel})
			}
		}
	case opTenant:
		r.tenant[n.to.index] = append(r.tenant[n.to.index], u)
	case opWhen:
		if len(n.kids) == 0 {
			u.subject, u.sure = n.subject, false
			r.rules = append(r.rules, u)
			return
		}
		r.add(by, n.kids[0], false)
	case opUnion:
		for _, k := range n.kids {
			r.add(by, k, sure)
		}
	case opIntersection:
		r.add(by, narrowest(n.kids), false)
	case opExclusion:
		r.add(by, n.kids[0], false)
	}
}

// narrowest is the side of an intersection that is likely to have the fewest candidates.
func narrowest(kids []*node) *node {
	best := kids[0]
	for _, k := range kids[1:] {
		if breadth(k) < breadth(best) {
			best = k
		}
	}
	return best
}

func breadth(n *node) int {
	sum := 1
	switch n.op {
	case opTenant, opTenantRoles:
		return 100
	case opWhen:
		if len(n.kids) == 0 {
			return 10_000
		}
		return breadth(n.kids[0])
	case opFrom:
		sum = 10
	case opIntersection:
		return breadth(narrowest(n.kids))
	case opExclusion:
		return breadth(n.kids[0])
	}
	for _, k := range n.kids {
		sum += breadth(k)
	}
	return sum
}

// need notes the relations that lead to by, on the sides that add looked at and on the others.
func (r *reverse) need(c *compiled, by *relation, n *node) {
	add := func(to *relation) {
		if to != nil {
			r.needs[by.index] = append(r.needs[by.index], to.index)
		}
	}
	switch n.op {
	case opDirect:
		for _, rel := range n.rel.usersets {
			add(c.relation(rel))
		}
	case opComputed, opTenant:
		add(n.to)
	case opFrom:
		for _, to := range n.targets {
			add(to)
		}
	}
	for _, k := range n.kids {
		r.need(c, by, k)
	}
}

// leading gives the relations through which a relation may be had, by index.
func (r *reverse) leading(to *relation) bits {
	b := make(bits, len(r.needs)/64+1)
	b.set(to.index)
	for stack := []int{to.index}; len(stack) > 0; {
		last := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, next := range r.needs[last] {
			if !b.has(next) {
				b.set(next)
				stack = append(stack, next)
			}
		}
	}
	return b
}

type bits []uint64

func (b bits) has(i int) bool { return b[i>>6]&(1<<(i&63)) != 0 }
func (b bits) set(i int)      { b[i>>6] |= 1 << (i & 63) }

// leadsOn reports whether something that leads to a relation is had through the relation itself.
func (r *reverse) leadsOn(goal *relation, leads bits) bool {
	for i := range r.needs {
		if leads.has(i) {
			for _, next := range r.needs[i] {
				if next == goal.index {
					return true
				}
			}
		}
	}
	return false
}
