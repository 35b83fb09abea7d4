package oracle

import (
	"strconv"

	"github.com/writ-dev/writ/authz"
	"pgregory.net/rapid"
)

// types makes users, one to three types with links to each other, relations and
// actions, and often tenants with roles.
func (g *generator) types() {
	g.m.Types = []authz.Type{{Name: "user", Attributes: declared}}
	n := rapid.IntRange(1, 3).Draw(g.t, "types")
	for i := range n {
		g.m.Types = append(g.m.Types, authz.Type{Name: "t" + strconv.Itoa(i), Attributes: declared})
	}
	if g.one(2) {
		g.m.Types = append(g.m.Types, authz.Type{Name: authz.TenantType})
		g.m.DefaultTenant = rapid.SampledFrom([]string{"", "t1"}).Draw(g.t, "default tenant")
	}
	for i := range g.m.Types[1:] {
		kind := &g.m.Types[i+1]
		for r := range rapid.IntRange(1, 4).Draw(g.t, "relations") {
			kind.Relations = append(kind.Relations, authz.Relation{Name: "r" + strconv.Itoa(r), Role: g.one(2)})
		}
	}
	// Links come last, so that the relations that they lead to are there.
	for i := range g.m.Types[1:] {
		kind := &g.m.Types[i+1]
		for r := range kind.Relations {
			kind.Relations[r].Rewrite = g.rewrite(kind, 3)
		}
		kind.Relations = append(kind.Relations, g.link())
		for a := range rapid.IntRange(0, 2).Draw(g.t, "actions") {
			// An action may have the name of a relation, and then stands before it.
			name := rapid.SampledFrom([]string{"a" + strconv.Itoa(a), "r" + strconv.Itoa(a)}).Draw(g.t, "action name")
			kind.Actions = append(kind.Actions, authz.Relation{Name: name, Rewrite: g.without(g.rewrite(kind, 2))})
		}
	}
	for i := range g.m.Types[1:] {
		kind := &g.m.Types[i+1]
		for r := range kind.Relations {
			if uses(kind.Relations[r].Rewrite) && kind.Relations[r].Name != linkName {
				kind.Relations[r].Subjects = g.subjects()
			}
		}
	}
	for g.open() {
	}
	g.storedNowhere()
	g.unrole()
}

// linkName is the relation of each type that others are reached through.
const linkName = "up"

func (g *generator) link() authz.Relation {
	r := authz.Relation{Name: linkName, Rewrite: authz.Direct{}}
	for i, kind := range g.m.Types[1:] {
		if i == 0 || g.one(2) {
			r.Subjects = append(r.Subjects, authz.SubjectType{Type: kind.Name, Condition: g.condition()})
		}
	}
	return r
}

func (g *generator) subjects() []authz.SubjectType {
	all := []authz.SubjectType{{Type: "user", Condition: g.condition()}}
	if g.one(4) {
		all = append(all, authz.SubjectType{Type: "user", Everyone: true, Condition: g.condition()})
	}
	for range rapid.IntRange(0, 2).Draw(g.t, "more subjects") {
		kind := rapid.SampledFrom(g.m.Types[1:]).Draw(g.t, "subject type")
		s := authz.SubjectType{Type: kind.Name, Condition: g.condition()}
		if g.one(4) {
			s.Relation = ""
		} else {
			s.Relation = g.relation(&kind)
		}
		all = append(all, s)
	}
	seen := map[authz.SubjectType]bool{}
	var kept []authz.SubjectType
	for _, s := range all {
		if !seen[s] {
			seen[s] = true
			kept = append(kept, s)
		}
	}
	return kept
}

// relation names one of a type's, links aside.
func (g *generator) relation(kind *authz.Type) string {
	var all []string
	for _, r := range kind.Relations {
		if r.Name != linkName {
			all = append(all, r.Name)
		}
	}
	return rapid.SampledFrom(all).Draw(g.t, "relation")
}

func (g *generator) rewrite(kind *authz.Type, depth int) authz.Rewrite {
	leaf := depth == 0 || g.one(3)
	pick := rapid.IntRange(0, 9).Draw(g.t, "rewrite")
	if !leaf {
		switch {
		case pick < 4:
			return authz.Union{Of: g.rewrites(kind, depth-1)}
		case pick < 6:
			return authz.Intersection{Of: g.rewrites(kind, depth-1)}
		case pick < 9:
			deny := rapid.SampledFrom([]string{"", "no entry"}).Draw(g.t, "deny")
			return authz.Exclusion{Base: g.rewrite(kind, depth-1), Minus: g.rewrite(kind, depth-1), Deny: deny}
		}
		w := g.when()
		w.Then = g.rewrite(kind, depth-1)
		return w
	}
	switch {
	case pick < 3:
		return authz.Direct{}
	case pick < 4:
		return authz.Stored{Relation: g.relation(kind)}
	case pick < 6:
		return authz.Computed{Relation: g.relation(kind)}
	case pick < 8:
		return authz.From{Relation: g.relation(&g.m.Types[1]), Tupleset: linkName}
	case pick < 9 && g.m.Types[len(g.m.Types)-1].Name == authz.TenantType:
		return authz.InTenant{Relation: g.relation(&g.m.Types[len(g.m.Types)-1])}
	}
	return g.when()
}

func (g *generator) rewrites(kind *authz.Type, depth int) []authz.Rewrite {
	var all []authz.Rewrite
	for range rapid.IntRange(2, 3).Draw(g.t, "branches") {
		all = append(all, g.rewrite(kind, depth))
	}
	return all
}
