package walk

import (
	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// Uses says of each relation what it is used for: the way from a subject to
// the objects that it has something on. Of an intersection only one side leads there, of an
// exclusion only the base: what is found that way is a candidate, not an answer.
type Uses struct {
	program  *engine.Program
	tenants  graph.Type // of tenants as objects
	stored   [][]use    // by graph.Rel: who reads the tuples of a relation
	computed [][]use    // by Relation.Index: who is made of it on the same object
	from     [][]viaUse // by Relation.Index: who is made of it on an object that stands in a tuple
	tenant   [][]use    // by Relation.Index of a tenant's relation: what it gives on other objects
	rules    []use      // who holds subjects by a condition alone
	needs    [][]int    // by Relation.Index: the relations that a relation asks
}

// use is a place of a relation in another.
type use struct {
	by *engine.Relation
	// sure: who has the one has the other, with nothing left to check.
	sure    bool
	subject graph.Type // of rules
}

type viaUse struct {
	use
	rel graph.Rel // of the tuples that lead there
}

// NewUses is for a program, whose tenants have a type of their own.
func NewUses(p *engine.Program, tenants graph.Type) *Uses {
	n := len(p.Relations) + 1
	r := &Uses{
		program: p, tenants: tenants,
		computed: make([][]use, n), from: make([][]viaUse, n), tenant: make([][]use, n), needs: make([][]int, n),
	}
	for _, by := range p.Relations {
		r.add(by, by.Body, true)
		r.need(by, by.Body)
	}
	return r
}

// readers are the relations that read the tuples of one.
func (r *Uses) readers(rel graph.Rel) []use {
	if int(rel) < len(r.stored) {
		return r.stored[rel]
	}
	return nil
}

func (r *Uses) add(by *engine.Relation, n *engine.Node, sure bool) {
	u := use{by: by, sure: sure}
	switch n.Op {
	case engine.OpDirect:
		for len(r.stored) <= int(n.Tuples.Rel) {
			r.stored = append(r.stored, nil)
		}
		r.stored[n.Tuples.Rel] = append(r.stored[n.Tuples.Rel], u)
	case engine.OpComputed:
		r.computed[n.To.Index] = append(r.computed[n.To.Index], u)
	case engine.OpFrom:
		for _, to := range n.Targets {
			if to != nil {
				r.from[to.Index] = append(r.from[to.Index], viaUse{u, n.Tuples.Rel})
			}
		}
	case engine.OpTenant:
		r.tenant[n.To.Index] = append(r.tenant[n.To.Index], u)
	case engine.OpWhen:
		if len(n.Kids) == 0 {
			u.subject, u.sure = n.Subject, false
			r.rules = append(r.rules, u)
			return
		}
		r.add(by, n.Kids[0], false)
	case engine.OpUnion:
		for _, k := range n.Kids {
			r.add(by, k, sure)
		}
	case engine.OpIntersection:
		r.add(by, narrowest(n.Kids), false)
	case engine.OpExclusion:
		r.add(by, n.Kids[0], false)
	}
}

// narrowest is the side of an intersection that is likely to have the fewest candidates.
func narrowest(kids []*engine.Node) *engine.Node {
	best := kids[0]
	for _, k := range kids[1:] {
		if breadth(k) < breadth(best) {
			best = k
		}
	}
	return best
}

func breadth(n *engine.Node) int {
	sum := 1
	switch n.Op {
	case engine.OpTenant:
		return 100
	case engine.OpWhen:
		if len(n.Kids) == 0 {
			return 10_000
		}
		return breadth(n.Kids[0])
	case engine.OpFrom:
		sum = 10
	case engine.OpIntersection:
		return breadth(narrowest(n.Kids))
	case engine.OpExclusion:
		return breadth(n.Kids[0])
	}
	for _, k := range n.Kids {
		sum += breadth(k)
	}
	return sum
}

// need notes the relations that lead to by, on the sides that add looked at and on the others.
func (r *Uses) need(by *engine.Relation, n *engine.Node) {
	add := func(to *engine.Relation) {
		if to != nil {
			r.needs[by.Index] = append(r.needs[by.Index], to.Index)
		}
	}
	switch n.Op {
	case engine.OpDirect:
		for _, rel := range n.Tuples.Usersets {
			add(r.program.Relation(rel))
		}
	case engine.OpComputed, engine.OpTenant:
		add(n.To)
	case engine.OpFrom:
		for _, to := range n.Targets {
			add(to)
		}
	}
	for _, k := range n.Kids {
		r.need(by, k)
	}
}

// leading gives the relations through which a relation may be had, by index.
func (r *Uses) leading(to *engine.Relation) bits {
	b := make(bits, len(r.needs)/64+1)
	b.set(to.Index)
	for stack := []int{to.Index}; len(stack) > 0; {
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
func (r *Uses) leadsOn(goal *engine.Relation, leads bits) bool {
	for i := range r.needs {
		if leads.has(i) {
			for _, next := range r.needs[i] {
				if next == goal.Index {
					return true
				}
			}
		}
	}
	return false
}
