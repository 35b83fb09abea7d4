package permit

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server/permit/wire"
)

// permissionsQuery asks what a user may do. Empty lists ask for everything.
type permissionsQuery struct {
	User          user           `json:"user"`
	Tenants       []string       `json:"tenants"`
	Resources     []string       `json:"resources"` // type:key
	ResourceTypes []string       `json:"resource_types"`
	Context       map[string]any `json:"context"`
}

// wants reports whether an object of a tenant is asked for.
func (q *permissionsQuery) wants(e authz.Entity, tenant string) bool {
	among := func(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }
	return among(q.Tenants, tenant) && among(q.Resources, e.String()) && among(q.ResourceTypes, e.Type)
}

// permissionEntry says what a user may do in a tenant or on an instance, and by which roles.
type permissionEntry struct {
	Tenant      *tenant          `json:"tenant,omitempty"`
	Resource    *resourceDetails `json:"resource,omitempty"`
	Permissions []string         `json:"permissions"`
	Roles       []string         `json:"roles,omitempty"`
}

type resourceDetails struct {
	Type       string         `json:"type"`
	Key        string         `json:"key"`
	Attributes map[string]any `json:"attributes"`
}

// userPermissions gives what a user may do by their roles, by object: `__tenant:acme` for what they
// may do on everything of a tenant, `document:budget` for what they may do on one instance.
func (d *decider) userPermissions(a *asker, body []byte) (any, error) {
	var q permissionsQuery
	if err := unmarshal(body, &q); err != nil {
		return nil, err
	}
	if err := q.User.check(); err != nil {
		return nil, err
	}
	p, err := wire.Policy(a.view.State)
	if err != nil {
		return entriesByRelations(a, &q)
	}
	l := &lister{asker: a, policy: p, query: &q, entries: map[string]*permissionEntry{}}
	if err := l.inTenants(); err != nil {
		return nil, err
	}
	for i := range p.Resources {
		if err := l.onInstances(&p.Resources[i]); err != nil {
			return nil, err
		}
	}
	if wide, _ := q.Context["enable_abac_user_permissions"].(bool); wide {
		if err := l.byAttributes(); err != nil {
			return nil, err
		}
	}
	return l.entries, nil
}

// lister collects permissions.
type lister struct {
	*asker
	policy  *schema.Schema
	query   *permissionsQuery
	entries map[string]*permissionEntry
}

// ask gives a question of the user about an action.
func (l *lister) ask(action string, on authz.Entity, tenant string) authz.Query {
	q := authz.Query{Now: l.view.Now, Tenant: tenant}
	q.Subject, q.Action.Name, q.Context = l.query.User.subject(), action, l.query.Context
	q.Resource = writ.Resource{Type: on.Type, ID: on.ID}
	return q
}

// holds calls each for every object of a type on which the user has a role, however they came by it.
func (l *lister) holds(kind, role string, each func(authz.Entity)) error {
	q := l.ask(role, authz.Entity{Type: kind}, "")
	q.Relation = true
	return l.objects(q, each)
}

// objects calls each for every object of the question's type of which its answer is yes.
func (l *lister) objects(q authz.Query, each func(authz.Entity)) error {
	kind := q.Resource.Type
	list := authz.List{Query: q, Type: kind, Stop: l.r.Context().Err}
	return pages(list, l.view.Snapshot.Resources, func(id string) { each(authz.Entity{Type: kind, ID: id}) })
}

// inTenants adds what tenant roles give.
func (l *lister) inTenants() error {
	roles := map[string][]string{}
	for _, role := range l.policy.Roles {
		err := l.holds(authz.TenantType, role.Key, func(e authz.Entity) { roles[e.ID] = append(roles[e.ID], role.Key) })
		if err != nil {
			return err
		}
	}
	for key, held := range roles {
		on := authz.Entity{Type: authz.TenantType, ID: key}
		if !l.query.wants(on, key) {
			continue
		}
		in := l.tenant(key)
		if err := l.entry(on, key, held, l.policy.RoleClosure, l.policy.Permissions, func(e *permissionEntry) { e.Tenant = &in }); err != nil {
			return err
		}
	}
	return nil
}

