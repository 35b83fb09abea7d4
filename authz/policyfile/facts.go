package policyfile

import (
	"path"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/internal/tree"
)

// facts reads what an environment starts with: here, or in a file of its own.
func (p *parser) facts(n *tree.Node) {
	if n != nil && n.Kind == tree.Scalar {
		name, text, ok := p.other(n, "facts")
		if !ok {
			return
		}
		at := writ.Position{File: beside(p.Name, name), Line: 1, Col: 1}
		sub := &parser{File: tree.Read(text, at), o: p.o, p: p.p, s: p.s}
		p.p.files = append(p.p.files, sub.File)
		if sub.Failed() {
			return
		}
		if n = sub.Root; len(n.Entries) == 1 && n.Entries[0].Key == "facts" {
			n = n.Entries[0].Value
		}
		p = sub
	}
	tenants := map[string]bool{schema.DefaultTenant: true}
	entries := p.Object(n, "facts", "tenants", "users", "instances", "tuples")
	for _, e := range entries {
		if e.Key == "tenants" {
			for _, x := range p.Named(e.Value, "tenants") {
				tenants[x.Key] = true
			}
		}
	}
	f := &factReader{parser: p, tenants: tenants}
	for _, e := range entries {
		switch e.Key {
		case "tenants":
			f.tenantRecords(e.Value)
		case "users":
			f.users(e.Value)
		case "instances":
			f.instances(e.Value)
		case "tuples":
			for _, item := range items(p.File, e.Value, "tuples") {
				f.tuple(item)
			}
		}
	}
}

// defaultTenant adds the tenant that always exists, unless the facts say more of it.
func (p *parser) defaultTenant() {
	tenant := authz.Record{Entity: authz.Entity{Type: authz.TenantType, ID: schema.DefaultTenant}}
	for _, f := range p.p.Facts {
		if f.Record != nil && f.Record.After.Entity == tenant.Entity {
			return
		}
	}
	p.p.Facts = append([]Fact{{authz.Change{Record: &authz.Step[authz.Record]{After: &tenant}}, p.Start()}}, p.p.Facts...)
}

// beside names a file that another one names, from where the user stands.
func beside(file, name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(path.Dir(file), name)
}

// items gives the items of a list.
func items(f *tree.File, n *tree.Node, what string) []*tree.Node {
	if n.Empty() {
		return nil
	}
	if n.Kind != tree.List {
		_ = f.Problem(n.Pos, "%s must be a list, this is %s", what, n.Kind).WithHint("start each with a dash")
		return nil
	}
	return n.Items
}

// factReader reads facts of one file.
type factReader struct {
	*parser
	tenants map[string]bool
}

func (f *factReader) record(r authz.Record, at writ.Position) {
	f.p.Facts = append(f.p.Facts, Fact{authz.Change{Record: &authz.Step[authz.Record]{After: &r}}, at})
}

func (f *factReader) grant(t authz.Tuple, at writ.Position) {
	f.p.Facts = append(f.p.Facts, Fact{authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}}, at})
}

// profile are the fields of a record that are no attributes.
var profile = []string{"name", "description", "email", "first_name", "last_name"}

// fields reads the attributes and the profile of a record; other keys are left to the caller.
func (f *factReader) fields(entries []tree.Entry, r *authz.Record) {
	declared := func(string) error { return nil } // a model of OpenFGA declares none
	if f.p.Schema != nil {
		declared = func(name string) error { return f.p.Schema.Declared(r.Type, name) }
	}

	for _, e := range entries {
		if e.Key == "attributes" {
			r.Attributes = map[string]any{}
			for _, a := range f.Named(e.Value, "attributes") {
				r.Attributes[a.Key] = a.Value.Value()
				if err := declared(a.Key); err != nil {
					f.p.fail(err, a.Pos)
				}
			}
			continue
		}
		for _, key := range profile {
			if e.Key != key {
				continue
			}
			if r.Profile == nil {
				r.Profile = map[string]string{}
			}
			r.Profile[key] = f.String(e.Value, key)
		}
	}
}

func (f *factReader) tenantRecords(n *tree.Node) {
	for _, e := range f.Named(n, "tenants") {
		r := authz.Record{Entity: authz.Entity{Type: authz.TenantType, ID: e.Key}}
		f.fields(f.Object(e.Value, "tenant "+tree.Short(e.Key), "name", "description", "attributes"), &r)
		f.record(r, e.Pos)
	}
}

