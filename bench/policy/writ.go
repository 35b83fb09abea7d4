package policy

import (
	"fmt"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/openfga"
	"github.com/writ-dev/writ/authz/schema"
)

// condition is what W3 asks beside the role.
const condition = "user.department == resource.department && user.clearance >= resource.level && resource.region in user.regions"

// writRBAC loads W1, or with attributes W3, into Writ.
func writRBAC(w *rbac, attributes bool) (*authz.Snapshot, error) {
	empty, err := writRoles(w, attributes)
	if err != nil {
		return nil, err
	}
	e := empty.Edit()
	loadRBAC(e, w, attributes)
	return e.Done(), nil
}

// writRoles has the roles and what they may do, and no users.
func writRoles(w *rbac, attributes bool) (*authz.Snapshot, error) {
	s := &schema.Schema{}
	for t := range types {
		r := schema.Resource{Header: schema.Header{Key: typeName(t)}}
		for a := range actions {
			r.Actions = append(r.Actions, schema.Action{Header: schema.Header{Key: actionName(a)}})
		}
		if attributes {
			for name, kind := range map[string]string{"department": "string", "region": "string", "level": "number"} {
				r.Attributes = append(r.Attributes, schema.Attribute{Header: schema.Header{Key: name}, Type: kind})
			}
			s.Sets = append(s.Sets, schema.Set{Header: schema.Header{Key: "near_" + typeName(t)}, Resource: typeName(t), When: condition})
		}
		s.Resources = append(s.Resources, r)
	}
	for i := range roles {
		role := schema.Role{Header: schema.Header{Key: roleName(i)}}
		for p, has := range w.grants[i] {
			if !has {
				continue
			}
			permission := typeName(p/actions) + ":" + actionName(p%actions)
			if attributes {
				s.Rules = append(s.Rules, schema.Rule{
					Header: schema.Header{Key: fmt.Sprintf("rule-%d-%d", i, p)},
					Users:  roleName(i), IsRole: true, Permission: permission, Resources: "near_" + typeName(p/actions),
				})
			} else {
				role.Permissions = append(role.Permissions, permission)
			}
		}
		s.Roles = append(s.Roles, role)
	}
	m, err := s.Model()
	if err != nil {
		return nil, err
	}
	return authz.New(m)
}

func loadRBAC(e *authz.Edit, w *rbac, attributes bool) {
	tenant := authz.Entity{Type: authz.TenantType, ID: "default"}
	for u, own := range w.rolesOf {
		user := authz.Entity{Type: "user", ID: userName(u)}
		record := &authz.Record{Entity: user}
		if p := w.people[u]; attributes {
			var regions []any
			for _, r := range p.regions {
				regions = append(regions, r)
			}
			record.Attributes = map[string]any{"department": p.department, "clearance": float64(p.clearance), "regions": regions}
		}
		e.Restore(authz.Change{Record: &authz.Step[authz.Record]{After: record}})
		for _, r := range own {
			e.Restore(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &authz.Tuple{
				Object: tenant, Relation: roleName(r), Subject: authz.Holder{Entity: user},
			}}})
		}
	}
	if !attributes {
		return
	}
	for t := range w.things {
		for i, x := range w.things[t] {
			e.Restore(authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{
				Entity: authz.Entity{Type: typeName(t), ID: thingName(i)}, Tenant: "default",
				Attributes: map[string]any{"department": x.department, "region": x.region, "level": float64(x.level)},
			}}})
		}
	}
}

const treeModel = `model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [group#member] or viewer from parent
type document
  relations
    define parent: [folder]
    define viewer: [user] or viewer from parent
`

// eachTreeFact calls f for every tuple of W2.
func eachTreeFact(w *tree, f func(object, relation, subject string)) {
	for d := range documents {
		f("document:"+documentName(d), "parent", "folder:"+folderName(w.folderOf[d]))
		f("document:"+documentName(d), "viewer", "user:"+userName(w.viewerOf[d]))
	}
	for i := range folders {
		if p := w.parent[i]; p >= 0 {
			f("folder:"+folderName(i), "parent", "folder:"+folderName(p))
		}
		if g := w.groupOf[i]; g >= 0 {
			f("folder:"+folderName(i), "viewer", "group:"+groupName(g)+"#member")
		}
	}
	for g, p := range w.groupParent {
		if p >= 0 {
			f("group:"+groupName(p), "member", "group:"+groupName(g)+"#member")
		}
	}
	for u, own := range w.groupsOf {
		for _, g := range own {
			f("group:"+groupName(g), "member", "user:"+userName(u))
		}
	}
}

// writFolders has W2's model and no facts.
func writFolders() (*authz.Snapshot, error) {
	d, err := openfga.Parse("tree.fga", []byte(treeModel))
	if err != nil {
		return nil, err
	}
	m, err := d.Model()
	if err != nil {
		return nil, err
	}
	return authz.New(m)
}

// writTree loads W2 into Writ.
func writTree(w *tree) (*authz.Snapshot, error) {
	empty, err := writFolders()
	if err != nil {
		return nil, err
	}
	e := empty.Edit()
	eachTreeFact(w, func(object, relation, subject string) {
		t, parseErr := authz.ParseTuple(object + "#" + relation + "@" + subject)
		if parseErr != nil {
			err = parseErr
			return
		}
		e.Restore(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}})
	})
	return e.Done(), err
}

// rbacQueries are the queries as Writ takes them.
func writQueries(list []rbacQuery, attributes bool) []authz.Query {
	out := make([]authz.Query, len(list))
	for i, q := range list {
		out[i] = authz.Query{Tenant: "default", Request: writ.Request{
			Subject:  writ.Subject{Type: "user", ID: userName(q.user)},
			Action:   writ.Action{Name: actionName(q.action)},
			Resource: writ.Resource{Type: typeName(q.kind)},
		}}
		if attributes {
			out[i].Resource.ID = thingName(q.instance)
		}
	}
	return out
}

func writTreeQueries(list []treeQuery) []authz.Query {
	out := make([]authz.Query, len(list))
	for i, q := range list {
		out[i] = authz.Query{Request: writ.Request{
			Subject:  writ.Subject{Type: "user", ID: userName(q.user)},
			Action:   writ.Action{Name: "viewer"},
			Resource: writ.Resource{Type: "document", ID: documentName(q.document)},
		}}
	}
	return out
}
