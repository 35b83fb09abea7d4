package authz_test

import (
	"testing"

	"github.com/writ-dev/writ/authz"
)

func TestWhatMayDependOnTheContext(t *testing.T) {
	t.Parallel()
	m := company(t)
	for action, want := range map[string]bool{
		"restart": true,  // its rule asks context.incident
		"read":    true,  // viewers may be so at office hours alone
		"comment": true,  // what is taken away are viewers
		"edit":    false, // roles and groups
		"purge":   false, "sign": false, "dream": false, "nothing": false,
	} {
		if got := m.ReadsContext("document", action); got != want {
			t.Errorf("document %s reads the context: %v, want %v", action, got, want)
		}
	}
	if m.ReadsContext("nothing", "read") {
		t.Error("a type that is not there reads the context")
	}
	for i := range m.Types {
		if m.Types[i].Name == "document" {
			m.Types[i].Actions = append(m.Types[i].Actions, authz.Relation{Name: "call", Rewrite: authz.Exclusion{Base: computed("editor"), Minus: authz.When{
				Rule: "at-night", Subject: "user", Condition: compile(t, "environment.night == true", authz.Scope(nil, nil)),
			}, Deny: "at-night"}})
		}
	}
	if !m.ReadsContext("document", "call") {
		t.Error("environment is another name of the context")
	}
}
