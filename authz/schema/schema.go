// Package schema holds a policy the way people think of it: resources with
// actions, roles and relations; roles in a tenant; sets of users and of resources
// by condition; rules that allow and rules that deny. It is what the `policy:` section of
// a topology and Permit's management API write, and it becomes an [authz.Model].
package schema

import (
	"encoding/json"
	"time"

	"github.com/writ-dev/writ"
)

// Schema is a policy. Its JSON form is what an environment stores. The order of lists is kept.
type Schema struct {
	Resources      []Resource  `json:"resources,omitempty"`
	UserAttributes []Attribute `json:"user_attributes,omitempty"`
	Roles          []Role      `json:"roles,omitempty"` // roles in a tenant
	Sets           []Set       `json:"condition_sets,omitempty"`
	Rules          []Rule      `json:"rules,omitempty"`
	Routes         []RouteSet  `json:"proxy_configs,omitempty"`
	// Subjects are who may hold roles besides each `user`: `service`, `team#member`, `user:*`.
	// Their types are resources.
	Subjects []Subject `json:"subjects,omitempty"`

	// OnlyDeclared makes it an error when a condition names an attribute that is not declared, of a type that declares
	// any: in a file that is a slip, which would never allow anything. Permit's SDKs do it on purpose. It is not stored.
	OnlyDeclared bool `json:"-"`

	spots map[spot]writ.Position
}

// spot is a word in a part of a policy file.
type spot struct {
	part writ.Position
	word string
}

// Mark says where in a policy file a word of the part at `part` stands, so that an error about
// the word points at it. It is not stored.
func (s *Schema) Mark(part writ.Position, word string, at writ.Position) {
	if s.spots == nil {
		s.spots = map[spot]writ.Position{}
	}
	if _, twice := s.spots[spot{part, word}]; !twice {
		s.spots[spot{part, word}] = at
	}
}

// spot gives the place of a word in a part, or the part's own.
func (s *Schema) spot(part writ.Position, word string) writ.Position {
	if at, ok := s.spots[spot{part, word}]; ok {
		return at
	}
	return part
}

// Subject is a kind of subject that may hold roles, written as in a tuple.
type Subject struct {
	Name     string        `json:"name"`
	Position writ.Position `json:"position,omitzero"`
}

// Header is what every part has.
type Header struct {
	Key         string    `json:"key"`
	Name        string    `json:"name,omitempty"`
	Description string    `json:"description,omitempty"`
	Created     time.Time `json:"created_at,omitzero"`
	Updated     time.Time `json:"updated_at,omitzero"`
	// Position is where a policy file says it; zero for what came through the API.
	Position writ.Position `json:"position,omitzero"`
}

// Resource is a type of resource.
type Resource struct {
	Header
	URN          string        `json:"urn,omitempty"`
	Actions      []Action      `json:"actions,omitempty"`
	ActionGroups []ActionGroup `json:"action_groups,omitempty"`
	Attributes   []Attribute   `json:"attributes,omitempty"`
	Relations    []Relation    `json:"relations,omitempty"`
	Roles        []Role        `json:"roles,omitempty"` // roles on an instance
}

// Action is something that is done to a resource.
type Action struct {
	Header
	Attributes map[string]any `json:"attributes,omitempty"`
}

// ActionGroup names several actions at once.
type ActionGroup struct {
	Header
	Actions    []string       `json:"actions,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"`
}

// Attribute declares an attribute. Type is bool, number, string, time, array or json.
type Attribute struct {
	Header
	Type string `json:"type"`
}

// Relation lets instances of Subject stand in this relation to the resource it is declared
// on: `parent: folder` on document, for the tuple `folder:finance parent document:budget`.
type Relation struct {
	Header
	Subject string `json:"subject_resource"`
}

// Role is a set of permissions: in a tenant, where permissions are "type:action" ("type:*" for all of
// a type), or on an instance of its resource, where they are "action".
type Role struct {
	Header
	Permissions []string       `json:"permissions,omitempty"`
	Extends     []string       `json:"extends,omitempty"` // has the permissions of these roles too
	Attributes  map[string]any `json:"attributes,omitempty"`
	// Grants give the role to who has a role on a related instance; of instance roles only.
	Grants []Derivation `json:"granted_to,omitempty"`
	// UnlessDirect holds for all Grants: see [Derivation].
	UnlessDirect bool `json:"no_direct_roles_on_object,omitempty"`
}

// Derivation gives a role on an instance to those who have Role on an instance
// of Resource that stands in relation Relation to it.
type Derivation struct {
	Role     string `json:"role"`
	Resource string `json:"on_resource"`
	Relation string `json:"linked_by_relation"`
	// UnlessDirect: not to those who have a role of their own on the instance.
	UnlessDirect bool          `json:"no_direct_roles_on_object,omitempty"`
	Position     writ.Position `json:"position,omitzero"`
}

// Set is a condition set: the users, or the resources of one type, for which
// its condition holds, and that of all its ancestors.
type Set struct {
	Header
	// Resource is the key of the type in a set of resources; empty in a set of users.
	Resource string `json:"resource,omitempty"`
	// Parent is the key of a set of the same kind that must hold as well.
	Parent string `json:"parent,omitempty"`
	// Conditions is Permit's JSON form, kept as it came; When is CEL. One of them is set.
	Conditions    json.RawMessage `json:"conditions,omitempty"`
	When          string          `json:"when,omitempty"`
	WhenPosition  writ.Position   `json:"when_position,omitzero"`
	Autogenerated bool            `json:"autogenerated,omitempty"`
}

// Rule gives users a permission on resources, or with Deny takes it from them
// whatever else allows it.
type Rule struct {
	Header
	Deny bool `json:"deny,omitempty"`
	// Users is the key of a set of users or, with IsRole, of a tenant role; empty: all users (in a policy file only).
	Users  string `json:"user_set,omitempty"`
	IsRole bool   `json:"is_role,omitempty"`
	// Permission is "type:action" or "type:*".
	Permission string `json:"permission"`
	// Resources is the key of a set of resources or, with IsResource, of a type.
	Resources  string `json:"resource_set,omitempty"`
	IsResource bool   `json:"is_resource,omitempty"`
	// When is one more condition, in CEL. Except is one that must not hold.
	When           string        `json:"when,omitempty"`
	WhenPosition   writ.Position `json:"when_position,omitzero"`
	Except         string        `json:"except,omitempty"`
	ExceptPosition writ.Position `json:"except_position,omitzero"`
}

// RouteSet maps requests of an HTTP API to permissions (Permit's proxy config).
type RouteSet struct {
	Header
	Secret        json.RawMessage `json:"secret,omitempty"`
	AuthMechanism string          `json:"auth_mechanism,omitempty"`
	Routes        []Route         `json:"mapping_rules,omitempty"`
}

// Route maps one kind of request. Type is "" (a template of segments) or "regex".
type Route struct {
	URL      string            `json:"url"`
	Method   string            `json:"http_method"`
	Resource string            `json:"resource"`
	Action   string            `json:"action,omitempty"`
	Headers  map[string]string `json:"headers,omitempty"`
	Priority *int              `json:"priority,omitempty"`
	Type     string            `json:"url_type,omitempty"`
}

// Parse reads the stored JSON form.
func Parse(text []byte) (*Schema, error) {
	s := &Schema{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the stored policy cannot be read: %w", err)
	}
	return s, nil
}
