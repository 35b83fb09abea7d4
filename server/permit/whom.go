package permit

import (
	"cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server/permit/wire"
)

// grant is a role assignment that lets a user do what was asked. Role is "admin" in
// a tenant, "folder#editor" on an instance; Resource is where it was assigned, which may be above what was asked about.
type grant struct {
	User     string `json:"user"`
	Tenant   string `json:"tenant"`
	Resource string `json:"resource"`
	Role     string `json:"role"`
}

// authorizedUsers gives who may do an action on a resource, and by which assignments.
func (d *decider) authorizedUsers(a *asker, body []byte) (any, error) {
	var q struct {
		Action   string         `json:"action"`
		Resource resource       `json:"resource"`
		Context  map[string]any `json:"context"`
	}
	if err := unmarshal(body, &q); err != nil {
		return nil, err
	}
	if q.Action == "" || q.Resource.Type == "" {
		return nil, writ.Errorf(writ.CodeInvalid, "action and resource.type are needed")
	}
	on := authz.Entity{Type: q.Resource.Type, ID: cmp.Or(q.Resource.Key, q.Resource.ID)}
	in := q.Resource.Tenant
	if stored, ok := a.view.Snapshot.Record(on); in == "" && ok {
		in = stored.Tenant
	}
	f := &finder{
		asker: a, tenant: cmp.Or(in, wire.DefaultTenant), found: map[string][]grant{}, seen: map[string]bool{},
		query: authz.Query{
			Now: a.view.Now, Tenant: q.Resource.Tenant,
			Request: writ.Request{Resource: writ.Resource{Type: on.Type, ID: on.ID, Properties: q.Resource.properties()}, Context: q.Context},
		},
	}
	f.query.Action.Name = q.Action
	name := on.String()
	if on.ID == "" {
		name = on.Type + ":*"
	}
	p, err := wire.Policy(a.view.State)
	if err != nil {
		users, err := usersByRelation(a, f.query, f.tenant)
		return map[string]any{"resource": name, "tenant": f.tenant, "users": users}, err
	}
	f.policy = p
	f.candidates(on)
	if err := f.confirm(); err != nil {
		return nil, err
	}
	if wide, _ := q.Context["enable_abac_authorized_users"].(bool); wide {
		list := authz.List{Query: f.query, Type: wire.UserType, Stop: a.r.Context().Err}
		err := pages(list, a.view.Snapshot.Subjects, func(user string) {
			if f.found[user] == nil {
				f.found[user] = []grant{}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return map[string]any{"resource": name, "tenant": f.tenant, "users": f.found}, nil
}

// finder collects assignments that may be behind an answer.
type finder struct {
	*asker
	policy *schema.Schema
	tenant string
	query  authz.Query
	found  map[string][]grant
	seen   map[string]bool // object#role
}

// candidates finds the assignments of roles that hold the action.
func (f *finder) candidates(on authz.Entity) {
	permission := on.Type + ":" + f.query.Action.Name
	for _, role := range f.policy.Roles {
		if contains(f.policy.Permissions(role.Key), permission) {
			f.assigned(authz.Entity{Type: authz.TenantType, ID: f.tenant}, role.Key, role.Key)
		}
	}
	r := f.policy.Resource(on.Type)
	if r == nil || on.ID == "" {
		return
	}
	for _, role := range r.Roles {
		if contains(r.Permissions(role.Key), permission) {
			f.climb(r, on, role.Key)
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// climb finds who was given a role on an instance, on the instance itself or on one that it is derived from.
func (f *finder) climb(r *schema.Resource, on authz.Entity, key string) {
	if name := on.String() + "#" + key; f.seen[name] {
		return
	} else {
		f.seen[name] = true
	}
	f.assigned(on, key, r.Key+"#"+key)
	for _, role := range r.Roles { // who has a role that extends it has it
		if role.Key != key && contains(r.RoleClosure(role.Key), key) {
			f.climb(r, on, role.Key)
		}
	}
	role := r.Role(key)
	if role == nil {
		return
	}
	for _, d := range role.Grants {
		from := f.policy.Resource(d.Resource)
		if from == nil {
			continue
		}
		f.view.Snapshot.Tuples(authz.TupleFilter{Object: on, Relation: d.Relation}, func(t authz.Tuple) bool {
			if t.Subject.Type == d.Resource && t.Subject.Relation == "" {
				f.climb(from, t.Subject.Entity, d.Role)
			}
			return true
		})
	}
}

// assigned notes the users that have a role on an object by a tuple.
func (f *finder) assigned(on authz.Entity, role, shown string) {
	f.view.Snapshot.Tuples(authz.TupleFilter{Object: on, Relation: role}, func(t authz.Tuple) bool {
		if t.Subject.Type == wire.UserType && t.Subject.Relation == "" {
			f.found[t.Subject.ID] = append(f.found[t.Subject.ID], grant{t.Subject.ID, f.tenant, on.String(), shown})
		}
		return true
	})
}

// confirm asks the engine about each candidate: an assignment may have ended, or be taken back by a rule.
func (f *finder) confirm() error {
	for user := range f.found {
		if err := f.r.Context().Err(); err != nil {
			return writ.Errorf(writ.CodeCancelled, "the listing took too long: %w", err)
		}
		q := f.query
		q.Subject = writ.Subject{Type: wire.UserType, ID: user}
		yes, err := f.view.Snapshot.Allowed(&q)
		if err != nil {
			return err
		}
		if !yes {
			delete(f.found, user)
		}
	}
	return nil
}
