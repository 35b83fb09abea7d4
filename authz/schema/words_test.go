package schema_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/policyfile"
)

// TestWordsOfRules reads what answers say of rules: each kind of part is named once and by its name.
func TestWordsOfRules(t *testing.T) {
	t.Parallel()
	const text = `
user_sets: {contractors: {when: user.contract}}
resource_sets: {secrets: {resource: document, when: resource.secret}}
rules:
  no-sharing: {deny: contractors, to: "document:share", when: context.hour > 8, except: user.trusted}
  all: {allow: everyone, to: "document:share"}
  drafts: {allow: contractors, to: "document:read", on: secrets, except: user.late}
resources: {document: {actions: [read, share]}}
facts: {users: {ann: {attributes: {contract: true, trusted: false, late: false}}}}
`
	p, err := policyfile.Parse([]byte(text), writ.Position{File: "policy.yml", Line: 1, Col: 1}, policyfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, action := range []string{"read", "share"} {
		q := &authz.Query{}
		q.Subject, q.Action.Name = writ.Subject{Type: "user", ID: "ann"}, action
		q.Resource = writ.Resource{Type: "document", ID: "a", Properties: map[string]any{"secret": true}}
		q.Context = map[string]any{"hour": 9.0}
		n, err := s.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		told(n, &words)
	}
	all := strings.Join(words, "\n")
	if strings.Contains(all, "rule rule") || strings.Contains(all, "rule user set") || strings.Contains(all, "rule resource set") {
		t.Errorf("a word too many in\n%s", all)
	}
	for _, want := range []string{"rule drafts", "user set contractors", "resource set secrets", "rule no-sharing", "rule drafts holds: !(user.late) (user.late is false)"} {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, want) }) {
			t.Errorf("nothing says %q in\n%s", want, all)
		}
	}
}

func told(n *authz.Node, words *[]string) {
	*words = append(*words, n.Message)
	for _, part := range n.Parts {
		told(part, words)
	}
}
