package schema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
)

func key(k string) schema.Header { return schema.Header{Key: k} }

// documents is a policy as the management API makes it: without positions.
func documents() *schema.Schema {
	return &schema.Schema{
		UserAttributes: []schema.Attribute{{Header: key("age"), Type: "number"}},
		Roles: []schema.Role{
			{Header: key("viewer"), Permissions: []string{"document:read"}},
			{Header: key("admin"), Permissions: []string{"document:*"}, Extends: []string{"viewer"}},
		},
		Resources: []schema.Resource{
			{Header: key("folder"), Roles: []schema.Role{{Header: key("editor")}}},
			{
				Header:       key("document"),
				Actions:      []schema.Action{{Header: key("read")}, {Header: key("write")}},
				ActionGroups: []schema.ActionGroup{{Header: key("all"), Actions: []string{"read", "write"}}},
				Relations:    []schema.Relation{{Header: key("parent"), Subject: "folder"}},
				Roles: []schema.Role{
					{Header: key("reader"), Permissions: []string{"read"}},
					{
						Header: key("editor"), Permissions: []string{"document:write"}, Extends: []string{"reader"},
						Grants: []schema.Derivation{{Role: "editor", Resource: "folder", Relation: "parent"}},
					},
				},
			},
		},
		Sets: []schema.Set{
			{Header: key("grown"), Conditions: json.RawMessage(`{"user.age": {"greater-than": 17}}`)},
			{Header: key("old"), Parent: "grown", Conditions: json.RawMessage(`{"user.age": {"greater-than": 60}}`)},
			{Header: key("drafts"), Resource: "document", Conditions: json.RawMessage(`{"resource.state": {"equals": "draft"}}`)},
		},
		Rules: []schema.Rule{{Users: "old", Permission: "document:all", Resources: "drafts"}},
	}
}

