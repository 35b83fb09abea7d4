package manage

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
)

func resourceRoutes() []route {
	p := resources()
	return append(p.routes("/resources"), route{"PUT /resources/{resource}", func(c *call) error {
		var raw json.RawMessage
		if err := c.decode(&raw); err != nil {
			return err
		}
		// All is replaced but what has calls of its own.
		return p.change(c, "replace", func(d *draft, r *schema.Resource) error {
			*r = schema.Resource{Header: r.Header, ActionGroups: r.ActionGroups, Relations: r.Relations, Roles: r.Roles}
			return p.apply(d, r, raw)
		})
	}})
}

func resources() *part[schema.Resource] {
	return &part[schema.Resource]{
		kind: "resource", name: "resource", shape: flagged,
		list:    func(_ *call, s *schema.Schema) (*[]schema.Resource, error) { return &s.Resources, nil },
		head:    func(r *schema.Resource) *schema.Header { return &r.Header },
		apply:   applyResource,
		read:    (*call).readResource,
		removed: removedResource,
	}
}

// resource finds the resource that the path names.
func (c *call) resource(s *schema.Schema) (*schema.Resource, error) {
	return c.resourceNamed(s, c.r.PathValue("resource"))
}

func (c *call) resourceNamed(s *schema.Schema, text string) (*schema.Resource, error) {
	for i := range s.Resources {
		if c.is(text, s.Resources[i].Key, "resource") {
			return &s.Resources[i], nil
		}
	}
	return nil, missing("resource", text)
}

// resourceKey is the key of the resource that the path names.
func (c *call) resourceKey() string {
	text := c.r.PathValue("resource")
	if s, err := policy(c.state); err == nil {
		if r, err := c.resource(s); err == nil {
			return r.Key
		}
	}
	return text
}

type resourceBody struct {
	header
	URN        *string                    `json:"urn"`
	Actions    map[string]json.RawMessage `json:"actions"`
	Attributes map[string]json.RawMessage `json:"attributes"`
	Roles      map[string]json.RawMessage `json:"roles"`
	Relations  map[string]json.RawMessage `json:"relations"`
}

// applyResource sets what a body has; a map that it has replaces the old one, but what keeps its key keeps its age.
func applyResource(d *draft, r *schema.Resource, raw json.RawMessage) error {
	var b resourceBody
	if err := unmarshal(raw, &b); err != nil {
		return err
	}
	b.header.apply(&r.Header)
	if b.URN != nil {
		r.URN = *b.URN
	}
	if err := replace(d, &r.Actions, actions(), b.Actions); err != nil {
		return err
	}
	if err := replace(d, &r.Attributes, attributeParts(), b.Attributes); err != nil {
		return err
	}
	if err := replace(d, &r.Relations, relations(), b.Relations); err != nil {
		return err
	}
	return replace(d, &r.Roles, resourceRoles(), b.Roles)
}

// replace makes a list what a map of bodies by key says; a nil map changes nothing. Its order is that of the keys.
func replace[T any](d *draft, list *[]T, p *part[T], bodies map[string]json.RawMessage) error {
	if bodies == nil {
		return nil
	}
	old := *list
	*list = nil
	for _, key := range slices.Sorted(maps.Keys(bodies)) {
		if err := p.add(d, list, key, bodies[key]); err != nil {
			return err
		}
		fresh := p.head(&(*list)[len(*list)-1])
		for i := range old {
			if h := p.head(&old[i]); h.Key == key && !h.Created.IsZero() {
				fresh.Created = h.Created
			}
		}
	}
	return nil
}

func (c *call) readResource(r *schema.Resource) map[string]any {
	m := c.readHeader(&r.Header, "resource")
	m["urn"] = optional(r.URN)
	actions, groups, attributes := map[string]any{}, map[string]any{}, map[string]any{}
	for i := range r.Actions {
		actions[r.Actions[i].Key] = c.readAction(r.Key, &r.Actions[i])
	}
	for i := range r.ActionGroups {
		groups[r.ActionGroups[i].Key] = c.readGroup(r.Key, &r.ActionGroups[i])
	}
	for i := range r.Attributes {
		attributes[r.Attributes[i].Key] = c.readAttribute(r.Key, &r.Attributes[i])
	}
	m["actions"], m["action_groups"], m["attributes"] = actions, groups, attributes
	roles, relations := map[string]any{}, map[string]any{}
	for i := range r.Roles {
		roles[r.Roles[i].Key] = c.readResourceRole(r.Key, &r.Roles[i])
	}
	for i := range r.Relations {
		x := &r.Relations[i]
		relations[x.Key] = map[string]any{
			"description": optional(x.Description), "resource": x.Subject, "resource_id": c.id("resource", x.Subject),
		}
	}
	m["roles"], m["relations"] = roles, relations
	return m
}

// removedResource takes a resource out of all that names it: instances and their tuples, roles,
// sets, rules, and the relations of other resources to it.
func removedResource(d *draft, gone *schema.Resource) error {
	s, err := d.edit()
	if err != nil {
		return err
	}
	d.dropRecords(gone.Key, func(authz.Record) bool { return true })
	d.dropTuples(authz.TupleFilter{Object: authz.Entity{Type: gone.Key}})
	d.dropTuples(authz.TupleFilter{Subject: authz.Holder{Entity: authz.Entity{Type: gone.Key}}})
	dropPermissions(s, func(p string) bool { return strings.HasPrefix(p, gone.Key+":") })
	s.Rules = slices.DeleteFunc(s.Rules, func(r schema.Rule) bool {
		return r.IsResource && r.Resources == gone.Key || setOf(s, r.Resources, gone.Key)
	})
	s.Sets = slices.DeleteFunc(s.Sets, func(x schema.Set) bool { return x.Resource == gone.Key })
	for i := range s.Resources {
		r := &s.Resources[i]
		r.Relations = slices.DeleteFunc(r.Relations, func(x schema.Relation) bool { return x.Subject == gone.Key })
		for j := range r.Roles {
			r.Roles[j].Grants = slices.DeleteFunc(r.Roles[j].Grants, func(g schema.Derivation) bool { return g.Resource == gone.Key })
		}
	}
	return nil
}

// setOf reports whether key is a set of resources of a type.
func setOf(s *schema.Schema, key, resource string) bool {
	return slices.ContainsFunc(s.Sets, func(x schema.Set) bool { return x.Key == key && x.Resource == resource })
}

// dropPermissions takes "type:action" permissions from tenant roles, and the rules about them out.
func dropPermissions(s *schema.Schema, gone func(string) bool) {
	for i := range s.Roles {
		s.Roles[i].Permissions = slices.DeleteFunc(s.Roles[i].Permissions, gone)
	}
	s.Rules = slices.DeleteFunc(s.Rules, func(r schema.Rule) bool { return gone(r.Permission) })
}

