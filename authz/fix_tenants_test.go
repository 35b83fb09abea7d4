package authz_test

import (
	"testing"

	"github.com/writ-dev/writ/authz"
)

// A fix that no store would take is none.
func TestAFixJoinsNoTwoTenants(t *testing.T) {
	t.Parallel()
	s, err := authz.New(&authz.Model{Types: []authz.Type{
		kind("user"), kind(authz.TenantType, relation("admin", "user", direct)), kind("team", relation("member", "user", direct)),
		kind("document", relation("viewer", "user team#member", direct)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	e := s.Edit()
	for team, tenant := range map[string]string{"near": "acme", "far": "globex"} {
		e.Restore(authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{Entity: authz.Entity{Type: "team", ID: team}, Tenant: tenant}}})
	}
	e.Restore(authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{Entity: authz.Entity{Type: "document", ID: "plan"}, Tenant: "acme"}}})
	s = e.Done()
	for team, want := range map[string]bool{"near": true, "far": false} {
		q := &authz.Query{SubjectRelation: "member"}
		q.Subject.Type, q.Subject.ID, q.Resource.Type, q.Resource.ID, q.Action.Name = "team", team, "document", "plan", "viewer"
		d, err := s.Check(q)
		if err != nil || d.Allowed {
			t.Fatal(d, err)
		}
		offered := false
		for _, r := range d.Reasons {
			offered = offered || r.Fix != nil
		}
		if offered != want {
			t.Errorf("team %s: a fix is offered: %v, want %v: %+v", team, offered, want, d.Reasons)
		}
	}
}
