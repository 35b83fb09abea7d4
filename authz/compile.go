package authz

import (
	"maps"
	"sync"

	"github.com/writ-dev/writ/authz/internal/graph"
	"github.com/writ-dev/writ/internal/expr"
)

// compiled is a model made ready to run. It is immutable but for the scratch
// that its questions share.
type compiled struct {
	askers     sync.Pool
	model      *Model
	types      map[string]*kind
	kinds      directory[kind] // types again, for questions
	byType     []*kind         // by graph.Type; nil where the model has none
	byRel      []*relation
	conditions map[string]*Condition
	tenant     *kind // nil when the model has no tenants
	tenantType graph.Type
	climb      climb
	all        []*relation
	reverse    *reverse // for lists
}

// kind is a type of the model.
type kind struct {
	source     *Type
	number     graph.Type
	attributes map[string]expr.Type
	relations  map[string]*relation
	actions    map[string]*relation
	goals      directory[relation] // what a request's action may be
	everyone   bool                // some relation takes all subjects of this type at once
}

// relation is a relation or an action with what was found out about it.
type relation struct {
	source *Relation
	of     *kind
	index  int       // in compiled.all, from 1
	rel    graph.Rel // 0 for actions: no tuple names them
	body   *node     // as the model has it
	fast   *node     // the same, in the order that is cheapest to ask
	// usersets are the userset subjects that the tuples may have, plainly the types of those that are entities.
	usersets []graph.Rel
	plainly  []graph.Type
	wild     bool // tuples may stand for everyone of a type
	plain    bool // tuples carry no conditions and have no usersets as subjects

	gives  int    // how much who has it has: see weigh
	climbs bool   // climbing finds all members of usersets
	member bool   // made of tuples and unions alone: see [climb]
	leaf   bool   // asks no other relation: not worth remembering
	hard   bool   // leads to a cycle through an exclusion: see solve
	chain  *chain // nil when it is none
}

type op uint8

const (
	opNone        op = iota
	opDirect         // tuples of rel
	opComputed       // to, on the same object
	opFrom           // targets, on the subjects of the tuples of rel
	opTenant         // to, on the tenant
	opTenantRoles    // tuples of any of roles, on the tenant
	opWhen
	opUnion
	opIntersection
	opExclusion // kids: base, minus
)

// node is a step of a program. Nodes of a relation's body match its rewrite one to one.
type node struct {
	op   op
	rel  *relation // whose tuples opDirect and opFrom read
	to   *relation
	kids []*node
	// targets are the relations that opFrom asks, by the type of the related object;
	// only is the one when all related objects are of one type.
	targets []*relation // by graph.Type
	only    *relation
	roles   *roleSet
	when    *When
	subject *kind // of an opWhen without kids
	late    bool  // the condition of an opWhen costs more than what it stands before
}

// compile numbers the names of a model that validate has found no fault in.
func compile(m *Model, e *graph.Edit) *compiled {
	c := &compiled{model: m, types: map[string]*kind{}, conditions: map[string]*Condition{}, tenantType: e.Type(TenantType)}
	for i := range m.Conditions {
		c.conditions[m.Conditions[i].Name] = &m.Conditions[i]
	}
	for i := range m.Types {
		c.declare(&m.Types[i], e)
	}
	c.tenant = c.types[TenantType]
	for _, r := range c.all {
		for _, s := range r.source.Subjects {
			of := c.types[s.Type]
			if s.Relation == "" {
				r.plainly = append(r.plainly, of.number)
			} else {
				r.usersets = append(r.usersets, of.relations[s.Relation].rel)
			}
			if s.Everyone {
				r.wild, of.everyone = true, true
			}
			r.plain = r.plain && s.Relation == "" && s.Condition == ""
		}
	}
	for _, r := range c.all {
		r.body = c.node(r, r.source.Rewrite)
	}
	c.analyse()
	for _, r := range c.all {
		r.fast = c.order(r.body)
	}
	for _, r := range c.all {
		r.leaf = r.fast.leaf()
		r.climbs = len(r.usersets) > 0
		for _, u := range r.usersets {
			r.climbs = r.climbs && c.climb.covers(u)
		}
	}
	for _, r := range c.all {
		r.chain = r.findChain(c)
	}
	c.reverse = newReverse(c)
	c.kinds = newDirectory(c.types)
	for _, k := range c.types {
		goals := map[string]*relation{}
		if !k.source.ActionsOnly {
			maps.Copy(goals, k.relations)
		}
		maps.Copy(goals, k.actions)
		k.goals = newDirectory(goals)
	}
	c.weigh()
	return c
}

