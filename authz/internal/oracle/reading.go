package oracle

import (
	"maps"
	"slices"

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
	} else if r.q.Subject.Type != rw.Subject || r.many() {
		return No
	}
	if then == No {
		return No
	}
	return min(then, r.run(rw.Condition, &attributes{r.asking, r.object}))
}

// many says that the subject is no single one.
func (e *asking) many() bool { return e.q.SubjectRelation != "" || e.q.Subject.ID == authz.Everyone }

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
		all := a.of(a.subject().Entity, a.q.Subject.Properties)
		all["roles"], all["tenants"] = a.roles(), a.tenants()
		return all
	case authz.VarResource:
		var request map[string]any
		if a.object == a.resource() {
			request = a.q.Resource.Properties
		}
		all := a.of(a.object, request)
		delete(all, "tenant")
		if r, ok := a.w.record(a.object); ok && r.Tenant != "" {
			all["tenant"] = r.Tenant
		} else if a.object == a.resource() && a.tenant != "" {
			all["tenant"] = a.tenant
		}
		return all
	case authz.VarTenant:
		if a.tenant == "" {
			return nil
		}
		return a.of(authz.Entity{Type: authz.TenantType, ID: a.tenant}, nil)
	case authz.VarContext:
		return a.q.Context
	case authz.VarAction:
		all := maps.Clone(a.q.Action.Properties)
		if all == nil {
			all = map[string]any{}
		}
		all["name"] = a.q.Action.Name
		return all
	}
	return nil
}

func (a *attributes) roles() []any {
	return a.given(func(t authz.Tuple) string {
		if t.Object.ID != a.tenant {
			return ""
		}
		return t.Relation
	})
}

func (a *attributes) tenants() []any {
	return a.given(func(t authz.Tuple) string { return t.Object.ID })
}

// given names what f finds in the tuples that give the subject itself a role in a tenant.
func (a *attributes) given(f func(authz.Tuple) string) []any {
	var names []string
	tenants := a.w.kind(authz.TenantType)
	for _, t := range a.tuples {
		if tenants == nil || t.Object.Type != authz.TenantType || t.Subject != a.subject() {
			continue
		}
		r := &reading{asking: a.asking}
		if of := find(tenants.Relations, t.Relation); of != nil && of.Role && f(t) != "" && r.counts(t) == Yes {
			names = append(names, f(t))
		}
	}
	slices.Sort(names)
	list := []any{}
	for _, n := range slices.Compact(names) {
		list = append(list, n)
	}
	return list
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
		if v != nil { // null says nothing: it must not hide what is stored
			all[k] = v
		}
	}
	all["key"], all["id"], all["type"] = e.ID, e.ID, e.Type
	return all
}
