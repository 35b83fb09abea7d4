package oracle_test

import (
	"errors"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/internal/oracle"
	"github.com/writ-dev/writ/internal/expr"
	"pgregory.net/rapid"
)

func relation(name string, r authz.Rewrite) authz.Relation {
	return authz.Relation{Name: name, Rewrite: r}
}

func computed(name string) authz.Rewrite { return authz.Computed{Relation: name} }

func or(of ...authz.Rewrite) authz.Rewrite { return authz.Union{Of: of} }

func without(base, minus authz.Rewrite) authz.Rewrite {
	return authz.Exclusion{Base: base, Minus: minus}
}

func tuples(t *testing.T, texts ...string) []authz.Tuple {
	t.Helper()
	var all []authz.Tuple
	for _, text := range texts {
		tuple, err := authz.ParseTuple(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tuple)
	}
	return all
}

// query is subject, action, resource: "user:ann", "viewer", "document:budget".
func query(t *testing.T, subject, action, resource string) *authz.Query {
	t.Helper()
	h, err := authz.ParseHolder(subject)
	if err != nil {
		t.Fatal(err)
	}
	r, err := authz.ParseEntity(resource)
	if err != nil {
		t.Fatal(err)
	}
	return &authz.Query{SubjectRelation: h.Relation, Request: writ.Request{
		Subject: writ.Subject{Type: h.Type, ID: h.ID}, Action: writ.Action{Name: action}, Resource: writ.Resource{Type: r.Type, ID: r.ID},
	}}
}

func TestOracleKnowsWhatIsPlain(t *testing.T) {
	t.Parallel()
	direct := authz.Direct{}
	w := &oracle.World{Model: &authz.Model{DefaultTenant: "acme", Types: []authz.Type{
		{Name: "user"},
		{Name: "group", Relations: []authz.Relation{relation("member", direct)}},
		{Name: authz.TenantType, Relations: []authz.Relation{relation("admin", direct)}},
		{Name: "folder", Relations: []authz.Relation{
			relation("up", direct),
			relation("viewer", or(direct, authz.From{Relation: "viewer", Tupleset: "up"})),
		}},
		{
			Name: "document",
			Relations: []authz.Relation{
				relation("up", direct), relation("banned", direct), relation("owner", direct),
				relation("viewer", without(or(direct, computed("owner"), authz.From{Relation: "viewer", Tupleset: "up"}), computed("banned"))),
				relation("left", or(direct, computed("right"))), relation("right", computed("left")),
				relation("liar", without(direct, computed("liar"))),
				relation("even", without(direct, computed("odd"))), relation("odd", without(direct, computed("even"))),
				relation("past", without(direct, computed("liar"))),
			},
			Actions: []authz.Relation{
				relation("read", or(computed("viewer"), authz.InTenant{Relation: "admin"})),
				relation("liar", computed("owner")),
				relation("both", authz.Intersection{Of: []authz.Rewrite{computed("owner"), authz.Stored{Relation: "viewer"}}}),
			},
		},
	}}}
	w.Tuples = tuples(
		t, "group:eng#member@user:ann", "group:all#member@group:eng#member", "group:all#member@user:bob", "group:round#member@group:round#member",
		"folder:root#viewer@group:all#member", "folder:finance#up@folder:root", "document:budget#up@folder:finance",
		"document:budget#banned@user:bob", "document:open#viewer@user:*", "document:open#banned@group:eng#member",
		"__tenant:acme#admin@user:boss", "document:x#owner@user:ann", "document:x#viewer@user:ann", "document:x#owner@user:bob",
		"document:x#liar@user:ann", "document:x#even@user:ann", "document:x#odd@user:ann", "document:x#past@user:ann", "document:x#past@user:bob",
		"document:other#owner@user:ann",
	)
	old := tuples(t, "document:old#owner@user:ann")[0]
	old.Expires = time.Unix(100, 0)
	w.Tuples = append(w.Tuples, old)
	w.Records = []authz.Record{{Entity: authz.Entity{Type: "document", ID: "other"}, Tenant: "other"}}

	for _, row := range []struct {
		subject, action, resource string
		want                      oracle.Verdict
	}{
		{"user:ann", "member", "group:all", oracle.Yes},
		{"user:cat", "member", "group:all", oracle.No},
		{"user:ann", "member", "group:round", oracle.No},
		{"group:round#member", "member", "group:round", oracle.Yes},
		{"group:new#member", "member", "group:new", oracle.Yes},
		{"group:eng#member", "viewer", "folder:finance", oracle.Yes},
		{"group:eng", "viewer", "folder:finance", oracle.No},
		{"user:ann", "viewer", "document:budget", oracle.Yes},
		{"user:bob", "viewer", "document:budget", oracle.No},
		{"user:cat", "viewer", "document:open", oracle.Yes},
		{"user:ann", "viewer", "document:open", oracle.No},
		{"group:eng#member", "viewer", "document:open", oracle.No},
		{"user:boss", "read", "document:budget", oracle.Yes},
		{"user:boss", "read", "document:never stored", oracle.Yes},
		{"user:boss", "read", "document:other", oracle.No}, // which is of another tenant
		{"user:boss", "viewer", "document:budget", oracle.No},
		{"user:ann", "liar", "document:x", oracle.Yes}, // the action, not the relation
		{"user:ann", "left", "document:x", oracle.No},
		{"user:ann", "even", "document:x", oracle.Unknown},
		{"user:ann", "past", "document:x", oracle.Unknown},
		{"user:bob", "past", "document:x", oracle.Yes},
		{"user:ann", "both", "document:x", oracle.Yes},
		{"user:bob", "both", "document:x", oracle.No},
		{"user:ann", "owner", "document:old", oracle.Yes},
		{"user:ann", "unheard", "document:x", oracle.No},
		{"user:ann", "owner", "unheard:x", oracle.No},
	} {
		q := query(t, row.subject, row.action, row.resource)
		if got := w.Ask(q); got != row.want {
			t.Errorf("%s %s %s: %v, want %v", row.subject, row.action, row.resource, got, row.want)
		}
	}

	q := query(t, "user:ann", "owner", "document:old")
	if q.Now = old.Expires; w.Ask(q) != oracle.No {
		t.Error("a tuple counts at the moment that it expires")
	}
	q = query(t, "user:ann", "owner", "document:other")
	if w.Ask(q) != oracle.Yes {
		t.Error("a resource is not in its own tenant")
	}
	if q.Tenant = "acme"; w.Ask(q) != oracle.No {
		t.Error("a resource of another tenant is allowed")
	}
	q = query(t, "user:dan", "owner", "document:x")
	if q.Extra = tuples(t, "document:x#owner@user:dan"); w.Ask(q) != oracle.Yes {
		t.Error("a tuple of the query does not count")
	}
}

