package schema

import (
	"slices"
	"strings"
	"unicode"

	"github.com/writ-dev/writ"
)

// maxKey bounds a key, in bytes.
const maxKey = 200

// problem notes what is wrong.
func (c *compiler) problem(at writ.Position, format string, args ...any) *writ.Error {
	e := writ.Errorf(writ.CodeInvalid, format, args...)
	e.Position = at
	c.errs = append(c.errs, e)
	return e
}

// twice notes that two parts have one key.
func (c *compiler) twice(at, first writ.Position, format string, args ...any) {
	e := c.problem(at, format, args...)
	e.Code = writ.CodeConflict
	if first.Line > 0 {
		_ = e.WithHint("the first is at %s", first)
	}
}

// uniq notes keys that cannot be one or are there twice.
func uniq[T Keyed](c *compiler, list []T, header func(*T) Header, what string) {
	seen := map[string]writ.Position{}
	for i := range list {
		h := header(&list[i])
		if why := badKey(h.Key); why != "" {
			c.problem(h.Position, "%s %q: a key %s", what, short(h.Key), why)
		}
		if first, ok := seen[h.Key]; ok {
			c.twice(h.Position, first, "there are two %ss %s", what, h.Key)
		}
		seen[h.Key] = h.Position
	}
}

func badKey(key string) string {
	switch {
	case key == "":
		return "must not be empty"
	case len(key) > maxKey:
		return "has 200 bytes at most"
	case key == "*":
		return "must not be *, which stands for all"
	case strings.HasPrefix(key, "__"):
		return "must not start with __, which is kept for types of our own"
	case strings.ContainsAny(key, "#@"):
		return "must not have # or @, which stand between the parts of a tuple"
	case strings.ContainsFunc(key, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return "must not have spaces or what cannot be printed"
	}
	return ""
}

// short cuts a foreign word to a length that a message can have.
func short(word string) string {
	if len(word) > 80 {
		return strings.ToValidUTF8(word[:80], "") + "..."
	}
	return word
}

// check finds what is wrong with names: doubles, unknown ones, circles.
func (c *compiler) check() {
	s := c.s
	uniq(c, s.Resources, func(r *Resource) Header { return r.Header }, "resource")
	uniq(c, s.Roles, func(r *Role) Header { return r.Header }, "role")
	uniq(c, s.Sets, func(x *Set) Header { return x.Header }, "condition set")
	c.attributes(s.UserAttributes, "user")
	for i := range s.Resources {
		c.checkResource(&s.Resources[i])
	}
	c.circles(s.Roles, "role")
	for i := range s.Roles {
		c.checkTenantRole(&s.Roles[i])
	}
	for _, x := range s.Subjects {
		c.checkSubject(x)
	}
	for i := range s.Sets {
		c.checkSet(&s.Sets[i])
	}
	names := map[string]writ.Position{}
	for i := range s.Rules {
		r := &s.Rules[i]
		// A rule of a file may be about several permissions, users and sets.
		name := r.Key + " " + r.Permission + " " + r.Users + " " + r.Resources
		if first, ok := names[name]; ok && r.Key != "" {
			c.twice(r.Position, first, "there are two rules %s", r.Key)
		}
		names[name] = r.Position
		c.checkRule(r)
	}
}

func (c *compiler) attributes(list []Attribute, of string) {
	seen := map[string]writ.Position{}
	for _, a := range list {
		if a.Key == "" {
			c.problem(a.Position, "an attribute of %s has no name", of)
		}
		if first, ok := seen[a.Key]; ok {
			c.twice(a.Position, first, "there are two attributes %s of %s", a.Key, of)
		}
		seen[a.Key] = a.Position
		if _, ok := attributeTypes[a.Type]; !ok {
			e := c.problem(a.Position, "attribute %s of %s: there is no type %q", a.Key, of, short(a.Type))
			_ = suggest(e, a.Type, []string{"bool", "number", "string", "time", "array", "json"})
		}
	}
}

func (c *compiler) checkResource(r *Resource) {
	if strings.Contains(r.Key, ":") {
		c.problem(r.Position, "resource %q: a key must not have a colon, which stands between type and id", short(r.Key))
	}
	uniq(c, r.Actions, func(a *Action) Header { return a.Header }, "action")
	uniq(c, r.ActionGroups, func(g *ActionGroup) Header { return g.Header }, "action group")
	uniq(c, r.Relations, func(x *Relation) Header { return x.Header }, "relation")
	uniq(c, r.Roles, func(x *Role) Header { return x.Header }, "role")
	c.attributes(r.Attributes, r.Key)
	if r.Key == UserType {
		for _, a := range r.Attributes {
			if other := Find(c.s.UserAttributes, a.Key); other != nil {
				c.twice(a.Position, other.Position, "there are two attributes %s of user", a.Key)
			}
		}
	}
	for _, g := range r.ActionGroups {
		if a := r.Action(g.Key); a != nil {
			c.twice(g.Position, a.Position, "%s has an action and an action group %s", r.Key, g.Key)
		}
		for _, a := range g.Actions {
			if r.Action(a) == nil {
				_ = suggest(c.problem(c.s.spot(g.Position, a), "action group %s of %s: there is no action %q", g.Key, r.Key, short(a)), a, keys(r.Actions))
			}
		}
	}
	for _, x := range r.Relations {
		if role := r.Role(x.Key); role != nil {
			c.twice(x.Position, role.Position, "%s has a relation and a role %s", r.Key, x.Key)
		}
		if x.Subject != UserType {
			c.known(c.s.spot(x.Position, x.Subject), "relation "+x.Key+" of "+r.Key, x.Subject)
		}
	}
	c.circles(r.Roles, "role of "+r.Key)
	for i := range r.Roles {
		c.checkInstanceRole(r, &r.Roles[i])
	}
}

// known finds a resource, or notes that there is none.
func (c *compiler) known(at writ.Position, where, key string) *Resource {
	r := c.resources[key]
	if r == nil {
		_ = suggest(c.problem(at, "%s: there is no resource %q", where, short(key)), key, keys(c.s.Resources))
	}
	return r
}

// permission notes a permission "type:action" that does not exist.
func (c *compiler) permission(at writ.Position, where, permission string) *Resource {
	kind, action, ok := strings.Cut(permission, ":")
	if !ok {
		c.problem(at, "%s: the permission %q is not written resource:action", where, short(permission))
		return nil
	}
	r := c.known(at, where, kind)
	if r != nil && action != "*" && r.Action(action) == nil && r.Group(action) == nil {
		c.noAction(at, where, r, action)
	}
	return r
}

// noAction notes an action that a resource does not have. The first one of all is
// missing because actions are declared, which a hint says.
func (c *compiler) noAction(at writ.Position, where string, r *Resource, action string) {
	e := suggest(c.problem(at, "%s: %s has no action %q", where, r.Key, short(action)), action, keys(r.Actions))
	if len(r.Actions) == 0 {
		_ = e.WithHint("%s declares no actions; add  actions: [%s]", r.Key, short(action))
	}
}

func (c *compiler) checkTenantRole(role *Role) {
	where := "role " + role.Key
	for _, p := range role.Permissions {
		c.permission(c.s.spot(role.Position, p), where, p)
	}
	if len(role.Grants) > 0 {
		c.problem(role.Position, "%s: a role in a tenant cannot be derived; only roles on instances can", where)
	}
}

func (c *compiler) checkInstanceRole(r *Resource, role *Role) {
	where := "role " + role.Key + " of " + r.Key
	for _, p := range role.Permissions {
		if own := r.own(p); own != "*" && r.Action(own) == nil && r.Group(own) == nil {
			c.noAction(c.s.spot(role.Position, p), where, r, own)
		}
	}
	for _, d := range role.Grants {
		c.checkDerivation(r, where, d, role.Position)
	}
}

func (c *compiler) checkDerivation(r *Resource, where string, d Derivation, at writ.Position) {
	if d.Position.Line > 0 {
		at = d.Position
	}
	relation := r.Relation(d.Relation)
	if relation == nil {
		_ = suggest(c.problem(at, "%s: %s has no relation %q", where, r.Key, short(d.Relation)), d.Relation, keys(r.Relations))
		return
	}
	if relation.Subject != d.Resource {
		c.problem(at, "%s: it is derived from a role on %s, but %s leads to %s", where, short(d.Resource), d.Relation, relation.Subject)
		return
	}
	if on := c.resources[d.Resource]; on != nil && on.Role(d.Role) == nil {
		_ = suggest(c.problem(at, "%s: %s has no role %q", where, d.Resource, short(d.Role)), d.Role, keys(on.Roles))
	}
}

// circles notes unknown roles among those that roles extend, and roles that extend themselves.
func (c *compiler) circles(roles []Role, what string) {
	const open, done = 1, 2
	state := map[string]int{}
	var visit func(r *Role, path []string)
	visit = func(r *Role, path []string) {
		path = append(path, r.Key)
		state[r.Key] = open
		for _, e := range r.Extends {
			switch next := Find(roles, e); {
			case next == nil:
				_ = suggest(c.problem(c.s.spot(r.Position, e), "%s %s extends %q, which is not there", what, r.Key, short(e)), e, keys(roles))
			case state[e] == open:
				circle := append(slices.Clone(path[slices.Index(path, e):]), e)
				c.problem(c.s.spot(r.Position, e), "%s %s extends itself: %s", what, e, strings.Join(circle, " -> "))
			case state[e] == 0:
				visit(next, path)
			}
		}
		state[r.Key] = done
	}
	for i := range roles {
		if state[roles[i].Key] == 0 {
			visit(&roles[i], nil)
		}
	}
}

func (c *compiler) checkSubject(x Subject) {
	t := subjectType(x.Name, x.Position)
	if t.Relation == "" && t.Type == UserType {
		return
	}
	r := c.known(x.Position, "subjects", t.Type)
	if r != nil && t.Relation != "" && r.Role(t.Relation) == nil && r.Relation(t.Relation) == nil {
		_ = suggest(c.problem(x.Position, "subjects: %s has no role or relation %q", t.Type, short(t.Relation)), t.Relation, append(keys(r.Roles), keys(r.Relations)...))
	}
}

func (c *compiler) checkSet(x *Set) {
	if x.Resource != "" {
		c.known(c.s.spot(x.Position, x.Resource), x.Title(), x.Resource)
	}
	if x.When != "" && len(x.Conditions) > 0 {
		c.problem(x.Position, "%s has conditions in two forms", x.Title())
	}
	seen := []string{x.Key}
	for up := x; up.Parent != ""; {
		parent := c.sets[up.Parent]
		switch {
		case parent == nil:
			_ = suggest(c.problem(c.s.spot(up.Position, up.Parent), "%s: there is no set %q above it", up.Title(), short(up.Parent)), up.Parent, keys(c.s.Sets))
			return
		case parent.Resource != x.Resource:
			c.problem(x.Position, "%s stands below %s, which is of another kind", x.Title(), parent.Title())
			return
		case slices.Contains(seen, parent.Key):
			c.problem(x.Position, "%s stands below itself: %s", x.Title(), strings.Join(append(seen, parent.Key), " -> "))
			return
		}
		seen = append(seen, parent.Key)
		up = parent
	}
}

func (c *compiler) checkRule(r *Rule) {
	where := r.Title()
	if c.permission(c.s.spot(r.Position, r.Permission), where, r.Permission) == nil {
		return
	}
	kind, _, _ := strings.Cut(r.Permission, ":")
	switch {
	case r.IsRole && c.s.Role(r.Users) == nil:
		_ = suggest(c.problem(c.s.spot(r.Position, r.Users), "%s: there is no role %q in a tenant", where, short(r.Users)), r.Users, keys(c.s.Roles))
	case !r.IsRole && r.Users != "":
		if set := c.sets[r.Users]; set == nil || set.Resource != "" {
			_ = suggest(c.problem(c.s.spot(r.Position, r.Users), "%s: there is no user set %q", where, short(r.Users)), r.Users, c.setKeys(""))
		}
	}
	switch {
	case r.IsResource && r.Resources != kind:
		c.problem(c.s.spot(r.Position, r.Permission), "%s: the permission %s is not on %s", where, r.Permission, short(r.Resources))
	case !r.IsResource && r.Resources != "":
		if set := c.sets[r.Resources]; set == nil || set.Resource == "" {
			_ = suggest(c.problem(c.s.spot(r.Position, r.Resources), "%s: there is no resource set %q", where, short(r.Resources)), r.Resources, c.setKeys(kind))
		} else if set.Resource != kind {
			c.problem(c.s.spot(r.Position, r.Permission), "%s: the permission %s is not on %s, which %s holds", where, r.Permission, set.Resource, set.Title())
		}
	}
}

// setKeys gives the keys of the sets of users, or of those of a type of resource.
func (c *compiler) setKeys(kind string) []string {
	var all []string
	for _, s := range c.s.Sets {
		if s.Resource == kind {
			all = append(all, s.Key)
		}
	}
	return all
}
