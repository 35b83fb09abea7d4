//go:build !cerbos

package policy

import (
	"slices"

	"github.com/casbin/casbin/v3"
	"github.com/casbin/casbin/v3/model"
)

const casbinModel = `[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
`

const (
	casbinPlain      = casbinModel + "m = r.obj == p.obj && r.act == p.act && g(r.sub, p.sub)\n"
	casbinAttributes = casbinModel + "m = r.obj.Kind == p.obj && r.act == p.act && g(r.sub.Name, p.sub) && " +
		"r.sub.Department == r.obj.Department && r.sub.Clearance >= r.obj.Level && holds(r.sub.Regions, r.obj.Region)\n"
	casbinTreeModel = `[request_definition]
r = sub, obj

[policy_definition]
p = sub, obj

[role_definition]
g = _, _
g2 = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = g(r.sub, p.sub) && g2(r.obj, p.obj)
`
)

// casbinUser and casbinThing are what Casbin's condition reads.
type (
	casbinUser struct {
		Name, Department string
		Clearance        int
		Regions          []string
	}
	casbinThing struct {
		Kind, Department, Region string
		Level                    int
	}
)

func casbinEnforcer(text string, policies, groups, above [][]string) (*casbin.Enforcer, error) {
	m, err := model.NewModelFromString(text)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, err
	}
	e.AddFunction("holds", func(args ...any) (any, error) {
		return slices.Contains(args[0].([]string), args[1].(string)), nil
	})
	if _, err := e.AddPolicies(policies); err != nil {
		return nil, err
	}
	if _, err := e.AddGroupingPolicies(groups); err != nil {
		return nil, err
	}
	if above != nil {
		if _, err := e.AddNamedGroupingPolicies("g2", above); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func casbinRBAC(w *rbac, attributes bool) (engine, error) {
	var policies, groups [][]string
	for r := range w.grants {
		for p, has := range w.grants[r] {
			if has {
				policies = append(policies, []string{roleName(r), typeName(p / actions), actionName(p % actions)})
			}
		}
	}
	for u, own := range w.rolesOf {
		for _, r := range own {
			groups = append(groups, []string{userName(u), roleName(r)})
		}
	}
	if !attributes {
		e, err := casbinEnforcer(casbinPlain, policies, groups, nil)
		names := namesOf(w.w1)
		return engine{name: "casbin", check: 2_000, ask: func(i int) (bool, error) {
			return e.Enforce(names[i].user, names[i].kind, names[i].action)
		}}, err
	}
	e, err := casbinEnforcer(casbinAttributes, policies, groups, nil)
	return engine{name: "casbin", check: 2_000, ask: func(i int) (bool, error) {
		q := &w.w3[i]
		p, t := &w.people[q.user], &w.things[q.kind][q.instance]
		return e.Enforce(
			casbinUser{userName(q.user), p.department, p.clearance, p.regions},
			casbinThing{typeName(q.kind), t.department, t.region, t.level}, actionName(q.action))
	}}, err
}

// casbinTree has a policy for each viewer and each viewer group; users in groups are
// Casbin's roles, documents in folders its resource roles.
func casbinTree(w *tree) (engine, lister, error) {
	var policies, groups, above [][]string
	for d := range documents {
		policies = append(policies, []string{userName(w.viewerOf[d]), documentName(d)})
		above = append(above, []string{documentName(d), folderName(w.folderOf[d])})
	}
	for f, p := range w.parent {
		if g := w.groupOf[f]; g >= 0 {
			policies = append(policies, []string{groupName(g), folderName(f)})
		}
		if p >= 0 {
			above = append(above, []string{folderName(f), folderName(p)})
		}
	}
	for g, p := range w.groupParent {
		if p >= 0 {
			groups = append(groups, []string{groupName(g), groupName(p)})
		}
	}
	for u, own := range w.groupsOf {
		slices.Sort(own[:])
		for _, g := range slices.Compact(own[:]) {
			groups = append(groups, []string{userName(u), groupName(g)})
		}
	}
	e, err := casbinEnforcer(casbinTreeModel, policies, groups, above)
	return engine{name: "casbin", check: 40, ask: func(i int) (bool, error) {
		q := w.w2[i]
		return e.Enforce(userName(q.user), documentName(q.document))
	}}, lister{}, err
}