func TestModelOfAnAPIPolicy(t *testing.T) {
	t.Parallel()
	m, err := documents().Model()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authz.New(m); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, kind := range m.Types {
		for _, r := range kind.Relations {
			names = append(names, fmt.Sprintf("%s#%s role=%v", kind.Name, r.Name, r.Role))
		}
		for _, a := range kind.Actions {
			names = append(names, kind.Name+":"+a.Name)
		}
	}
	want := []string{
		"__tenant#viewer role=true", "__tenant#admin role=true", "folder#editor role=true", "document#parent role=false",
		"document#reader role=true", "document#editor role=true", "document:read", "document:write",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestErrors names for each wrong policy the part that is wrong.
func TestErrors(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*schema.Schema){
		"invalid: resource \"\": a key must not be empty": func(s *schema.Schema) {
			s.Resources[0].Key = ""
			s.Resources[1].Relations = nil
			s.Resources[1].Roles = nil
		},
		"invalid: resource \"__x\": a key must not start":        func(s *schema.Schema) { s.Resources = append(s.Resources, schema.Resource{Header: key("__x")}) },
		"invalid: resource \"a:b\": a key must not have a colon": func(s *schema.Schema) { s.Resources = append(s.Resources, schema.Resource{Header: key("a:b")}) },
		"conflict: there are two resources folder":               func(s *schema.Schema) { s.Resources = append(s.Resources, schema.Resource{Header: key("folder")}) },
		"conflict: there are two roles viewer":                   func(s *schema.Schema) { s.Roles = append(s.Roles, schema.Role{Header: key("viewer")}) },
		"conflict: document has a relation and a role reader": func(s *schema.Schema) {
			s.Resources[1].Relations = append(s.Resources[1].Relations, schema.Relation{Header: key("reader"), Subject: "folder"})
		},
		"conflict: document has an action and an action group read":                                       func(s *schema.Schema) { s.Resources[1].ActionGroups[0].Key = "read"; s.Rules = nil },
		"invalid: role viewer: there is no resource \"doc\"":                                              func(s *schema.Schema) { s.Roles[0].Permissions = []string{"doc:read"} },
		"invalid: role viewer: document has no action \"fly\"":                                            func(s *schema.Schema) { s.Roles[0].Permissions = []string{"document:fly"} },
		"invalid: role viewer: the permission \"read\" is not written":                                    func(s *schema.Schema) { s.Roles[0].Permissions = []string{"read"} },
		"invalid: role viewer extends itself: viewer -> admin -> viewer":                                  func(s *schema.Schema) { s.Roles[0].Extends = []string{"admin"} },
		"invalid: role of document reader extends itself":                                                 func(s *schema.Schema) { s.Resources[1].Roles[0].Extends = []string{"reader"} },
		"invalid: role admin extends \"boss\", which is not there":                                        func(s *schema.Schema) { s.Roles[1].Extends = []string{"boss"} },
		"invalid: role editor of document: it is derived from a role on team, but parent leads to folder": func(s *schema.Schema) { s.Resources[1].Roles[1].Grants[0].Resource = "team" },
		"invalid: role editor of document: folder has no role \"writer\"":                                 func(s *schema.Schema) { s.Resources[1].Roles[1].Grants[0].Role = "writer" },
		"invalid: role editor of document: document has no relation \"within\"":                           func(s *schema.Schema) { s.Resources[1].Roles[1].Grants[0].Relation = "within" },
		"invalid: relation parent of document: there is no resource \"box\"": func(s *schema.Schema) {
			s.Resources[1].Relations[0].Subject = "box"
			s.Resources[1].Roles[1].Grants = nil
		},
		"invalid: action group all of document: there is no action \"fly\"": func(s *schema.Schema) { s.Resources[1].ActionGroups[0].Actions = []string{"fly"} },
		"invalid: attribute age of user: there is no type \"int\"":          func(s *schema.Schema) { s.UserAttributes[0].Type = "int" },
		"invalid: user set grown: conditions.user.age.bigger: there is no operator": func(s *schema.Schema) {
			s.Sets[0].Conditions = json.RawMessage(`{"user.age": {"bigger": 1}}`)
		},
		"invalid: user set grown: user.age is a number and cannot be compared": func(s *schema.Schema) {
			s.Sets[0].Conditions = json.RawMessage(`{"user.age": {"equals": "x"}}`)
		},
		"invalid: user set old: there is no set \"gone\" above it":                       func(s *schema.Schema) { s.Sets[1].Parent = "gone" },
		"invalid: user set grown stands below itself: grown -> old -> grown":             func(s *schema.Schema) { s.Sets[0].Parent = "old" },
		"invalid: user set old stands below resource set drafts":                         func(s *schema.Schema) { s.Sets[1].Parent = "drafts" },
		"invalid: resource set drafts: there is no resource \"paper\"":                   func(s *schema.Schema) { s.Sets[2].Resource = "paper"; s.Rules = nil },
		"invalid: user set grown has conditions in two forms":                            func(s *schema.Schema) { s.Sets[0].When = "true" },
		"invalid: rule young may document:all in drafts: there is no user set \"young\"": func(s *schema.Schema) { s.Rules[0].Users = "young" },
		"invalid: rule old may document:all in drafts: there is no role \"old\"":         func(s *schema.Schema) { s.Rules[0].IsRole = true },
		"invalid: rule old may document:all in final: there is no resource set":          func(s *schema.Schema) { s.Rules[0].Resources = "final" },
		"invalid: rule old may document:all: the permission document:all is not on folder": func(s *schema.Schema) {
			s.Rules[0].Resources, s.Rules[0].IsResource = "folder", true
		},
		"invalid: rule old may document:all in drafts: this is not a condition": func(s *schema.Schema) { s.Rules[0].When = "a ==" },
		"invalid: subjects: there is no resource \"team\"":                      func(s *schema.Schema) { s.Subjects = []schema.Subject{{Name: "team#member"}} },
		"invalid: subjects: folder has no role or relation \"member\"":          func(s *schema.Schema) { s.Subjects = []schema.Subject{{Name: "folder#member"}} },
	} {
		s := documents()
		spoil(s)
		_, err := s.Model()
		first := err
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			first = joined.Unwrap()[0]
		}
		var e *writ.Error
		if !errors.As(first, &e) {
			t.Errorf("%s: %v", want, err)
			continue
		}
		if got := string(e.Code) + ": " + e.Message; !strings.HasPrefix(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestRemove takes parts away one by one; what is left is a policy each time, without a word of the part.
func TestRemove(t *testing.T) {
	t.Parallel()
	for gone, remove := range map[string]func(*schema.Schema) bool{
		`"folder"`:  func(s *schema.Schema) bool { return s.RemoveResource("folder") },
		`document`:  func(s *schema.Schema) bool { return s.RemoveResource("document") },
		`"viewer"`:  func(s *schema.Schema) bool { return s.RemoveRole("viewer") },
		`"reader"`:  func(s *schema.Schema) bool { return s.RemoveResourceRole("document", "reader") },
		`:"parent"`: func(s *schema.Schema) bool { return s.Resource("document").RemoveRelation("parent") },
		`read`: func(s *schema.Schema) bool {
			return s.RemoveAction("document", "read") && s.RemoveResourceRole("document", "reader")
		},
		`all`:    func(s *schema.Schema) bool { return s.RemoveGroup("document", "all") },
		`"old"`:  func(s *schema.Schema) bool { return s.RemoveSet("grown") },
		`drafts`: func(s *schema.Schema) bool { return s.RemoveSet("drafts") },
	} {
		s := documents()
		before := s.Clone()
		if !remove(s) || remove(s) {
			t.Errorf("%s: it was there once", gone)
		}
		if _, err := s.Model(); err != nil {
			t.Errorf("without %s: %v", gone, err)
		}
		text, err := json.Marshal(s)
		if err != nil || strings.Contains(string(text), gone) {
			t.Errorf("%s is still there: %s %v", gone, text, err)
		}
		if _, err := before.Model(); err != nil {
			t.Errorf("a clone changed with what it was made of: %v", err)
		}
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	s := documents()
	for _, c := range []struct{ got, want []string }{
		{s.RoleClosure("admin"), []string{"admin", "viewer"}},
		{s.RoleClosure("nobody"), nil},
		{s.Permissions("viewer"), []string{"document:read"}},
		{s.Permissions("admin"), []string{"document:read", "document:write"}},
		{s.Resource("document").Permissions("editor"), []string{"document:read", "document:write"}},
		{s.Resource("document").RoleClosure("editor"), []string{"editor", "reader"}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// A random policy is a model that the engine takes, or a precise error; and never a panic.
func TestRandomPolicies(t *testing.T) {
	t.Parallel()
	models, faults := 0, 0
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
		q := &authz.Query{}
		q.Subject, q.Action.Name, q.Resource = writ.Subject{Type: "user", ID: "u"}, word(r), writ.Resource{Type: word(r), ID: "x"}
		allowed, err := snapshot.Allowed(q)
		if err == nil && allowed != debugAllows(s.Debug(snapshot, q)) {
			r.Fatalf("%v: the engine says %v, debug %v", q.Request, allowed, s.Debug(snapshot, q))
		}
	})
	if models == 0 || faults == 0 {
		t.Errorf("%d models and %d faults: some of both are needed", models, faults)
	}
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

func some[T any](r *rapid.T, most int, draw func() T) []T {
	var all []T
	for range rapid.IntRange(0, most).Draw(r, "n") {
		all = append(all, draw())
	}
	return all
}

func randomSchema(r *rapid.T) *schema.Schema {
	permission := func() string { return word(r) + ":" + rapid.SampledFrom(append(words, "*")).Draw(r, "action") }
	condition := func() string {
		return rapid.SampledFrom([]string{"", "true", "user.a == 1", "has(resource.b)", "context.x", "1 +"}).Draw(r, "cel")
	}
	s := &schema.Schema{Resources: some(r, 3, func() schema.Resource { return randomResource(r) })}
	s.Roles = some(r, 3, func() schema.Role {
		return schema.Role{Header: key(word(r)), Permissions: some(r, 2, permission), Extends: some(r, 1, func() string { return word(r) })}
	})
	s.Sets = some(r, 2, func() schema.Set {
		x := schema.Set{Header: key(word(r)), When: condition(), Parent: rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(r, "parent")}
		x.Resource = rapid.SampledFrom([]string{"", "a", "b"}).Draw(r, "of")
		return x
	})
	s.Rules = some(r, 2, func() schema.Rule {
		x := schema.Rule{Users: word(r), IsRole: rapid.Bool().Draw(r, "role"), Permission: permission(), When: condition(), Except: condition()}
		x.Deny = rapid.Bool().Draw(r, "deny")
		if rapid.Bool().Draw(r, "everyone") {
			x.Users, x.IsRole = "", false
		}
		return x
	})
	return s
}

func randomResource(r *rapid.T) schema.Resource {
	return schema.Resource{
		Header:    key(word(r)),
		Actions:   some(r, 3, func() schema.Action { return schema.Action{Header: key(word(r))} }),
		Relations: some(r, 1, func() schema.Relation { return schema.Relation{Header: key("r" + word(r)), Subject: word(r)} }),
		Roles: some(r, 2, func() schema.Role {
			return schema.Role{
				Header: key(word(r)), Permissions: some(r, 1, func() string { return word(r) }), UnlessDirect: rapid.Bool().Draw(r, "unless"),
				Grants: some(r, 1, func() schema.Derivation {
					return schema.Derivation{Role: word(r), Resource: word(r), Relation: "r" + word(r)}
				}),
			}
		}),
	}
}
