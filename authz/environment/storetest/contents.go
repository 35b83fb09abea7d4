package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/ledger"
)

// Seal makes the commit of some changes after a head.
func Seal(after ledger.Head, changes ...authz.Change) environment.Commit {
	data, err := json.Marshal(map[string][]authz.Change{"changes": changes})
	if err != nil {
		panic(err)
	}
	e, err := ledger.Seal(after, writ.Event{
		Time:  time.Unix(1_800_000_000+int64(after.Seq), 123_000).UTC(),
		Actor: writ.Subject{Type: "user", ID: "tester", Properties: map[string]any{"n": float64(after.Seq)}},
		Kind:  "test", Subject: "entry", Data: data,
	})
	if err != nil {
		panic(err)
	}
	return environment.Commit{Entry: e, Changes: changes}
}

// tuple is a change that puts the n-th of some tuples.
func tuple(n int) authz.Change {
	return authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &authz.Tuple{
		Object: authz.Entity{Type: "document", ID: fmt.Sprintf("d%d", n)}, Relation: "viewer",
		Subject: authz.Holder{Entity: authz.Entity{Type: "user", ID: "ann"}}, Created: time.Unix(1_800_000_000, 0).UTC(),
	}}}
}

// contents is what Load gives, in an order of its own, checked to be in the contract's.
func contents(t testing.TB, s environment.Store) (ledger.Head, []string) {
	t.Helper()
	var all []authz.Change
	rank := 0
	head, err := s.Load(context.Background(), func(c authz.Change) error {
		r := kind(&c)
		if r < rank {
			t.Errorf("Load gives kind %d after kind %d", r, rank)
		}
		rank = r
		if after(c) == nil || after(c.Inverse()) != nil {
			t.Errorf("Load gives a change that is not one of what is there: %+v", c)
		}
		all = append(all, c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return head, sorted(all)
}

// kind numbers changes in the order in which Load gives them.
func kind(c *authz.Change) int {
	switch {
	case c.Model != nil:
		return 1
	case c.Key != nil:
		return 2
	case c.Record != nil:
		return 3
	}
	return 4
}

// after is the change that puts what c leaves there; nil when it leaves nothing.
func after(c authz.Change) *authz.Change {
	switch {
	case c.Model != nil && c.Model.After != nil:
		return &authz.Change{Model: &authz.Step[authz.Source]{After: c.Model.After}}
	case c.Key != nil && c.Key.After != nil:
		return &authz.Change{Key: &authz.Step[authz.Key]{After: c.Key.After}}
	case c.Record != nil && c.Record.After != nil:
		return &authz.Change{Record: &authz.Step[authz.Record]{After: c.Record.After}}
	case c.Tuple != nil && c.Tuple.After != nil:
		return &authz.Change{Tuple: &authz.Step[authz.Tuple]{After: c.Tuple.After}}
	}
	return nil
}

func commits(t testing.TB, s environment.Store, from uint64) []environment.Commit {
	t.Helper()
	var all []environment.Commit
	err := s.Commits(context.Background(), from, func(c environment.Commit) error {
		all = append(all, c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func add(t testing.TB, s environment.Store, after ledger.Head, commits ...environment.Commit) ledger.Head {
	t.Helper()
	if err := s.Append(context.Background(), after, commits); err != nil {
		t.Fatal(err)
	}
	return commits[len(commits)-1].Head()
}

// check compares a store with the commits that it should have.
func check(t testing.TB, s environment.Store, want []environment.Commit) {
	t.Helper()
	same(t, "Commits", lines(want), lines(commits(t, s, 0)))
	var state []authz.Change
	for _, c := range environment.Final(want) {
		if left := after(c); left != nil {
			state = append(state, *left)
		}
	}
	head, got := contents(t, s)
	same(t, "Load", sorted(state), got)
	if last := want[len(want)-1].Head(); head != last {
		t.Fatalf("the head is %v, not %v", head, last)
	}
}

// lines gives commits as JSON with their entries and changes.
func lines(commits []environment.Commit) []string {
	all := make([]string, len(commits))
	for i, c := range commits {
		text, err := json.Marshal(map[string]any{"entry": c.Entry, "changes": c.Changes})
		if err != nil {
			panic(err)
		}
		all[i] = string(text)
	}
	return all
}

// same tells the first difference; a whole one of such lists takes minutes.
func same(t testing.TB, what string, want, got []string) {
	t.Helper()
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(want):
			t.Fatalf("%s: %d more, the first is %.300s", what, len(got)-i, got[i])
		case i >= len(got):
			t.Fatalf("%s: %d are missing, the first is %.300s", what, len(want)-i, want[i])
		case want[i] != got[i]:
			t.Fatalf("%s: %s", what, gocmp.Diff(fmt.Sprintf("%.2000s", want[i]), fmt.Sprintf("%.2000s", got[i])))
		}
	}
}
