package authz_test

import (
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// relation makes a relation whose subjects are written user, user:* or group#member.
func relation(name, subjects string, rewrite authz.Rewrite) authz.Relation {
	r := authz.Relation{Name: name, Rewrite: rewrite}
	for _, s := range strings.Fields(subjects) {
		kind, rel, _ := strings.Cut(s, "#")
		kind, star, everyone := strings.Cut(kind, ":")
		r.Subjects = append(r.Subjects, authz.SubjectType{Type: kind, Relation: rel, Everyone: everyone && star == "*"})
	}
	return r
}

func kind(name string, relations ...authz.Relation) authz.Type {
	return authz.Type{Name: name, Relations: relations}
}

func union(of ...authz.Rewrite) authz.Rewrite { return authz.Union{Of: of} }
func all(of ...authz.Rewrite) authz.Rewrite   { return authz.Intersection{Of: of} }
func butNot(base, minus authz.Rewrite) authz.Rewrite {
	return authz.Exclusion{Base: base, Minus: minus}
}
func computed(name string) authz.Rewrite       { return authz.Computed{Relation: name} }
func from(name, tupleset string) authz.Rewrite { return authz.From{Relation: name, Tupleset: tupleset} }

var direct = authz.Direct{}

// documents is a model with every kind of rewrite that needs no condition.
func documents() *authz.Model {
	tenant := kind(authz.TenantType,
		relation("admin", "user", direct), relation("reader", "user", union(direct, computed("admin"))))
	document := kind("document",
		relation("parent", "folder", direct),
		relation("owner", "user", direct),
		relation("viewer", "user user:* group#member", union(direct, computed("owner"), from("viewer", "parent"))),
		relation("blocked", "user group#member", direct),
		relation("reviewer", "user group#member", direct),
	)
	document.Actions = []authz.Relation{
		{Name: "read", Rewrite: butNot(union(computed("viewer"), authz.InTenant{Relation: "reader"}), computed("blocked"))},
		{Name: "sign", Rewrite: all(computed("viewer"), computed("reviewer"))},
		{Name: "assigned", Rewrite: authz.Stored{Relation: "viewer"}},
		{Name: "never", Rewrite: union()},
	}
	return &authz.Model{DefaultTenant: "default", Types: []authz.Type{
		kind("user"), tenant, document,
		kind("group", relation("member", "user group#member", direct)),
		kind("folder", relation("parent", "folder", direct),
			relation("viewer", "user group#member", union(direct, from("viewer", "parent")))),
	}}
}

// snapshot makes a snapshot of a model and tuples in their text.
func snapshot(t testing.TB, m *authz.Model, tuples ...string) *authz.Snapshot {
	t.Helper()
	s, err := authz.New(m)
	if err != nil {
		t.Fatal(err)
	}
	e := s.Edit()
	for _, text := range tuples {
		add(t, e, text)
	}
	return e.Done()
}

func add(t testing.TB, e *authz.Edit, text string) {
	t.Helper()
	tuple, err := authz.ParseTuple(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}}); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// ask reads a question: object#action@subject.
