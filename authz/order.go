package authz

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
	"github.com/writ-dev/writ/internal/expr"
)

// roleSet is a set of relations of tenants.
type roleSet struct {
	list []*relation
	bits []uint64 // by graph.Rel
	wild bool
	// grouped are those whose tuples may have usersets as subjects.
	grouped []*relation
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
func (c *compiled) order(n *node) *node {
	if n.op == opTenant && !n.to.hard {
		if set := c.roles(n.to); set != nil {
			return &node{op: opTenantRoles, roles: set}
		}
	}
	if len(n.kids) == 0 {
		return n
	}
	ordered := *n
	ordered.kids = nil
	if n.op == opUnion {
		ordered.kids = c.flatten(n, nil)
		ordered.kids = c.gather(ordered.kids)
	} else {
		for _, k := range n.kids {
			ordered.kids = append(ordered.kids, c.order(k))
		}
	}
	if n.op == opWhen {
		ordered.late = ordered.kids[0].cost() < 10
	}
	if n.op == opUnion || n.op == opIntersection {
		sortByCost(ordered.kids)
		if len(ordered.kids) == 1 {
			return ordered.kids[0]
		}
	}
	return &ordered
}

// flatten lists the parts of a union, and of the unions in it, in the order of the model.
func (c *compiled) flatten(n *node, list []*node) []*node {
	for _, k := range n.kids {
		if k.op == opUnion {
			list = c.flatten(k, list)
		} else {
			list = append(list, k)
		}
	}
	return list
}

// gather orders the parts of a union, and puts together what can be asked together.
func (c *compiled) gather(parts []*node) []*node {
	under := map[*expr.Program]*node{}
	var list []*node
	for _, k := range parts {
		if k.op != opWhen || len(k.kids) == 0 {
			list = append(list, k)
			continue
		}
		if first := under[k.when.Condition]; first != nil {
			first.kids[0] = &node{op: opUnion, kids: []*node{first.kids[0], k.kids[0]}}
			continue
		}
		w := *k
		w.kids = slices.Clone(k.kids)
		under[k.when.Condition] = &w
		list = append(list, &w)
	}
	var rest []*node
	var set *roleSet
	for _, k := range list {
		k = c.order(k)
		if k.op != opTenantRoles {
			rest = append(rest, k)
			continue
		}
		if set == nil {
			set = &roleSet{}
			rest = append(rest, &node{op: opTenantRoles, roles: set})
		}
		set.join(k.roles)
	}
	return rest
}

// sortByCost keeps the order of equals, and so the answers' timing predictable.
func sortByCost(kids []*node) {
	for i := range kids {
		for j := i; j > 0 && kids[j].cost() < kids[j-1].cost(); j-- {
			kids[j], kids[j-1] = kids[j-1], kids[j]
		}
	}
}

func (n *node) cost() int {
	switch n.op {
	case opNone:
		return 0
	case opTenantRoles:
		return 1 + 4*min(len(n.roles.grouped), 1)
	case opDirect:
		if n.rel.plain {
			return 2
		}
		return 4
	case opWhen:
		if len(n.kids) == 0 {
			return 3
		}
		return 3 + n.kids[0].cost()
	case opComputed, opTenant:
		return 10
	case opFrom:
		return 20
	}
	sum := 0
	for _, k := range n.kids {
		sum += k.cost()
	}
	return sum
}

// leaf reports whether a program asks no relation but by looking at tuples once.
func (n *node) leaf() bool {
	switch n.op {
	case opComputed, opFrom, opTenant:
		return false
	case opDirect:
		return len(n.rel.usersets) == 0
	case opTenantRoles:
		return len(n.roles.grouped) == 0
	}
	for _, k := range n.kids {
		if !k.leaf() {
			return false
		}
	}
	return true
}

// roles gives the relations of tenants whose tuples make up r; nil when more goes into r than tuples.
func (c *compiled) roles(r *relation) *roleSet {
	through := map[*relation]bool{r: true}
	var list []*relation
	var collect func(n *node) bool
	collect = func(n *node) bool {
		switch n.op {
		case opDirect:
			list = append(list, n.rel)
			return true
		case opComputed:
			if through[n.to] {
				return true
			}
			through[n.to] = true
			return collect(n.to.body)
		case opUnion:
			for _, k := range n.kids {
				if !collect(k) {
					return false
				}
			}
			return true
		}
		return false
	}
	if !collect(r.body) {
		return nil
	}
	set := &roleSet{}
	for _, r := range list {
		set.add(r)
	}
	for r := range through {
		set.through = append(set.through, r.rel)
	}
	return set
}

func (r *roleSet) add(role *relation) {
	if r.has(role.rel) {
		return
	}
	r.list = append(r.list, role)
	word := int(role.rel >> 6)
	for len(r.bits) <= word {
		r.bits = append(r.bits, 0)
	}
	r.bits[word] |= 1 << (role.rel & 63)
	r.wild = r.wild || role.wild
	if len(role.usersets) > 0 {
		r.grouped = append(r.grouped, role)
	}
}

func (r *roleSet) join(other *roleSet) {
	for _, role := range other.list {
		r.add(role)
	}
	r.through = append(r.through, other.through...)
}
