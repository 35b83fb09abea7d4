package schema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/policyfile"
)

// TestRolesAreNoActions holds that a role's name, asked for as an action, does not go past a rule that denies;
// and that a role can be asked for on purpose, also where an action has its name.
func TestRolesAreNoActions(t *testing.T) {
	t.Parallel()
	p, err := policyfile.Parse([]byte(`
roles: {admin: [document:write]}
resources:
  document:
    actions: [write, review]
    relations: {parent: document}
    roles: {editor: write, review: write}
  empty: {roles: {owner: []}}
rules:
  frozen: {deny: everyone, to: [document:write, document:review]}
facts:
  users: {ann: {roles: {default: admin, document:budget: [editor, review], empty:e: owner}}}
  instances: {document:budget: {}, empty:e: {}}
  tuples: [document:home parent document:budget]
`), writ.Position{File: "policy.yml"}, policyfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		action, kind, id string
		relation, want   bool
	}{
		{"write", "document", "budget", false, false},
		{"editor", "document", "budget", false, false},
		{"review", "document", "budget", false, false},
		{"parent", "document", "budget", false, false},
		{"owner", "empty", "e", false, false},
		{"admin", authz.TenantType, "default", false, false},
		{"editor", "document", "budget", true, true},
		{"review", "document", "budget", true, true},
		{"owner", "empty", "e", true, true},
		{"admin", authz.TenantType, "default", true, true},
		{"write", "document", "budget", true, false},
	} {
		q := authz.Query{Relation: c.relation}
		q.Subject, q.Action.Name, q.Resource = writ.Subject{Type: "user", ID: "ann"}, c.action, writ.Resource{Type: c.kind, ID: c.id}
		d, err := s.Check(&q)
		if err != nil || d.Allowed != c.want {
			t.Errorf("%+v: %v, %v", c, d.Allowed, err)
		}
		if quick, err := s.Allowed(&q); err != nil || quick != c.want {
			t.Errorf("%+v: without reasons %v, %v", c, quick, err)
		}
		found, err := s.Resources(&authz.List{Query: q, Type: c.kind})
		if err != nil || (len(found.IDs) > 0) != c.want {
			t.Errorf("%+v: the list is %v, %v", c, found.IDs, err)
		}
		if c.action == "editor" && !c.relation && (len(d.Reasons) == 0 || !strings.Contains(d.Reasons[0].Message, `no action "editor"`)) {
			t.Errorf("%+v: the reasons are %+v", c, d.Reasons)
		}
	}
	q := authz.Query{}
	q.Subject, q.Resource = writ.Subject{Type: "user", ID: "ann"}, writ.Resource{Type: "empty", ID: "e"}
	may, err := s.Actions(&q)
	if diff := cmp.Diff([]string(nil), may); err != nil || diff != "" {
		t.Errorf("what ann may do to a thing without actions: %s, %v", diff, err)
	}
}
