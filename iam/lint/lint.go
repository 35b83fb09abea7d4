// Package lint reads policies for what is wrong with them: names that AWS does
// not know, statements that grant more than anybody needs, statements and
// conditions that can never have an effect, and grants that together let their
// owner become an administrator.
//
// It judges text; it does not evaluate requests. What it calls dead truly
// never changes a verdict: removing the statement leaves every decision as it
// was.
package lint

import (
	"cmp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
)

// Severity says how bad a finding is, in the words of IAM Access Analyzer's
// policy validation.
type Severity string

// The severities, the worst first.
const (
	Error      Severity = "error"      // the policy does not work as written
	Security   Severity = "security"   // it gives access that is likely too much
	Warning    Severity = "warning"    // it does less than it seems to, or more than is good practice
	Suggestion Severity = "suggestion" // it could be shorter or clearer
)

// Severities lists the severities, the worst first.
func Severities() []Severity { return []Severity{Error, Security, Warning, Suggestion} }

// AtLeast reports whether s is as bad as t, or worse.
func (s Severity) AtLeast(t Severity) bool {
	return slices.Index(Severities(), s) <= slices.Index(Severities(), t)
}

// Input is one policy to be judged.
type Input struct {
	Document *iam.Document
	Type     iam.PolicyType
	// Name is the policy's, for messages. File is where it stands.
	Name, File string
	// Owner is the role or user that holds the policy: identity policies and a
	// boundary of one owner are judged together. "" stands alone.
	Owner string
	// Scope keeps owners of one name apart, such as the roles of two templates.
	Scope string
	// Source is the document's JSON text; it gives findings their places.
	Source []byte
	// Place gives the place of a value by its path in the document
	// ("Statement", "0", "Action", "1") and the text of its line, where the
	// document is a part of something else. nil looks into Source.
	Place func(path ...string) (writ.Position, string)
	// Err says why there is no Document: what could not be read is a finding too.
	Err error
}

// Finding is one thing that is wrong.
type Finding struct {
	// Code names the rule, such as "unknown-action"; see [Rules].
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
	Policy   string   `json:"policy,omitempty"`
	// Input is the place of the policy in what was given to [Policies].
	Input int `json:"-"`
	// Statement counts from 0; -1 is the document as a whole.
	Statement int           `json:"statement"`
	Sid       string        `json:"sid,omitempty"`
	Position  writ.Position `json:"position,omitzero"`
	// Source is the text of the line at Position.
	Source string `json:"-"`
}

// Policies judges policies and gives what it finds: by policy, then by place.
// The same policies give the same findings.
func Policies(in []Input) []Finding {
	c := &checker{catalog: catalog.AWS()}
	var sets []*set
	byOwner := map[[2]string]*set{}
	for i := range in {
		if in[i].Document == nil && in[i].Err == nil {
			continue
		}
		key := [2]string{in[i].Scope, in[i].Owner}
		group := byOwner[key]
		if group == nil || in[i].Owner == "" {
			group = &set{owner: in[i].Owner}
			byOwner[key] = group
			sets = append(sets, group)
		}
		group.policies = append(group.policies, c.prepare(&in[i], i))
	}
	for _, group := range sets {
		c.set = group
		for i := range rules {
			c.rule = &rules[i]
			c.run()
		}
	}
	slices.SortStableFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Input, b.Input), cmp.Compare(a.Statement, b.Statement),
			cmp.Compare(a.Position.Line, b.Position.Line), cmp.Compare(a.Position.Col, b.Position.Col),
		)
	})
	return c.findings
}

// set is what is judged together.
type set struct {
	owner    string
	policies []*policy
}

// statements gives the statements of the policies of some types.
func (s *set) statements(types ...iam.PolicyType) []*statement {
	var all []*statement
	for _, p := range s.policies {
		if slices.Contains(types, p.Type) {
			all = append(all, p.statements...)
		}
	}
	return all
}

type policy struct {
	*Input
	number     int
	statements []*statement
	places     *place
	lines      []int          // where the lines of Source start
	texts      map[int]string // their texts, as far as they were asked for
}

// statement is a statement with what the rules ask for again and again.
type statement struct {
	*iam.Statement
	policy    *policy
	index     int
	variables bool // ${…} is a variable here
	// actions are what Action expands to. open is set when that is not all that
	// can match: NotAction, "*", text that is not known.
	actions []catalog.Action
	open    bool
	dead    bool
	tokens  *entries // see cut
}

func (s *statement) isAllow() bool { return s.Effect == iam.Allow }

// grants reports whether the statement's policy gives access to who holds it.
func (s *statement) grants() bool { return s.isAllow() && s.policy.Type == iam.TypeIdentity }

// namesPrincipals reports whether the policy is one of a resource.
func (s *statement) namesPrincipals() bool {
	switch s.policy.Type {
	case iam.TypeResource, iam.TypeTrust, iam.TypeKey, iam.TypeEndpoint, iam.TypeRCP:
		return true
	}
	return false
}

type checker struct {
	catalog  *catalog.Catalog
	set      *set
	rule     *rule
	findings []Finding
	// pairs counts the statements that were compared with each other.
	pairs int
}

// Bounds on what a hostile file can make us do: what is printed, and how many
// pairs of statements are compared (those of a thousand statements; AWS's
// quotas leave a role a few hundred).
const (
	// MaxFindings is the most that [Policies] gives: of so many there may be more.
	MaxFindings = 10_000
	maxPairs    = 1 << 20
)

// covers is [covers] within the bound; beyond it nothing more is found.
func (c *checker) covers(wide, narrow *statement) bool {
	c.pairs++
	return c.pairs <= maxPairs && covers(wide, narrow)
}

func (c *checker) run() {
	if c.rule.together != nil {
		c.rule.together(c)
	}
	for _, p := range c.set.policies {
		if c.rule.document != nil {
			c.rule.document(c, p)
		}
		if c.rule.statement == nil {
			continue
		}
		for _, s := range p.statements {
			c.rule.statement(c, s)
		}
	}
}

func (c *checker) prepare(in *Input, number int) *policy {
	p := &policy{Input: in, number: number, places: locate(in.Source), lines: lineStarts(in.Source)}
	if in.Document == nil {
		return p
	}
	for i := range in.Document.Statements {
		s := &statement{Statement: &in.Document.Statements[i], policy: p, index: i, variables: in.Document.Version == iam.Version2012}
		s.open = s.NotAction != nil
		for _, entry := range s.Action {
			if everyAction(entry) || hasUnknown(entry) {
				s.open = true
				continue
			}
			s.actions = append(s.actions, c.catalog.Expand(entry)...)
		}
		p.statements = append(p.statements, s)
	}
	return p
}

// report adds a finding of the running rule.
func (c *checker) report(s *statement, path []string, severity Severity, message, hint string) {
	full := append([]string{"Statement", itoa(s.index)}, path...)
	c.add(s.policy, full, Finding{Severity: severity, Message: message, Hint: hint, Statement: s.index, Sid: s.Sid})
}

func (c *checker) add(p *policy, path []string, f Finding) {
	if len(c.findings) >= MaxFindings {
		return
	}
	f.Code, f.Policy, f.Input = c.rule.Code, p.Name, p.number
	f.Message, f.Hint = shown(f.Message), shown(f.Hint)
	if f.Position.IsZero() {
		f.Position, f.Source = p.place(path)
	}
	if f.Position.File == "" {
		f.Position.File = p.File
	}
	c.findings = append(c.findings, f)
}

// quoteList writes up to five names, and how many more there are.
func quoteList(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + itoa(len(names)-most) + " more"
}