func ask(t testing.TB, text string) *authz.Query {
	t.Helper()
	q, err := authz.ParseTuple(text)
	if err != nil {
		t.Fatal(err)
	}
	return &authz.Query{
		Request: writ.Request{
			Subject:  writ.Subject{Type: q.Subject.Type, ID: q.Subject.ID},
			Action:   writ.Action{Name: q.Relation},
			Resource: writ.Resource{Type: q.Object.Type, ID: q.Object.ID},
		},
		SubjectRelation: q.Subject.Relation,
		Now:             time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

func allowed(t testing.TB, s *authz.Snapshot, question string) bool {
	t.Helper()
	ok, err := s.Allowed(ask(t, question))
	if err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	return ok
}

func TestRewrites(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, tuples string
		yes, no      string
	}{
		{
			"a tuple of the relation itself", "document:a#owner@user:ann",
			"document:a#owner@user:ann", "document:a#owner@user:bob document:b#owner@user:ann",
		},
		{
			"a relation that another adds to", "document:a#owner@user:ann",
			"document:a#viewer@user:ann document:a#read@user:ann", "document:a#read@user:bob",
		},
		{
			"members of a group, and of groups in it", "document:a#viewer@group:all#member group:all#member@group:eng#member group:eng#member@user:ann",
			"document:a#viewer@user:ann group:all#member@user:ann", "document:a#viewer@user:bob group:eng#member@user:bob",
		},
		{
			"a group as the subject is in itself and in what it is in", "document:a#viewer@group:all#member group:all#member@group:eng#member",
			"group:x#member@group:x#member document:a#viewer@group:all#member document:a#viewer@group:eng#member", "document:a#viewer@group:other#member document:a#viewer@group:all",
		},
		{
			"groups that are in each other", "group:a#member@group:b#member group:b#member@group:a#member group:b#member@user:ann document:d#viewer@group:a#member",
			"group:a#member@user:ann document:d#viewer@user:ann", "document:d#viewer@user:bob",
		},
		{
			"everyone of a type, known or not", "document:a#viewer@user:*",
			"document:a#viewer@user:nobody document:a#viewer@user:*", "document:a#viewer@group:g document:b#viewer@user:* document:a#viewer@group:g#member",
		},
		{"a star as the subject is not each of them", "document:a#viewer@user:ann", "", "document:a#viewer@user:*"},
		{
			"along relations to other objects", "document:a#parent@folder:f folder:f#parent@folder:top folder:top#viewer@user:ann",
			"document:a#viewer@user:ann folder:f#viewer@user:ann", "document:a#owner@user:ann document:b#viewer@user:ann",
		},
		{
			"folders in a circle", "document:a#parent@folder:f folder:f#parent@folder:g folder:g#parent@folder:f folder:g#viewer@user:ann",
			"document:a#viewer@user:ann folder:f#viewer@user:ann", "document:a#viewer@user:bob",
		},
		{
			"all but the excluded", "document:a#viewer@user:ann document:a#viewer@user:bob document:a#blocked@group:out#member group:out#member@user:bob",
			"document:a#read@user:ann", "document:a#read@user:bob",
		},
		{
			"those who have both", "document:a#viewer@user:ann document:a#viewer@user:bob document:a#reviewer@user:bob document:a#reviewer@user:cid",
			"document:a#sign@user:bob", "document:a#sign@user:ann document:a#sign@user:cid",
		},
		{
			"the tuples alone", "document:a#viewer@user:ann document:a#owner@user:bob",
			"document:a#assigned@user:ann document:a#viewer@user:bob", "document:a#assigned@user:bob",
		},
		{
			"a role in the tenant, on a resource that nobody has stored", "__tenant:default#admin@user:ann __tenant:other#admin@user:bob",
			"document:zzz#read@user:ann", "document:zzz#read@user:bob document:zzz#sign@user:ann",
		},
		{"what nobody may do", "document:a#owner@user:ann", "", "document:a#never@user:ann"},
		{
			"names that the model does not have", "document:a#owner@user:ann", "",
			"document:a#fly@user:ann spaceship:a#read@user:ann document:a#read@robot:ann document:a#read@group:a#friend",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(t, documents(), strings.Fields(tc.tuples)...)
			for _, q := range strings.Fields(tc.yes) {
				if !allowed(t, s, q) {
					t.Errorf("%s is denied", q)
				}
			}
			for _, q := range strings.Fields(tc.no) {
				if allowed(t, s, q) {
					t.Errorf("%s is allowed", q)
				}
			}
		})
	}
}

