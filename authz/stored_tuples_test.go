package authz_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"pgregory.net/rapid"
)

// textsOf is the slow way: all tuples that fit, sorted by their texts.
func textsOf(all []authz.Tuple, f authz.TupleFilter) []string {
	same := func(want, have string) bool { return want == "" || want == have }
	var texts []string
	for _, t := range all {
		if same(f.Object.Type, t.Object.Type) && same(f.Object.ID, t.Object.ID) && same(f.Relation, t.Relation) &&
			same(f.Subject.Type, t.Subject.Type) && same(f.Subject.ID, t.Subject.ID) && same(f.Subject.Relation, t.Subject.Relation) {
			texts = append(texts, t.String())
		}
	}
	slices.Sort(texts)
	return texts
}

func TestPagesOfTuplesAreThoseOfTheSortedWhole(t *testing.T) {
	t.Parallel()
	names := []string{"a", "a!", "a$", "ab", "b", "z:1", "0", "é"}
	rapid.Check(t, func(t *rapid.T) {
		s, err := authz.New(documents())
		if err != nil {
			t.Fatal(err)
		}
		e, seen := s.Edit(), map[string]bool{}
		var all []authz.Tuple
		id := rapid.SampledFrom(names)
		for range rapid.IntRange(0, 60).Draw(t, "tuples") {
			form := rapid.SampledFrom([]string{
				"document:%s#viewer@user:%s", "document:%s#owner@user:%s", "document:%s#viewer@group:%s#member", "document:%s#blocked@user:%s",
				"document:%s#parent@folder:%s", "group:%s#member@user:%s", "__tenant:%s#admin@user:%s",
			}).Draw(t, "form")
			tuple, err := authz.ParseTuple(fmt.Sprintf(form, id.Draw(t, "object"), id.Draw(t, "subject")))
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}}); err != nil {
				t.Fatal(err)
			}
			if !seen[tuple.String()] {
				seen[tuple.String()] = true
				all = append(all, tuple)
			}
		}
		s = e.Done()
		some := func(what string, of ...string) string { return rapid.SampledFrom(append(of, "", "")).Draw(t, what) }
		f := authz.TupleFilter{
			Object:   authz.Entity{Type: some("object type", "document", "group", "nothing"), ID: some("object id", names...)},
			Relation: some("relation", "viewer", "owner", "member", "nothing"),
			Subject:  authz.Holder{Entity: authz.Entity{Type: some("subject type", "user", "group"), ID: some("subject id", names...)}, Relation: some("subject relation", "member")},
		}
		want := textsOf(all, f)
		l := authz.TupleList{TupleFilter: f, Limit: rapid.IntRange(1, 9).Draw(t, "limit"), From: rapid.IntRange(0, 5).Draw(t, "from"), Count: rapid.Bool().Draw(t, "count")}
		total := len(want)
		for from := min(l.From, total); ; l.From = 0 {
			page, err := s.TuplePage(&l)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, tuple := range page.Tuples {
				got = append(got, tuple.String())
			}
			end := min(from+l.Limit, len(want))
			if !slices.Equal(got, want[from:end]) || (page.Next == "") != (end == len(want)) {
				t.Fatalf("%+v:\ngot  %v, then %q\nwant %v of %v", l, got, page.Next, want[from:end], want)
			}
			if l.Count && page.Total != total {
				t.Fatalf("%+v: %d in all, want %d", l, page.Total, total)
			}
			if page.Next == "" {
				break
			}
			l.After, from, total = page.Next, end, len(want)-end
		}
		var run, loose []string
		s.Tuples(f, func(t authz.Tuple) bool { run = append(run, t.String()); return true })
		if err := s.EachTuple(f, nil, func(t authz.Tuple) bool { loose = append(loose, t.String()); return true }); err != nil {
			t.Fatal(err)
		}
		if slices.Sort(loose); !slices.Equal(run, want) || !slices.Equal(loose, want) {
			t.Fatalf("%+v: %v and %v, want %v", f, run, loose, want)
		}
	})
}

