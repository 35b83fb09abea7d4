package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
)

// A random policy is a model that the engine takes, or a precise error; and never a panic.
func TestRandomPolicies(t *testing.T) {
	t.Parallel()
	models, faults, allows := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		s := randomSchema(r)
		m, err := s.Model()
		if err != nil {
			faults++
			precise(r, err)
			return
		}
		models++
		snapshot, err := authz.New(m)
		if err != nil {
			precise(r, err)
			return
		}
		again, err := schema.Parse([]byte(mustJSON(r, s)))
		if err != nil {
			r.Fatal(err)
		}
		if _, err := again.Model(); err != nil {
			r.Fatalf("the stored form: %v", err)
		}
		q := randomQuestion(r, s, snapshot)
		allowed, err := q.snapshot.Allowed(&q.Query)
		if err == nil && allowed {
			allows++
		}
		if err == nil && allowed != debugAllows(s.Debug(q.snapshot, &q.Query)) {
			r.Fatalf("%v: the engine says %v, debug %s, of %s", q.Query, allowed, mustJSON(r, s.Debug(q.snapshot, &q.Query)), mustJSON(r, s))
		}
	})
	t.Logf("%d models, %d faults, %d allowed", models, faults, allows)
	// Faults are rare, and have golden files of their own; in short mode rapid runs a fifth.
	if models == 0 || !testing.Short() && allows == 0 {
		t.Error("some of each are needed")
	}
}

// question is a query about a snapshot with random facts.
type question struct {
	authz.Query
	snapshot *authz.Snapshot
}

func randomQuestion(r *rapid.T, s *schema.Schema, snapshot *authz.Snapshot) *question {
	edit := snapshot.Edit()
	put := func(c authz.Change) {
		if err := edit.Apply(&c); err != nil {
			r.Fatal(err)
		}
	}
	user := authz.Holder{Entity: authz.Entity{Type: "user", ID: "u"}}
	put(authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{Entity: user.Entity}}})
	tenant := authz.Entity{Type: authz.TenantType, ID: "default"}
	put(authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{Entity: tenant}}})
	tuple := func(t authz.Tuple) { put(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}}) }
	for _, role := range s.Roles {
		if maybe(r) {
			tuple(authz.Tuple{Object: tenant, Relation: role.Key, Subject: user})
		}
	}
	for _, x := range s.Resources {
		object := authz.Entity{Type: x.Key, ID: "x"}
		for _, role := range x.Roles {
			if maybe(r) {
				tuple(authz.Tuple{Object: object, Relation: role.Key, Subject: user})
			}
		}
		for _, relation := range x.Relations {
			if maybe(r) {
				tuple(authz.Tuple{Object: object, Relation: relation.Key, Subject: authz.Holder{Entity: authz.Entity{Type: relation.Subject, ID: "x"}}})
			}
		}
	}
	q := &question{snapshot: edit.Done()}
	x := s.Resources[rapid.IntRange(0, len(s.Resources)-1).Draw(r, "resource")]
	q.Subject, q.Action.Name, q.Resource = writ.Subject{Type: "user", ID: "u"}, rapid.SampledFrom([]string{x.Actions[0].Key, "none"}).Draw(r, "action"), writ.Resource{Type: x.Key, ID: "x"}
	if maybe(r) {
		q.Context = map[string]any{"x": maybe(r)}
	}
	return q
}

func debugAllows(debug map[string]any) bool {
	allow := false
	for _, v := range debug {
		if v, ok := v.(schema.Verdict); ok {
			allow = allow || v.Allow
		}
	}
	return allow && debug["deny"] == nil
}

func mustJSON(r *rapid.T, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		r.Fatal(err)
	}
	return string(text)
}

func precise(r *rapid.T, err error) {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, one := range all {
		if e, ok := one.(*writ.Error); !ok || e.Message == "" || e.Code == writ.CodeInternal {
			r.Fatalf("%T: %v", one, one)
		}
	}
}

var words = []string{"a", "b", "c", "user", "team"}

func word(r *rapid.T) string { return rapid.SampledFrom(words).Draw(r, "word") }