// onInstances adds what roles on instances of a resource give.
func (l *lister) onInstances(r *schema.Resource) error {
	roles := map[string][]string{}
	for _, role := range r.Roles {
		err := l.holds(r.Key, role.Key, func(e authz.Entity) { roles[e.ID] = append(roles[e.ID], role.Key) })
		if err != nil {
			return err
		}
	}
	for id, held := range roles {
		on := authz.Entity{Type: r.Key, ID: id}
		stored, _ := l.view.Snapshot.Record(on)
		in := l.tenant(cmp.Or(stored.Tenant, wire.DefaultTenant))
		if !l.query.wants(on, in.Key) {
			continue
		}
		err := l.entry(on, in.Key, held, r.RoleClosure, r.Permissions, func(e *permissionEntry) {
			e.Tenant, e.Resource = &in, &resourceDetails{r.Key, id, wire.Attributes(stored.Attributes)}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) direct(kind, role string, each func(string)) {
	filter := authz.TupleFilter{
		Object: authz.Entity{Type: kind}, Relation: role,
		Subject: authz.Holder{Entity: authz.Entity{Type: wire.UserType, ID: l.query.User.Key}},
	}
	l.view.Snapshot.Tuples(filter, func(t authz.Tuple) bool {
		if t.Expires.IsZero() || l.view.Now.Before(t.Expires) {
			each(t.Object.ID)
		}
		return true
	})
}

// entry adds what roles give on an object, less what a rule denies. Roles that are only
// part of another held role are left out, unless they were assigned too.
func (l *lister) entry(on authz.Entity, in string, held []string, closure, permissions func(string) []string, fill func(*permissionEntry)) error {
	e := &permissionEntry{Permissions: []string{}}
	for _, role := range held {
		implied := slices.ContainsFunc(held, func(other string) bool { return other != role && slices.Contains(closure(other), role) })
		assigned := false
		if implied {
			l.direct(on.Type, role, func(id string) { assigned = assigned || id == on.ID })
		}
		if !implied || assigned {
			e.Roles = append(e.Roles, role)
		}
		e.Permissions = append(e.Permissions, permissions(role)...)
	}
	slices.Sort(e.Permissions)
	e.Permissions = slices.Compact(e.Permissions)
	if slices.ContainsFunc(l.policy.Rules, func(r schema.Rule) bool { return r.Deny }) {
		if err := l.dropDenied(e, on, in); err != nil {
			return err
		}
	}
	fill(e)
	l.entries[on.String()] = e
	return nil
}

func (l *lister) dropDenied(e *permissionEntry, on authz.Entity, in string) error {
	var failed error
	e.Permissions = slices.DeleteFunc(e.Permissions, func(permission string) bool {
		kind, action, _ := strings.Cut(permission, ":")
		at := authz.Entity{Type: kind}
		if on.Type != authz.TenantType {
			at = on
		}
		if err := l.r.Context().Err(); failed == nil && err != nil {
			failed = writ.Errorf(writ.CodeCancelled, "the listing took too long: %w", err)
		}
		if failed != nil {
			return true
		}
		q := l.ask(action, at, in)
		yes, err := l.view.Snapshot.Allowed(&q)
		failed = cmp.Or(failed, err)
		return !yes
	})
	return failed
}

// byAttributes adds what the user may do on stored instances by any means, conditions too, for the types that are named.
func (l *lister) byAttributes() error {
	for _, kind := range l.query.ResourceTypes {
		r := l.policy.Resource(kind)
		if r == nil {
			continue
		}
		for _, action := range r.Actions {
			err := l.objects(l.ask(action.Key, authz.Entity{Type: kind}, ""), func(on authz.Entity) {
				stored, _ := l.view.Snapshot.Record(on)
				in := l.tenant(cmp.Or(stored.Tenant, wire.DefaultTenant))
				if !l.query.wants(on, in.Key) {
					return
				}
				e := l.entries[on.String()]
				if e == nil {
					e = &permissionEntry{Tenant: &in, Resource: &resourceDetails{kind, on.ID, wire.Attributes(stored.Attributes)}}
					l.entries[on.String()] = e
				}
				if permission := kind + ":" + action.Key; !slices.Contains(e.Permissions, permission) {
					e.Permissions = append(e.Permissions, permission)
				}
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// userTenants gives the tenants in which a user has a role, or a role on an instance.
func (d *decider) userTenants(a *asker, body []byte) (any, error) {
	var q struct {
		User user `json:"user"`
	}
	if err := unmarshal(body, &q); err != nil {
		return nil, err
	}
	if err := q.User.check(); err != nil {
		return nil, err
	}
	keys := map[string]bool{}
	filter := authz.TupleFilter{Subject: authz.Holder{Entity: authz.Entity{Type: wire.UserType, ID: q.User.Key}}}
	err := a.view.Snapshot.EachTuple(filter, a.r.Context().Err, func(t authz.Tuple) bool {
		if t.Expires.IsZero() || a.view.Now.Before(t.Expires) {
			if key := a.view.Snapshot.TenantOf(t.Object); key != "" {
				keys[key] = true
			}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	tenants := []tenant{}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		tenants = append(tenants, a.tenant(key))
	}
	return tenants, nil
}
