package authz

import (
	"maps"
	"sync"

	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
	"github.com/writ-dev/writ/authz/internal/walk"
	"github.com/writ-dev/writ/internal/expr"
)

// compiled is a model made ready to run. It is immutable but for the scratch
// that its questions share.
type compiled struct {
	questions  sync.Pool
	model      *Model
	types      map[string]*kind
	kinds      directory[kind] // types again, for questions
	conditions map[string]*Condition
	tenant     *kind // nil when the model has no tenants
	tenantType graph.Type
	all        []*relation // by engine.Relation.Index-1
	program    *engine.Program
	rules      []*expr.Program // the conditions of Whens, by engine.Node.Condition
	ruleOf     map[*expr.Program]int
	uses       *walk.Uses // for lists
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

// relation is a relation or an action: what the engine has of it, and where it comes from. The nodes
// of its Body match the rewrite of its source one to one.
type relation struct {
	engine.Relation
	source *Relation
	of     *kind
	gives  int // how much who has it has: see [walk.Uses.Weights]
}

// compile numbers the names of a model that validate has found no fault in.
func compile(m *Model, e *graph.Edit) *compiled {
	c := &compiled{model: m, types: map[string]*kind{}, conditions: map[string]*Condition{}, tenantType: e.Type(TenantType), ruleOf: map[*expr.Program]int{}}
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
				r.Plainly = append(r.Plainly, of.number)
			} else {
				r.Usersets = append(r.Usersets, of.relations[s.Relation].Rel)
			}
			if s.Everyone {
				r.Wild, of.everyone = true, true
			}
			r.Conditional = r.Conditional || s.Condition != ""
		}
	}
	relations := make([]*engine.Relation, len(c.all))
	for i, r := range c.all {
		r.Body = c.node(r, r.source.Rewrite)
		relations[i] = &r.Relation
	}
	c.program = engine.New(relations)
	c.uses = walk.NewUses(c.program, c.tenantType)
	for i, weight := range c.uses.Weights() {
		c.all[i].gives = weight
	}
	c.kinds = newDirectory(c.types)
	for _, k := range c.types {
		goals := map[string]*relation{}
		if !k.source.ActionsOnly {
			maps.Copy(goals, k.relations)
		}
		maps.Copy(goals, k.actions)
		k.goals = newDirectory(goals)
	}
	return c
}

func (c *compiled) declare(t *Type, e *graph.Edit) {
	k := &kind{
		source: t, number: e.Type(t.Name), attributes: map[string]expr.Type{},
		relations: map[string]*relation{}, actions: map[string]*relation{},
	}
	c.types[t.Name] = k
	for _, a := range t.Attributes {
		k.attributes[a.Name] = a.Type
	}
	for i := range t.Relations {
		r := c.add(k, &t.Relations[i], e.Rel(k.number, t.Relations[i].Name))
		k.relations[r.source.Name] = r
	}
	for i := range t.Actions {
		r := c.add(k, &t.Actions[i], 0)
		k.actions[r.source.Name] = r
	}
}

func (c *compiled) add(of *kind, source *Relation, rel graph.Rel) *relation {
	r := &relation{Relation: engine.Relation{Of: of.number, Rel: rel}, source: source, of: of}
	c.all = append(c.all, r)
	return r
}

// relation gives the relation that a tuple of the model names, nil for none.
func (c *compiled) relation(rel graph.Rel) *relation { return c.from(c.program.Relation(rel)) }

// from is where a relation of the program comes from.
func (c *compiled) from(r *engine.Relation) *relation {
	if r == nil {
		return nil
	}
	return c.all[r.Index-1]
}

// node compiles a rewrite as it stands.
func (c *compiled) node(r *relation, w Rewrite) *engine.Node {
	all := func(o engine.Op, of ...Rewrite) *engine.Node {
		n := &engine.Node{Op: o}
		for _, w := range of {
			n.Kids = append(n.Kids, c.node(r, w))
		}
		return n
	}
	switch w := w.(type) {
	case Direct:
		return &engine.Node{Op: engine.OpDirect, Tuples: &r.Relation}
	case Stored:
		return &engine.Node{Op: engine.OpDirect, Tuples: &r.of.relations[w.Relation].Relation}
	case Computed:
		return &engine.Node{Op: engine.OpComputed, To: &r.of.relations[w.Relation].Relation}
	case From:
		tupleset := r.of.relations[w.Tupleset]
		n := &engine.Node{Op: engine.OpFrom, Tuples: &tupleset.Relation}
		for _, s := range tupleset.source.Subjects {
			of := c.types[s.Type]
			if to := of.relations[w.Relation]; to != nil {
				n.Lead(of.number, &to.Relation)
			}
		}
		return n
	case InTenant:
		return &engine.Node{Op: engine.OpTenant, To: &c.tenant.relations[w.Relation].Relation}
	case When:
		if w.Then == nil {
			return &engine.Node{Op: engine.OpWhen, Condition: c.rule(w.Condition), Subject: c.types[w.Subject].number}
		}
		n := all(engine.OpWhen, w.Then)
		n.Condition = c.rule(w.Condition)
		return n
	case Union:
		return all(engine.OpUnion, w.Of...)
	case Intersection:
		return all(engine.OpIntersection, w.Of...)
	case Exclusion:
		return all(engine.OpExclusion, w.Base, w.Minus)
	}
	return &engine.Node{}
}

// rule numbers a condition: the same one for all Whens that share it.
func (c *compiled) rule(p *expr.Program) int {
	i, known := c.ruleOf[p]
	if !known {
		i = len(c.rules)
		c.rules, c.ruleOf[p] = append(c.rules, p), i
	}
	return i
}