// users reads `ann: {email: ..., attributes: {...}, roles: {acme: editor, "document:budget": [viewer]}}`.
func (f *factReader) users(n *tree.Node) {
	for _, e := range f.Named(n, "users") {
		r := authz.Record{Entity: authz.Entity{Type: schema.UserType, ID: e.Key}}
		entries := f.Object(e.Value, "user "+tree.Short(e.Key), append([]string{"attributes", "roles"}, profile...)...)
		f.fields(entries, &r)
		f.record(r, e.Pos)
		for _, x := range entries {
			if x.Key != "roles" {
				continue
			}
			for _, held := range f.Named(x.Value, "roles") {
				f.held(e.Key, held)
			}
		}
	}
}

// held reads the roles that a user has in a tenant, or on an instance when it has a colon.
func (f *factReader) held(user string, e tree.Entry) {
	object := authz.Entity{Type: authz.TenantType, ID: e.Key}
	if strings.Contains(e.Key, ":") {
		var err error
		if object, err = authz.ParseEntity(e.Key); err != nil {
			f.p.fail(err, e.Pos)
			return
		}
	} else if !f.tenant(e.Key, e.Pos) {
		return
	}
	for _, role := range f.Strings(e.Value, "roles") {
		f.grant(authz.Tuple{Object: object, Relation: role.Text, Subject: userHolder(user)}, role.Pos)
	}
}

func userHolder(id string) authz.Holder {
	return authz.Holder{Entity: authz.Entity{Type: schema.UserType, ID: id}}
}

// tenant finds a tenant among those of the file.
func (f *factReader) tenant(key string, at writ.Position) bool {
	if f.tenants[key] {
		return true
	}
	known := make([]string, 0, len(f.tenants))
	for k := range f.tenants {
		known = append(known, k)
	}
	e := f.Problem(at, "there is no tenant %q among the facts", tree.Short(key)).WithHint("add it under tenants; an instance is written type:id")
	if near := writ.Nearest(tree.Short(key), known); near != "" {
		e.Hint = "did you mean " + near + "?"
	}
	return false
}

// instances reads `document:budget: {tenant: acme, attributes: {...}}`.
func (f *factReader) instances(n *tree.Node) {
	for _, e := range f.Named(n, "instances") {
		entity, err := authz.ParseEntity(e.Key)
		if err != nil {
			f.p.fail(err, e.Pos)
			continue
		}
		r := authz.Record{Entity: entity, Tenant: schema.DefaultTenant}
		entries := f.Object(e.Value, "instance "+tree.Short(e.Key), "tenant", "name", "description", "attributes")
		f.fields(entries, &r)
		for _, x := range entries {
			if x.Key == "tenant" && f.tenant(f.String(x.Value, "tenant"), x.Value.Pos) {
				r.Tenant = x.Value.Text
			}
		}
		f.record(r, e.Pos)
	}
}

// tuple reads a tuple, or `{tuple: ..., expires: ..., condition: ..., params: {...}}`.
func (f *factReader) tuple(n *tree.Node) {
	if t, ok := readTuple(f.File, n); ok {
		f.grant(t, n.Pos)
	}
}

func readTuple(f *tree.File, n *tree.Node) (authz.Tuple, bool) {
	if n.Kind == tree.Scalar {
		return tupleText(f, n)
	}
	var t authz.Tuple
	if n.Kind != tree.Map {
		_ = f.Problem(n.Pos, "a tuple must be a line of text or a map, this is %s", n.Kind)
		return t, false
	}
	found := false
	entries := f.Object(n, "a tuple", "tuple", "expires", "condition", "params")
	for _, e := range entries {
		if e.Key == "tuple" && e.Value.Kind == tree.Scalar {
			t, found = tupleText(f, e.Value)
			if !found {
				return t, false
			}
		}
	}
	if !found {
		_ = f.Problem(n.Pos, "the tuple is missing").WithHint("write  {tuple: SUBJECT RELATION OBJECT, expires: TIME}")
		return t, false
	}
	for _, e := range entries {
		switch e.Key {
		case "expires":
			t.Expires = f.Time(e.Value, "expires")
		case "condition":
			t.Condition = f.String(e.Value, "condition")
		case "params":
			t.Params, _ = e.Value.Value().(map[string]any)
		}
	}
	return t, true
}

// tupleText reads `user:ann editor document:budget`, as one says it, or
// `document:budget#editor@user:ann`, as answers print it.
func tupleText(f *tree.File, n *tree.Node) (authz.Tuple, bool) {
	t, err := authz.ParseSaid(n.Text)
	if err != nil {
		_ = f.Problem(n.Pos, "%q is no tuple", tree.Short(n.Text)).
			WithHint("write  SUBJECT RELATION OBJECT, as in  user:ann editor document:budget")
		return t, false
	}
	return t, true
}
