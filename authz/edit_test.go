package authz_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/expr"
)

// office has declared attributes, and tuples with a condition.
func office(t testing.TB) *authz.Model {
	t.Helper()
	params := []expr.Variable{{Name: "limit", Type: expr.Number}, {Name: "amount", Type: expr.Number}, {Name: "until", Type: expr.Time}}
	program, err := expr.Compile("amount <= limit", &expr.Scope{Variables: params}, writ.Position{})
	if err != nil {
		t.Fatal(err)
	}
	payer := relation("payer", "user user group#member", direct)
	payer.Subjects[0].Condition = "under"
	user := kind("user")
	user.Attributes = []authz.Attribute{{Name: "level", Type: expr.Number}, {Name: "tags", Type: expr.List(expr.String)}, {Name: "since", Type: expr.Time}}
	return &authz.Model{
		Conditions: []authz.Condition{{Name: "under", Params: params, Program: program}},
		Types: []authz.Type{
			user, kind(authz.TenantType, relation("admin", "user", direct)), kind("group", relation("member", "user group#member", direct)),
			kind("account", payer, relation("reader", "user:* user", direct), relation("seen", "", computed("reader"))),
		},
	}
}

func record(kind, id string, attributes map[string]any) *authz.Record {
	return &authz.Record{Entity: authz.Entity{Type: kind, ID: id}, Attributes: attributes}
}

