package iam

import "github.com/writ-dev/writ"

// Document is a parsed policy document, as written.
type Document struct{}

// Policy is a compiled document: immutable, safe for concurrent use.
type Policy struct{}

// Decision is the outcome of [Evaluate] with its reasons.
type Decision struct {
	Verdict Verdict
	// BlockedBy names the kinds of policy that denied, or that did not allow.
	BlockedBy []PolicyType
}

// Parse reads a policy document. Errors are *writ.Error with line and column.
func Parse(src []byte) (*Document, error) { return &Document{}, nil }

// Compile makes an immutable policy of a document.
func Compile(doc *Document, origin Origin) *Policy { return &Policy{} }

// Load is Parse and Compile.
func Load(src []byte, origin Origin) (*Policy, error) { return &Policy{}, nil }

// Evaluate decides a request.
func Evaluate(req *Request, p *Policies) Decision { return Decision{} }

// Sentence is AWS's AccessDenied message for a denied request, word for word.
func (d Decision) Sentence(req *Request) string { return "" }

// Reasons gives the decision as data: what matched, what nearly matched.
func (d Decision) Reasons(req *Request) []writ.Reason { return nil }