func TestTenants(t *testing.T) {
	t.Parallel()
	s := snapshot(t, documents(), "__tenant:acme#reader@user:ann", "document:a#viewer@user:bob")
	e := s.Edit()
	record := authz.Record{Entity: authz.Entity{Type: "document", ID: "a"}, Tenant: "acme"}
	if err := e.Apply(&authz.Change{Record: &authz.Step[authz.Record]{After: &record}}); err != nil {
		t.Fatal(err)
	}
	s = e.Done()
	for _, tc := range []struct {
		name, question, tenant, property string
		want                             bool
	}{
		{"the tenant of the stored resource", "document:a#read@user:ann", "", "", true},
		{"the default tenant of one that is not stored", "document:new#read@user:ann", "", "", false},
		{"the tenant that the resource says", "document:new#read@user:ann", "", "acme", true},
		{"the tenant that the question says", "document:new#read@user:ann", "acme", "other", true},
		{"a stored resource of another tenant", "document:a#read@user:ann", "other", "", false},
		{"a stored resource of another tenant, whatever else allows", "document:a#read@user:bob", "other", "", false},
		{"relations in the right tenant", "document:a#read@user:bob", "acme", "", true},
		{"a tenant that is not there", "document:new#read@user:ann", "nowhere", "", false},
	} {
		q := ask(t, tc.question)
		q.Tenant = tc.tenant
		if tc.property != "" {
			q.Resource.Properties = map[string]any{"tenant": tc.property}
		}
		if got, err := s.Allowed(q); got != tc.want || err != nil {
			t.Errorf("%s: got %v, %v", tc.name, got, err)
		}
	}
	q := ask(t, "document:a#read@user:ann")
	q.Resource.ID, q.Tenant = "", "acme"
	if ok, err := s.Allowed(q); !ok || err != nil {
		t.Errorf("a question about the type alone: %v, %v", ok, err)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	s := snapshot(t, documents())
	e := s.Edit()
	end := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, text := range []string{"document:a#owner@user:ann", "group:g#member@user:ann", "__tenant:default#reader@user:ann"} {
		tuple, _ := authz.ParseTuple(text)
		tuple.Expires = end
		if err := e.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}}); err != nil {
			t.Fatal(err)
		}
	}
	add(t, e, "document:b#viewer@group:g#member")
	s = e.Done()
	for _, question := range []string{"document:a#owner@user:ann", "document:b#viewer@user:ann", "document:c#read@user:ann"} {
		for now, want := range map[time.Time]bool{{}: true, end.Add(-time.Nanosecond): true, end: false, end.Add(time.Hour): false} {
			q := ask(t, question)
			q.Now = now
			if got, err := s.Allowed(q); got != want || err != nil {
				t.Errorf("%s at %v: got %v, %v", question, now, got, err)
			}
		}
	}
}

func TestExtraTuplesCountForOneQueryAlone(t *testing.T) {
	t.Parallel()
	s := snapshot(t, documents(), "document:a#viewer@group:g#member")
	with := func(question string, extra ...string) *authz.Query {
		q := ask(t, question)
		for _, text := range extra {
			tuple, err := authz.ParseTuple(text)
			if err != nil {
				t.Fatal(err)
			}
			q.Extra = append(q.Extra, tuple)
		}
		return q
	}
	for _, q := range []*authz.Query{
		with("document:a#viewer@user:new", "group:g#member@user:new"),
		with("document:a#viewer@user:new", "group:g#member@group:h#member", "group:h#member@user:new"),
		with("document:new#viewer@user:new", "document:new#parent@folder:new", "folder:new#viewer@user:new"),
		with("document:new#viewer@user:new", "document:new#viewer@user:*"),
		with("document:new#read@user:new", "__tenant:default#admin@user:new"),
	} {
		if ok, err := s.Allowed(q); !ok || err != nil {
			t.Errorf("%v: got %v, %v", q.Extra, ok, err)
		}
		q.Extra = nil
		if ok, err := s.Allowed(q); ok || err != nil {
			t.Errorf("without: got %v, %v", ok, err)
		}
	}
	if ok, err := s.Allowed(with("document:a#viewer@user:new", "document:a#flies@user:new")); ok || writ.CodeOf(err) != writ.CodeInvalid {
		t.Errorf("an extra tuple that the model does not allow: %v, %v", ok, err)
	}
}

// A guess that was wrong must not stay because something between came to a yes by another way.
func TestWhatReliedOnAWrongGuessIsForgotten(t *testing.T) {
	t.Parallel()
	team := kind("team", relation("next", "team", direct), relation("other", "team", direct),
		relation("base", "user team#lead team#far", direct), relation("lead", "", computed("head")),
		relation("far", "", from("base", "next")), relation("head", "", computed("base")))
	team.Actions = []authz.Relation{{Name: "read", Rewrite: butNot(computed("lead"), from("base", "other"))}}
	s := snapshot(t, &authz.Model{Types: []authz.Type{kind("user"), team}},
		"team:a#base@team:b#lead", "team:a#base@team:c#lead", "team:b#base@team:a#lead", "team:c#base@user:ann", "team:a#other@team:b")
	for question, want := range map[string]bool{"team:a#lead@user:ann": true, "team:b#base@user:ann": true, "team:a#read@user:ann": false} {
		if got := allowed(t, s, question); got != want {
			t.Errorf("%s: got %v", question, got)
		}
	}
}