func TestFactsThatTheModelDoesNotAllow(t *testing.T) {
	t.Parallel()
	s := snapshot(t, office(t), "account:a#payer@user:ann")
	deep := any("x")
	for range 100 {
		deep = []any{deep}
	}
	tuple := func(text string, change ...func(*authz.Tuple)) *authz.Tuple {
		name, err := authz.ParseTuple(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range change {
			f(&name)
		}
		return &name
	}
	with := func(condition string, params map[string]any) func(*authz.Tuple) {
		return func(t *authz.Tuple) { t.Condition, t.Params = condition, params }
	}
	id := func(id string) func(*authz.Tuple) { return func(t *authz.Tuple) { t.Object.ID = id } }
	for _, tc := range []struct {
		tuple  *authz.Tuple
		record *authz.Record
		want   string
	}{
		{tuple: tuple("box:a#payer@user:ann"), want: `the model has no type "box" (its types are account, group, user)`},
		{tuple: tuple("account:a#owner@user:ann"), want: `type account has no relation "owner" (its relations are payer, reader, seen)`},
		{tuple: tuple("account:a#payer@robot:r"), want: `the model has no type "robot" (its types are account, group, user)`},
		{tuple: tuple("account:a#payer@group:g"), want: `account#payer takes no subject group (it takes user with under, user, group#member)`},
		{tuple: tuple("account:a#payer@group:g#boss"), want: `type group has no relation "boss" (its relations are member)`},
		{tuple: tuple("account:a#payer@user:*"), want: `account#payer takes no subject user:* (it takes user with under, user, group#member)`},
		{tuple: tuple("account:a#seen@user:ann"), want: `account#seen takes no subject user (it takes no tuples: its members follow from other relations)`},
		{tuple: tuple("account:a#payer@user:ann", with("over", nil)), want: `account#payer takes user not with condition "over" (it takes user with under, user, group#member)`},
		{tuple: tuple("account:a#payer@user:ann", with("under", map[string]any{"limt": 1.0})), want: `condition under has no parameter "limt" ()`},
		{tuple: tuple("account:a#payer@user:ann", with("under", map[string]any{"limit": "much"})), want: `parameter limit is a string and declared number ()`},
		{tuple: tuple("account:a#payer@user:ann", with("under", map[string]any{"until": "soon"})), want: `parameter until is a string and declared timestamp ()`},
		{tuple: tuple("account:a#payer@user:ann", with("", map[string]any{"limit": 1.0})), want: `account:a#payer@user:ann has parameters and no condition ()`},
		{tuple: tuple("account:a#payer@user:ann", id("")), want: `the object has an empty ID ()`},
		{tuple: tuple("account:a#payer@user:ann", id("*")), want: `account:* names no single object: only a subject may be * ()`},
		{tuple: tuple("account:a#payer@user:ann", id("***")), want: `the ID "***" of the object is made of stars alone ()`},
		{tuple: tuple("account:a#payer@user:ann", id("a#b")), want: `the ID "a#b" of the object contains '#' (an ID is UTF-8 without control characters and without #)`},
		{tuple: tuple("account:a#payer@user:ann", id("a\nb")), want: `the ID "a\nb" of the object contains '\n' (an ID is UTF-8 without control characters and without #)`},
		{tuple: tuple("account:a#payer@user:ann", id(strings.Repeat("x", 513))), want: `the ID of the object has 513 bytes, the most is 512 ()`},
		{record: record("box", "b", nil), want: `the model has no type "box" (its types are account, group, user)`},
		{record: record("user", "*", nil), want: `user:* names no single entity: nothing can be recorded about it ()`},
		{record: record("user", "", nil), want: `the user has an empty ID ()`},
		{record: record("user", "ann", map[string]any{"level": "high"}), want: `attribute level is a string and declared number ()`},
		{record: record("user", "ann", map[string]any{"tags": []any{"a", 1.0}}), want: `attribute tags is a list and declared list of string ()`},
		{record: record("user", "ann", map[string]any{"since": 2020.0}), want: `attribute since is a number and declared timestamp ()`},
		{record: record("user", "ann", map[string]any{"x": math.NaN()}), want: `attribute x is no JSON value, nests deeper than 32 or has more than 10000 parts ()`},
		{record: record("user", "ann", map[string]any{"x": struct{}{}}), want: `attribute x is no JSON value, nests deeper than 32 or has more than 10000 parts ()`},
		{record: record("user", "ann", map[string]any{"x": deep}), want: `attribute x is no JSON value, nests deeper than 32 or has more than 10000 parts ()`},
	} {
		c := authz.Change{}
		if tc.tuple != nil {
			c.Tuple = &authz.Step[authz.Tuple]{After: tc.tuple}
		} else {
			c.Record = &authz.Step[authz.Record]{After: tc.record}
		}
		e := s.Edit()
		err := e.Apply(&c)
		w, ok := err.(*writ.Error)
		if !ok || w.Code != writ.CodeInvalid {
			t.Errorf("want %s: got %v", tc.want, err)
			continue
		}
		if got := w.Message + " (" + w.Hint + ")"; got != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
		if tuples, records := e.Snapshot().Count(); tuples != 1 || records != 0 {
			t.Errorf("%s: there are now %d tuples and %d records", tc.want, tuples, records)
		}
	}
}

func TestAnEditSaysWhatWasThere(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 999, time.UTC)
	first, _ := authz.ParseTuple("account:a#payer@user:ann@example.com")
	first.Created, first.Condition, first.Params = at, "under", map[string]any{"limit": 100}
	e := snapshot(t, office(t)).Edit()
	step := func(c authz.Change) authz.Change {
		t.Helper()
		if err := e.Apply(&c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := step(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &first}})
	if c.Tuple.Before != nil {
		t.Errorf("before the first: %v", c.Tuple.Before)
	}
	stored := first
	stored.Created, stored.Params = at.Truncate(time.Second), map[string]any{"limit": 100.0}
	again, _ := authz.ParseTuple(first.String())
	c = step(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &again}})
	if diff := cmp.Diff(&stored, c.Tuple.Before); diff != "" {
		t.Errorf("before the second (-want +got):\n%s", diff)
	}
	again.Created = stored.Created // kept
	if diff := cmp.Diff(&again, c.Tuple.After); diff != "" {
		t.Errorf("after the second (-want +got):\n%s", diff)
	}
	c = step(c.Inverse())
	if got, ok := e.Snapshot().Tuple(first.Object, first.Relation, first.Subject); !ok || !cmp.Equal(got, stored) {
		t.Errorf("taken back: %v", got)
	}
	c = step(authz.Change{Tuple: &authz.Step[authz.Tuple]{Before: &first}})
	if c.Tuple.Before == nil || c.Tuple.After != nil {
		t.Errorf("removed: %+v", c.Tuple)
	}
	c = step(authz.Change{Tuple: &authz.Step[authz.Tuple]{Before: &first}})
	if c.Tuple.Before != nil || c.Tuple.After != nil {
		t.Errorf("nothing was there, but: %+v", c.Tuple)
	}

	ann := record("user", "ann", map[string]any{"level": 3, "tags": []any{"a"}})
	ann.Tenant, ann.Profile, ann.Created = "acme", map[string]string{"email": "a@b.c"}, at
	c = step(authz.Change{Record: &authz.Step[authz.Record]{After: ann}})
	ann.Attributes["tags"].([]any)[0] = "changed behind its back"
	want := *ann
	want.Attributes = map[string]any{"level": 3.0, "tags": []any{"a"}}
	if got, ok := e.Snapshot().Record(ann.Entity); !ok || !cmp.Equal(got, want) {
		t.Errorf("a record: %s", cmp.Diff(want, got))
	}
	c = step(authz.Change{Record: &authz.Step[authz.Record]{Before: ann}})
	if diff := cmp.Diff(&want, c.Record.Before); diff != "" {
		t.Errorf("before it is forgotten (-want +got):\n%s", diff)
	}
	c = step(authz.Change{Record: &authz.Step[authz.Record]{Before: ann}})
	if c.Record.Before != nil || c.Record.After != nil {
		t.Errorf("nothing was there, but: %+v", c.Record)
	}
	if tuples, records := e.Done().Count(); tuples != 0 || records != 0 {
		t.Errorf("%d tuples and %d records are left", tuples, records)
	}
}

