package schema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// A slip in a file is an error; Permit's SDKs define sets on attributes that they never declare.
func TestOnlyDeclaredAttributes(t *testing.T) {
	t.Parallel()
	s := documents()
	s.Sets[0].Conditions = json.RawMessage(`{"user.agee": {"greater-than": 17}}`)
	if _, err := s.Model(); err != nil {
		t.Errorf("through the API: %v", err)
	}
	s.OnlyDeclared = true
	if _, err := s.Model(); err == nil || !strings.Contains(err.Error(), `user set grown: user declares no attribute "agee"`) {
		t.Errorf("in a file: %v", err)
	}
	s.UserAttributes = nil // of what declares nothing, anything may be asked
	if _, err := s.Model(); err != nil {
		t.Errorf("without a declaration: %v", err)
	}
}
