package authz_test

import (
	"context"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// An application whose tenants are numbers sent {"tenant": 42}. The number was not seen, and the
// question was answered for the default tenant: who is admin there was allowed everywhere.
func TestATenantThatIsNoTextIsNotTheDefaultTenant(t *testing.T) {
	t.Parallel()
	s := snapshot(t, documents(), "__tenant:home#reader@user:ann")
	m := documents()
	m.DefaultTenant = "home"
	s, err := s.WithModel(m)
	if err != nil {
		t.Fatal(err)
	}
	q := ask(t, "document:d#read@user:ann")
	if ok, err := s.Allowed(q); !ok || err != nil {
		t.Fatalf("without a tenant: %v %v", ok, err)
	}
	for _, tenant := range []any{42.0, 42, true, []any{"home"}, []string{"home"}, map[string]any{"key": "home"}} {
		q.Resource.Properties = map[string]any{"tenant": tenant}
		_, checkErr := s.Check(q)
		_, listErr := s.Resources(&authz.List{Query: *q, Type: "document"})
		ok, err := s.Allowed(q)
		for _, err := range []error{err, checkErr, listErr} {
			if ok || writ.CodeOf(err) != writ.CodeInvalid {
				t.Errorf("tenant %v: %v %v, want a CodeInvalid error", tenant, ok, err)
			}
		}
	}
	q.Tenant = "home" // what the question says itself counts; the property is one like others then
	if ok, err := s.Allowed(q); !ok || err != nil {
		t.Errorf("with a tenant of its own: %v %v", ok, err)
	}
}

// A search over many objects, each as costly as a question may be, went on for as long as it took, with
// the client long gone.
func TestAListingCanBeStopped(t *testing.T) {
	t.Parallel()
	s := snapshot(t, documents(), "document:a#viewer@user:ann", "document:b#viewer@user:ann", "document:c#viewer@user:ann")
	q := ask(t, "document:a#read@user:ann")
	for name, list := range map[string]func(*authz.List) (authz.Page, error){"resources": s.Resources, "subjects": s.Subjects} {
		for _, limit := range []int{1, 100} {
			l := authz.List{Query: *q, Type: map[string]string{"resources": "document", "subjects": "user"}[name], Limit: limit}
			if page, err := list(&l); err != nil || len(page.IDs) == 0 {
				t.Errorf("%s: %v, %v", name, page, err)
			}
			l.Stop = func() error { return context.Canceled }
			if page, err := list(&l); writ.CodeOf(err) != writ.CodeCancelled || len(page.IDs) > 0 {
				t.Errorf("%s, stopped: %v, %v", name, page, err)
			}
		}
	}
}