func TestRestoreDoesWhatApplyDoes(t *testing.T) {
	t.Parallel()
	e := snapshot(t, office(t)).Edit()
	tuple, _ := authz.ParseTuple("account:a#payer@user:ann")
	put := authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}}
	about := authz.Change{Record: &authz.Step[authz.Record]{After: record("user", "ann", nil)}}
	e.Restore(put)
	e.Restore(about)
	if !allowed(t, e.Snapshot(), "account:a#payer@user:ann") {
		t.Error("a restored tuple does not count")
	}
	if tuples, records := e.Snapshot().Count(); tuples != 1 || records != 1 {
		t.Errorf("%d tuples and %d records", tuples, records)
	}
	e.Restore(put.Inverse())
	e.Restore(about.Inverse())
	e.Restore(about.Inverse())
	if tuples, records := e.Done().Count(); tuples != 0 || records != 0 {
		t.Errorf("%d tuples and %d records are left", tuples, records)
	}
}

func TestASnapshotDoesNotChange(t *testing.T) {
	t.Parallel()
	before := snapshot(t, documents(), "document:a#owner@user:ann")
	e := before.Edit()
	add(t, e, "document:a#owner@user:bob")
	tuple, _ := authz.ParseTuple("document:a#owner@user:ann")
	if err := e.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{Before: &tuple}}); err != nil {
		t.Fatal(err)
	}
	after := e.Done()
	for s, want := range map[*authz.Snapshot]bool{before: true, after: false} {
		if allowed(t, s, "document:a#owner@user:ann") != want || allowed(t, s, "document:a#owner@user:bob") == want {
			t.Errorf("the edit shows in the wrong snapshot")
		}
	}
}

func TestFactsMustFitANewModel(t *testing.T) {
	t.Parallel()
	var tuples []string
	for i := range 12 {
		tuples = append(tuples, fmt.Sprintf("document:d%02d#owner@user:ann", i))
	}
	s := snapshot(t, documents(), append(tuples, "document:a#viewer@user:ann")...)
	m := documents()
	for i := range m.Types {
		if m.Types[i].Name == "document" {
			m.Types[i].Relations[1].Name = "holder"
			m.Types[i].Relations[2].Rewrite = union(direct, computed("holder"))
		}
	}
	_, err := s.WithModel(m)
	if writ.CodeOf(err) != writ.CodeInvalid {
		t.Fatalf("got %v", err)
	}
	for text, want := range map[string]int{"12 in all": 1, `document:d00#owner@user:ann: type document has no relation "owner"`: 1, "@user:ann: ": 10} {
		if strings.Count(err.Error(), text) != want {
			t.Errorf("%q is not there %d times: %v", text, want, err)
		}
	}
	next, err := s.WithModel(documents())
	if err != nil {
		t.Fatal(err)
	}
	if !allowed(t, next, "document:a#read@user:ann") || !allowed(t, next, "document:d11#read@user:ann") {
		t.Error("facts are gone under another model")
	}
	if n, _ := next.Count(); n != 13 {
		t.Errorf("%d tuples", n)
	}
}

