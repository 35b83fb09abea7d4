package engine

// edge is a dependency of one relation on another.
type edge struct {
	to       *Relation
	negative bool
}

// edges gives what a program asks, with what it excludes marked.
func (n *Node) edges(p *Program, negative bool, list []edge) []edge {
	switch n.Op {
	case OpDirect:
		for _, u := range n.Tuples.Usersets {
			list = append(list, edge{p.byRel[u], negative})
		}
	case OpComputed, OpTenant:
		list = append(list, edge{n.To, negative})
	case OpFrom:
		for _, to := range n.Targets {
			if to != nil {
				list = append(list, edge{to, negative})
			}
		}
	}
	for i, k := range n.Kids {
		list = k.edges(p, negative || n.Op == OpExclusion && i == 1, list)
	}
	return list
}

// analyse finds out which relations need the slow exact way, and which can be climbed.
func (p *Program) analyse() {
	needs := make([][]edge, len(p.Relations)+1)
	for _, r := range p.Relations {
		needs[r.Index] = r.Body.edges(p, false, nil)
	}
	component := components(needs)
	for _, r := range p.Relations {
		for _, e := range needs[r.Index] {
			if e.negative && component[r.Index] == component[e.to.Index] {
				r.hard = true
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for _, r := range p.Relations {
			for _, e := range needs[r.Index] {
				if e.to.hard && !r.hard {
					r.hard, changed = true, true
				}
			}
		}
	}
	p.findMembers(needs)
	p.climb = newClimb(p)
}

// components numbers the strongly connected components (Tarjan, SIAM J. Comput. 1972).
func components(needs [][]edge) []int {
	n := len(needs)
	index, low, component := make([]int, n), make([]int, n), make([]int, n)
	var stack []int
	next, found := 0, 0
	var visit func(v int)
	visit = func(v int) {
		next++
		index[v], low[v] = next, next
		stack = append(stack, v)
		for _, e := range needs[v] {
			w := e.to.Index
			if index[w] == 0 {
				visit(w)
				low[v] = min(low[v], low[w])
			} else if component[w] == 0 {
				low[v] = min(low[v], index[w])
			}
		}
		if low[v] != index[v] {
			return
		}
		found++
		for {
			w := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			component[w] = found
			if w == v {
				return
			}
		}
	}
	for v := 1; v < n; v++ {
		if index[v] == 0 {
			visit(v)
		}
	}
	return component
}

// findMembers marks the relations that are made of unconditional tuples and unions, all the way down.
func (p *Program) findMembers(needs [][]edge) {
	for _, r := range p.Relations {
		r.member = r.Rel != 0 && r.Body.union() && !r.conditional()
	}
	for changed := true; changed; {
		changed = false
		for _, r := range p.Relations {
			for _, e := range needs[r.Index] {
				if r.member && !e.to.member {
					r.member, changed = false, true
				}
			}
		}
	}
}

// union reports whether a program only adds up tuples and relations of the same object.
func (n *Node) union() bool {
	switch n.Op {
	case OpDirect, OpComputed:
		return true
	case OpUnion:
		for _, k := range n.Kids {
			if !k.union() {
				return false
			}
		}
		return true
	}
	return false
}

// reads lists the relations whose own tuples a union holds, and those that it takes whole.
func (n *Node) reads() (tuples, whole []*Relation) {
	switch n.Op {
	case OpDirect:
		return []*Relation{n.Tuples}, nil
	case OpComputed:
		return nil, []*Relation{n.To}
	}
	for _, k := range n.Kids {
		t, w := k.reads()
		tuples, whole = append(tuples, t...), append(whole, w...)
	}
	return tuples, whole
}

// conditional reports whether the tuples that a union reads may carry conditions.
func (r *Relation) conditional() bool {
	tuples, _ := r.Body.reads()
	for _, t := range tuples {
		if t.Conditional {
			return true
		}
	}
	return false
}
