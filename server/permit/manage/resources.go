package manage

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server/permit/wire"
)

func resourceRoutes() []route {
	p := resources()
	return append(p.routes("/resources"), route{"PUT /resources/{resource}", func(c *call) error {
		var raw json.RawMessage
		if err := c.Decode(&raw); err != nil {
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
		kind: "resource", name: "resource", shape: wire.Flagged,
		list:    func(_ *call, s *schema.Schema) (*[]schema.Resource, error) { return &s.Resources, nil },
		head:    func(r *schema.Resource) *schema.Header { return &r.Header },
		apply:   applyResource,
		read:    (*call).readResource,
		removed: removedResource,
	}
}

// resource finds the resource that the path names.
func (c *call) resource(s *schema.Schema) (*schema.Resource, error) {
	return c.resourceNamed(s, c.R.PathValue("resource"))
}

func (c *call) resourceNamed(s *schema.Schema, text string) (*schema.Resource, error) {
	i := resources().index(c, s.Resources, text)
	if i < 0 {
		return nil, wire.Missing("resource", text)
	}
	return &s.Resources[i], nil
}

// resourceKey is the key of the resource that the path names.
func (c *call) resourceKey() string {
	text := c.R.PathValue("resource")
	if s, err := wire.Policy(c.State); err == nil {
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
	m["urn"] = wire.Optional(r.URN)
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
			"description": wire.Optional(x.Description), "resource": x.Subject, "resource_id": c.ID("resource", x.Subject),
		}
	}
	m["roles"], m["relations"] = roles, relations
	return m
}

// removedResource takes the instances of a resource away, and their tuples.
func removedResource(d *draft, s *schema.Schema, gone *schema.Resource) error {
	if gone.Key == wire.UserType || gone.Key == authz.TenantType {
		// Its instances are the users themselves, and what refers to them: nobody who tidies up a schema means that.
		return writ.Errorf(writ.CodeConflict, "the resource %q cannot be removed: its instances are all users, or all tenants", gone.Key).
			WithHint("remove its roles, relations and actions by themselves, and users one by one")
	}
	d.DropRecords(gone.Key, func(authz.Record) bool { return true })
	d.DropTuples(authz.TupleFilter{Object: authz.Entity{Type: gone.Key}})
	d.DropTuples(authz.TupleFilter{Subject: authz.Holder{Entity: authz.Entity{Type: gone.Key}}})
	s.RemoveResource(gone.Key)
	return nil
}
