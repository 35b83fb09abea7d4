package policyfile

import (
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/internal/tree"
)

// Test is a named list of cases.
type Test struct {
	Name     string
	Position writ.Position
	Cases    []Case
}

// Case is one assertion. It asks for a decision, or when List is set for a listing.
type Case struct {
	// Text is the assertion as it is written, or as it would be.
	Text     string
	Position writ.Position
	// Query is the question; its Now is zero when the case does not say when.
	Query authz.Query
	// Allowed is the decision that is expected.
	Allowed bool
	// List is the type that is listed: of resources when the query has a subject, else of subjects.
	List string
	// IDs are expected in a listing, in any order; * is everyone.
	IDs []string
}

// tests reads NAME: and a list of cases, or `{with: [TUPLES], tenant: ..., context: ..., at: ..., cases: [...]}`.
func (p *parser) tests(n *tree.Node) {
	for _, e := range p.Named(n, "tests") {
		t := Test{Name: e.Key, Position: e.Pos}
		cases, base := e.Value, authz.Query{}
		if e.Value != nil && e.Value.Kind == tree.Map {
			cases = nil
			for _, f := range p.Object(e.Value, "test "+tree.Short(e.Key), "cases", "with", "tenant", "context", "at") {
				if f.Key == "cases" {
					cases = f.Value
				} else {
					p.setting(&base, f)
				}
			}
		}
		for _, item := range items(p.File, cases, "the cases of a test") {
			if c, ok := p.testCase(item, base); ok {
				t.Cases = append(t.Cases, c)
			}
		}
		if len(t.Cases) == 0 && !p.Failed() {
			_ = p.Problem(e.Pos, "test %s asserts nothing", tree.Short(e.Key)).WithHint("write cases such as  - ann may read document:budget")
		}
		p.p.Tests = append(p.p.Tests, t)
	}
}

// setting reads what goes with a question.
func (p *parser) setting(q *authz.Query, f tree.Entry) {
	switch f.Key {
	case "tenant":
		q.Tenant = p.String(f.Value, "tenant")
	case "context":
		q.Context = map[string]any{}
		for _, e := range p.Named(f.Value, "context") {
			q.Context[e.Key] = e.Value.Value()
		}
	case "at":
		q.Now = p.Time(f.Value, "at")
	case "with":
		q.Extra = nil
		for _, item := range items(p.File, f.Value, "with") {
			if t, ok := readTuple(p.File, item); ok {
				q.Extra = append(q.Extra, t)
			}
		}
	}
}

// testCase reads `ann may not share document:budget`, or a map with such a sentence under check, or
// `{list: document, for: ann, may: read, expect: [...]}`.
func (p *parser) testCase(n *tree.Node, base authz.Query) (Case, bool) {
	c := Case{Position: n.Pos, Query: base}
	if n.Kind == tree.Scalar {
		return c, p.sentence(&c, n)
	}
	ok := false
	said := map[string]*tree.Node{}
	fields := p.Object(n, "a case", "check", "list", "for", "may", "on", "expect", "with", "tenant", "context", "at")
	for _, f := range fields {
		switch f.Key {
		case "check":
			ok = f.Value.Kind == tree.Scalar && p.sentence(&c, f.Value)
			if !ok {
				return c, false
			}
		case "list", "for", "may", "on", "expect":
			said[f.Key] = f.Value
		default:
			p.setting(&c.Query, f)
		}
	}
	if list := said["list"]; list != nil && !ok {
		return c, p.listing(&c, said)
	}
	if !ok && n.Kind == tree.Map && !misspelt(n, fields) {
		_ = p.Problem(n.Pos, "the case asks nothing").WithHint("write  check: ann may read document:budget , or  list: document  with for, may and expect")
	}
	return c, ok
}

// sentence reads SUBJECT may [not] ACTION RESOURCE.
func (p *parser) sentence(c *Case, n *tree.Node) bool {
	words := strings.Fields(n.Text)
	c.Text, c.Position, c.Allowed = strings.Join(words, " "), n.Pos, true
	if len(words) == 5 && words[1] == "may" && words[2] == "not" {
		c.Allowed = false
		words = append(words[:2], words[3:]...)
	}
	if len(words) != 4 || words[1] != "may" {
		_ = p.Problem(n.Pos, "%q is no assertion", tree.Short(n.Text)).
			WithHint("write  WHO may ACTION RESOURCE  or  WHO may not ACTION RESOURCE, as in  ann may read document:budget")
		return false
	}
	c.Query.Action.Name = words[2]
	c.Query.Resource = resource(words[3])
	return p.subject(&c.Query, n, words[0])
}

// resource reads type:id, or a type alone: whatever instance.
func resource(word string) writ.Resource {
	kind, id, _ := strings.Cut(word, ":")
	return writ.Resource{Type: kind, ID: id}
}

// subject reads a user's key, type:id, or type:id#relation.
func (p *parser) subject(q *authz.Query, n *tree.Node, word string) bool {
	if !strings.Contains(word, ":") {
		word = schema.UserType + ":" + word
	}
	h, err := authz.ParseHolder(word)
	if err != nil {
		p.Problem(n.Pos, "%v", err)
		return false
	}
	q.Subject, q.SubjectRelation = writ.Subject{Type: h.Type, ID: h.ID}, h.Relation
	return true
}

// listing reads what is listed: resources for a subject, or subjects on a resource.
func (p *parser) listing(c *Case, said map[string]*tree.Node) bool {
	c.Position = said["list"].Pos
	c.List = p.String(said["list"], "list")
	c.Query.Action.Name = p.String(said["may"], "may")
	who, on := said["for"], said["on"]
	if c.Query.Action.Name == "" || said["expect"] == nil || (who == nil) == (on == nil) {
		_ = p.Problem(c.Position, "the listing is not complete").
			WithHint("write  {list: document, for: ann, may: read, expect: [...]}  or  {list: user, on: document:budget, may: read, expect: [...]}")
		return false
	}
	for _, v := range p.Strings(said["expect"], "expect") {
		c.IDs = append(c.IDs, v.Text)
	}
	if on != nil {
		c.Text = "who of " + c.List + " may " + c.Query.Action.Name + " " + on.Text
		c.Query.Resource = resource(p.String(on, "on"))
		return true
	}
	c.Text = "which " + c.List + " may " + who.Text + " " + c.Query.Action.Name
	return p.subject(&c.Query, who, p.String(who, "for"))
}
