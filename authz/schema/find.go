package schema

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// Clone gives a copy that shares nothing with s.
func (s *Schema) Clone() *Schema {
	text, err := json.Marshal(s)
	if err != nil {
		return &Schema{} // attributes that came as JSON go back to JSON
	}
	c, err := Parse(text)
	if err != nil {
		return &Schema{}
	}
	return c
}

// Keyed is a part of a policy that has a key.
type Keyed interface{ key() string }

func (h Header) key() string { return h.Key }

// Find gives the part of a list that has the key, to read or to change; nil for none.
func Find[T Keyed](list []T, key string) *T {
	for i := range list {
		if list[i].key() == key {
			return &list[i]
		}
	}
	return nil
}

// Resource finds a resource; nil when there is none. The same is true of the methods below.
func (s *Schema) Resource(key string) *Resource { return Find(s.Resources, key) }

// Role finds a role in a tenant.
func (s *Schema) Role(key string) *Role { return Find(s.Roles, key) }

// Set finds a condition set.
func (s *Schema) Set(key string) *Set { return Find(s.Sets, key) }

// Action finds an action.
func (r *Resource) Action(key string) *Action { return Find(r.Actions, key) }

// Group finds an action group.
func (r *Resource) Group(key string) *ActionGroup { return Find(r.ActionGroups, key) }

// Relation finds a relation.
func (r *Resource) Relation(key string) *Relation { return Find(r.Relations, key) }

// Role finds a role on instances.
func (r *Resource) Role(key string) *Role { return Find(r.Roles, key) }

// expand gives the actions that a permission on the resource stands for: all for
// *, those of an action group, or the action itself; nil when there is no such action.
func (r *Resource) expand(permission string) []string {
	if permission == "*" {
		all := make([]string, 0, len(r.Actions))
		for _, a := range r.Actions {
			all = append(all, a.Key)
		}
		return all
	}
	if r.Action(permission) != nil {
		return []string{permission}
	}
	if g := r.Group(permission); g != nil {
		return g.Actions
	}
	return nil
}

// own gives a permission of a role on the resource without the resource's key,
// with which it may be written too.
func (r *Resource) own(permission string) string {
	if r.Action(permission) != nil {
		return permission
	}
	return strings.TrimPrefix(permission, r.Key+":")
}

// closure gives a role and all that it extends, each once, the role first.
func closure(roles []Role, key string) []string {
	var all []string
	var visit func(string)
	visit = func(key string) {
		r := Find(roles, key)
		if r == nil || slices.Contains(all, key) {
			return
		}
		all = append(all, key)
		for _, e := range r.Extends {
			visit(e)
		}
	}
	visit(key)
	return all
}

// RoleClosure gives a tenant role and all roles that it extends, itself first.
func (s *Schema) RoleClosure(role string) []string { return closure(s.Roles, role) }

// RoleClosure gives a role on the resource's instances and all that it extends, itself first.
func (r *Resource) RoleClosure(role string) []string { return closure(r.Roles, role) }

// Permissions gives what a tenant role may do, its own and what the roles have that it extends, as
// sorted "type:action", wildcards and action groups spelt out.
func (s *Schema) Permissions(role string) []string {
	var all []string
	for _, key := range s.RoleClosure(role) {
		for _, p := range s.Role(key).Permissions {
			kind, action, _ := strings.Cut(p, ":")
			if r := s.Resource(kind); r != nil {
				for _, a := range r.expand(action) {
					all = append(all, kind+":"+a)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Permissions gives what a role on instances of the resource may do, as [Schema.Permissions] does.
func (r *Resource) Permissions(role string) []string {
	var all []string
	for _, key := range r.RoleClosure(role) {
		for _, p := range r.Role(key).Permissions {
			for _, a := range r.expand(r.own(p)) {
				all = append(all, r.Key+":"+a)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// suggest hints at what was likely meant by word, or lists what there is.
func suggest(e *writ.Error, word string, candidates []string) *writ.Error {
	const most = 40
	if len(word) <= 100 && len(candidates) <= 2000 {
		if near := writ.Nearest(word, candidates); near != "" {
			return e.WithHint("did you mean %s?", near)
		}
	}
	if len(candidates) > 0 && len(candidates) <= most {
		return e.WithHint("there is %s", strings.Join(slices.Compact(slices.Sorted(slices.Values(candidates))), ", "))
	}
	return e
}

// keys gives the keys of a list.
func keys[T Keyed](list []T) []string {
	all := make([]string, len(list))
	for i := range list {
		all[i] = list[i].key()
	}
	return all
}
