package policyfile

import (
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/internal/tree"
)

func header(e tree.Entry) schema.Header { return schema.Header{Key: e.Key, Position: e.Pos} }

// texts reads one word or a list of them, and marks where each stands in the part.
func (p *parser) texts(n *tree.Node, what string, part writ.Position) []string {
	var all []string
	for _, v := range p.Strings(n, what) {
		p.s.Mark(part, v.Text, v.Pos)
		all = append(all, v.Text)
	}
	return all
}

func (p *parser) subjects(n *tree.Node) {
	for _, v := range p.Strings(n, "subjects") {
		p.s.Subjects = append(p.s.Subjects, schema.Subject{Name: v.Text, Position: v.Pos})
	}
}

// users reads what is declared of users.
func (p *parser) users(n *tree.Node) {
	for _, e := range p.Object(n, "users", "attributes") {
		p.s.UserAttributes = p.attributes(e.Value)
	}
}

// attributes reads NAME: TYPE.
func (p *parser) attributes(n *tree.Node) []schema.Attribute {
	var all []schema.Attribute
	for _, e := range p.Named(n, "attributes") {
		kind := "json" // when it is not even one word, that is the problem
		if e.Value.Empty() || e.Value.Kind == tree.Scalar {
			kind = p.String(e.Value, "the type")
		} else {
			p.String(e.Value, "the type of "+tree.Short(e.Key))
		}
		all = append(all, schema.Attribute{Header: header(e), Type: kind})
	}
	return all
}

// roles reads roles in a tenant.
func (p *parser) roles(n *tree.Node) {
	for _, e := range p.Named(n, "roles") {
		p.s.Roles = append(p.s.Roles, p.role(e, nil))
	}
}

// role reads `viewer: [read]` or `viewer: {may: [read], extends: other, from: viewer of parent}`; the last
// for roles on a resource only.
func (p *parser) role(e tree.Entry, on *schema.Resource) schema.Role {
	role := schema.Role{Header: header(e)}
	what := "role " + tree.Short(e.Key)
	if e.Value.Empty() {
		return role
	}
	if e.Value.Kind != tree.Map {
		role.Permissions = p.texts(e.Value, "what "+what+" may do", e.Pos)
		return role
	}
	keys := []string{"may", "extends", "name", "description"}
	if on != nil {
		keys = append(keys, "from", "unless_direct")
	}
	for _, f := range p.Object(e.Value, what, keys...) {
		switch f.Key {
		case "may":
			role.Permissions = p.texts(f.Value, "may", e.Pos)
		case "extends":
			role.Extends = p.texts(f.Value, "extends", e.Pos)
		case "name":
			role.Name = p.String(f.Value, "name")
		case "description":
			role.Description = p.String(f.Value, "description")
		case "unless_direct":
			role.UnlessDirect = p.Bool(f.Value, "unless_direct")
		case "from":
			for _, v := range p.Strings(f.Value, "from") {
				p.derivation(&role, on, v)
			}
		}
	}
	return role
}

// derivation reads `editor of parent`, or `editor of parent unless direct`.
func (p *parser) derivation(role *schema.Role, on *schema.Resource, v *tree.Node) {
	words := strings.Fields(v.Text)
	d := schema.Derivation{Position: v.Pos}
	if len(words) == 5 && words[3] == "unless" && words[4] == "direct" {
		d.UnlessDirect, words = true, words[:3]
	}
	if len(words) != 3 || words[1] != "of" {
		_ = p.Problem(v.Pos, "%q does not say whose role it is from", tree.Short(v.Text)).
			WithHint("write ROLE of RELATION, as in  editor of parent ; add  unless direct  for those without a role of their own")
		return
	}
	d.Role, d.Relation = words[0], words[2]
	relation := on.Relation(d.Relation)
	if relation == nil {
		p.Suggest(p.Problem(v.Pos, "%s has no relation %q", on.Key, tree.Short(d.Relation)), d.Relation, relationKeys(on), "its relations are ")
		return
	}
	d.Resource = relation.Subject
	role.Grants = append(role.Grants, d)
}

func relationKeys(r *schema.Resource) []string {
	var all []string
	for _, x := range r.Relations {
		all = append(all, x.Key)
	}
	return all
}

func (p *parser) resources(n *tree.Node) {
	for _, e := range p.Named(n, "resources") {
		p.s.Resources = append(p.s.Resources, p.resource(e))
	}
}

func (p *parser) resource(e tree.Entry) schema.Resource {
	r := schema.Resource{Header: header(e)}
	var roles *tree.Node // after the relations, wherever they stand
	for _, f := range p.Object(e.Value, "resource "+tree.Short(e.Key), "actions", "action_groups", "attributes", "relations", "roles", "name", "description") {
		switch f.Key {
		case "actions":
			for _, v := range p.Strings(f.Value, "actions") {
				r.Actions = append(r.Actions, schema.Action{Header: schema.Header{Key: v.Text, Position: v.Pos}})
			}
		case "action_groups":
			for _, g := range p.Named(f.Value, "action_groups") {
				r.ActionGroups = append(r.ActionGroups, schema.ActionGroup{Header: header(g), Actions: p.texts(g.Value, "an action group", g.Pos)})
			}
		case "attributes":
			r.Attributes = p.attributes(f.Value)
		case "relations":
			for _, x := range p.Named(f.Value, "relations") {
				subject := p.String(x.Value, "relation "+tree.Short(x.Key))
				p.s.Mark(x.Pos, subject, x.Value.Pos)
				r.Relations = append(r.Relations, schema.Relation{Header: header(x), Subject: subject})
			}
		case "roles":
			roles = f.Value
		case "name":
			r.Name = p.String(f.Value, "name")
		case "description":
			r.Description = p.String(f.Value, "description")
		}
	}
	for _, x := range p.Named(roles, "roles") {
		r.Roles = append(r.Roles, p.role(x, &r))
	}
	return r
}
