package oracle

import (
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/expr"
)

// reading is the reading of one relation's rewrite on one object. lookup gives the
// atoms that do not stand below an exclusion; those that do are as settled.
type reading struct {
	*asking
	object   authz.Entity
	relation string // of Direct
	lookup   func(atom) Verdict
}

func (r *reading) holds(rw authz.Rewrite, positive bool) Verdict {
	look := r.lookup
	if !positive {
		look = r.atom
	}
	switch rw := rw.(type) {
	case authz.Direct:
		return r.stored(r.relation, look)
	case authz.Stored:
		return r.stored(rw.Relation, look)
	case authz.Computed:
		return look(atom{r.object, rw.Relation})
	case authz.From:
		return r.from(rw, look)
	case authz.InTenant:
		if r.tenant == "" {
			return No
		}
		return look(atom{authz.Entity{Type: authz.TenantType, ID: r.tenant}, rw.Relation})
	case authz.When:
		return r.when(rw, positive)
	case authz.Union:
		best := No
		for _, of := range rw.Of {
			best = max(best, r.holds(of, positive))
		}
		return best
	case authz.Intersection:
		worst := Yes
		for _, of := range rw.Of {
			worst = min(worst, r.holds(of, positive))
		}
		return worst
	case authz.Exclusion:
		return min(r.holds(rw.Base, positive), not(r.holds(rw.Minus, false)))
	}
	panic("a rewrite that the oracle does not know")
}

// stored asks the object's tuples of a relation.
func (r *reading) stored(relation string, look func(atom) Verdict) Verdict {
	best := No
	for _, t := range r.tuples {
		if t.Object != r.object || t.Relation != relation {
			continue
		}
		best = max(best, min(r.counts(t), r.stands(t.Subject, look)))
	}
	return best
}

// stands says whether the subject is the holder or one of its members.
func (r *reading) stands(h authz.Holder, look func(atom) Verdict) Verdict {
	subject := r.subject()
	switch {
	case h == subject:
		return Yes
	case h.Relation != "":
		return look(atom{h.Entity, h.Relation})
	case h.ID == authz.Everyone && h.Type == subject.Type && subject.Relation == "":
		return Yes
	}
	return No
}

// counts says whether a tuple is in force.
func (r *reading) counts(t authz.Tuple) Verdict {
	if !t.Expires.IsZero() && !r.q.Now.Before(t.Expires) {
		return No
	}
	if t.Condition == "" {
		return Yes
	}
	for _, c := range r.w.Model.Conditions {
		if c.Name == t.Condition {
			from := &parameters{c.Params, t.Params, r.q.Context}
			for i := range c.Params {
				if _, given := from.Value(i, ""); !given {
					return Unknown
				}
			}
			return r.run(c.Program, from)
		}
	}
	return No
}

func (r *reading) from(rw authz.From, look func(atom) Verdict) Verdict {
	best := No
	for _, t := range r.tuples {
		if t.Object != r.object || t.Relation != rw.Tupleset || t.Subject.Relation != "" {
			continue
		}
		kind := r.w.kind(t.Subject.Type)
		if kind == nil || find(kind.Relations, rw.Relation) == nil {
			continue
		}
		best = max(best, min(r.counts(t), look(atom{t.Subject.Entity, rw.Relation})))
	}
	return best
}

func (r *reading) when(rw authz.When, positive bool) Verdict {
	then := Yes
	if rw.Then != nil {
		then = r.holds(rw.Then, positive)
	} else if r.q.Subject.Type != rw.Subject || r.q.SubjectRelation != "" {
		return No
	}
	if then == No {
		return No
	}
	return min(then, r.run(rw.Condition, &attributes{r.asking, r.object}))
}

func (e *asking) run(p *expr.Program, from expr.Source) Verdict {
	eval := e.w.Eval
	if eval == nil {
		eval = (*expr.Program).Eval
	}
	switch ok, err := eval(p, from); {
	case err != nil:
		return Unknown
	case ok:
		return Yes
	}
	return No
}

// parameters are the values of a tuple's condition.
type parameters struct {
	names          []expr.Variable
	tuple, context map[string]any
}

func (p *parameters) Value(variable int, _ string) (any, bool) {
	name := p.names[variable].Name
	if v, ok := p.tuple[name]; ok {
		return v, true
	}
	v, ok := p.context[name]
	return v, ok
}

func (p *parameters) Fields(int) map[string]any { return nil }

// attributes are the values of a rule's condition on an object.
type attributes struct {
	*asking
	object authz.Entity
}

func (a *attributes) Value(variable int, field string) (any, bool) {
	if field == "" {
		return a.Fields(variable), true
	}
	v, ok := a.Fields(variable)[field]
	return v, ok
}

func (a *attributes) Fields(variable int) map[string]any {
	switch variable {
	case authz.VarUser:
		if a.q.SubjectRelation != "" {
			return nil // of each of the many nothing is known
		}
		return a.of(a.subject().Entity, a.q.Subject.Properties)
	case authz.VarResource:
		if a.object != a.resource() {
			return a.of(a.object, nil)
		}
		return a.of(a.object, a.q.Resource.Properties)
	case authz.VarTenant:
		return a.of(authz.Entity{Type: authz.TenantType, ID: a.tenant}, nil)
	case authz.VarContext:
		return a.q.Context
	case authz.VarAction:
		return a.q.Action.Properties
	}
	return nil
}

// of lays what the request says over what is stored, and that over the profile.
func (a *attributes) of(e authz.Entity, request map[string]any) map[string]any {
	all := map[string]any{}
	r, _ := a.w.record(e)
	for k, v := range r.Profile {
		all[k] = v
	}
	for k, v := range r.Attributes {
		all[k] = v
	}
	for k, v := range request {
		all[k] = v
	}
	return all
}
