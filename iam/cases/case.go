// Package cases reads IAM evaluation cases: requests with all the policies
// that apply to them, one JSON object per line, and what must come out. It is
// how decisions are exchanged with other tools, and what `writ iam eval` runs.
//
// Nothing is in the context of a request but what its case says. Documents
// that AWS would refuse are evaluated all the same: what is invalid in them
// never matches.
package cases

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// Case is one request with all the policies that apply to it, and the decision
// that must come out.
type Case struct {
	ID      string
	Name    string
	Request Request

	Identity []json.RawMessage
	Resource json.RawMessage
	Boundary json.RawMessage
	Session  json.RawMessage
	SCPs     []Level
	RCPs     []Level
	Endpoint []json.RawMessage
	Settings struct {
		S3 struct {
			BlockPublicAccess bool `json:"blockPublicAccess"`
		} `json:"s3"`
	}

	// Expected is a verdict, or "Denied" where either deny is right.
	Expected          string
	ExpectedBlockedBy []string
	Tags              []string

	// text is the line that the case was read from, for positions.
	text []byte
}

// Request is the request of a case. Nothing but Context is in its context.
type Request struct {
	Principal       string
	Action          string
	Resource        string
	ResourceAccount string
	WildcardOnly    bool
	Context         iam.Context
}

// Level is one level of an organisation.
type Level struct {
	Target   string
	Policies []json.RawMessage
}

// IAM gives the case as the engine takes it.
func (c *Case) IAM() (*iam.Request, *iam.Policies, error) { return c.compile(nil) }

func (c *Case) compile(cache *Cache) (*iam.Request, *iam.Policies, error) {
	req := &iam.Request{
		Principal:       iam.ParsePrincipal(c.Request.Principal),
		Action:          c.Request.Action,
		Resource:        c.Request.Resource,
		ResourceAccount: c.Request.ResourceAccount,
		WildcardOnly:    c.Request.WildcardOnly,
		Context:         c.Request.Context,
	}
	b := builder{c: c, cache: cache}
	p := &iam.Policies{
		Identity:          b.list(iam.TypeIdentity, c.Identity),
		Resource:          b.one(iam.ResourcePolicyType(c.Request.Action, c.Request.Resource), c.Resource),
		Boundary:          b.one(iam.TypeBoundary, c.Boundary),
		SCPs:              b.levels(iam.TypeSCP, c.SCPs),
		RCPs:              b.levels(iam.TypeRCP, c.RCPs),
		BlockPublicAccess: c.Settings.S3.BlockPublicAccess,
	}
	if session := b.one(iam.TypeSession, c.Session); session != nil {
		p.Session = []*iam.Policy{session}
	}
	if len(c.Endpoint) > 1 {
		return nil, nil, c.invalid([]byte(`"endpointPolicies"`), "%d endpoint policies, and a request passes one", len(c.Endpoint))
	}
	for _, raw := range c.Endpoint {
		p.Endpoint = b.one(iam.TypeEndpoint, raw)
	}
	// AWS attaches its full-access RCP to every level; the cases leave it out.
	for i := range p.RCPs {
		p.RCPs[i] = append(p.RCPs[i], rcpFullAccess)
	}
	return req, p, b.err
}

var rcpFullAccess = iam.FullAWSAccess(iam.TypeRCP)

// invalid is an error at the place of a text in the case's line.
func (c *Case) invalid(at []byte, format string, args ...any) *writ.Error {
	e := writ.Errorf(writ.CodeInvalid, format, args...)
	if i := bytes.Index(c.text, at); i >= 0 {
		e.Position.Col = i + 1
	}
	return e
}

// builder compiles documents and keeps the first error.
type builder struct {
	c     *Case
	cache *Cache
	err   error
}

func (b *builder) one(t iam.PolicyType, raw json.RawMessage) *iam.Policy {
	if len(raw) == 0 || string(raw) == "null" || b.err != nil {
		return nil
	}
	if p := b.cache.find(t, raw); p != nil {
		return p
	}
	doc, err := iam.Parse(raw)
	if err != nil {
		b.err = b.c.inDocument(t, raw, err)
		return nil
	}
	p := iam.Compile(doc, iam.Origin{Type: t})
	b.cache.keep(t, raw, p)
	return p
}

// inDocument moves an error's place from a document to the line that holds it.
func (c *Case) inDocument(t iam.PolicyType, raw []byte, err error) error {
	e := c.invalid(raw, "%s policy: %w", t, err)
	var known *writ.Error
	if errors.As(err, &known) {
		e.Message, e.Hint = fmt.Sprintf("%s policy: %s", t, known.Message), known.Hint
		if e.Position.Col > 0 && known.Position.Line == 1 {
			e.Position.Col += known.Position.Col - 1
		}
	}
	return e
}

func (b *builder) list(t iam.PolicyType, raws []json.RawMessage) []*iam.Policy {
	list := []*iam.Policy{}
	for _, raw := range raws {
		if p := b.one(t, raw); p != nil {
			list = append(list, p)
		}
	}
	return list
}

func (b *builder) levels(t iam.PolicyType, levels []Level) [][]*iam.Policy {
	var list [][]*iam.Policy
	for _, level := range levels {
		list = append(list, b.list(t, level.Policies))
	}
	return list
}

// blockerName is the name that the cases have for a kind of policy.
func blockerName(t iam.PolicyType) string {
	switch t {
	case iam.TypeBoundary:
		return "pb"
	case iam.TypeEndpoint:
		return "vpce"
	case iam.TypeBlockPublicAccess:
		return "s3-bpa"
	case iam.TypeTrust, iam.TypeKey:
		return "resource"
	}
	return string(t)
}

// BlockerNames gives the cases' names of a decision's BlockedBy.
func BlockerNames(types []iam.PolicyType) []string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = blockerName(t)
	}
	return names
}

// Agrees reports whether a verdict is the expected one.
func (c *Case) Agrees(v iam.Verdict) bool {
	if c.Expected == "Denied" {
		return v == iam.ImplicitlyDenied || v == iam.ExplicitlyDenied
	}
	return string(v) == c.Expected
}

// AgreesBlockedBy reports whether the names of what denied are the expected
// ones, in any order; a case that expects none in particular agrees with all.
func (c *Case) AgreesBlockedBy(names []string) bool {
	if c.ExpectedBlockedBy == nil {
		return true
	}
	return slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(c.ExpectedBlockedBy)))
}
