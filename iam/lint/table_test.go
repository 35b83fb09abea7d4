package lint

import (
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam/catalog"
)

// The tables name only actions and services that AWS has.
func TestTablesAreKnown(t *testing.T) {
	t.Parallel()
	rows := 0
	for _, action := range passing {
		if a, ok := catalog.AWS().Action(action); !ok || a.String() != action {
			t.Errorf("passing names %s, which is no action", action)
		}
		rows++
	}
	for _, e := range escalations {
		for _, need := range e.needs {
			for action := range strings.SplitSeq(need, "|") {
				if a, ok := catalog.AWS().Action(action); !ok || a.String() != action {
					t.Errorf("a combination names %s, which is no action", action)
				}
				rows++
			}
		}
		if hasRole := e.needs[0] == "iam:PassRole"; hasRole != (e.service != "") || e.gives == "" {
			t.Errorf("the combination %v has the service %q", e.needs, e.service)
		}
	}
	if rows < 100 {
		t.Errorf("only %d actions were looked up", rows)
	}
	for _, key := range fixing {
		if _, ok := catalog.AWS().Key("", key); !ok && key != "aws:principaltag" {
			t.Errorf("the key %s is not known", key)
		}
	}
}

func TestRulesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.Code] || r.Doc == "" || strings.Trim(r.Code, "abcdefghijklmnopqrstuvwxyz-") != "" {
			t.Errorf("the rule %q is there twice, or has no description", r.Code)
		}
		seen[r.Code] = true
	}
}
