package authz_test

import (
	"context"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// A Checker decides by its clock, and gives up with its caller.
func TestCheckerOfASnapshot(t *testing.T) {
	t.Parallel()
	empty, err := authz.New(&authz.Model{Types: []authz.Type{
		{Name: "user"},
		{Name: "document", Relations: []authz.Relation{{Name: "viewer", Subjects: []authz.SubjectType{{Type: "user"}}, Rewrite: authz.Direct{}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	tuple, err := authz.ParseTuple("document:budget#viewer@user:ann")
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	tuple.Expires = end
	edit := empty.Edit()
	if err := edit.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}}); err != nil {
		t.Fatal(err)
	}
	now := end.Add(-time.Second)
	check := edit.Done().Checker(func() time.Time { return now })
	q := writ.Request{
		Subject: writ.Subject{Type: "user", ID: "ann"}, Action: writ.Action{Name: "viewer"}, Resource: writ.Resource{Type: "document", ID: "budget"},
	}
	if d, err := check.Check(t.Context(), q); err != nil || !d.Allowed {
		t.Errorf("before the end: %v, %v", d, err)
	}
	now = end.Add(time.Second)
	if d, err := check.Check(t.Context(), q); err != nil || d.Allowed {
		t.Errorf("after the end: %v, %v", d, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if d, err := check.Check(ctx, q); writ.CodeOf(err) != writ.CodeCancelled || d.Allowed {
		t.Errorf("given up: %v, %v", d, err)
	}
}
