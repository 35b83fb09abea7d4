package authz_test

import (
	"fmt"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/expr"
)

func TestConditionsOfTuples(t *testing.T) {
	t.Parallel()
	e := snapshot(t, office(t)).Edit()
	tuple, _ := authz.ParseTuple("account:a#payer@user:ann")
	tuple.Condition, tuple.Params = "under", map[string]any{"limit": 100, "until": "2027-01-01T00:00:00Z"}
	if err := e.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}}); err != nil {
		t.Fatal(err)
	}
	s := e.Done()
	for _, tc := range []struct {
		name    string
		context map[string]any
		want    bool
	}{
		{"true", map[string]any{"amount": 100.0}, true},
		{"false", map[string]any{"amount": 100.5}, false},
		{"a value is missing", nil, false},
		{"a parameter that nobody gave", map[string]any{"unheard": 1.0}, false},
		{"a value of the wrong type", map[string]any{"amount": "1"}, false},
		{"the tuple's own value comes first", map[string]any{"amount": 101.0, "limit": 1000.0}, false},
		{"a Go number", map[string]any{"amount": 7}, true},
	} {
		q := ask(t, "account:a#payer@user:ann")
		q.Context = tc.context
		if got, err := s.Allowed(q); got != tc.want || err != nil {
			t.Errorf("%s: got %v, %v", tc.name, got, err)
		}
	}
}

// rules makes a model in which doing anything to a document needs a condition; `read`
// is for all users, `edit` for editors, `hide` for all but those for whom it holds.
func rules(t testing.TB, source string) *authz.Model {
	t.Helper()
	declared := []authz.Attribute{{Name: "level", Type: expr.Number}}
	program, err := expr.Compile(source, authz.Scope(declared, declared), writ.Position{})
	if err != nil {
		t.Fatal(err)
	}
	user, document := kind("user"), kind("document",
		relation("editor", "user group#member", direct), relation("parent", "document", direct),
		relation("checked", "", authz.When{Subject: "user", Condition: program}))
	user.Attributes, document.Attributes = declared, declared
	tenant := kind(authz.TenantType, relation("admin", "user", direct), relation("guest", "user", direct))
	tenant.Relations[0].Role, tenant.Relations[1].Role = true, true
	document.Actions = []authz.Relation{
		{Name: "read", Rewrite: computed("checked")},
		{Name: "edit", Rewrite: authz.When{Condition: program, Then: computed("editor")}},
		{Name: "hide", Rewrite: butNot(computed("editor"), computed("checked"))},
		{Name: "above", Rewrite: from("checked", "parent")},
	}
	return &authz.Model{DefaultTenant: "acme", Types: []authz.Type{user, tenant, document, kind("group", relation("member", "user", direct))}}
}

