package authz

// edge is a dependency of one relation on another.
type edge struct {
	to       *relation
	negative bool
}

// edges gives what a program asks, with what it excludes marked.
func (n *node) edges(c *compiled, negative bool, list []edge) []edge {
	switch n.op {
	case opDirect:
		for _, s := range n.rel.source.Subjects {
			if s.Relation != "" {
				list = append(list, edge{c.types[s.Type].relations[s.Relation], negative})
			}
		}
	case opComputed, opTenant:
		list = append(list, edge{n.to, negative})
	case opFrom:
		for _, to := range n.targets {
			if to != nil {
				list = append(list, edge{to, negative})
			}
		}
	}
	for i, k := range n.kids {
		list = k.edges(c, negative || n.op == opExclusion && i == 1, list)
	}
	return list
}

// analyse finds out which relations need the slow exact way, and which can be climbed.
func (c *compiled) analyse() {
	needs := make([][]edge, len(c.all)+1)
	for _, r := range c.all {
		needs[r.index] = r.body.edges(c, false, nil)
	}
	component := components(needs)
	for _, r := range c.all {
		for _, e := range needs[r.index] {
			if e.negative && component[r.index] == component[e.to.index] {
				r.hard = true
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for _, r := range c.all {
			for _, e := range needs[r.index] {
				if e.to.hard && !r.hard {
					r.hard, changed = true, true
				}
			}
		}
	}
	c.findMembers(needs)
	c.climb = newClimb(c)
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
			w := e.to.index
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
func (c *compiled) findMembers(needs [][]edge) {
	for _, r := range c.all {
		r.member = r.rel != 0 && r.body.union() && !r.conditional()
	}
	for changed := true; changed; {
		changed = false
		for _, r := range c.all {
			for _, e := range needs[r.index] {
				if r.member && !e.to.member {
					r.member, changed = false, true
				}
			}
		}
	}
}

// union reports whether a program only adds up tuples and relations of the same object.
func (n *node) union() bool {
	switch n.op {
	case opDirect, opComputed:
		return true
	case opUnion:
		for _, k := range n.kids {
			if !k.union() {
				return false
			}
		}
		return true
	}
	return false
}

// tuples lists the relations whose own tuples a union holds, and those that it takes whole.
func (n *node) tuples() (tuples, whole []*relation) {
	switch n.op {
	case opDirect:
		return []*relation{n.rel}, nil
	case opComputed:
		return nil, []*relation{n.to}
	}
	for _, k := range n.kids {
		t, w := k.tuples()
		tuples, whole = append(tuples, t...), append(whole, w...)
	}
	return tuples, whole
}

// conditional reports whether the tuples that a union reads may carry conditions.
func (r *relation) conditional() bool {
	tuples, _ := r.body.tuples()
	for _, t := range tuples {
		for _, s := range t.source.Subjects {
			if s.Condition != "" {
				return true
			}
		}
	}
	return false
}
