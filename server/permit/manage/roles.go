package manage

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server/permit/wire"
)

func roleRoutes() []route {
	p := roles()
	return append(p.routes("/roles"), roleEdits(p, "/roles/{role}")...)
}

func resourceRoleRoutes() []route {
	p := resourceRoles()
	routes := append(p.routes("/resources/{resource}/roles"), roleEdits(p, "/resources/{resource}/roles/{role}")...)
	return append(routes, grantRoutes(p, "/resources/{resource}/roles/{role}/implicit_grants")...)
}

// roles are those in a tenant.
func roles() *part[schema.Role] {
	return &part[schema.Role]{
		kind: "role", name: "role", shape: wire.Flagged,
		list:   func(_ *call, s *schema.Schema) (*[]schema.Role, error) { return &s.Roles, nil },
		head:   func(r *schema.Role) *schema.Header { return &r.Header },
		apply:  applyRole,
		read:   (*call).readRole,
		values: func(r *schema.Role) map[string]any { return r.Attributes },
		removed: func(d *draft, s *schema.Schema, gone *schema.Role) error {
			d.DropTuples(authz.TupleFilter{Object: authz.Entity{Type: authz.TenantType}, Relation: gone.Key})
			s.RemoveRole(gone.Key)
			return nil
		},
	}
}

// resourceRoles are those on instances of the resource that the path names.
func resourceRoles() *part[schema.Role] {
	p := roles()
	p.kind, p.owner, p.shape = "resource_role", (*call).resourceKey, wire.Array
	p.list = func(c *call, s *schema.Schema) (*[]schema.Role, error) {
		r, err := c.resource(s)
		if err != nil {
			return nil, err
		}
		return &r.Roles, nil
	}
	p.read = func(c *call, r *schema.Role) map[string]any { return c.readResourceRole(c.resourceKey(), r) }
	p.removed = func(d *draft, s *schema.Schema, gone *schema.Role) error {
		on := d.resourceKey()
		d.DropTuples(authz.TupleFilter{Object: authz.Entity{Type: on}, Relation: gone.Key})
		s.RemoveResourceRole(on, gone.Key)
		return nil
	}
	return p
}

type roleBody struct {
	header
	Permissions []string       `json:"permissions"`
	Extends     []string       `json:"extends"`
	Attributes  map[string]any `json:"attributes"`
	GrantedTo   *struct {
		UsersWithRole []grant   `json:"users_with_role"`
		When          *settings `json:"when"`
	} `json:"granted_to"`
}

// applyRole reads a role's body. Permissions are stored as they must be written: on an
// instance "action", in a tenant "type:action"; see [normal].
func applyRole(d *draft, r *schema.Role, raw json.RawMessage) error {
	var b roleBody
	if err := unmarshal(raw, &b); err != nil {
		return err
	}
	b.header.apply(&r.Header)
	if b.Permissions != nil {
		r.Permissions = d.normal(b.Permissions)
	}
	if b.Extends != nil {
		r.Extends = b.Extends
	}
	if b.Attributes != nil {
		r.Attributes = b.Attributes
	}
	if b.GrantedTo == nil {
		return nil
	}
	r.Grants = nil
	r.UnlessDirect = b.GrantedTo.When != nil && b.GrantedTo.When.NoDirectRoles
	for _, g := range b.GrantedTo.UsersWithRole {
		x, err := d.derivation(g)
		if err != nil {
			return err
		}
		r.Grants = append(r.Grants, x)
	}
	return nil
}

