package schema

import (
	"errors"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/expr"
)

// UserType is the type of users as subjects: `user:ann`.
const UserType = "user"

// DefaultTenant is the tenant of those who name none.
const DefaultTenant = "default"

// maxProblems bounds how many problems are told at once.
const maxProblems = 50

// compiler translates one schema.
type compiler struct {
	s      *Schema
	errs   []*writ.Error
	facing []authz.SubjectType // who may hold a role
	// allow and deny are the rules by type:action.
	allow, deny map[string][]authz.When
	programs    map[programKey]*expr.Program
	scopes      map[string]*expr.Scope // by type of resource
	sources     map[sourceKey]*expr.Program
	resources   map[string]*Resource
	sets        map[string]*Set
	broken      map[string]bool            // condition sets that cannot be used
	held        map[string][]authz.Rewrite // by type:action, the roles that hold it
}

// Model translates the policy. An error is a *writ.Error, or several of them
// joined, that names the part that is wrong, with its position when it came from a file.
func (s *Schema) Model() (*authz.Model, error) {
	if err := s.bounds(); err != nil {
		return nil, err
	}
	c := &compiler{
		s: s, allow: map[string][]authz.When{}, deny: map[string][]authz.When{},
		programs: map[programKey]*expr.Program{}, scopes: map[string]*expr.Scope{},
		sources: map[sourceKey]*expr.Program{}, broken: map[string]bool{},
		held: map[string][]authz.Rewrite{}, resources: map[string]*Resource{}, sets: map[string]*Set{},
	}
	for i := range s.Resources {
		c.resources[s.Resources[i].Key] = &s.Resources[i]
	}
	for i := range s.Sets {
		c.sets[s.Sets[i].Key] = &s.Sets[i]
	}
	c.check()
	if len(c.errs) > 0 {
		return nil, c.err() // what follows looks names up and trusts them
	}
	c.permissions()
	c.rules()
	m := &authz.Model{DefaultTenant: DefaultTenant, Types: []authz.Type{c.users(), c.tenants()}}
	for i := range s.Resources {
		r := &s.Resources[i]
		t := c.resource(r)
		if r.Key == UserType {
			m.Types[0] = t
			continue
		}
		m.Types = append(m.Types, t)
	}
	if len(c.errs) > 0 {
		return nil, c.err()
	}
	return m, nil
}

func (c *compiler) err() error {
	if len(c.errs) == 1 {
		return c.errs[0]
	}
	var all []error
	for i, e := range c.errs {
		if i == maxProblems {
			all = append(all, writ.Errorf(writ.CodeInvalid, "more than %d problems; the rest are left out", maxProblems))
			break
		}
		all = append(all, e)
	}
	return errors.Join(all...)
}

func (c *compiler) users() authz.Type {
	return authz.Type{Name: UserType, ActionsOnly: true, Attributes: attributes(c.s.attributes(UserType))}
}

// attributeTypes are the types that Permit knows.
var attributeTypes = map[string]expr.Type{
	"bool": expr.Bool, "number": expr.Number, "string": expr.String, "time": expr.Time,
	"array": {Kind: expr.KindList}, "json": expr.Any,
}

func attributes(declared []Attribute) []authz.Attribute {
	all := make([]authz.Attribute, 0, len(declared))
	for _, a := range declared {
		all = append(all, authz.Attribute{Name: a.Key, Type: attributeTypes[a.Type]})
	}
	return all
}

// tenants is the type whose relations are the tenant roles.
func (c *compiler) tenants() authz.Type {
	t := authz.Type{Name: authz.TenantType, ActionsOnly: true}
	for _, role := range c.s.Roles {
		t.Relations = append(t.Relations, authz.Relation{
			Name: role.Key, Position: role.Position, Role: true, Subjects: c.holders(),
			Rewrite: union(append([]authz.Rewrite{authz.Direct{}}, extending(c.s.Roles, role.Key)...)),
		})
	}
	return t
}

// extending gives the roles that extend a role: who holds them holds it too.
func extending(roles []Role, key string) []authz.Rewrite {
	var all []authz.Rewrite
	for _, r := range roles {
		if slices.Contains(r.Extends, key) {
			all = append(all, authz.Computed{Relation: r.Key, Position: r.Position})
		}
	}
	return all
}

// holders gives who may stand in the tuples of a role.
func (c *compiler) holders() []authz.SubjectType {
	if c.facing == nil {
		c.facing = []authz.SubjectType{{Type: UserType}}
		for _, s := range c.s.Subjects {
			c.facing = append(c.facing, subjectType(s.Name, s.Position))
		}
	}
	return slices.Clone(c.facing)
}

