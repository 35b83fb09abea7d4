package identity_test

import (
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/policyfile"
	"github.com/writ-dev/writ/identity"
)

// TestAPolicyReadsClaims: a rule reads claims below `identity`, and no claim passes for an attribute of the user.
func TestAPolicyReadsClaims(t *testing.T) {
	t.Parallel()
	policy, err := policyfile.Parse([]byte(`
users: {attributes: {identity: json, clearance: number}}
resources: {document: {actions: [read, seal]}}
user_sets:
  acme: user.identity.claims.org == "acme" && user.identity.kind == "jwt" && user.identity.claims.level == 3
  cleared: has(user.clearance) && user.clearance > 2
rules:
  acme-reads: {allow: acme, to: document:read}
  cleared-seal: {allow: cleared, to: document:seal}
`), writ.Position{File: "policy.yml"}, policyfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := policy.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, publish(edKey()), &clock{}, nil)
	for _, row := range []struct {
		org    string
		action string
		want   bool
	}{{"acme", "read", true}, {"evil", "read", false}, {"acme", "seal", false}} {
		caller, err := v.Verify(t.Context(), edKey().token(claims(map[string]any{"org": row.org, "level": 3, "clearance": 9}), nil))
		if err != nil {
			t.Fatal(err)
		}
		d, err := snapshot.Check(&authz.Query{Now: start, Request: writ.Request{
			Subject: caller.As("user"), Action: writ.Action{Name: row.action}, Resource: writ.Resource{Type: "document", ID: "plan"},
		}})
		if err != nil || d.Allowed != row.want {
			t.Errorf("%+v: %+v, %v", row, d, err)
		}
	}
	if p := (identity.Caller{Kind: identity.APIKey}).Properties()["identity"].(map[string]any); p["kind"] != "key" || p["claims"] == nil || len(p) != 2 {
		t.Errorf("properties of a key: %v", p)
	}
}
