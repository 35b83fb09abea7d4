package oracle

import "github.com/writ-dev/writ/authz"

// uses reports whether the relation's own tuples are part of a rewrite.
func uses(r authz.Rewrite) bool {
	switch r := r.(type) {
	case authz.Direct:
		return true
	case authz.When:
		return r.Then != nil && uses(r.Then)
	case authz.Union:
		return anyOf(r.Of, uses)
	case authz.Intersection:
		return anyOf(r.Of, uses)
	case authz.Exclusion:
		return uses(r.Base) || uses(r.Minus)
	}
	return false
}

func anyOf(all []authz.Rewrite, f func(authz.Rewrite) bool) bool {
	for _, r := range all {
		if f(r) {
			return true
		}
	}
	return false
}

// without replaces the tuples of actions, which have none, by those of a relation.
func (g *generator) without(r authz.Rewrite) authz.Rewrite {
	each := func(all []authz.Rewrite) []authz.Rewrite {
		var out []authz.Rewrite
		for _, r := range all {
			out = append(out, g.without(r))
		}
		return out
	}
	switch r := r.(type) {
	case authz.Direct:
		return authz.Computed{Relation: "r0"}
	case authz.When:
		if r.Then != nil {
			r.Then = g.without(r.Then)
		}
		return r
	case authz.Union:
		return authz.Union{Of: each(r.Of)}
	case authz.Intersection:
		return authz.Intersection{Of: each(r.Of)}
	case authz.Exclusion:
		return authz.Exclusion{Base: g.without(r.Base), Minus: g.without(r.Minus), Deny: r.Deny}
	}
	return r
}

// open gives own tuples to the first relation that nobody could ever have, and
// reports whether there was one.
func (g *generator) open() bool {
	held := g.reachable()
	for i := range g.m.Types {
		kind := &g.m.Types[i]
		for j := range kind.Relations {
			r := &kind.Relations[j]
			if held[kind.Name+"#"+r.Name] {
				continue
			}
			r.Rewrite = authz.Union{Of: []authz.Rewrite{r.Rewrite, authz.Direct{}}}
			r.Subjects = []authz.SubjectType{{Type: "user"}}
			return true
		}
	}
	return false
}

// reachable are the relations that some tuples would let somebody have.
func (g *generator) reachable() map[string]bool {
	held := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for _, kind := range g.m.Types {
			for _, r := range kind.Relations {
				name := kind.Name + "#" + r.Name
				if !held[name] && g.reaches(&kind, &r, r.Rewrite, held) {
					held[name], changed = true, true
				}
			}
		}
	}
	return held
}

func (g *generator) reaches(kind *authz.Type, of *authz.Relation, r authz.Rewrite, held map[string]bool) bool {
	again := func(r authz.Rewrite) bool { return g.reaches(kind, of, r, held) }
	tuples := func(r *authz.Relation) bool {
		for _, s := range r.Subjects {
			if s.Relation == "" || held[s.Type+"#"+s.Relation] {
				return true
			}
		}
		return false
	}
	switch r := r.(type) {
	case authz.Direct:
		return tuples(of)
	case authz.Stored:
		return tuples(find(kind.Relations, r.Relation))
	case authz.Computed:
		return held[kind.Name+"#"+r.Relation]
	case authz.From:
		for _, s := range find(kind.Relations, r.Tupleset).Subjects {
			if held[s.Type+"#"+r.Relation] {
				return true
			}
		}
		return false
	case authz.InTenant:
		return held[authz.TenantType+"#"+r.Relation]
	case authz.When:
		return r.Then == nil || again(r.Then)
	case authz.Union:
		return anyOf(r.Of, again)
	case authz.Intersection:
		return !anyOf(r.Of, func(r authz.Rewrite) bool { return !again(r) })
	case authz.Exclusion:
		return again(r.Base)
	}
	return false
}

// storedNowhere replaces what reads the tuples of a relation that has none.
func (g *generator) storedNowhere() {
	for i := range g.m.Types {
		kind := &g.m.Types[i]
		has := func(name string) bool { return len(find(kind.Relations, name).Subjects) > 0 }
		for j := range kind.Relations {
			kind.Relations[j].Rewrite = restore(kind.Relations[j].Rewrite, has)
		}
		for j := range kind.Actions {
			kind.Actions[j].Rewrite = restore(kind.Actions[j].Rewrite, has)
		}
	}
}

// restore puts links in place of relations without tuples.
func restore(r authz.Rewrite, has func(string) bool) authz.Rewrite {
	each := func(all []authz.Rewrite) []authz.Rewrite {
		var out []authz.Rewrite
		for _, r := range all {
			out = append(out, restore(r, has))
		}
		return out
	}
	switch r := r.(type) {
	case authz.Stored:
		if !has(r.Relation) {
			return authz.Stored{Relation: linkName}
		}
	case authz.When:
		if r.Then != nil {
			r.Then = restore(r.Then, has)
		}
		return r
	case authz.Union:
		return authz.Union{Of: each(r.Of)}
	case authz.Intersection:
		return authz.Intersection{Of: each(r.Of)}
	case authz.Exclusion:
		return authz.Exclusion{Base: restore(r.Base, has), Minus: restore(r.Minus, has), Deny: r.Deny}
	}
	return r
}

// unrole takes the mark of a role from relations that may inherit in a circle: a role
// has the permissions of roles before it only.
func (g *generator) unrole() {
	for i := range g.m.Types {
		relations := g.m.Types[i].Relations
		for j := range relations {
			for _, later := range relations[j:] {
				relations[j].Role = relations[j].Role && !takes(relations[j].Rewrite, later.Name)
			}
		}
	}
}

// takes reports whether a rewrite holds another relation whole.
func takes(r authz.Rewrite, name string) bool {
	switch r := r.(type) {
	case authz.Computed:
		return r.Relation == name
	case authz.Union:
		return anyOf(r.Of, func(r authz.Rewrite) bool { return takes(r, name) })
	}
	return false
}