// subjectType reads a kind of subject: `service`, `team#member`, `user:*`.
func subjectType(name string, at writ.Position) authz.SubjectType {
	kind, relation, _ := strings.Cut(name, "#")
	kind, everyone := strings.CutSuffix(kind, ":*")
	return authz.SubjectType{Type: kind, Relation: relation, Everyone: everyone, Position: at}
}

func (c *compiler) resource(r *Resource) authz.Type {
	t := authz.Type{Name: r.Key, Position: r.Position, ActionsOnly: true, Attributes: attributes(c.s.attributes(r.Key))}
	for _, relation := range r.Relations {
		t.Relations = append(t.Relations, authz.Relation{
			Name: relation.Key, Position: relation.Position,
			Subjects: []authz.SubjectType{subjectType(relation.Subject, relation.Position)}, Rewrite: authz.Direct{},
		})
	}
	for _, role := range r.Roles {
		t.Relations = append(t.Relations, authz.Relation{
			Name: role.Key, Position: role.Position, Role: true, Subjects: c.holders(), Rewrite: c.roleOn(r, role),
		})
	}
	for _, action := range r.Actions {
		t.Actions = append(t.Actions, c.action(r, action))
	}
	return t
}

// roleOn gives who holds a role on an instance: by a tuple, by a role that
// extends it, or derived from a role on a related instance.
func (c *compiler) roleOn(r *Resource, role Role) authz.Rewrite {
	of := append([]authz.Rewrite{authz.Direct{}}, extending(r.Roles, role.Key)...)
	var derived []authz.Rewrite
	for _, d := range role.Grants {
		var from authz.Rewrite = authz.From{Relation: d.Role, Tupleset: d.Relation, Position: d.Position}
		if d.UnlessDirect && !role.UnlessDirect {
			from = authz.Exclusion{Base: from, Minus: direct(r), Position: d.Position}
		}
		derived = append(derived, from)
	}
	if role.UnlessDirect && len(derived) > 0 {
		derived = []authz.Rewrite{authz.Exclusion{Base: union(derived), Minus: direct(r), Position: role.Position}}
	}
	return union(append(of, derived...))
}

// direct gives who has any role on an instance by a tuple of that very instance.
func direct(r *Resource) authz.Rewrite {
	var of []authz.Rewrite
	for _, role := range r.Roles {
		of = append(of, authz.Stored{Relation: role.Key})
	}
	return union(of)
}

// permissions sorts roles by what they hold.
func (c *compiler) permissions() {
	hold := func(r *Resource, permissions []string, by authz.Rewrite) {
		seen := map[string]bool{}
		for _, p := range permissions {
			for _, action := range r.expand(p) {
				if key := r.Key + ":" + action; !seen[key] {
					seen[key] = true
					c.held[key] = append(c.held[key], by)
				}
			}
		}
	}
	for _, role := range c.s.Roles {
		on := map[string][]string{}
		for _, p := range role.Permissions {
			kind, name, _ := strings.Cut(p, ":")
			on[kind] = append(on[kind], name)
		}
		for kind, names := range on {
			hold(c.resources[kind], names, authz.InTenant{Relation: role.Key, Position: role.Position})
		}
	}
	for i := range c.s.Resources {
		r := &c.s.Resources[i]
		for _, role := range r.Roles {
			own := make([]string, len(role.Permissions))
			for i, p := range role.Permissions {
				own[i] = r.own(p)
			}
			hold(r, own, authz.Computed{Relation: role.Key, Position: role.Position})
		}
	}
}

// action gives who may do an action: who has a role that holds it, or is let by a rule, less who is denied.
func (c *compiler) action(r *Resource, a Action) authz.Relation {
	permission := r.Key + ":" + a.Key
	of := slices.Clone(c.held[permission])
	for _, w := range c.allow[permission] {
		of = append(of, w)
	}
	rewrite := union(of)
	for _, w := range c.deny[permission] {
		rewrite = authz.Exclusion{Base: rewrite, Minus: w, Deny: w.Rule, Position: w.Position}
	}
	return authz.Relation{Name: a.Key, Position: a.Position, Rewrite: rewrite}
}

// union spares the reader of a model a union of one.
func union(of []authz.Rewrite) authz.Rewrite {
	if len(of) == 1 {
		return of[0]
	}
	return authz.Union{Of: of}
}