func TestWhatConditionsSee(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		source, question string
		want             bool
	}{
		{"user.level == 3 && subject.level == 3", "document:a#read@user:ann", true},
		{"user.level == 9", "document:a#read@user:ann", false},
		{"user.color == 'red'", "document:a#read@user:ann", true},    // the request says so
		{"user.color == 'red'", "document:a#read@user:nobody", true}, // of whom nothing is stored
		{"user.shoe == 'blue'", "document:a#read@user:ann", true},    // stored
		{"user.shoe == 'blue'", "document:a#read@user:nobody", false},
		{"user.key == 'ann' && user.id == 'ann' && user.type == 'user'", "document:a#read@user:ann", true},
		{"user.key == 'forged'", "document:a#read@user:ann", false},
		{"'forged' in user.roles", "document:a#read@user:ann", false}, // roles are those of the facts alone
		{"'admin' in user.roles", "document:a#read@user:ann", true},
		{"'admin' in user.roles && 'guest' in user.roles", "document:a#read@user:ann", false}, // a role elsewhere
		{"user.tenants == ['acme', 'other']", "document:a#read@user:ann", true},
		{"user.email == 'ann@example.com'", "document:a#read@user:ann", true},
		{"user.last_name == 'attribute'", "document:a#read@user:ann", true}, // an attribute comes before the profile
		{"resource.level == 7", "document:a#read@user:ann", true},           // the request comes before what is stored
		{"resource.shape == 'flat' && resource.type == 'document'", "document:a#read@user:ann", true},
		{"resource.tenant == 'acme'", "document:a#read@user:ann", true},
		{"resource.tenant == 'acme'", "document:new#read@user:ann", true},
		{"resource.level == 7 && resource.key == 'new'", "document:new#read@user:ann", true},
		{"resource.level == 1", "document:child#above@user:ann", true}, // not the request's object: what is stored
		{"resource.key == 'a'", "document:child#above@user:ann", true},
		{"tenant.key == 'acme' && tenant.plan == 'gold' && tenant.name == 'Acme'", "document:a#read@user:ann", true},
		{"context.ip == '::1' && environment.ip == '::1'", "document:a#read@user:ann", true},
		{"action.name == 'read' && action.soft == true", "document:a#read@user:ann", true},
		{"action.name == 'edit'", "document:a#edit@user:ann", true},
		{"true", "document:a#edit@user:bob", false},
		{"false", "document:a#edit@user:ann", false},
		{"false", "document:a#hide@user:ann", true},
		{"true", "document:a#hide@user:ann", false},
		{"user.unheard == 1", "document:a#hide@user:ann", false}, // without an answer it does not exclude, and does not allow
		{"1 / context.zero == 1", "document:a#read@user:ann", false},
		{"1 / context.zero == 1", "document:a#hide@user:ann", false},
		{"true", "document:a#read@group:g", false},        // for users alone
		{"true", "document:a#read@group:g#member", false}, // nothing is known of each of the many
		{"true", "document:a#edit@group:g#member", true},
		{"user.level == 3", "document:a#edit@group:g#member", false},
		{"user.level == 3", "document:#read@user:ann", true}, // of the type alone
		{"instance('group', 'g').level == 3", "document:new#read@user:ann", true},
		{"instance('group', user.group).key == 'g'", "document:a#read@user:ann", true},
		{"instance('document', 'a').level == 1", "document:a#read@user:ann", true}, // what is stored, not what is asked
		{"instance('user', 'ann').color == 'green'", "document:a#read@user:ann", true},
		{"instance('user', 'ann').email == 'ann@example.com'", "document:a#read@user:ann", true},
		{"instance('document', 'a').tenant == resource.tenant", "document:new#read@user:ann", true},
		{"instance('document', 'child').key == 'child'", "document:a#read@user:ann", false}, // nothing is recorded
		{"instance('document', 'child').key != 'child'", "document:a#hide@user:ann", false},
		{"instance('unheard', 'a').key == 'a'", "document:a#read@user:ann", false},
		{"['g', 'x'].exists(k, instance('group', k).level == 3)", "document:a#read@user:ann", true},
		{"['g', 'x'].all(k, instance('group', k).level == 3)", "document:a#read@user:ann", false},
		{"dyn(instance('group', 'g')).map(k, k).size() == 4", "document:a#read@user:ann", true}, // cel-go runs this one
	} {
		s := snapshot(t, rules(t, tc.source), "document:a#editor@user:ann", "document:a#editor@group:g#member", "document:child#parent@document:a",
			"__tenant:acme#admin@user:ann", "__tenant:other#guest@user:ann")
		e := s.Edit()
		for _, r := range []authz.Record{
			{
				Entity: authz.Entity{Type: "user", ID: "ann"}, Attributes: map[string]any{"level": 3.0, "shoe": "blue", "color": "green", "last_name": "attribute"},
				Profile: map[string]string{"email": "ann@example.com", "last_name": "profile"},
			},
			{Entity: authz.Entity{Type: "document", ID: "a"}, Tenant: "acme", Attributes: map[string]any{"level": 1.0, "shape": "flat"}},
			{Entity: authz.Entity{Type: authz.TenantType, ID: "acme"}, Attributes: map[string]any{"plan": "gold"}, Profile: map[string]string{"name": "Acme"}},
			{Entity: authz.Entity{Type: "group", ID: "g"}, Attributes: map[string]any{"level": 3.0}},
		} {
			if err := e.Apply(&authz.Change{Record: &authz.Step[authz.Record]{After: &r}}); err != nil {
				t.Fatal(err)
			}
		}
		var q *authz.Query
		if tc.question == "document:#read@user:ann" {
			q = ask(t, "document:x#read@user:ann")
			q.Resource.ID = ""
		} else {
			q = ask(t, tc.question)
		}
		if q.SubjectRelation == "" {
			q.Subject.Properties = map[string]any{"color": "red", "roles": []any{"forged"}, "key": "forged", "group": "g"}
		}
		q.Resource.Properties = map[string]any{"level": 7}
		q.Action.Properties = map[string]any{"soft": true}
		q.Context = map[string]any{"ip": "::1", "zero": 0}
		if got, err := e.Done().Allowed(q); got != tc.want || err != nil {
			t.Errorf("%s on %s: got %v, %v", tc.source, tc.question, got, err)
		}
	}
}

