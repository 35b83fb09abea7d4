package schema

import (
	"slices"

	"github.com/writ-dev/writ/authz"
)

// facts gives conditions what the engine gives them, from the outside: what the request says, then
// what is stored, then the profile; and roles, tenants, keys and types from the facts alone.
type facts struct{ d *debugger }

// Value implements [expr.Source].
func (f *facts) Value(variable int, field string) (any, bool) {
	if field == "" {
		return f.Fields(variable), true
	}
	v, ok := f.Fields(variable)[field]
	return v, ok
}

// Fields implements [expr.Source].
func (f *facts) Fields(variable int) map[string]any {
	q := f.d.q
	switch variable {
	case authz.VarUser:
		e := authz.Entity{Type: q.Subject.Type, ID: q.Subject.ID}
		all := f.fields(e, q.Subject.Properties)
		all["roles"], all["tenants"] = f.roles()
		return all
	case authz.VarResource:
		all := f.fields(authz.Entity{Type: q.Resource.Type, ID: q.Resource.ID}, q.Resource.Properties)
		all["tenant"] = f.d.tenant
		return all
	case authz.VarTenant:
		return f.fields(authz.Entity{Type: authz.TenantType, ID: f.d.tenant}, nil)
	case authz.VarContext:
		return q.Context
	case authz.VarAction:
		all := map[string]any{}
		for k, v := range q.Action.Properties {
			all[k] = v
		}
		all["name"] = q.Action.Name
		return all
	}
	return nil
}

// Instance gives the stored attributes of another object.
func (f *facts) Instance(kind, key string) (map[string]any, bool) {
	e := authz.Entity{Type: kind, ID: key}
	r, ok := f.d.snapshot.Record(e)
	if !ok {
		return nil, false
	}
	all := f.fields(e, nil)
	if r.Tenant != "" {
		all["tenant"] = r.Tenant
	}
	return all, true
}

func (f *facts) fields(e authz.Entity, request map[string]any) map[string]any {
	r, _ := f.d.snapshot.Record(e)
	all := map[string]any{}
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

// roles gives the roles that the user was given in the tenant, and the tenants in which there is one.
func (f *facts) roles() (roles, tenants []any) {
	var names, keys []string
	f.d.snapshot.Tuples(authz.TupleFilter{Object: authz.Entity{Type: authz.TenantType}, Subject: f.d.holder()}, func(t authz.Tuple) bool {
		if f.d.live(t) {
			if keys = append(keys, t.Object.ID); t.Object.ID == f.d.tenant {
				names = append(names, t.Relation)
			}
		}
		return true
	})
	return list(names), list(keys)
}

// list sorts names and makes a JSON value of them.
func list(names []string) []any {
	slices.Sort(names)
	all := []any{}
	for _, n := range slices.Compact(names) {
		all = append(all, n)
	}
	return all
}
