package manage

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server/permit/wire"
)

func actionRoutes() []route {
	routes := actions().routes("/resources/{resource}/actions")
	routes = append(routes, groups().routes("/resources/{resource}/action_groups")...)
	routes = append(routes, attributeParts().routes("/resources/{resource}/attributes")...)
	routes = append(routes, userAttributes().routes("/users/attributes")...)
	return append(routes, userAttributes().routes("/resources/__user/attributes")...)
}

func actions() *part[schema.Action] {
	return &part[schema.Action]{
		kind: "action", name: "action", owner: (*call).resourceKey,
		list: func(c *call, s *schema.Schema) (*[]schema.Action, error) {
			r, err := c.resource(s)
			if err != nil {
				return nil, err
			}
			return &r.Actions, nil
		},
		head: func(a *schema.Action) *schema.Header { return &a.Header },
		apply: func(_ *draft, a *schema.Action, raw json.RawMessage) error {
			var b struct {
				header
				Attributes map[string]any `json:"attributes"`
			}
			err := unmarshal(raw, &b)
			b.header.apply(&a.Header)
			if b.Attributes != nil {
				a.Attributes = b.Attributes
			}
			return err
		},
		read:   func(c *call, a *schema.Action) map[string]any { return c.readAction(c.resourceKey(), a) },
		values: func(a *schema.Action) map[string]any { return a.Attributes },
		removed: func(d *draft, s *schema.Schema, gone *schema.Action) error {
			s.RemoveAction(d.resourceKey(), gone.Key)
			return nil
		},
	}
}

func (c *call) readAction(resource string, a *schema.Action) map[string]any {
	m := c.readHeader(&a.Header, "action", resource)
	m["permission_name"] = resource + ":" + a.Key
	m["resource_id"], m["resource_key"] = c.ID("resource", resource), resource
	m["attributes"] = wire.Attributes(a.Attributes)
	return m
}

func groups() *part[schema.ActionGroup] {
	return &part[schema.ActionGroup]{
		kind: "action_group", name: "group", owner: (*call).resourceKey,
		list: func(c *call, s *schema.Schema) (*[]schema.ActionGroup, error) {
			r, err := c.resource(s)
			if err != nil {
				return nil, err
			}
			return &r.ActionGroups, nil
		},
		head: func(g *schema.ActionGroup) *schema.Header { return &g.Header },
		apply: func(_ *draft, g *schema.ActionGroup, raw json.RawMessage) error {
			var b struct {
				header
				Attributes map[string]any `json:"attributes"`
				Actions    []string       `json:"actions"`
			}
			err := unmarshal(raw, &b)
			b.header.apply(&g.Header)
			if b.Attributes != nil {
				g.Attributes = b.Attributes
			}
			if b.Actions != nil {
				g.Actions = b.Actions
			}
			return err
		},
		read:   func(c *call, g *schema.ActionGroup) map[string]any { return c.readGroup(c.resourceKey(), g) },
		values: func(g *schema.ActionGroup) map[string]any { return g.Attributes },
		removed: func(d *draft, s *schema.Schema, gone *schema.ActionGroup) error {
			s.RemoveGroup(d.resourceKey(), gone.Key)
			return nil
		},
	}
}

func (c *call) readGroup(resource string, g *schema.ActionGroup) map[string]any {
	m := c.readHeader(&g.Header, "action_group", resource)
	m["resource_id"], m["resource_key"] = c.ID("resource", resource), resource
	m["attributes"], m["actions"] = wire.Attributes(g.Attributes), wire.Texts(g.Actions)
	return m
}

// attributeKinds are the types of attributes; any other string breaks the decoder of Go's SDK.
var attributeKinds = [...]string{"bool", "number", "string", "time", "array", "json"}

func attributeParts() *part[schema.Attribute] {
	return &part[schema.Attribute]{
		kind: "attribute", name: "attribute", owner: (*call).resourceKey,
		list: func(c *call, s *schema.Schema) (*[]schema.Attribute, error) {
			r, err := c.resource(s)
			if err != nil {
				return nil, err
			}
			return &r.Attributes, nil
		},
		head:  func(a *schema.Attribute) *schema.Header { return &a.Header },
		apply: applyAttribute,
		read:  func(c *call, a *schema.Attribute) map[string]any { return c.readAttribute(c.resourceKey(), a) },
	}
}

// userResource is the resource that attributes of users are shown as belonging to.
const userResource = "__user"

func userAttributes() *part[schema.Attribute] {
	p := attributeParts()
	p.owner = func(*call) string { return userResource }
	p.list = func(_ *call, s *schema.Schema) (*[]schema.Attribute, error) { return &s.UserAttributes, nil }
	p.read = func(c *call, a *schema.Attribute) map[string]any { return c.readAttribute(userResource, a) }
	return p
}

func applyAttribute(_ *draft, a *schema.Attribute, raw json.RawMessage) error {
	var b struct {
		header
		Type *string `json:"type"`
	}
	if err := unmarshal(raw, &b); err != nil {
		return err
	}
	b.header.apply(&a.Header)
	if b.Type != nil {
		a.Type = *b.Type
	}
	if !slices.Contains(attributeKinds[:], a.Type) {
		return writ.Errorf(writ.CodeInvalid, "the attribute %q has the type %q; it may be %s", a.Key, a.Type, strings.Join(attributeKinds[:], ", "))
	}
	return nil
}

func (c *call) readAttribute(resource string, a *schema.Attribute) map[string]any {
	m := c.readHeader(&a.Header, "attribute", resource)
	m["type"] = a.Type
	m["resource_id"], m["resource_key"] = c.ID("resource", resource), resource
	return m
}
