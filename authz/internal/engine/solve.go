package engine

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// solve answers a relation that leads to a cycle through an exclusion. It writes out what the
// answer depends on as formulas over atoms (a relation of an object each), and takes the
// well-founded model of them by the alternating fixpoint (Van Gelder, PODS 1989): what is
// certain and what is possible close in on each other, and what stays between is
// unknown. All answers found on the way are remembered.
func (a *Asker) solve(r *Relation, object graph.ID) Verdict {
	g := &ground{a: a, number: map[uint64]int{}}
	g.atom(r, object)
	for i := 0; i < len(g.atoms); i++ {
		at := g.atoms[i]
		f := g.write(at.body, at.object) // appends to g.atoms
		g.atoms[i].formula = f
		if a.exceeded {
			return Unknown
		}
	}
	certain, possible := make([]bool, len(g.atoms)), make([]bool, len(g.atoms))
	for i := range possible {
		possible[i] = true
	}
	for {
		surely, perhaps := g.least(possible, Yes), g.least(certain, Unknown)
		if a.exceeded {
			return Unknown
		}
		settled := slices.Equal(surely, certain) && slices.Equal(perhaps, possible)
		certain, possible = surely, perhaps
		if settled {
			break
		}
	}
	for key, i := range g.number {
		e := &a.memo.entries[a.memo.find(key)]
		e.state, e.verdict = final, No
		if certain[i] {
			e.verdict = Yes
		} else if possible[i] {
			e.verdict = Unknown
		}
	}
	return a.memo.entries[a.memo.find(uint64(r.Index)<<32|uint64(object))].verdict
}

// ground is the formulas that one answer depends on.
type ground struct {
	a      *Asker
	atoms  []groundAtom
	number map[uint64]int // of atoms that are relations of objects
}

// groundAtom is a relation of an object, or what an exclusion takes away.
type groundAtom struct {
	body    *Node
	object  graph.ID
	formula formula
}

// formula is a constant (OpNone), an atom (OpComputed), or a combination of parts.
type formula struct {
	op      Op
	verdict Verdict
	atom    int
	parts   []formula
}

func constant(v Verdict) formula { return formula{verdict: v} }

func (g *ground) atom(r *Relation, object graph.ID) formula {
	if g.a.SubjectRel != 0 && g.a.SubjectRel == r.Rel && g.a.Subject == object {
		return constant(Yes)
	}
	if !r.hard {
		return constant(g.a.Holds(r, object))
	}
	key := uint64(r.Index)<<32 | uint64(object)
	i, ok := g.number[key]
	if !ok {
		i = g.add(r.Body, object)
		g.number[key] = i
	}
	return formula{op: OpComputed, atom: i}
}

func (g *ground) add(n *Node, object graph.ID) int {
	g.a.work += costOfFormula
	g.a.Spend()
	g.atoms = append(g.atoms, groundAtom{body: n, object: object})
	return len(g.atoms) - 1
}

// write gives the formula of a program on an object.
func (g *ground) write(n *Node, object graph.ID) formula {
	switch n.Op {
	case OpDirect:
		return g.direct(n.Tuples, object)
	case OpComputed:
		return g.atom(n.To, object)
	case OpTenant:
		if g.a.Tenant == 0 {
			return constant(No)
		}
		return g.atom(n.To, g.a.Tenant)
	case OpFrom:
		return g.from(n, object)
	case OpUnion, OpIntersection:
		f := formula{op: n.Op}
		for _, k := range n.Kids {
			f.parts = append(f.parts, g.write(k, object))
		}
		return f
	case OpExclusion:
		// What is taken away is an atom of its own, as if the model had named it.
		base := g.write(n.Kids[0], object)
		return formula{op: OpExclusion, parts: []formula{base}, atom: g.add(n.Kids[1], object)}
	case OpWhen:
		if len(n.Kids) == 0 {
			return constant(g.a.evalWhen(n, object))
		}
		v := g.a.conditions.OfRule(n.Condition, object)
		if v == No {
			return constant(No)
		}
		return formula{op: OpIntersection, parts: []formula{constant(v), g.write(n.Kids[0], object)}}
	}
	return constant(No)
}

func (g *ground) direct(r *Relation, object graph.ID) formula {
	f := formula{op: OpUnion, parts: []formula{constant(g.a.own(r, object))}}
	for e := range g.a.edges(object, r.Rel) {
		if e.SubjectRel == 0 || !slices.Contains(r.Usersets, e.SubjectRel) {
			continue
		}
		g.a.work += costOfFormula
		if v := g.a.Counts(e.Extra); v != No {
			of := g.atom(g.a.program.byRel[e.SubjectRel], e.Other)
			f.parts = append(f.parts, formula{op: OpIntersection, parts: []formula{constant(v), of}})
		}
	}
	return f
}

func (g *ground) from(n *Node, object graph.ID) formula {
	f := formula{op: OpUnion}
	for e := range g.a.edges(object, n.Tuples.Rel) {
		to := n.Target(g.a.TypeOf(e.Other))
		if to == nil || e.SubjectRel != 0 {
			continue
		}
		g.a.work += costOfFormula
		if v := g.a.Counts(e.Extra); v != No {
			of := g.atom(to, e.Other)
			f.parts = append(f.parts, formula{op: OpIntersection, parts: []formula{constant(v), of}})
		}
	}
	return f
}

// least gives the atoms that are at least `enough`, when what is excluded is read from excluded.
func (g *ground) least(excluded []bool, enough Verdict) []bool {
	held := make([]bool, len(g.atoms))
	waits := make([][]int, len(g.atoms)) // atoms to look at again, by the atom that they wait for
	queue := make([]int, len(g.atoms))
	for i := range queue {
		queue[i] = len(queue) - 1 - i // what was written last depends on little
		g.atoms[i].formula.positive(func(of int) { waits[of] = append(waits[of], i) })
	}
	for len(queue) > 0 && g.a.Spend() {
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
	if f.op == OpComputed {
		each(f.atom)
	}
	for i := range f.parts {
		f.parts[i].positive(each)
	}
}

func (f *formula) holds(held, excluded []bool, enough Verdict) bool {
	switch f.op {
	case OpComputed:
		return held[f.atom]
	case OpUnion:
		for i := range f.parts {
			if f.parts[i].holds(held, excluded, enough) {
				return true
			}
		}
		return false
	case OpIntersection, OpExclusion:
		for i := range f.parts {
			if !f.parts[i].holds(held, excluded, enough) {
				return false
			}
		}
		return f.op == OpIntersection || !excluded[f.atom]
	}
	return f.verdict >= enough
}