// normal gives permissions without repetitions. On a resource, the type before the action is left out.
func (d *draft) normal(permissions []string) []string {
	out := make([]string, 0, len(permissions))
	own := ""
	if d.R.PathValue("resource") != "" {
		own = d.resourceKey() + ":"
	}
	for _, p := range permissions {
		if own != "" {
			p = strings.TrimPrefix(p, own)
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

func (c *call) readRole(r *schema.Role) map[string]any {
	m := c.readHeader(&r.Header, "role")
	m["permissions"], m["extends"] = wire.Texts(r.Permissions), wire.Texts(r.Extends)
	m["attributes"], m["granted_to"] = wire.Attributes(r.Attributes), nil
	return m
}

func (c *call) readResourceRole(resource string, r *schema.Role) map[string]any {
	m := c.readHeader(&r.Header, "resource_role", resource)
	permissions := make([]string, len(r.Permissions))
	for i, p := range r.Permissions {
		permissions[i] = resource + ":" + p
	}
	m["permissions"], m["extends"] = permissions, wire.Texts(r.Extends)
	m["attributes"] = wire.Attributes(r.Attributes)
	m["resource_id"], m["resource"] = c.ID("resource", resource), resource
	m["granted_to"] = nil
	if len(r.Grants) > 0 || r.UnlessDirect {
		m["granted_to"] = c.readGrants(resource, r)
	}
	return m
}

// roleEdits are the calls that change a role's permissions and parents one by one.
func roleEdits(p *part[schema.Role], path string) []route {
	permissions := func(verb string, edit func(*schema.Role, []string)) func(*call) error {
		return func(c *call) error {
			var b struct {
				Permissions []string `json:"permissions"`
			}
			if err := c.Decode(&b); err != nil {
				return err
			}
			return p.change(c, verb, func(d *draft, r *schema.Role) error {
				edit(r, d.normal(b.Permissions))
				return nil
			})
		}
	}
	return []route{
		{"GET " + path + "/ancestors", kin(p, extends)},
		{"GET " + path + "/descendants", kin(p, func(roles []schema.Role, role, other string) bool { return extends(roles, other, role) })},
		{"POST " + path + "/permissions", permissions("grant", func(r *schema.Role, more []string) {
			for _, permission := range more {
				if !slices.Contains(r.Permissions, permission) {
					r.Permissions = append(r.Permissions, permission)
				}
			}
		})},
		{"DELETE " + path + "/permissions", permissions("take", func(r *schema.Role, less []string) {
			r.Permissions = slices.DeleteFunc(r.Permissions, func(x string) bool { return slices.Contains(less, x) })
		})},
		{"PUT " + path + "/parents/{parent}", func(c *call) error {
			return p.change(c, "extend", func(d *draft, r *schema.Role) error {
				parent, err := p.parent(d)
				if err == nil && !slices.Contains(r.Extends, parent) {
					r.Extends = append(r.Extends, parent)
				}
				return err
			})
		}},
		{"DELETE " + path + "/parents/{parent}", func(c *call) error {
			return p.change(c, "unextend", func(d *draft, r *schema.Role) error {
				parent, err := p.parent(d)
				r.Extends = slices.DeleteFunc(r.Extends, func(x string) bool { return x == parent })
				return err
			})
		}},
	}
}

// kin lists the roles that related says of another, which the path names.
func kin(p *part[schema.Role], related func(roles []schema.Role, named, other string) bool) func(*call) error {
	return func(c *call) error {
		s, err := wire.Policy(c.State)
		if err != nil {
			return err
		}
		named, err := p.find(c, s)
		if err != nil {
			return err
		}
		list, err := p.list(c, s)
		if err != nil {
			return err
		}
		rows := []any{}
		for i := range *list {
			if other := &(*list)[i]; other.Key != named.Key && related(*list, named.Key, other.Key) {
				rows = append(rows, p.read(c, other))
			}
		}
		return c.Send(http.StatusOK, rows)
	}
}

// extends reports whether a role has all that another has. A policy has no cycle of roles.
func extends(roles []schema.Role, role, other string) bool {
	r := schema.Find(roles, role)
	return r != nil && slices.ContainsFunc(r.Extends, func(parent string) bool { return parent == other || extends(roles, parent, other) })
}

// parent gives the key of the role that the path names as a parent.
func (p *part[T]) parent(d *draft) (string, error) {
	s, err := d.Edit()
	if err != nil {
		return "", err
	}
	list, err := p.list(d.call, s)
	if err != nil {
		return "", err
	}
	text := d.R.PathValue("parent")
	i := p.index(d.call, *list, text)
	if i < 0 {
		return "", wire.Missing(p.kind, text)
	}
	return p.head(&(*list)[i]).Key, nil
}

// grant is a derivation as it is sent: users with Role on an instance of OnResource that
// stands in relation LinkedByRelation have the role that it is written under.
type grant struct {
	Role             string    `json:"role"`
	OnResource       string    `json:"on_resource"`
	LinkedByRelation string    `json:"linked_by_relation"`
	When             *settings `json:"when"`
}

type settings struct {
	NoDirectRoles bool `json:"no_direct_roles_on_object"`
}

// derivation gives a grant as it is stored, ids turned into keys.
func (d *draft) derivation(g grant) (schema.Derivation, error) {
	x := schema.Derivation{Role: g.Role, Resource: g.OnResource, Relation: g.LinkedByRelation}
	x.UnlessDirect = g.When != nil && g.When.NoDirectRoles
	s, err := d.Edit()
	if err != nil {
		return x, err
	}
	if on, err := d.resourceNamed(s, g.OnResource); err == nil {
		x.Resource = on.Key
		x.Role = strings.TrimPrefix(x.Role, on.Key+"#")
		for _, r := range on.Roles {
			if d.Is(x.Role, r.Key, "resource_role", on.Key) {
				x.Role = r.Key
			}
		}
	}
	own := d.resourceKey()
	if r, err := d.resourceNamed(s, own); err == nil {
		for _, relation := range r.Relations {
			if d.Is(x.Relation, relation.Key, "relation", own) {
				x.Relation = relation.Key
			}
		}
	}
	return x, nil
}

func (c *call) readGrant(own string, g schema.Derivation) map[string]any {
	return map[string]any{
		"role": g.Role, "on_resource": g.Resource, "linked_by_relation": g.Relation,
		"role_id": c.ID("resource_role", g.Resource, g.Role), "resource_id": c.ID("resource", g.Resource),
		"relation_id": c.ID("relation", own, g.Relation),
		"when":        settings{g.UnlessDirect},
	}
}

func (c *call) readGrants(resource string, r *schema.Role) map[string]any {
	rules := []any{}
	for _, g := range r.Grants {
		rules = append(rules, c.readGrant(resource, g))
	}
	return map[string]any{
		"id": c.ID("derived_role", resource, r.Key), "users_with_role": rules, "when": settings{r.UnlessDirect},
	}
}

func grantRoutes(p *part[schema.Role], path string) []route {
	return []route{
		{"POST " + path, func(c *call) error { return editGrants(c, p, http.StatusOK) }},
		{"DELETE " + path, func(c *call) error { return editGrants(c, p, http.StatusNoContent) }},
		{"PUT " + path + "/conditions", func(c *call) error {
			var b settings
			if err := c.Decode(&b); err != nil {
				return err
			}
			err := c.write("schema.grant.conditions", "role:"+c.R.PathValue("role"), func(d *draft) error {
				r, err := p.edited(d)
				if err == nil {
					r.UnlessDirect = b.NoDirectRoles
				}
				return err
			})
			if err != nil {
				return err
			}
			return c.Send(http.StatusOK, b)
		}},
	}
}

// edited gives the thing that the path names, to change.
func (p *part[T]) edited(d *draft) (*T, error) {
	s, err := d.Edit()
	if err != nil {
		return nil, err
	}
	x, err := p.find(d.call, s)
	if err == nil {
		p.head(x).Updated = d.Now
	}
	return x, err
}

// editGrants adds the derivation in the body, or with 204 removes it.
func editGrants(c *call, p *part[schema.Role], status int) error {
	var b grant
	if err := c.Decode(&b); err != nil {
		return err
	}
	var x schema.Derivation
	err := c.write("schema.grant", "role:"+c.R.PathValue("role"), func(d *draft) error {
		r, err := p.edited(d)
		if err != nil {
			return err
		}
		if x, err = d.derivation(b); err != nil {
			return err
		}
		at := slices.IndexFunc(r.Grants, func(g schema.Derivation) bool {
			return g.Role == x.Role && g.Resource == x.Resource && g.Relation == x.Relation
		})
		name := x.Resource + "#" + x.Role + " by " + x.Relation
		switch {
		case status == http.StatusOK && at >= 0:
			return wire.Taken("grant", name)
		case status == http.StatusOK:
			r.Grants = append(r.Grants, x)
		case at < 0:
			return writ.Errorf(writ.CodeNotFound, "the role is not granted to %s", name)
		default:
			r.Grants = slices.Delete(r.Grants, at, at+1)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Send(status, c.readGrant(c.resourceKey(), x))
}
