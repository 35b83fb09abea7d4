package schema_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/policyfile"
	"github.com/writ-dev/writ/authz/schema"
)

const debugPolicy = `
roles: {viewer: [document:read], editor: {may: [document:write], extends: viewer}, clerk: []}
subjects: [team#member]
resources:
  team: {relations: {member: user}}
  folder: {roles: {editor: []}}
  document:
    actions: [read, write, share, copy]
    relations: {parent: folder}
    roles:
      viewer: [read]
      editor: {may: write, extends: viewer, from: editor of parent}
      guest: []
  plain: {actions: [read]}
user_sets:
  old: {conditions: {"user.age": {"greater-than": 60}}}
  mailed: {conditions: {"user.email": {"contains": "@acme"}}}
resource_sets:
  drafts: {resource: document, conditions: {"resource.state": {"equals": "draft"}}}
rules:
  old-share-drafts: {allow: old, to: document:share, on: drafts}
  clerks-copy: {allow: clerk, to: document:copy, when: context.hour > 8}
  mailed-share: {allow: mailed, to: document:share, on: drafts, when: "false"}
  no-copy: {deny: old, to: document:copy, when: context.hour < 6}
facts:
  tenants: {acme: {}, globex: {}}
  users:
    ann: {email: ann@acme.example, roles: {acme: editor, globex: clerk}, attributes: {age: 70}}
    bob: {roles: {document:a: [viewer, guest]}}
    cid: {roles: {folder:f: editor}}
    dan: {roles: {globex: viewer}}
    eve: {}
  instances:
    document:a: {tenant: acme, attributes: {state: draft}}
    document:g: {tenant: globex}
    plain:p: {tenant: acme}
  tuples:
    - folder:f parent document:a
    - user:eve member team:t
    - team:t#member viewer document:g
`

func debugSnapshot(t *testing.T) (*authz.Snapshot, *schema.Schema) {
	t.Helper()
	p, err := policyfile.Parse([]byte(debugPolicy), writ.Position{File: "policy.yml"}, policyfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return s, p.Schema
}

// TestDebugCodes holds the codes against the order in which they are looked for.
func TestDebugCodes(t *testing.T) {
	t.Parallel()
	s, policy := debugSnapshot(t)
	for _, c := range []struct{ user, action, resource, tenant, want string }{
		{"ann", "read", "document:a", "", "rbac:allow"},
		{"ann", "write", "document:a", "acme", "rbac:allow"},
		{"ann", "read", "car:a", "", "rbac:no_such_resource abac:no_such_resource"},
		{"ann", "fly", "document:a", "", "rbac:no_such_action abac:no_such_action rebac:no_such_action"},
		{"ann", "read", "document:x", "nowhere", "rbac:no_such_tenant abac:no_matching_usersets rebac:no_user_roles"},
		{"zoe", "read", "document:a", "", "rbac:user_not_synced abac:no_matching_usersets rebac:no_user_roles"},
		{"eve", "read", "document:a", "", "rbac:no_user_roles abac:no_matching_usersets rebac:no_user_roles"},
		{"dan", "read", "document:a", "", "rbac:no_role_in_tenant abac:no_matching_usersets rebac:no_user_roles"},
		{"ann", "read", "document:g", "", "rbac:no_permission abac:no_matching_usersets rebac:no_user_roles"},
		{"ann", "read", "plain:p", "", "rbac:no_permission abac:no_matching_usersets"},
		{"ann", "share", "document:a", "", "abac:allow"},
		{"ann", "share", "document:x", "acme", "rbac:no_permission abac:no_matching_resourcesets rebac:no_user_roles"},
		{"ann", "copy", "document:g", "", "rbac:no_permission abac:no_matching_rules rebac:no_user_roles deny:deny"},
		{"bob", "read", "document:a", "", "rebac:allow"},
		{"bob", "write", "document:a", "", "rbac:no_user_roles abac:no_matching_usersets rebac:no_permission"},
		{"bob", "write", "document", "acme", "rbac:no_user_roles abac:no_matching_usersets rebac:no_resource_instance"},
		{"bob", "read", "document:a", "globex", "rbac:no_user_roles abac:no_matching_usersets rebac:no_such_tenant"},
		{"cid", "write", "document:a", "", "rebac:allow"},
		{"eve", "read", "document:g", "", "rebac:allow"},
	} {
		q := &authz.Query{Tenant: c.tenant}
		q.Subject = writ.Subject{Type: "user", ID: c.user}
		q.Action.Name = c.action
		e, err := authz.ParseEntity(c.resource)
		if err != nil {
			e.Type = c.resource
		}
		q.Resource = writ.Resource{Type: e.Type, ID: e.ID}
		got := ""
		debug := policy.Debug(s, q)
		allow := false
		for _, way := range []string{"rbac", "abac", "rebac", "deny"} {
			if v, ok := debug[way].(schema.Verdict); ok {
				got += " " + way + ":" + v.Code
				allow = allow || v.Allow
				if v.Reason == "" {
					t.Errorf("%v: %s has no reason", c, way)
				}
			}
		}
		if got = got[min(1, len(got)):]; got != c.want {
			t.Errorf("%s %s %s in %q: %s, want %s", c.user, c.action, c.resource, c.tenant, got, c.want)
		}
		if allowed, err := s.Allowed(q); err != nil || allowed != (allow && debug["deny"] == nil) {
			t.Errorf("%v: the engine says %v, %v", c, allowed, err)
		}
	}
}

// TestDebugShape shows the JSON of each way.
func TestDebugShape(t *testing.T) {
	t.Parallel()
	s, policy := debugSnapshot(t)
	for _, c := range []struct{ user, action, id, want string }{
		{"ann", "write", "a", `{"rbac":{"allow":true,"allowing_roles":["editor"],"code":"allow","reason":"user ann has document:write in tenant acme by editor"}}`},
		{"ann", "share", "a", `{"abac":{"allow":true,"allowing_rules":[{"resourceset":"drafts","rule":"old-share-drafts","userset":"old"}],"code":"allow","matching_resourcesets":["drafts"],"matching_usersets":["old","mailed"],"reason":"a rule allows it"}}`},
		{"cid", "read", "a", `{"rebac":{"allow":true,"allowing_roles":[{"reason":"user cid has role editor on document:a","resource":"document:a","role":"document#editor","sources":[{"relation":"parent","resource":"folder:f","role":"editor","type":"role_derivation"}]}],"code":"allow","reason":"user cid has document:read on document:a"}}`},
		{"eve", "read", "g", `{"rebac":{"allow":true,"allowing_roles":[{"reason":"user eve has role viewer on document:g","resource":"document:g","role":"document#viewer","sources":[{"resource":"team:t","role":"member","type":"group_assignment"}]}],"code":"allow","reason":"user eve has document:read on document:g"}}`},
	} {
		q := &authz.Query{}
		q.Subject, q.Action.Name, q.Resource = writ.Subject{Type: "user", ID: c.user}, c.action, writ.Resource{Type: "document", ID: c.id}
		text, err := json.Marshal(policy.Debug(s, q))
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got)); diff != "" {
			t.Errorf("%s %s %s (-want +got):\n%s\n%s", c.user, c.action, c.id, diff, text)
		}
	}
}
