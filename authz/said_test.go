package authz_test

import (
	"testing"

	"github.com/writ-dev/writ/authz"
)

// Both forms of a tuple are told apart, whatever spaces, @ and # there are.
func TestParseSaid(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"user:ann editor document:budget":         "document:budget#editor@user:ann",
		"team:ar#member viewer document:budget":   "document:budget#viewer@team:ar#member",
		"team:ar#member viewer document:a@b:c":    "document:a@b:c#viewer@team:ar#member",
		"user:ann@acme.example editor document:x": "document:x#editor@user:ann@acme.example",
		"document:x#viewer@team:ar#member":        "document:x#viewer@team:ar#member",
		"document:a b#viewer@user:c d":            "document:a b#viewer@user:c d",
		"document:a#viewer@user:c d e":            "document:a#viewer@user:c d e",
		"user:ann editor":                         "",
		"user:a b editor document:x":              "",
		"a b c":                                   "",
	} {
		got := ""
		if tuple, err := authz.ParseSaid(text); err == nil {
			got = tuple.String()
		}
		if got != want {
			t.Errorf("%s: %q, not %q", text, got, want)
		}
	}
}
