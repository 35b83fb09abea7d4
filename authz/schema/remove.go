package schema

import (
	"slices"
	"strings"
)

// RemoveResource takes a resource away with all that speaks of it: permissions, relations to
// it, derivations along them, sets, rules. It reports whether it was there.
func (s *Schema) RemoveResource(key string) bool {
	if s.Resource(key) == nil {
		return false
	}
	s.Resources = slices.DeleteFunc(s.Resources, func(r Resource) bool { return r.Key == key })
	for i := range s.Roles {
		s.Roles[i].Permissions = slices.DeleteFunc(s.Roles[i].Permissions, func(p string) bool { return strings.HasPrefix(p, key+":") })
	}
	s.Subjects = slices.DeleteFunc(s.Subjects, func(x Subject) bool {
		return x.Name == key || strings.HasPrefix(x.Name, key+"#") || strings.HasPrefix(x.Name, key+":")
	})
	for i := range s.Resources {
		r := &s.Resources[i]
		for _, relation := range slices.Clone(r.Relations) {
			if relation.Subject == key {
				r.RemoveRelation(relation.Key)
			}
		}
	}
	for _, set := range slices.Clone(s.Sets) {
		if set.Resource == key {
			s.RemoveSet(set.Key)
		}
	}
	s.removeRules(func(r Rule) bool { return strings.HasPrefix(r.Permission, key+":") })
	return true
}

// RemoveRole takes a tenant role away, from the roles that extend it and with the rules about it.
func (s *Schema) RemoveRole(key string) bool {
	if s.Role(key) == nil {
		return false
	}
	s.Roles = without(s.Roles, key)
	s.removeRules(func(r Rule) bool { return r.IsRole && r.Users == key })
	return true
}

// RemoveSet takes a condition set away with the rules about it, and the sets below it likewise: without
// the condition above them they would hold for more.
func (s *Schema) RemoveSet(key string) bool {
	if s.Set(key) == nil {
		return false
	}
	s.Sets = slices.DeleteFunc(s.Sets, func(x Set) bool { return x.Key == key })
	s.removeRules(func(r Rule) bool {
		return !r.IsRole && r.Users == key || !r.IsResource && r.Resources == key
	})
	for _, set := range slices.Clone(s.Sets) {
		if set.Parent == key {
			s.RemoveSet(set.Key)
		}
	}
	return true
}

// RemoveAction takes an action away, and out of roles, action groups and rules.
func (s *Schema) RemoveAction(resource, key string) bool {
	r := s.Resource(resource)
	if r == nil || r.Action(key) == nil {
		return false
	}
	r.Actions = slices.DeleteFunc(r.Actions, func(a Action) bool { return a.Key == key })
	for i := range r.ActionGroups {
		r.ActionGroups[i].Actions = drop(r.ActionGroups[i].Actions, key)
	}
	s.removePermission(r, key)
	return true
}

// RemoveGroup takes an action group away, and out of roles and rules.
func (s *Schema) RemoveGroup(resource, key string) bool {
	r := s.Resource(resource)
	if r == nil || r.Group(key) == nil {
		return false
	}
	r.ActionGroups = slices.DeleteFunc(r.ActionGroups, func(g ActionGroup) bool { return g.Key == key })
	s.removePermission(r, key)
	return true
}

func (s *Schema) removePermission(r *Resource, action string) {
	for i := range r.Roles {
		r.Roles[i].Permissions = drop(drop(r.Roles[i].Permissions, action), r.Key+":"+action)
	}
	for i := range s.Roles {
		s.Roles[i].Permissions = drop(s.Roles[i].Permissions, r.Key+":"+action)
	}
	s.removeRules(func(rule Rule) bool { return rule.Permission == r.Key+":"+action })
}

// RemoveResourceRole takes a role on instances away, with the derivations from it anywhere.
func (s *Schema) RemoveResourceRole(resource, key string) bool {
	r := s.Resource(resource)
	if r == nil || r.Role(key) == nil {
		return false
	}
	r.Roles = without(r.Roles, key)
	s.Subjects = slices.DeleteFunc(s.Subjects, func(x Subject) bool { return x.Name == resource+"#"+key })
	for i := range s.Resources {
		s.Resources[i].dropDerivations(func(d Derivation) bool { return d.Resource == resource && d.Role == key })
	}
	return true
}

// RemoveRelation takes a relation away with the derivations along it.
func (r *Resource) RemoveRelation(key string) bool {
	if r.Relation(key) == nil {
		return false
	}
	r.Relations = slices.DeleteFunc(r.Relations, func(x Relation) bool { return x.Key == key })
	r.dropDerivations(func(d Derivation) bool { return d.Relation == key })
	return true
}

func (r *Resource) dropDerivations(gone func(Derivation) bool) {
	for i := range r.Roles {
		r.Roles[i].Grants = slices.DeleteFunc(r.Roles[i].Grants, gone)
	}
}

func (s *Schema) removeRules(gone func(Rule) bool) { s.Rules = slices.DeleteFunc(s.Rules, gone) }

// without takes a role out of a list, and out of what the others extend.
func without(roles []Role, key string) []Role {
	roles = slices.DeleteFunc(roles, func(r Role) bool { return r.Key == key })
	for i := range roles {
		roles[i].Extends = drop(roles[i].Extends, key)
	}
	return roles
}

func drop(list []string, word string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == word })
}
