package authz_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// folderChain is folders one inside the other, the last of which ann views.
func folderChain(t testing.TB, length int) *authz.Snapshot {
	t.Helper()
	s := snapshot(t, company(t))
	e := s.Edit()
	for i := range length {
		add(t, e, fmt.Sprintf("folder:f%d#parent@folder:f%d", i, i+1))
	}
	add(t, e, fmt.Sprintf("folder:f%d#viewer@user:ann", length))
	add(t, e, "document:deep#parent@folder:f0")
	add(t, e, "document:near#viewer@user:ann")
	return e.Done()
}

// A list is whole or an error: a resource that could not be asked about is not left out.
func TestListsAreNeverCut(t *testing.T) {
	t.Parallel()
	s := folderChain(t, 3_000)
	l := &authz.List{Query: *ask(t, "document:x#read@user:ann"), Type: "document"} // each must be checked: some are banned
	p, err := s.Resources(l)
	if writ.CodeOf(err) != writ.CodeTooLarge || p.IDs != nil {
		t.Errorf("a list that meets a bound: %v, %v", p, err)
	}
	l.Action.Name = "viewer" // nothing to check: the walk itself is the proof
	if p, err = s.Resources(l); err != nil || len(p.IDs) != 2 {
		t.Errorf("a list that meets none: %v, %v", p, err)
	}
}

// A proof is told in a sentence whatever its length.
func TestLongProofsAreToldBriefly(t *testing.T) {
	t.Parallel()
	s := folderChain(t, 500)
	d, err := s.Check(ask(t, "document:deep#read@user:ann"))
	if err != nil || !d.Allowed {
		t.Fatal(d, err)
	}
	if m := d.Reasons[0].Message; len(m) > 1_000 || !strings.Contains(m, "..., which is") {
		t.Errorf("%d bytes: %s", len(m), m)
	}
	if len(d.Reasons) > 25 {
		t.Errorf("%d reasons", len(d.Reasons))
	}
	if n, err := s.Explain(ask(t, "document:deep#read@user:ann")); err != nil || n.Verdict != "yes" {
		t.Errorf("%v, %v", n, err)
	}
}

func TestListsOfEveryone(t *testing.T) {
	t.Parallel()
	s := snapshot(
		t, documents(), "document:open#viewer@user:*", "document:open#blocked@user:bob", "document:other#owner@user:ann",
		"document:other#owner@user:bob", "document:some#viewer@user:cat", "__tenant:default#reader@user:dan",
	)
	for _, row := range []struct {
		question string
		want     authz.Page
	}{
		{"document:open#read@user:x", authz.Page{IDs: []string{"ann", "cat", "dan"}, Everyone: true}},
		{"document:some#read@user:x", authz.Page{IDs: []string{"cat", "dan"}}},
		{"document:none#viewer@user:x", authz.Page{}},
		{"document:open#unheard@user:x", authz.Page{}},
	} {
		p, err := s.Subjects(&authz.List{Query: *ask(t, row.question), Type: "user"})
		if diff := cmp.Diff(row.want, p); diff != "" || err != nil {
			t.Errorf("%s: %v %s", row.question, err, diff)
		}
	}
	q := ask(t, "document:x#read@user:dan")
	p, err := s.Resources(&authz.List{Query: *q, Type: "document", Limit: 2})
	if diff := cmp.Diff(authz.Page{IDs: []string{"open", "other"}, Next: "other"}, p); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	p, err = s.Resources(&authz.List{Query: *q, Type: "document", Limit: 2, After: p.Next})
	if diff := cmp.Diff(authz.Page{IDs: []string{"some"}}, p); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	p, err = s.Tenants(&authz.List{Query: *q})
	if diff := cmp.Diff(authz.Page{IDs: []string{"default"}}, p); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

// A condition may give a role in tenants that nothing is stored about.
func TestListsInTenantsThatNothingIsStoredAbout(t *testing.T) {
	t.Parallel()
	rule := authz.When{Rule: "staff", Subject: "user", Condition: compile(t, "user.staff == true", authz.Scope(nil, nil))}
	document := kind("document", relation("owner", "user", direct))
	document.Actions = []authz.Relation{{Name: "read", Rewrite: authz.InTenant{Relation: "reader"}}}
	s := snapshot(t, &authz.Model{Types: []authz.Type{kind("user"), kind(authz.TenantType, relation("reader", "", rule)), document}})
	for _, fact := range []string{
		`user:ann {"attributes": {"staff": true}}`, `document:mine {"tenant": "acme"}`, `document:yours {"tenant": "globex"}`, `document:free`,
	} {
		s = with(t, s, "record", fact)
	}
	for tenant, want := range map[string][]string{"": {"mine", "yours"}, "acme": {"free", "mine"}, "initech": {"free"}} {
		q := ask(t, "document:x#read@user:ann")
		q.Tenant = tenant
		p, err := s.Resources(&authz.List{Query: *q, Type: "document"})
		if diff := cmp.Diff(want, p.IDs); diff != "" || err != nil {
			t.Errorf("tenant %q: %v %s", tenant, err, diff)
		}
	}
}
