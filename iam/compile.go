package iam

import (
	"bytes"
	"errors"

	"github.com/writ-dev/writ"
)

// Policy is a compiled document: immutable, safe for concurrent use.
type Policy struct {
	// Origin is where the policy comes from. It must not be changed.
	Origin     Origin
	statements []*statement
	index      index
	// public is S3's meaning of a public bucket policy.
	public bool
}

// statement is a compiled statement; what every evaluation reads comes first.
type statement struct {
	deny bool
	// named: the statement says for which principals it is.
	named       bool
	notAction   bool
	notResource bool
	// anyResource: the element is "*", or absent where that means everything.
	anyResource bool
	// inertResource: NotResource holds an entry that keeps the statement from applying.
	inertResource bool
	// variables: the document is of the version that has policy variables.
	variables    bool
	resources    []resourcePattern
	conditions   []condition
	actions      []actionPattern
	principal    *principals
	notPrincipal *principals

	policy   *Policy
	number   int // its place in the document, from 0
	sid      string
	position writ.Position
	source   *Statement
}

// Load is Parse, Validate for the origin's kind of policy, and Compile.
func Load(src []byte, origin Origin) (*Policy, error) {
	doc, err := Parse(src)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(origin.Type); err != nil {
		return nil, withSource(err, src)
	}
	return Compile(doc, origin), nil
}

// withSource puts the source line into an error that has only a position.
func withSource(err error, src []byte) error {
	var e *writ.Error
	if !errors.As(err, &e) || e.Source != "" {
		return err
	}
	start := 0
	for line := 1; line < e.Position.Line; line++ {
		end := bytes.IndexByte(src[start:], '\n')
		if end < 0 {
			return err
		}
		start += end + 1
	}
	e.Source = lineFrom(src, start)
	return err
}

// Compile makes an immutable policy of a document, which must not be changed
// afterwards. It takes documents that [Document.Validate] would refuse: what
// is invalid in them never matches.
func Compile(doc *Document, origin Origin) *Policy {
	p := &Policy{Origin: origin, statements: make([]*statement, len(doc.Statements))}
	variables := doc.Version == Version2012
	all := make([]statement, len(doc.Statements))
	for i := range all {
		all[i].compile(p, &doc.Statements[i], variables)
		all[i].number = i
		p.statements[i] = &all[i]
	}
	p.build()
	return p
}

// Union makes one policy of several of one kind, with one index over all their
// statements: quicker to evaluate than the list, with the same outcome. The
// statements keep their own origins in decisions.
func Union(policies []*Policy) *Policy {
	u := &Policy{}
	for _, p := range policies {
		if u.Origin.Type == "" {
			u.Origin.Type = p.Origin.Type
		}
		u.statements = append(u.statements, p.statements...)
	}
	u.build()
	return u
}

func (p *Policy) build() {
	p.index.build(p.statements)
	p.public = p.isPublic()
}

func (s *statement) compile(p *Policy, src *Statement, variables bool) {
	s.policy, s.source, s.variables = p, src, variables
	s.sid, s.position, s.deny = src.Sid, src.Position, src.Effect == Deny
	if s.named = p.Origin.Type.namesPrincipals(); s.named {
		s.principal = compilePrincipals(src.Principal)
		s.notPrincipal = compilePrincipals(src.NotPrincipal)
	}
	actions := src.Action
	if src.NotAction != nil {
		actions, s.notAction = src.NotAction, true
	}
	for _, a := range actions {
		s.actions = append(s.actions, compileAction(a))
	}
	s.compileResources(src, p.Origin.Type, variables)
	for i := range src.Conditions {
		s.conditions = append(s.conditions, compileCondition(&src.Conditions[i], variables))
	}
}

// fullAccess is the document of AWS's FullAWSAccess and RCPFullAWSAccess.
const fullAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`

// FullAWSAccess is the policy that AWS attaches to every level of an
// organisation: FullAWSAccess for TypeSCP, RCPFullAWSAccess for TypeRCP.
func FullAWSAccess(t PolicyType) *Policy {
	origin := Origin{Type: t, Name: "FullAWSAccess", ARN: "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"}
	if t == TypeRCP {
		origin.Name = "RCPFullAWSAccess"
		origin.ARN = "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess"
	}
	doc, err := Parse([]byte(fullAccess))
	if err != nil {
		panic(err) // the constant above is a policy
	}
	for i := range doc.Statements {
		doc.Statements[i].Position = writ.Position{} // it stands in no file of the user's
	}
	return Compile(doc, origin)
}
