package authz_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/internal/oracle"
	"pgregory.net/rapid"
)

// snapshotOf puts a world into an engine.
func snapshotOf(t *rapid.T, w *oracle.World) *authz.Snapshot {
	s, err := authz.New(w.Model)
	if err != nil {
		t.Fatalf("the model is refused: %v", err)
	}
	e := s.Edit()
	apply := func(c authz.Change) {
		err := e.Apply(&c)
		if err != nil && strings.Contains(err.Error(), "no tuple may join them") {
			e.Restore(c) // as facts do that were there before this was refused
			return
		}
		if err != nil {
			t.Fatalf("a fact is refused: %v", err)
		}
	}
	for _, r := range w.Records {
		apply(authz.Change{Record: &authz.Step[authz.Record]{After: &r}})
	}
	for _, tuple := range w.Tuples {
		apply(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}})
	}
	return e.Done()
}

func TestReasonsAndExplanationsAgreeWithTheOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := oracle.Worlds().Draw(t, "world")
		s := snapshotOf(t, w)
		for range 8 {
			q := oracle.Queries(w).Draw(t, "query")
			got, err := s.Allowed(q)
			if err != nil {
				t.Fatal(err)
			}
			want := w.Ask(q)
			if got != (want == oracle.Yes) {
				t.Fatalf("%s %s#%s %s %s: allowed is %v, the oracle says %v", q.Subject.Type, q.Subject.ID, q.SubjectRelation, q.Action.Name, q.Resource, got, want)
			}
			d, err := s.Check(q)
			if err != nil {
				t.Fatal(err)
			}
			if d.Allowed != got || len(d.Reasons) == 0 {
				t.Fatalf("allowed is %v, the decision with reasons %+v", got, d)
			}
			n, err := s.Explain(q)
			if err != nil {
				t.Fatal(err)
			}
			if n.Verdict != want.String() {
				t.Fatalf("the oracle says %v, the explanation %s", want, n.Verdict)
			}
			checkNode(t, n, got, w.Held(q))
		}
	})
}

// checkNode holds that all of a proof holds, and that every relation that an explanation names is
// as the oracle says.
func checkNode(t *rapid.T, n *authz.Node, proof bool, held func(authz.Entity, string) oracle.Verdict) {
	if n.Kind == "role" || n.Kind == "relation" {
		if want := held(n.Object, n.Relation); n.Verdict != want.String() {
			t.Fatalf("%s %s: %s, the oracle says %s", n.Object, n.Relation, n.Verdict, want)
		}
	}
	if n.Kind == "cut" {
		return
	}
	if proof && n.Verdict != "yes" {
		t.Fatalf("a part of a proof is %s: %s", n.Verdict, n.Message)
	}
	if n.Message == "" || n.Kind == "" {
		t.Fatalf("a part says nothing: %+v", n)
	}
	for _, p := range n.Parts {
		checkNode(t, p, proof, held)
	}
}

// pages reads a list by pages of any length.
func pages(t *rapid.T, l authz.List, list func(*authz.List) (authz.Page, error)) (ids []string, everyone bool) {
	l.Limit = rapid.SampledFrom([]int{0, 1, 2, 3}).Draw(t, "limit")
	for {
		p, err := list(&l)
		if err != nil {
			t.Fatal(err)
		}
		if l.Limit > 0 && len(p.IDs) > l.Limit {
			t.Fatalf("a page of %d has %d", l.Limit, len(p.IDs))
		}
		if l.After != "" && len(p.IDs) == 0 {
			t.Fatal("a page is announced that has nothing")
		}
		ids = append(ids, p.IDs...)
		if p.Next == "" {
			return ids, p.Everyone
		}
		l.After = p.Next
	}
}