// With conditions: one that has no answer never allows, and what it excludes is not allowed either.
func TestOracleWithConditions(t *testing.T) {
	t.Parallel()
	adult, broken := new(expr.Program), new(expr.Program)
	subject := []authz.Relation{
		relation("adult", authz.When{Subject: "user", Condition: adult}),
		relation("broken", authz.When{Subject: "user", Condition: broken}),
		relation("owner", authz.Direct{}),
		relation("but", without(computed("owner"), computed("broken"))),
		relation("grown", authz.When{Condition: adult, Then: computed("owner")}),
		relation("either", or(computed("broken"), computed("owner"))),
	}
	w := &oracle.World{Model: &authz.Model{Types: []authz.Type{{Name: "user"}, {Name: "document", Relations: subject}}}}
	w.Eval = func(p *expr.Program, from expr.Source) (bool, error) {
		if p == broken {
			return false, errors.New("broken")
		}
		age, ok := from.Value(authz.VarUser, "age")
		return ok && age.(float64) >= 18, nil
	}
	w.Tuples = tuples(t, "document:x#owner@user:ann", "document:x#owner@user:bob")
	w.Records = []authz.Record{
		{Entity: authz.Entity{Type: "user", ID: "ann"}, Attributes: map[string]any{"age": 20.0}},
		{Entity: authz.Entity{Type: "user", ID: "bob"}, Attributes: map[string]any{"age": 10.0}},
	}
	for _, row := range []struct {
		subject, action string
		want            oracle.Verdict
	}{
		{"user:ann", "adult", oracle.Yes},
		{"user:bob", "adult", oracle.No},
		{"user:ann", "broken", oracle.Unknown},
		{"user:ann", "but", oracle.Unknown},
		{"user:cat", "but", oracle.No},
		{"user:ann", "grown", oracle.Yes},
		{"user:bob", "grown", oracle.No},
		{"user:ann", "either", oracle.Yes},
		{"user:cat", "either", oracle.Unknown},
	} {
		if got := w.Ask(query(t, row.subject, row.action, "document:x")); got != row.want {
			t.Errorf("%s %s: %v, want %v", row.subject, row.action, got, row.want)
		}
	}
	q := query(t, "user:bob", "adult", "document:x")
	if q.Subject.Properties = map[string]any{"age": 30.0}; w.Ask(q) != oracle.Yes {
		t.Error("what the request says does not stand over what is stored")
	}
}

// What worlds are made must hold answers of all kinds, else they prove nothing.
func TestWorldsHoldAllKindsOfAnswers(t *testing.T) {
	t.Parallel()
	count := map[oracle.Verdict]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := oracle.Worlds().Draw(t, "world")
		for range 10 {
			count[w.Ask(oracle.Queries(w).Draw(t, "query"))]++
		}
	})
	t.Log(count)
	if count[oracle.Yes] < 20 || count[oracle.No] < 20 || count[oracle.Unknown] < 1 {
		t.Errorf("answers: %v", count)
	}
}
