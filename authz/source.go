package authz

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
	"github.com/writ-dev/writ/internal/expr"
)

// Value implements [expr.Source] for the conditions of a [When] on the object a.at: what the request
// says, then what is stored, then what the profile says. Who and what the parts
// are, and the roles of the user, come from the facts alone.
func (a *question) Value(variable int, field string) (any, bool) {
	if field == "" {
		return a.Fields(variable), true
	}
	switch variable {
	case VarUser:
		if a.SubjectRel != 0 {
			return nil, false // nothing is known of each of the many
		}
		switch field {
		case "roles":
			return a.roles(), true
		case "tenants":
			return a.tenants(), true
		}
		return a.fieldOf(a.Subject, a.q.Subject.Properties, field)
	case VarResource:
		if field == "tenant" {
			return a.tenantOf(a.at)
		}
		if a.at == a.resource {
			return a.fieldOf(a.at, a.q.Resource.Properties, field)
		}
		return a.fieldOf(a.at, nil, field)
	case VarTenant:
		if a.Tenant == 0 {
			return nil, false
		}
		return a.fieldOf(a.Tenant, nil, field)
	case VarContext:
		return given(a.q.Context, field)
	case VarAction:
		if field == "name" {
			return a.q.Action.Name, true
		}
		return given(a.q.Action.Properties, field)
	}
	return nil, false
}

// fieldOf gives a field of an entity.
func (a *question) fieldOf(id graph.ID, request map[string]any, field string) (any, bool) {
	switch field {
	case "key", "id":
		return a.name(id).ID, true
	case "type":
		return a.name(id).Type, true
	}
	// A null of the request says nothing: it must not hide what is stored from a rule that denies.
	if v, ok := given(request, field); ok && v != nil {
		return v, true
	}
	return stored(a.Record(id), field)
}

func stored(r *graph.Record, field string) (any, bool) {
	if r == nil {
		return nil, false
	}
	if v, ok := r.Attribute(field); ok {
		return v, true
	}
	if r.About == nil {
		return nil, false
	}
	v, ok := r.Profile[field]
	return v, ok
}

// given is a value of a request. Programs that call Go have more kinds of values than JSON has.
func given(m map[string]any, field string) (any, bool) {
	v, ok := m[field]
	if !ok {
		return nil, false
	}
	return fromGo(v), true
}

func fromGo(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case uint:
		return uint64(v)
	case uint32:
		return uint64(v)
	case float32:
		return float64(v)
	case []string:
		l := make([]any, len(v))
		for i, s := range v {
			l[i] = s
		}
		return l
	}
	return v
}

func (a *question) tenantOf(id graph.ID) (any, bool) {
	if r := a.Record(id); r != nil && r.Tenant != 0 {
		return a.name(r.Tenant).ID, true
	}
	if id == a.resource && a.Tenant != 0 {
		return a.name(a.Tenant).ID, true
	}
	return nil, false
}

// roles are the roles that the user has been given in the tenant, by name.
func (a *question) roles() []any {
	return a.assigned(func(e graph.Edge, _ *relation) string {
		if e.Other != a.Tenant {
			return ""
		}
		_, name := a.Facts.RelName(e.Rel)
		return name
	})
}

// tenants are the tenants in which the user has been given a role, by key.
func (a *question) tenants() []any {
	return a.assigned(func(e graph.Edge, _ *relation) string { return a.name(e.Other).ID })
}

// assigned runs over the user's roles in tenants that count, and gives the names that f finds, sorted.
func (a *question) assigned(f func(graph.Edge, *relation) string) []any {
	var names []string
	take := func(e graph.Edge) {
		r := a.c.relation(e.Rel)
		if r == nil || r.of != a.c.tenant || !r.source.Role || a.Counts(e.Extra) != engine.Yes {
			return
		}
		if name := f(e, r); name != "" {
			names = append(names, name)
		}
	}
	if a.Subject < engine.Outside && a.Subject != 0 && a.c.tenant != nil {
		for _, r := range a.c.tenant.relations {
			edges := a.Facts.Objects(a.Subject, 0, r.Rel)
			for e, ok := edges.Next(); ok && a.Spend(); e, ok = edges.Next() {
				take(e)
			}
		}
	}
	for _, x := range a.Extra {
		if x.Subject == a.Subject && x.SubjectRel == 0 {
			take(graph.Edge{Rel: x.Rel, Other: x.Object, Extra: x.Extra})
		}
	}
	slices.Sort(names)
	list := []any{}
	for _, n := range slices.Compact(names) {
		list = append(list, n)
	}
	return list
}

// Fields implements [expr.Source].
func (a *question) Fields(variable int) map[string]any {
	m := map[string]any{}
	var built []string
	switch variable {
	case VarUser:
		if a.SubjectRel != 0 {
			return m
		}
		a.spread(m, a.Subject, a.q.Subject.Properties)
		built = []string{"key", "id", "type", "roles", "tenants"}
	case VarResource:
		built = []string{"key", "id", "type", "tenant"}
		if a.at == a.resource {
			a.spread(m, a.at, a.q.Resource.Properties)
		} else {
			a.spread(m, a.at, nil)
		}
	case VarTenant:
		if a.Tenant != 0 {
			a.spread(m, a.Tenant, nil)
			built = []string{"key", "id", "type"}
		}
	case VarContext:
		for k := range a.q.Context {
			m[k], _ = given(a.q.Context, k)
		}
	case VarAction:
		for k := range a.q.Action.Properties {
			m[k], _ = given(a.q.Action.Properties, k)
		}
		built = []string{"name"}
	}
	for _, field := range built {
		if v, ok := a.Value(variable, field); ok {
			m[field] = v
		}
	}
	return m
}

// spread puts the fields of an entity into m.
func (a *question) spread(m map[string]any, id graph.ID, request map[string]any) {
	put := func(name string) {
		if v, ok := a.fieldOf(id, request, name); ok {
			m[name] = expr.Plain(v)
		}
	}
	if r := a.Record(id); r != nil {
		if r.About != nil {
			for name := range r.Profile {
				put(name)
			}
		}
		for i := range r.Attributes {
			put(r.Attributes[i].Name)
		}
	}
	for name := range request {
		put(name)
	}
}
