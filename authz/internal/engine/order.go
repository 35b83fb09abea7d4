package engine

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// roleSet is a set of relations of tenants.
type roleSet struct {
	list []*Relation
	bits []uint64 // by graph.Rel
	wild bool
	// grouped are those whose tuples may have usersets as subjects.
	grouped []*Relation
	// through are the relations that the set was gathered through: a userset subject is in its own.
	through []graph.Rel
}

func (r *roleSet) has(rel graph.Rel) bool {
	i := int(rel >> 6)
	return i < len(r.bits) && r.bits[i]&(1<<(rel&63)) != 0
}

// order gives a program with the same answers that asks what is cheap first. Unions are
// flattened, the roles of tenants among their parts become one set, and parts under the same
// condition go under it together.
func (p *Program) order(n *Node) *Node {
	if n.Op == OpTenant && !n.To.hard {
		if set := p.roles(n.To); set != nil {
			return &Node{Op: opTenantRoles, roles: set}
		}
	}
	if len(n.Kids) == 0 {
		return n
	}
	ordered := *n
	ordered.Kids = nil
	if n.Op == OpUnion {
		ordered.Kids = p.flatten(n, nil)
		ordered.Kids = p.gather(ordered.Kids)
	} else {
		for _, k := range n.Kids {
			ordered.Kids = append(ordered.Kids, p.order(k))
		}
	}
	if n.Op == OpWhen {
		ordered.late = ordered.Kids[0].cost() < 10
	}
	if n.Op == OpUnion || n.Op == OpIntersection {
		sortByCost(ordered.Kids)
		if len(ordered.Kids) == 1 {
			return ordered.Kids[0]
		}
	}
	return &ordered
}

// flatten lists the parts of a union, and of the unions in it, in the order of the model.
func (p *Program) flatten(n *Node, list []*Node) []*Node {
	for _, k := range n.Kids {
		if k.Op == OpUnion {
			list = p.flatten(k, list)
		} else {
			list = append(list, k)
		}
	}
	return list
}

// gather orders the parts of a union, and puts together what can be asked together.
func (p *Program) gather(parts []*Node) []*Node {
	under := map[int]*Node{}
	var list []*Node
	for _, k := range parts {
		if k.Op != OpWhen || len(k.Kids) == 0 {
			list = append(list, k)
			continue
		}
		if first := under[k.Condition]; first != nil {
			first.Kids[0] = &Node{Op: OpUnion, Kids: []*Node{first.Kids[0], k.Kids[0]}}
			continue
		}
		w := *k
		w.Kids = slices.Clone(k.Kids)
		under[k.Condition] = &w
		list = append(list, &w)
	}
	var rest []*Node
	var set *roleSet
	for _, k := range list {
		k = p.order(k)
		if k.Op != opTenantRoles {
			rest = append(rest, k)
			continue
		}
		if set == nil {
			set = &roleSet{}
			rest = append(rest, &Node{Op: opTenantRoles, roles: set})
		}
		set.join(k.roles)
	}
	return rest
}

// sortByCost keeps the order of equals, and so the answers' timing predictable.
func sortByCost(kids []*Node) {
	for i := range kids {
		for j := i; j > 0 && kids[j].cost() < kids[j-1].cost(); j-- {
			kids[j], kids[j-1] = kids[j-1], kids[j]
		}
	}
}

func (n *Node) cost() int {
	switch n.Op {
	case OpNone:
		return 0
	case opTenantRoles:
		return 1 + 4*min(len(n.roles.grouped), 1)
	case OpDirect:
		if r := n.Tuples; r.Rel != 0 && !r.Conditional && len(r.Usersets) == 0 {
			return 2
		}
		return 4
	case OpWhen:
		if len(n.Kids) == 0 {
			return 3
		}
		return 3 + n.Kids[0].cost()
	case OpComputed, OpTenant:
		return 10
	case OpFrom:
		return 20
	}
	sum := 0
	for _, k := range n.Kids {
		sum += k.cost()
	}
	return sum
}

// leaf reports whether a program asks no relation but by looking at tuples once.
func (n *Node) leaf() bool {
	switch n.Op {
	case OpComputed, OpFrom, OpTenant:
		return false
	case OpDirect:
		return len(n.Tuples.Usersets) == 0
	case opTenantRoles:
		return len(n.roles.grouped) == 0
	}
	for _, k := range n.Kids {
		if !k.leaf() {
			return false
		}
	}
	return true
}

// roles gives the relations of tenants whose tuples make up r; nil when more goes into r than tuples.
func (p *Program) roles(r *Relation) *roleSet {
	through := map[*Relation]bool{r: true}
	var list []*Relation
	var collect func(n *Node) bool
	collect = func(n *Node) bool {
		switch n.Op {
		case OpDirect:
			list = append(list, n.Tuples)
			return true
		case OpComputed:
			if through[n.To] {
				return true
			}
			through[n.To] = true
			return collect(n.To.Body)
		case OpUnion:
			for _, k := range n.Kids {
				if !collect(k) {
					return false
				}
			}
			return true
		}
		return false
	}
	if !collect(r.Body) {
		return nil
	}
	set := &roleSet{}
	for _, r := range list {
		set.add(r)
	}
	for r := range through {
		set.through = append(set.through, r.Rel)
	}
	return set
}

func (r *roleSet) add(role *Relation) {
	if r.has(role.Rel) {
		return
	}
	r.list = append(r.list, role)
	word := int(role.Rel >> 6)
	for len(r.bits) <= word {
		r.bits = append(r.bits, 0)
	}
	r.bits[word] |= 1 << (role.Rel & 63)
	r.wild = r.wild || role.Wild
	if len(role.Usersets) > 0 {
		r.grouped = append(r.grouped, role)
	}
}

func (r *roleSet) join(other *roleSet) {
	for _, role := range other.list {
		r.add(role)
	}
	r.through = append(r.through, other.through...)
}