// TestInstancesAreCounted asks a condition that reads a large record at each turn of a loop.
func TestInstancesAreCounted(t *testing.T) {
	t.Parallel()
	large := authz.Record{Entity: authz.Entity{Type: "group", ID: "g"}, Attributes: map[string]any{}}
	for i := range 1_000 {
		large.Attributes[fmt.Sprint("n", i)] = 1.0
	}
	keys := make([]any, 5_000)
	for i := range keys {
		keys[i] = "g"
	}
	for _, source := range []string{
		"!context.keys.exists(k, instance('group', k).n1 == 2.0)",
		"!context.keys.exists_one(k, instance('group', k).n1 == 2.0)", // cel-go runs this one
	} {
		e := snapshot(t, rules(t, source)).Edit()
		if err := e.Apply(&authz.Change{Record: &authz.Step[authz.Record]{After: &large}}); err != nil {
			t.Fatal(err)
		}
		s := e.Done()
		q := ask(t, "document:a#read@user:ann")
		q.Context = map[string]any{"keys": keys[:10]}
		if got, err := s.Allowed(q); !got || err != nil {
			t.Errorf("%s of a few: got %v, %v", source, got, err)
		}
		if got, err := authz.WithWork(s, 5_000).Allowed(q); got || err == nil {
			t.Errorf("%s within few steps: got %v, %v", source, got, err)
		}
		q.Context = map[string]any{"keys": keys}
		if got, _ := s.Allowed(q); got {
			t.Errorf("%s of too many: got %v", source, got)
		}
	}
}

// TestTimesComeBackAsTheyWere stores a time, which is read once, in an odd form of which there is more than one.
func TestTimesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	const since = "2026-07-01T02:00:00.500+02:00"
	for source, want := range map[string]bool{
		"user.since < timestamp('2026-07-01T00:00:01Z')":                                    true,
		"user.since < timestamp('2026-07-01T00:00:00Z')":                                    false,
		"timestamp(instance('user', 'ann').since) < timestamp('2026-07-01T00:00:01Z')":      true,
		"instance('user', user.key).since == '2026-07-01T02:00:00.500+02:00'":               true,
		"user == user && user.since > timestamp('2026-07-01T00:00:00Z') && 'since' in user": true,
	} {
		m := rules(t, "true")
		declared := []authz.Attribute{{Name: "since", Type: expr.Time}}
		program, err := expr.Compile(source, authz.Scope(declared, nil), writ.Position{})
		if err != nil {
			t.Fatal(err)
		}
		m.Types[0].Attributes = declared
		m.Types[2].Relations[2].Rewrite = authz.When{Rule: "early", Subject: "user", Condition: program}
		e := snapshot(t, m).Edit()
		if err := e.Apply(&authz.Change{Record: &authz.Step[authz.Record]{After: record("user", "ann", map[string]any{"since": since})}}); err != nil {
			t.Fatal(err)
		}
		s := e.Done()
		if r, _ := s.Record(authz.Entity{Type: "user", ID: "ann"}); r.Attributes["since"] != since {
			t.Errorf("the record has %v", r.Attributes["since"])
		}
		q := ask(t, "document:a#read@user:ann")
		if got, err := s.Allowed(q); got != want || err != nil {
			t.Errorf("%s: got %v, %v", source, got, err)
		}
		n, err := s.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		if v := valuesOf(n)["user.since"]; v != nil && v != since {
			t.Errorf("%s: the explanation shows %v", source, v)
		}
	}
}

// valuesOf gives the values of the first condition of an explanation.
func valuesOf(n *authz.Node) map[string]any {
	if n.Values != nil {
		return n.Values
	}
	for _, part := range n.Parts {
		if v := valuesOf(part); v != nil {
			return v
		}
	}
	return nil
}
