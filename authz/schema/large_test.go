package schema_test

import (
	"fmt"
	"testing"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/internal/expr"
)

// large is a policy of an organization: 50 types, 250 sets, 2,500 rules.
func large() *schema.Schema {
	const types, userSets, resourceSets, rules = 50, 50, 4, 50
	s := &schema.Schema{UserAttributes: []schema.Attribute{{Header: key("level"), Type: "number"}, {Header: key("team"), Type: "string"}}}
	for i := range userSets {
		s.Sets = append(s.Sets, schema.Set{Header: key(fmt.Sprintf("people%d", i)), When: fmt.Sprintf(`user.level >= %d && user.team == "t%d"`, i%7, i)})
	}
	for i := range types {
		r := schema.Resource{Header: key(fmt.Sprintf("type%d", i)), Attributes: []schema.Attribute{{Header: key("state"), Type: "string"}}}
		for j := range 5 {
			r.Actions = append(r.Actions, schema.Action{Header: key(fmt.Sprintf("action%d", j))})
		}
		for j := range resourceSets {
			s.Sets = append(s.Sets, schema.Set{
				Header: key(fmt.Sprintf("things%d_%d", i, j)), Resource: r.Key, When: fmt.Sprintf(`resource.state == "s%d" && resource.owner != user.key`, j),
			})
		}
		s.Resources = append(s.Resources, r)
		for j := range rules {
			s.Rules = append(s.Rules, schema.Rule{
				Users: fmt.Sprintf("people%d", j), Permission: fmt.Sprintf("%s:action%d", r.Key, j%5), Resources: fmt.Sprintf("things%d_%d", i, j%resourceSets),
			})
		}
	}
	return s
}

// TestConditionsCompileOnce counts the programs of a policy whose sets say few different things.
func TestConditionsCompileOnce(t *testing.T) {
	t.Parallel()
	m, err := large().Model()
	if err != nil {
		t.Fatal(err)
	}
	rules, programs := 0, map[*expr.Program]bool{}
	var visit func(w authz.Rewrite)
	visit = func(w authz.Rewrite) {
		switch w := w.(type) {
		case authz.Union:
			for _, of := range w.Of {
				rules++
				visit(of)
			}
		case authz.When:
			programs[w.Condition] = true
			if w.Then != nil {
				visit(w.Then)
			}
		}
	}
	for _, kind := range m.Types {
		for _, action := range kind.Actions {
			visit(action.Rewrite)
		}
	}
	// 50 sets of users, and 4 conditions on each of 50 types.
	if want := 50 + 4*50; rules != 2500 || len(programs) != want {
		t.Errorf("%d rules have %d programs, want %d", rules, len(programs), want)
	}
}

func BenchmarkModel(b *testing.B) {
	s := large()
	for b.Loop() {
		if _, err := s.Model(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkModelAndIndex(b *testing.B) {
	s := large()
	for b.Loop() {
		m, err := s.Model()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := authz.New(m); err != nil {
			b.Fatal(err)
		}
	}
}