func (c *compiled) declare(t *Type, e *graph.Edit) {
	k := &kind{
		source: t, number: e.Type(t.Name), attributes: map[string]expr.Type{},
		relations: map[string]*relation{}, actions: map[string]*relation{},
	}
	c.types[t.Name] = k
	c.byType = put(c.byType, int(k.number), k)
	for _, a := range t.Attributes {
		k.attributes[a.Name] = a.Type
	}
	for i := range t.Relations {
		r := &relation{source: &t.Relations[i], of: k, rel: e.Rel(k.number, t.Relations[i].Name), plain: true}
		k.relations[r.source.Name] = r
		c.byRel = put(c.byRel, int(r.rel), r)
		c.add(r)
	}
	for i := range t.Actions {
		r := &relation{source: &t.Actions[i], of: k}
		k.actions[r.source.Name] = r
		c.add(r)
	}
}

func (c *compiled) add(r *relation) {
	c.all = append(c.all, r)
	r.index = len(c.all)
}

// put sets l[i], lengthening l.
func put[T any](l []T, i int, v T) []T {
	for len(l) <= i {
		var none T
		l = append(l, none)
	}
	l[i] = v
	return l
}

// relation gives the relation that a tuple of the model names, nil for none.
func (c *compiled) relation(rel graph.Rel) *relation {
	if int(rel) < len(c.byRel) {
		return c.byRel[rel]
	}
	return nil
}

func (c *compiled) kind(t graph.Type) *kind {
	if int(t) < len(c.byType) {
		return c.byType[t]
	}
	return nil
}

// node compiles a rewrite as it stands.
func (c *compiled) node(r *relation, w Rewrite) *node {
	all := func(o op, of ...Rewrite) *node {
		n := &node{op: o}
		for _, w := range of {
			n.kids = append(n.kids, c.node(r, w))
		}
		return n
	}
	switch w := w.(type) {
	case Direct:
		return &node{op: opDirect, rel: r}
	case Stored:
		return &node{op: opDirect, rel: r.of.relations[w.Relation]}
	case Computed:
		return &node{op: opComputed, to: r.of.relations[w.Relation]}
	case From:
		n, mixed := &node{op: opFrom, rel: r.of.relations[w.Tupleset]}, false
		for _, s := range n.rel.source.Subjects {
			of := c.types[s.Type]
			if to := of.relations[w.Relation]; to != nil {
				n.targets = put(n.targets, int(of.number), to)
				n.only = to
			}
			if s.Type != n.rel.source.Subjects[0].Type {
				mixed = true
			}
		}
		if mixed {
			n.only = nil
		}
		return n
	case InTenant:
		return &node{op: opTenant, to: c.tenant.relations[w.Relation]}
	case When:
		if w.Then == nil {
			return &node{op: opWhen, when: &w, subject: c.types[w.Subject]}
		}
		n := all(opWhen, w.Then)
		n.when = &w
		return n
	case Union:
		return all(opUnion, w.Of...)
	case Intersection:
		return all(opIntersection, w.Of...)
	case Exclusion:
		return all(opExclusion, w.Base, w.Minus)
	}
	return &node{}
}
