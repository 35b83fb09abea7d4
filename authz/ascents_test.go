package authz_test

import (
	"testing"
	"time"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/expr"
	"pgregory.net/rapid"
)

// clubs has groups in groups, for everyone too and some for a time, as what opens documents.
func clubs(t testing.TB) *authz.Model {
	params := []expr.Variable{{Name: "open", Type: expr.Bool}}
	open := authz.Condition{Name: "open", Params: params, Program: compile(t, "open", &expr.Scope{Variables: params})}
	member := relation("member", "user user:* group#member group#guest", direct)
	viewer := relation("viewer", "user group#member", union(direct, from("viewer", "parent")))
	viewer.Subjects = append(viewer.Subjects, authz.SubjectType{Type: "group", Relation: "member", Condition: "open"})
	return &authz.Model{Conditions: []authz.Condition{open}, Types: []authz.Type{
		kind("user"), kind("group", member, relation("guest", "user group#member", direct)),
		kind("document", relation("parent", "document", direct), viewer),
	}}
}

// What was climbed for one state of the groups must not answer for another, older or newer.
func TestAnswersOfOneSnapshotAreNotThoseOfAnother(t *testing.T) {
	t.Parallel()
	model := clubs(t)
	rapid.Check(t, func(t *rapid.T) {
		empty, err := authz.New(model)
		if err != nil {
			t.Fatal(err)
		}
		name := rapid.SampledFrom([]string{"a", "b"})
		tuple := rapid.Custom(func(t *rapid.T) authz.Tuple {
			text := rapid.SampledFrom([]string{
				"group:%#member@user:%", "group:%#member@group:%#member", "group:%#member@group:%#guest", "group:%#guest@user:%",
				"group:%#guest@group:%#member", "group:%#member@user:*", "document:%#parent@document:%", "document:%#viewer@group:%#member",
			}).Draw(t, "form")
			filled := ""
			for _, c := range text {
				if c == '%' {
					filled += name.Draw(t, "name")
				} else {
					filled += string(c)
				}
			}
			made, err := authz.ParseTuple(filled)
			if err != nil {
				t.Fatal(err)
			}
			switch rapid.IntRange(0, 5).Draw(t, "extra") {
			case 0:
				made.Expires = time.Unix(100, 0).UTC()
			case 1:
				if made.Relation == "viewer" {
					made.Condition = "open"
				}
			}
			return made
		})
		moments := []*authz.Snapshot{empty}
		for range 12 {
			e := moments[len(moments)-1].Edit()
			for range rapid.IntRange(1, 3).Draw(t, "changes") {
				fact := tuple.Draw(t, "tuple")
				step := &authz.Step[authz.Tuple]{After: &fact}
				if there := allTuples(e.Snapshot()); len(there) > 0 && rapid.Bool().Draw(t, "remove") {
					gone := rapid.SampledFrom(there).Draw(t, "removed")
					step = &authz.Step[authz.Tuple]{Before: &gone}
				}
				if err := e.Apply(&authz.Change{Tuple: step}); err != nil {
					t.Fatal(err)
				}
				askBoth(t, e.Snapshot(), name.Draw(t, "during"), "a")
			}
			moments = append(moments, e.Done())
			for _, m := range []*authz.Snapshot{moments[len(moments)-1], rapid.SampledFrom(moments).Draw(t, "moment")} {
				for _, user := range []string{"a", "b"} {
					askBoth(t, m, user, "a")
					askBoth(t, m, user, "b")
				}
			}
		}
	})
}

func allTuples(s *authz.Snapshot) (all []authz.Tuple) {
	s.Tuples(authz.TupleFilter{}, func(tuple authz.Tuple) bool {
		all = append(all, tuple)
		return true
	})
	return all
}

// afresh is a snapshot with the same facts that nobody has asked yet.
func afresh(t *rapid.T, s *authz.Snapshot) *authz.Snapshot {
	empty, err := authz.New(s.Model())
	if err != nil {
		t.Fatal(err)
	}
	e := empty.Edit()
	for _, tuple := range allTuples(s) {
		e.Restore(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}})
	}
	return e.Done()
}

func askBoth(t *rapid.T, s *authz.Snapshot, user, document string) {
	fresh := afresh(t, s)
	for _, now := range []int64{50, 150} {
		q := &authz.Query{Now: time.Unix(now, 0)}
		q.Subject.Type, q.Subject.ID, q.Resource.Type, q.Resource.ID, q.Action.Name = "user", user, "document", document, "viewer"
		q.Context = map[string]any{"open": now == 50}
		got, err := s.Allowed(q)
		if err != nil {
			t.Fatal(err)
		}
		want, err := fresh.Allowed(q)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Fatalf("%s views %s at %d: %v, asked afresh %v", user, document, now, got, want)
		}
	}
}
