package authz_test

import (
	"fmt"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// rowOfFolders is folders in a row: f0's viewer is ann, and each is the parent of the next.
func rowOfFolders(t testing.TB, n int) *authz.Snapshot {
	t.Helper()
	e := snapshot(t, documents()).Edit()
	add(t, e, "folder:f0#viewer@user:ann")
	for i := range n {
		put(e, fmt.Sprint("folder:f", i+1), "parent", fmt.Sprint("folder:f", i))
	}
	put(e, "document:last", "parent", fmt.Sprint("folder:f", n))
	return e.Done()
}

func TestDepth(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]writ.Code{900: "", 1100: writ.CodeTooLarge} {
		s := rowOfFolders(t, n)
		ok, err := s.Allowed(ask(t, "document:last#viewer@user:ann"))
		if want == "" && (!ok || err != nil) || want != "" && (ok || writ.CodeOf(err) != want) {
			t.Errorf("%d folders: %v, %v", n, ok, err)
		}
		ok, err = s.Allowed(ask(t, "document:last#viewer@user:bob"))
		if ok || (err == nil) != (want == "") {
			t.Errorf("%d folders, another user: %v, %v", n, ok, err)
		}
	}
	s := rowOfFolders(t, 1100)
	e := s.Edit()
	add(t, e, "document:last#owner@user:ann")
	add(t, e, "document:last#blocked@user:bob")
	s = e.Done()
	if ok, err := s.Allowed(ask(t, "document:last#viewer@user:ann")); !ok || err != nil {
		t.Errorf("another branch says yes: %v, %v", ok, err)
	}
	if ok, err := s.Allowed(ask(t, "document:last#read@user:bob")); ok || err != nil {
		t.Errorf("what is excluded is no whatever the depth hides: %v, %v", ok, err)
	}
}

func TestGroupsOfAnyDepthAreClimbed(t *testing.T) {
	t.Parallel()
	e := snapshot(t, documents()).Edit()
	for i := range 5000 {
		put(e, fmt.Sprint("group:g", i+1), "member", fmt.Sprintf("group:g%d#member", i))
	}
	add(t, e, "group:g0#member@user:ann")
	add(t, e, "document:a#viewer@group:g5000#member")
	s := e.Done()
	if !allowed(t, s, "document:a#viewer@user:ann") || allowed(t, s, "document:a#viewer@user:bob") {
		t.Error("5,000 groups in each other are not followed")
	}
}

func TestWork(t *testing.T) {
	t.Parallel()
	var tuples []string
	for i := range 50 {
		for j := range 50 {
			tuples = append(tuples, fmt.Sprintf("folder:a%d#parent@folder:b%d", i, j))
		}
		tuples = append(tuples, fmt.Sprintf("document:a#parent@folder:a%d", i))
	}
	s := snapshot(t, documents(), append(tuples, "folder:b49#viewer@user:ann", "document:a#blocked@user:bob")...)
	for question, want := range map[string]bool{"document:a#viewer@user:ann": true, "document:a#viewer@user:bob": false} {
		if ok, err := s.Allowed(ask(t, question)); ok != want || err != nil {
			t.Errorf("%s: %v, %v", question, ok, err)
		}
	}
	s = authz.WithWork(s, 1000)
	if ok, err := s.Allowed(ask(t, "document:a#viewer@user:ann")); !ok || err != nil {
		t.Errorf("found within the bound: %v, %v", ok, err)
	}
	if ok, err := s.Allowed(ask(t, "document:a#viewer@user:bob")); ok || writ.CodeOf(err) != writ.CodeTooLarge {
		t.Errorf("over the bound: %v, %v", ok, err)
	}
	if ok, err := s.Allowed(ask(t, "document:a#read@user:bob")); ok || err != nil {
		t.Errorf("excluded, whatever there is beyond the bound: %v, %v", ok, err)
	}
}

// TestAllFoldersInAllOthers asks where everything depends on everything, with an
// intersection on the cycles and then with an exclusion.
func TestAllFoldersInAllOthers(t *testing.T) {
	t.Parallel()
	m := &authz.Model{Types: []authz.Type{kind("user"), kind("folder",
		relation("parent", "folder", direct), relation("owner", "user", direct),
		relation("viewer", "user", union(direct, all(from("viewer", "parent"), from("editor", "parent")))),
		relation("editor", "user", union(direct, from("viewer", "parent"), all(from("owner", "parent"), from("editor", "parent")))),
		relation("odd", "user", butNot(union(direct, from("viewer", "parent")), from("odd", "parent"))),
	)}}
	const folders = 60
	e := snapshot(t, m, "folder:f30#owner@user:ann", "folder:f30#editor@user:ann", "folder:f20#viewer@user:cid").Edit()
	for i := range folders {
		for j := range folders {
			if i != j {
				put(e, fmt.Sprint("folder:f", i), "parent", fmt.Sprint("folder:f", j))
			}
		}
	}
	s := authz.WithWork(e.Done(), 200_000)
	for question, want := range map[string]bool{
		"viewer@user:ann": false, "editor@user:ann": true, "viewer@user:bob": false, "viewer@user:cid": true, "editor@user:cid": true,
		"odd@user:cid": false, // of each folder it depends on its own absence
		"odd@user:bob": false,
	} {
		if got := allowed(t, s, "folder:f0#"+question); got != want {
			t.Errorf("%s: got %v", question, got)
		}
	}
}

func TestAQuestionBringsSoManyTuples(t *testing.T) {
	t.Parallel()
	q := ask(t, "document:a#viewer@user:ann")
	for i := range 1001 {
		tuple, _ := authz.ParseTuple(fmt.Sprintf("document:a#owner@user:u%d", i))
		q.Extra = append(q.Extra, tuple)
	}
	s := snapshot(t, documents(), "document:a#viewer@user:ann")
	if ok, err := s.Allowed(q); ok || writ.CodeOf(err) != writ.CodeTooLarge {
		t.Errorf("got %v, %v", ok, err)
	}
	q.Extra = q.Extra[:1000]
	if ok, err := s.Allowed(q); !ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
}
