package permit

import (
	"cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server/permit/wire"
)

// A model in OpenFGA's language has relations alone. What a user may do on a thing is then the
// relations that they have to it, and their roles are those of these that tuples may give.

// entriesByRelations answers /user-permissions by the relations of a model that is not a schema's.
func entriesByRelations(a *asker, q *permissionsQuery) (map[string]*permissionEntry, error) {
	l := &lister{asker: a, query: q, entries: map[string]*permissionEntry{}}
	for _, t := range a.view.Snapshot.Model().Types {
		if t.Name == wire.UserType || len(q.ResourceTypes) > 0 && !contains(q.ResourceTypes, t.Name) {
			continue
		}
		for _, r := range t.Relations {
			err := l.holds(t.Name, r.Name, func(on authz.Entity) {
				stored, _ := a.view.Snapshot.Record(on)
				in := a.tenant(cmp.Or(stored.Tenant, wire.DefaultTenant))
				if !q.wants(on, in.Key) {
					return
				}
				e := l.entries[on.String()]
				if e == nil {
					e = &permissionEntry{Tenant: &in, Resource: &resourceDetails{t.Name, on.ID, wire.Attributes(stored.Attributes)}}
					l.entries[on.String()] = e
				}
				e.Permissions = append(e.Permissions, t.Name+":"+r.Name)
				if len(r.Subjects) > 0 {
					e.Roles = append(e.Roles, r.Name)
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return l.entries, nil
}

// usersByRelation answers /authorized_users by a relation: whoever has it is given with the tuples of
// their own on the resource, or, when they came by it in another way, with the relation itself.
func usersByRelation(a *asker, query authz.Query, tenant string) (map[string][]grant, error) {
	on := authz.Entity{Type: query.Resource.Type, ID: query.Resource.ID}
	if on.ID == "" {
		return nil, writ.Errorf(writ.CodeInvalid, "resource.key is needed: the model of this environment is in OpenFGA's language, in which nothing is granted on a whole type")
	}
	found := map[string][]grant{}
	list := authz.List{Query: query, Type: wire.UserType, Stop: a.r.Context().Err}
	err := pages(list, a.view.Snapshot.Subjects, func(user string) {
		own := authz.TupleFilter{Object: on, Subject: authz.Holder{Entity: authz.Entity{Type: wire.UserType, ID: user}}}
		a.view.Snapshot.Tuples(own, func(t authz.Tuple) bool {
			if t.Subject.Relation == "" && (t.Expires.IsZero() || a.view.Now.Before(t.Expires)) {
				found[user] = append(found[user], grant{user, tenant, on.String(), on.Type + "#" + t.Relation})
			}
			return true
		})
		if found[user] == nil {
			found[user] = []grant{{user, tenant, on.String(), on.Type + "#" + query.Action.Name}}
		}
	})
	return found, err
}
