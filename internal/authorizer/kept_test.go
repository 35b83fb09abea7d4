package authorizer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/internal/authorizer"
)

// A rule that denies by address must not be left out by keeping answers: the function does not start.
func TestAnswersThatTheContextChangesAreNotKept(t *testing.T) {
	t.Parallel()
	const rules = `{"roles": [{"key": "clerk", "permissions": ["report:read", "report:print"]}],
		"resources": [{"key": "report", "actions": [{"key": "read"}, {"key": "print"}]}],
		"rules": [{"key": "not-from-here", "permission": "report:read", "deny": true, "when": "has(context.ip) && context.ip == \"10.0.0.1\""}]}`
	source := authz.Source{Format: "policy", Text: rules}
	document, err := authorizer.ParseModel(source)
	if err != nil {
		t.Fatal(err)
	}
	model, err := document.Model()
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := authz.New(model)
	if err != nil {
		t.Fatal(err)
	}
	file, err := frozen.Write(frozen.State{Source: source, Snapshot: snapshot})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "policy.frozen"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		action string
		group  int
		starts bool
	}{{"read", 0, true}, {"read", 1, false}, {"print", 1, true}} {
		text := fmt.Sprintf(`{
	"gateway": {"ttl": "5m", "simple": true, "routeInKey": true, "routes": [{"method": "GET", "path": "/reports", "ask": {"action": %q, "resource": "report"}, "group": %d}]},
	"identity": {"issuers": [{"issuer": "https://issuer.example.com", "jwks": "https://issuer.example.com/keys", "audiences": ["shop"]}]},
	"decide": {"snapshot": {"file": "policy.frozen"}}
}`, c.action, c.group)
		config := filepath.Join(dir, fmt.Sprintf("%s%d.json", c.action, c.group))
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := authorizer.Open(t.Context(), config, authorizer.Surroundings{Now: time.Now, Getenv: func(string) string { return "" }})
		switch {
		case c.starts && err != nil:
			t.Errorf("%s in group %d: %v", c.action, c.group, err)
		case !c.starts && (err == nil || !strings.Contains(err.Error(), "may depend on the context")):
			t.Errorf("%s in group %d starts: %v", c.action, c.group, err)
		}
	}
}
