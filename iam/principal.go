package iam

import "strings"

// grant says how a resource policy names the caller; a stronger grant
// overrides more implicit denies (IAM User Guide, "Policy evaluation logic").
type grant uint8

const (
	grantNone grant = iota
	// grantAccount names the caller's account: it delegates to the account's own policies.
	grantAccount
	// grantParent names the role of a session, or the user of a federated
	// session: identity policies are not needed, boundary and session policies limit.
	grantParent
	// grantDirect names the user, the session or everybody.
	grantDirect
)

type principalKind uint8

const (
	principalARN principalKind = iota // exactly this ARN or id
	principalAccount
	principalService
	principalFederated
	principalCanonical
)

type principalEntry struct {
	kind principalKind
	text string // account number for principalAccount
	arn  arn
	name string // after the last slash of an IAM ARN
}

// principals is a compiled Principal or NotPrincipal.
type principals struct {
	all     bool
	entries []principalEntry
}

func compilePrincipals(e *PrincipalElement) *principals {
	if e == nil {
		return nil
	}
	p := &principals{all: e.All}
	for _, s := range e.AWS {
		p.addAWS(s)
	}
	for _, s := range e.Service {
		p.entries = append(p.entries, principalEntry{kind: principalService, text: s})
	}
	for _, s := range e.Federated {
		p.entries = append(p.entries, principalEntry{kind: principalFederated, text: s})
	}
	for _, s := range e.CanonicalUser {
		p.entries = append(p.entries, principalEntry{kind: principalCanonical, text: s})
	}
	return p
}

func (p *principals) addAWS(s string) {
	if s == "*" {
		p.all = true
		return
	}
	if isAccount(s) {
		p.entries = append(p.entries, principalEntry{kind: principalAccount, text: s})
		return
	}
	a, _ := splitARN(s)
	if a.part(2) == "iam" && a.part(5) == "root" {
		p.entries = append(p.entries, principalEntry{kind: principalAccount, text: a.part(4), arn: a})
		return
	}
	name := a.part(5)[strings.LastIndexByte(a.part(5), '/')+1:]
	p.entries = append(p.entries, principalEntry{text: s, arn: a, name: name})
}

// isAccount reports whether s is an account number: twelve digits.
func isAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// grants gives the strongest grant to the caller.
func (p *principals) grants(c *caller) grant {
	if p.all {
		return grantDirect
	}
	best := grantNone
	for i := range p.entries {
		if g := p.entries[i].grants(c); g > best {
			best = g
		}
	}
	return best
}

func (e *principalEntry) grants(c *caller) grant {
	switch c.Kind {
	case PrincipalAnonymous:
		return grantNone
	case PrincipalService:
		return directIf(e.kind == principalService && e.text == c.ARN)
	case PrincipalProvider:
		return directIf(e.kind == principalFederated && e.text == c.ARN)
	case PrincipalCanonical:
		return directIf(e.kind == principalCanonical && e.text == c.ARN)
	}
	if e.kind == principalAccount {
		samePartition := e.arn.part(1) == "" || e.arn.part(1) == c.split().part(1)
		if e.text != c.account || !samePartition {
			return grantNone
		}
		if c.Kind == PrincipalRoot {
			return grantDirect
		}
		return grantAccount
	}
	if e.kind != principalARN {
		return grantNone
	}
	switch {
	case e.text == c.ARN && c.Kind == PrincipalRole:
		return grantParent
	case e.text == c.ARN:
		return grantDirect
	case e.isParent(c):
		return grantParent
	}
	return grantNone
}

// isParent reports whether the entry names the role of a session, or the user
// of a federated session. Where only the session's ARN is known, which holds
// no path, the name decides.
func (e *principalEntry) isParent(c *caller) bool {
	var want string
	switch c.Kind {
	case PrincipalSession:
		want = "role/"
	case PrincipalFederated:
		want = "user/"
	default:
		return false
	}
	if c.RoleARN != "" {
		return e.text == c.RoleARN
	}
	return e.arn.part(2) == "iam" && e.arn.part(1) == c.split().part(1) && e.arn.part(4) == c.account &&
		strings.HasPrefix(e.arn.part(5), want) && sameName(e.name, c.parentName(), want == "role/")
}

// sameName compares names; those of roles do not differ by case alone.
func sameName(a, b string, fold bool) bool {
	if a == "" || b == "" || len(a) != len(b) {
		return false
	}
	if !fold {
		return a == b
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func directIf(ok bool) grant {
	if ok {
		return grantDirect
	}
	return grantNone
}

// namesPrincipals reports whether policies of this type are attached to
// something other than the caller, so that their statements say for whom they are.
func (t PolicyType) namesPrincipals() bool {
	switch t {
	case TypeResource, TypeTrust, TypeKey, TypeEndpoint, TypeRCP:
		return true
	}
	return false
}

// matchesPrincipal decides the Principal or NotPrincipal element of a policy
// that is attached to a resource.
func (s *statement) matchesPrincipal(q *query) grant {
	switch {
	case s.principal != nil:
		return s.principal.grants(&q.caller)
	case s.notPrincipal == nil:
		// Endpoint policies and RCPs hold for everybody that they do not exclude.
		return directIf(s.policy.Origin.Type == TypeEndpoint || s.policy.Origin.Type == TypeRCP)
	}
	named := s.notPrincipal.grants(&q.caller)
	if !s.deny {
		return directIf(named == grantNone)
	}
	// IAM User Guide, "AWS JSON policy elements: NotPrincipal": a Deny spares only
	// the principal that is named itself, or whose role is named together with
	// its account, and nobody who has a boundary.
	spared := named == grantDirect ||
		named == grantParent && (q.caller.Kind == PrincipalRole || s.notPrincipal.namesAccount(&q.caller))
	return directIf(!spared || q.policies.Boundary != nil)
}

// namesAccount reports whether the caller's account is among the entries.
func (p *principals) namesAccount(c *caller) bool {
	for i := range p.entries {
		if p.entries[i].grants(c) == grantAccount {
			return true
		}
	}
	return false
}