func TestFactsAreReadInOrder(t *testing.T) {
	t.Parallel()
	s := snapshot(t, documents(), "document:b#viewer@user:ann", "document:b#owner@user:bob", "document:b!#owner@user:ann", "document:a#viewer@group:g#member",
		"group:g#member@user:ann", "__tenant:acme#admin@user:ann")
	e := s.Edit()
	for _, r := range []*authz.Record{record("document", "b", nil), record("document", "a", nil), record("user", "ann", nil), record("document", "c", nil)} {
		if r.ID != "a" {
			r.Tenant = "acme"
		}
		if err := e.Apply(&authz.Change{Record: &authz.Step[authz.Record]{After: r}}); err != nil {
			t.Fatal(err)
		}
	}
	s = e.Done()
	entity := func(kind, id string) authz.Entity { return authz.Entity{Type: kind, ID: id} }
	for _, tc := range []struct {
		filter authz.TupleFilter
		want   string
	}{
		{authz.TupleFilter{}, "__tenant:acme#admin@user:ann document:a#viewer@group:g#member document:b!#owner@user:ann document:b#owner@user:bob document:b#viewer@user:ann group:g#member@user:ann"},
		{authz.TupleFilter{Object: entity("document", "b")}, "document:b#owner@user:bob document:b#viewer@user:ann"},
		{authz.TupleFilter{Object: entity("document", "")}, "document:a#viewer@group:g#member document:b!#owner@user:ann document:b#owner@user:bob document:b#viewer@user:ann"},
		{authz.TupleFilter{Relation: "owner"}, "document:b!#owner@user:ann document:b#owner@user:bob"},
		{authz.TupleFilter{Subject: authz.Holder{Entity: entity("user", "ann")}}, "__tenant:acme#admin@user:ann document:b!#owner@user:ann document:b#viewer@user:ann group:g#member@user:ann"},
		{authz.TupleFilter{Subject: authz.Holder{Entity: entity("group", "g")}}, "document:a#viewer@group:g#member"},
		{authz.TupleFilter{Subject: authz.Holder{Entity: entity("group", ""), Relation: "member"}}, "document:a#viewer@group:g#member"},
		{authz.TupleFilter{Tenant: "acme"}, "__tenant:acme#admin@user:ann document:b#owner@user:bob document:b#viewer@user:ann"},
		{authz.TupleFilter{Tenant: "acme", Subject: authz.Holder{Entity: entity("user", "ann")}}, "__tenant:acme#admin@user:ann document:b#viewer@user:ann"},
		{authz.TupleFilter{Object: entity("document", "zzz")}, ""},
		{authz.TupleFilter{Subject: authz.Holder{Entity: entity("robot", "r")}}, ""},
	} {
		var got []string
		s.Tuples(tc.filter, func(t authz.Tuple) bool { got = append(got, t.String()); return true })
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%+v:\ngot  %s\nwant %s", tc.filter, strings.Join(got, " "), tc.want)
		}
		n := 0
		s.Tuples(tc.filter, func(authz.Tuple) bool { n++; return false })
		if n > 1 {
			t.Errorf("%+v does not end when told", tc.filter)
		}
	}
	for after, want := range map[string]string{"": "a b c", "a": "b c", "aa": "b c", "c": ""} {
		var got []string
		s.Records("document", after, func(r authz.Record) bool { got = append(got, r.ID); return true })
		if strings.Join(got, " ") != want {
			t.Errorf("records after %q: %v", after, got)
		}
	}
}

func TestAsksDuringEdits(t *testing.T) {
	t.Parallel()
	s := snapshot(t, documents(), "document:a#viewer@group:g#member", "group:g#member@user:u0", "document:b#parent@folder:f")
	var newest struct {
		sync.Mutex
		s *authz.Snapshot
	}
	newest.s = s
	var wait sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		wait.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				newest.Lock()
				now := newest.s
				newest.Unlock()
				if !allowed(t, now, "document:a#viewer@user:u0") || allowed(t, now, "document:a#viewer@user:nobody") {
					t.Error("an answer changed under an edit")
					return
				}
				q := ask(t, fmt.Sprintf("document:new%d#viewer@user:x%d", i, i))
				extra, _ := authz.ParseTuple(fmt.Sprintf("document:new%d#viewer@user:x%d", i, i))
				if q.Extra = []authz.Tuple{extra}; i%2 == 0 {
					if ok, err := now.Allowed(q); !ok || err != nil {
						t.Errorf("with a tuple of its own: %v, %v", ok, err)
						return
					}
				}
			}
		})
	}
	for i := range 300 {
		e := s.Edit()
		add(t, e, fmt.Sprintf("group:g#member@user:u%d", i+1))
		add(t, e, fmt.Sprintf("document:d%d#parent@folder:f", i))
		s = e.Done()
		newest.Lock()
		newest.s = s
		newest.Unlock()
	}
	close(stop)
	wait.Wait()
}
