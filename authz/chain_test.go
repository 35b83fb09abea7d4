package authz_test

import (
	"fmt"
	"testing"

	"github.com/writ-dev/writ/authz"
)

// TestRowsOfSingleParents asks through rows of folders of many lengths, some of which
// end in a circle, in a fork or in nothing.
func TestRowsOfSingleParents(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 15, 16, 17, 18, 33, 40} {
		for _, end := range []string{"nothing", "circle", "fork"} {
			e := snapshot(t, treeModel()).Edit()
			for i := range n {
				put(e, fmt.Sprint("folder:f", i), "parent", fmt.Sprint("folder:f", i+1))
			}
			last := fmt.Sprint("folder:f", n)
			put(e, "document:a", "parent", "folder:f0")
			put(e, last, "viewer", "group:last#member")
			put(e, "group:last", "member", "user:ann")
			switch end {
			case "circle":
				put(e, last, "parent", "folder:f0")
			case "fork":
				put(e, last, "parent", "folder:left")
				put(e, last, "parent", "folder:right")
				put(e, "folder:right", "parent", "folder:f0")
				put(e, "folder:right", "viewer", "group:right#member")
				put(e, "group:right", "member", "user:eve")
			}
			s := e.Done()
			for question, want := range map[string]bool{
				"document:a#viewer@user:ann": true, "document:a#viewer@user:bob": false, "document:a#viewer@user:eve": end == "fork",
				"document:a#viewer@group:last#member": true, last + "#viewer@user:ann": true, "folder:f0#viewer@user:bob": false,
			} {
				if got := allowed(t, s, question); got != want {
					t.Errorf("%d folders that end in a %s, %s: got %t", n, end, question, got)
				}
			}
		}
	}
}

// A question that ends in its own subject leaves nothing behind for the next one.
func TestQuestionsOfUsersetsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	s := snapshot(t, treeModel(), "document:a#parent@folder:f", "folder:f#parent@folder:g", "folder:g#viewer@group:all#member", "group:all#member@user:ann")
	q := &authz.Query{SubjectRelation: "viewer"}
	q.Subject.Type, q.Subject.ID, q.Resource.Type, q.Resource.ID, q.Action.Name = "folder", "g", "document", "a", "viewer"
	for range 5_000 {
		if ok, err := s.Allowed(q); !ok || err != nil {
			t.Fatalf("who views a folder views what is in it: %v, %v", ok, err)
		}
	}
	if ok, err := s.Allowed(ask(t, "document:a#viewer@user:ann")); !ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
	if ok, err := s.Allowed(ask(t, "document:a#viewer@user:bob")); ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
}

// TestNamesThatCollide compiles a model whose names differ only where a directory does not look.
func TestNamesThatCollide(t *testing.T) {
	t.Parallel()
	m := &authz.Model{Types: []authz.Type{kind("user")}}
	for i := range 100 {
		m.Types = append(m.Types, kind(fmt.Sprintf("document_%02d_document", i), relation("viewer", "user", direct)))
	}
	s := snapshot(t, m, "document_42_document:a#viewer@user:ann", "document_00_document:a#viewer@user:bob")
	for question, want := range map[string]bool{
		"document_42_document:a#viewer@user:ann": true, "document_42_document:a#viewer@user:bob": false,
		"document_00_document:a#viewer@user:bob": true, "document_77_document:a#viewer@user:bob": false,
		"document_xx_document:a#viewer@user:bob": false, "d:a#viewer@user:bob": false,
	} {
		if got := allowed(t, s, question); got != want {
			t.Errorf("%s: got %t", question, got)
		}
	}
}
