package authz

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// solve answers a relation that leads to a cycle through an exclusion. It writes out what the
// answer depends on as formulas over atoms (a relation of an object each), and takes the
// well-founded model of them by the alternating fixpoint (Van Gelder, PODS 1989): what is
// certain and what is possible close in on each other, and what stays between is
// unknown. All answers found on the way are remembered.
func (a *asker) solve(r *relation, object graph.ID) verdict {
	g := &ground{a: a, number: map[uint64]int{}}
	g.atom(r, object)
	for i := 0; i < len(g.atoms); i++ {
		at := g.atoms[i]
		f := g.write(at.body, at.object) // appends to g.atoms
		g.atoms[i].formula = f
		if a.exceeded {
			return unknown
		}
	}
	certain, possible := make([]bool, len(g.atoms)), make([]bool, len(g.atoms))
	for i := range possible {
		possible[i] = true
	}
	for {
		surely, perhaps := g.least(possible, yes), g.least(certain, unknown)
		if a.exceeded {
			return unknown
		}
		settled := slices.Equal(surely, certain) && slices.Equal(perhaps, possible)
		certain, possible = surely, perhaps
		if settled {
			break
		}
	}
	for key, i := range g.number {
		e := &a.memo.entries[a.memo.find(key)]
		e.state, e.verdict = final, no
		if certain[i] {
			e.verdict = yes
		} else if possible[i] {
			e.verdict = unknown
		}
	}
	return a.memo.entries[a.memo.find(uint64(r.index)<<32|uint64(object))].verdict
}

// ground is the formulas that one answer depends on.
type ground struct {
	a      *asker
	atoms  []groundAtom
	number map[uint64]int // of atoms that are relations of objects
}

// groundAtom is a relation of an object, or what an exclusion takes away.
type groundAtom struct {
	body    *node
	object  graph.ID
	formula formula
}

// formula is a constant (opNone), an atom (opComputed), or a combination of parts.
type formula struct {
	op      op
	verdict verdict
	atom    int
	parts   []formula
}

func constant(v verdict) formula { return formula{verdict: v} }

func (g *ground) atom(r *relation, object graph.ID) formula {
	if g.a.srel != 0 && g.a.srel == r.rel && g.a.sid == object {
		return constant(yes)
	}
	if !r.hard {
		return constant(g.a.holds(r, object))
	}
	key := uint64(r.index)<<32 | uint64(object)
	i, ok := g.number[key]
	if !ok {
		i = g.add(r.body, object)
		g.number[key] = i
	}
	return formula{op: opComputed, atom: i}
}

func (g *ground) add(n *node, object graph.ID) int {
	g.a.work += costOfFormula
	g.a.spend()
	g.atoms = append(g.atoms, groundAtom{body: n, object: object})
	return len(g.atoms) - 1
}

// write gives the formula of a program on an object.
func (g *ground) write(n *node, object graph.ID) formula {
	switch n.op {
	case opDirect:
		return g.direct(n.rel, object)
	case opComputed:
		return g.atom(n.to, object)
	case opTenant:
		if g.a.tenant == 0 {
			return constant(no)
		}
		return g.atom(n.to, g.a.tenant)
	case opFrom:
		return g.from(n, object)
	case opUnion, opIntersection:
		f := formula{op: n.op}
		for _, k := range n.kids {
			f.parts = append(f.parts, g.write(k, object))
		}
		return f
	case opExclusion:
		// What is taken away is an atom of its own, as if the model had named it.
		base := g.write(n.kids[0], object)
		return formula{op: opExclusion, parts: []formula{base}, atom: g.add(n.kids[1], object)}
	case opWhen:
		if len(n.kids) == 0 {
			return constant(g.a.evalWhen(n, object))
		}
		v := g.a.condition(n.when, object)
		if v == no {
			return constant(no)
		}
		return formula{op: opIntersection, parts: []formula{constant(v), g.write(n.kids[0], object)}}
	}
	return constant(no)
}

func (g *ground) direct(r *relation, object graph.ID) formula {
	f := formula{op: opUnion, parts: []formula{constant(g.a.own(r, object))}}
	for e := range g.a.edges(object, r.rel) {
		if e.SubjectRel == 0 || !slices.Contains(r.usersets, e.SubjectRel) {
			continue
		}
		g.a.work += costOfFormula
		if v := g.a.counts(e.Extra); v != no {
			of := g.atom(g.a.c.byRel[e.SubjectRel], e.Other)
			f.parts = append(f.parts, formula{op: opIntersection, parts: []formula{constant(v), of}})
		}
	}
	return f
}

func (g *ground) from(n *node, object graph.ID) formula {
	f := formula{op: opUnion}
	for e := range g.a.edges(object, n.rel.rel) {
		to := n.target(g.a.kindOf(e.Other))
		if to == nil || e.SubjectRel != 0 {
			continue
		}
		g.a.work += costOfFormula
		if v := g.a.counts(e.Extra); v != no {
			of := g.atom(to, e.Other)
			f.parts = append(f.parts, formula{op: opIntersection, parts: []formula{constant(v), of}})
		}
	}
	return f
}

// least gives the atoms that are at least `enough`, when what is excluded is read from excluded.
func (g *ground) least(excluded []bool, enough verdict) []bool {
	held := make([]bool, len(g.atoms))
	waits := make([][]int, len(g.atoms)) // atoms to look at again, by the atom that they wait for
	queue := make([]int, len(g.atoms))
	for i := range queue {
		queue[i] = len(queue) - 1 - i // what was written last depends on little
		g.atoms[i].formula.positive(func(of int) { waits[of] = append(waits[of], i) })
	}
	for len(queue) > 0 && g.a.spend() {
		i := queue[0]
		queue = queue[1:]
		if !held[i] && g.atoms[i].formula.holds(held, excluded, enough) {
			held[i] = true
			queue = append(queue, waits[i]...)
		}
	}
	return held
}

func (f *formula) positive(each func(int)) {
	if f.op == opComputed {
		each(f.atom)
	}
	for i := range f.parts {
		f.parts[i].positive(each)
	}
}

func (f *formula) holds(held, excluded []bool, enough verdict) bool {
	switch f.op {
	case opComputed:
		return held[f.atom]
	case opUnion:
		for i := range f.parts {
			if f.parts[i].holds(held, excluded, enough) {
				return true
			}
		}
		return false
	case opIntersection, opExclusion:
		for i := range f.parts {
			if !f.parts[i].holds(held, excluded, enough) {
				return false
			}
		}
		return f.op == opIntersection || !excluded[f.atom]
	}
	return f.verdict >= enough
}