// pick draws from what is there; now and then it draws any word.
func pick(r *rapid.T, from ...string) string {
	if len(from) == 0 || rapid.IntRange(0, 200).Draw(r, "wrong") == 150 {
		return word(r)
	}
	return rapid.SampledFrom(from).Draw(r, "pick")
}

// distinct draws some of the words, each once.
func distinct(r *rapid.T, most int) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(words), 1, most, rapid.ID).Draw(r, "words")
}

func maybe(r *rapid.T) bool { return rapid.Bool().Draw(r, "maybe") }

func randomSchema(r *rapid.T) *schema.Schema {
	s := &schema.Schema{}
	kinds := distinct(r, 3)
	for _, kind := range kinds {
		s.Resources = append(s.Resources, schema.Resource{Header: key(kind)})
	}
	var permissions []string
	for i := range s.Resources {
		x := &s.Resources[i]
		for _, action := range distinct(r, 3) {
			x.Actions = append(x.Actions, schema.Action{Header: key(action)})
			permissions = append(permissions, x.Key+":"+action)
		}
		permissions = append(permissions, x.Key+":*")
		for _, relation := range distinct(r, 2) {
			x.Relations = append(x.Relations, schema.Relation{Header: key("to-" + relation), Subject: pick(r, kinds...)})
		}
		randomRoles(r, x)
	}
	for i := range s.Resources {
		derive(r, s, &s.Resources[i])
	}
	for _, role := range distinct(r, 3) {
		x := schema.Role{Header: key(role), Permissions: []string{pick(r, permissions...)}}
		if len(s.Roles) > 0 && maybe(r) {
			x.Extends = []string{pick(r, s.Roles[0].Key)}
		}
		s.Roles = append(s.Roles, x)
	}
	randomRules(r, s, kinds, permissions)
	return s
}

func randomRoles(r *rapid.T, x *schema.Resource) {
	for _, role := range distinct(r, 3) {
		y := schema.Role{Header: key(role), Permissions: []string{pick(r, x.Actions[0].Key)}, UnlessDirect: maybe(r)}
		if len(x.Roles) > 0 && maybe(r) {
			y.Extends = []string{pick(r, x.Roles[0].Key)}
		}
		x.Roles = append(x.Roles, y)
	}
}

// derive gives the roles of a resource to who has a role on a related one.
func derive(r *rapid.T, s *schema.Schema, x *schema.Resource) {
	for i := range x.Roles {
		for _, relation := range x.Relations {
			if on := s.Resource(relation.Subject); on != nil && maybe(r) {
				role := pick(r, on.Roles[0].Key, on.Roles[len(on.Roles)-1].Key)
				x.Roles[i].Grants = append(x.Roles[i].Grants, schema.Derivation{Role: role, Resource: on.Key, Relation: relation.Key, UnlessDirect: maybe(r)})
			}
		}
	}
}

func randomRules(r *rapid.T, s *schema.Schema, kinds, permissions []string) {
	condition := func() string { return pick(r, "true", "false", `user.key == "u"`, "has(resource.b)", "context.x") }
	s.Sets = []schema.Set{{Header: key("us"), When: condition()}, {Header: key("us2"), When: condition(), Parent: "us"}}
	for _, kind := range kinds {
		s.Sets = append(s.Sets, schema.Set{Header: key("of-" + kind), Resource: kind, When: condition()})
	}
	for range rapid.IntRange(0, 4).Draw(r, "rules") {
		x := schema.Rule{Users: pick(r, "us", "us2"), Permission: pick(r, permissions...), Deny: rapid.IntRange(0, 3).Draw(r, "deny") == 0}
		if maybe(r) {
			x.Users, x.IsRole = pick(r, s.Roles[0].Key), true
		} else if maybe(r) {
			x.Users = ""
		}
		kind, _, _ := strings.Cut(x.Permission, ":")
		if x.Resources, x.IsResource = kind, true; maybe(r) {
			x.Resources, x.IsResource = "of-"+kind, false
		}
		if maybe(r) {
			x.When = condition()
		}
		if maybe(r) {
			x.Except = condition()
		}
		s.Rules = append(s.Rules, x)
	}
}