// hub has one object with many tuples, and one subject with as many.
func hub(t testing.TB, n int) *authz.Snapshot {
	t.Helper()
	e := snapshot(t, documents()).Edit()
	for i := range n {
		add(t, e, fmt.Sprintf("document:hub#viewer@user:u%07d", i))
		add(t, e, fmt.Sprintf("document:d%07d#owner@user:ann", i))
	}
	return e.Done()
}

// allocated is how many bytes f takes from the heap, in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A page took a tuple, and two texts for each comparison, of all that the object has. Not parallel: it counts the bytes of the process.
func TestAPageOfTuplesTakesThePageAlone(t *testing.T) {
	s := hub(t, 20_000)
	entity := func(kind, id string) authz.Entity { return authz.Entity{Type: kind, ID: id} }
	for name, l := range map[string]authz.TupleList{
		"object":   {TupleFilter: authz.TupleFilter{Object: entity("document", "hub")}},
		"subject":  {TupleFilter: authz.TupleFilter{Subject: authz.Holder{Entity: entity("user", "ann")}}},
		"all":      {},
		"deep":     {TupleFilter: authz.TupleFilter{Object: entity("document", "hub")}, After: "document:hub#viewer@user:u0015000"},
		"kept":     {TupleFilter: authz.TupleFilter{Object: entity("document", "hub")}, Keep: func(t authz.Tuple) bool { return t.Subject.ID > "u0010000" }},
		"counted":  {Count: true},
		"one":      {TupleFilter: authz.TupleFilter{Object: entity("document", "hub"), Relation: "viewer", Subject: authz.Holder{Entity: entity("user", "u0000007")}}},
		"relation": {TupleFilter: authz.TupleFilter{Relation: "viewer"}},
	} {
		l.Limit = 1
		var page authz.TuplePage
		var err error
		took := allocated(func() { page, err = s.TuplePage(&l) })
		if err != nil || len(page.Tuples) != 1 {
			t.Errorf("%s: %v, %v", name, page, err)
		}
		if took > 16<<10 {
			t.Errorf("%s: a page of one takes %d bytes of memory", name, took)
		}
	}
}

func TestAListOfTuplesCanBeStopped(t *testing.T) {
	t.Parallel()
	s := hub(t, 2_000)
	asked := 0
	for _, f := range []authz.TupleFilter{
		{}, {Object: authz.Entity{Type: "document", ID: "hub"}}, {Subject: authz.Holder{Entity: authz.Entity{Type: "user", ID: "ann"}}},
	} {
		asked = 0
		stop := func() error {
			if asked++; asked > 3 {
				return context.Canceled
			}
			return nil
		}
		page, err := s.TuplePage(&authz.TupleList{TupleFilter: f, Stop: stop, Count: true})
		if writ.CodeOf(err) != writ.CodeCancelled || len(page.Tuples) > 0 || asked != 4 {
			t.Errorf("%+v: %v, %v, asked %d times", f, page, err, asked)
		}
		seen := 0
		err = s.EachTuple(f, stop, func(authz.Tuple) bool { seen++; return true })
		if writ.CodeOf(err) != writ.CodeCancelled || seen > 0 {
			t.Errorf("%+v: %d seen, %v", f, seen, err)
		}
	}
}

func BenchmarkTuplePageOfAHub(b *testing.B) {
	s := hub(b, 200_000)
	for _, l := range []authz.TupleList{
		{TupleFilter: authz.TupleFilter{Object: authz.Entity{Type: "document", ID: "hub"}}, Limit: 1},
		{TupleFilter: authz.TupleFilter{Object: authz.Entity{Type: "document", ID: "hub"}}, Limit: 1000},
		{TupleFilter: authz.TupleFilter{Object: authz.Entity{Type: "document", ID: "hub"}}, Limit: 100, From: 199_000},
		{Limit: 1000},
	} {
		b.Run(strings.ReplaceAll(fmt.Sprintf("%s limit %d from %d", l.Object, l.Limit, l.From), " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.TuplePage(&l); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
