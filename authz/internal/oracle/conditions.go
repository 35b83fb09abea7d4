package oracle

import (
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/expr"
	"pgregory.net/rapid"
)

// The conditions of worlds: of tuples, and of rules.
var (
	named = []string{"x < y", "x == 1", "!(y > 0)"}
	rules = []string{
		"user.level >= resource.level", "user.dept == resource.dept", "context.x == 1", "user.level > 0",
		"!(resource.level > 1)", "tenant.x == 1", "action.y == 1", "user.unheard == 1 || resource.dept == \"it\"",
		"'r0' in user.roles", "!('r1' in user.roles)", "user.tenants == ['t1']", "user.key == 'a'", "user.key == '*' || user.x == 1",
		"resource.tenant == 't1'", "action.name == 'a0' && tenant.key == 't1'",
	}
	parameterTypes = []expr.Variable{{Name: "x", Type: expr.Number}, {Name: "y", Type: expr.Number}}
	declared       = []authz.Attribute{{Name: "level", Type: expr.Number}, {Name: "dept", Type: expr.String}}
)

// programs are all conditions, compiled once: that takes longer than all else.
var programs = sync.OnceValue(func() map[string]*expr.Program {
	all := map[string]*expr.Program{}
	for _, source := range slices.Concat(named, rules) {
		scope := authz.Scope(declared, declared)
		if slices.Contains(named, source) {
			scope = &expr.Scope{Variables: parameterTypes}
		}
		p, err := expr.Compile(source, scope, writ.Position{})
		if err != nil {
			panic(fmt.Sprintf("%s: %v", source, err))
		}
		all[source] = p
	}
	return all
})

// conditions makes the named ones.
func (g *generator) conditions() {
	for i, source := range named {
		g.m.Conditions = append(g.m.Conditions, authz.Condition{
			Name: "c" + strconv.Itoa(i), Params: parameterTypes, Program: programs()[source],
		})
	}
}

func (g *generator) condition() string {
	if !g.one(4) {
		return ""
	}
	return rapid.SampledFrom(g.m.Conditions).Draw(g.t, "condition").Name
}

func (g *generator) when() authz.When {
	source := rapid.SampledFrom(rules).Draw(g.t, "rule")
	return authz.When{Rule: source, Subject: "user", Condition: programs()[source]}
}