func TestListsAgreeWithTheOracle(t *testing.T) {
	t.Parallel()
	listed := map[string]int{}
	same := func(t *rapid.T, what string, got, want []string) {
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s (-oracle +engine):\n%s", what, diff)
		}
		if len(want) > 0 {
			listed[what]++
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		w := oracle.Worlds().Draw(t, "world")
		s := snapshotOf(t, w)
		for range 3 {
			q := oracle.Queries(w).Draw(t, "query")
			asking := func(change func(*authz.Query)) bool {
				each := *q
				change(&each)
				return w.Ask(&each) == oracle.Yes
			}

			var want []string
			for _, id := range w.Known(q.Resource.Type, q.Extra) {
				if asking(func(each *authz.Query) { each.Resource.ID = id }) {
					want = append(want, id)
				}
			}
			got, _ := pages(t, authz.List{Query: *q, Type: q.Resource.Type}, s.Resources)
			same(t, "resources", got, want)

			want = nil
			for _, id := range w.Known(q.Subject.Type, q.Extra) {
				if asking(func(each *authz.Query) { each.Subject.ID = id }) {
					want = append(want, id)
				}
			}
			got, everyone := pages(t, authz.List{Query: *q, Type: q.Subject.Type}, s.Subjects)
			same(t, "subjects", got, want)
			if others := asking(func(each *authz.Query) { each.Subject.ID = "never heard of" }); q.SubjectRelation == "" && everyone != others {
				t.Fatalf("everyone is %v, the oracle says %v", everyone, others)
			}

			want = nil
			for _, id := range w.Known(authz.TenantType, q.Extra) {
				if asking(func(each *authz.Query) { each.Tenant = id }) {
					want = append(want, id)
				}
			}
			got, _ = pages(t, authz.List{Query: *q}, s.Tenants)
			same(t, "tenants", got, want)

			want = nil
			for _, action := range actionsOf(w.Model, q.Resource.Type) {
				if asking(func(each *authz.Query) { each.Action.Name = action }) {
					want = append(want, action)
				}
			}
			got, err := s.Actions(q)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "actions", got, want)
		}
	})
	t.Log(listed)
	for _, what := range []string{"resources", "subjects", "tenants", "actions"} {
		if listed[what] < 3 && !testing.Short() {
			t.Errorf("only %d lists of %s held anything", listed[what], what)
		}
	}
}

func actionsOf(m *authz.Model, kind string) (names []string) {
	for _, t := range m.Types {
		of := t.Actions
		if len(of) == 0 {
			of = t.Relations
		}
		for _, r := range of {
			if t.Name == kind {
				names = append(names, r.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// A fix that is a tuple is true: with it stored, the request is allowed.
func TestFixesAreTrue(t *testing.T) {
	t.Parallel()
	fixes := 0
	rapid.Check(t, func(t *rapid.T) {
		w := oracle.Worlds().Draw(t, "world")
		for range 6 {
			q := oracle.Queries(w).Draw(t, "query")
			d, err := snapshotOf(t, w).Check(q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range d.Reasons {
				if r.Fix == nil || r.Fix.Lines == "" {
					continue
				}
				fixes++
				fixed := *w
				fixed.Tuples = slices.Clone(w.Tuples)
				tuples, expiring, ok := authz.FixTuples(r.Fix)
				if !ok {
					t.Fatalf("%s is no tuple", r.Fix.Lines)
				}
				for _, tuple := range tuples {
					if expiring {
						tuple.Expires = q.Now.Add(time.Hour)
					}
					fixed.Tuples = append(fixed.Tuples, tuple)
				}
				if ok, err := snapshotOf(t, &fixed).Allowed(q); err != nil || !ok {
					t.Fatalf("%s does not help (%v): %v", r.Fix.Lines, err, r.Message)
				}
				if fixed.Ask(q) != oracle.Yes {
					t.Fatalf("%s does not help, says the oracle", r.Fix.Lines)
				}
			}
		}
	})
	if fixes < 20 && !testing.Short() {
		t.Errorf("only %d fixes were offered: the test looks at nothing", fixes)
	}
}
