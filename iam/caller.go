package iam

import "strings"

// ParsePrincipal reads a caller as people write it: an ARN, the name of a
// service ("lambda.amazonaws.com"), "anonymous" or "*", a canonical user id, or
// the name of an identity provider.
func ParsePrincipal(s string) Principal {
	p := Principal{Kind: PrincipalProvider, ARN: s}
	a, ok := splitARN(s)
	kind, _, _ := strings.Cut(a.parts[5], "/")
	switch {
	case s == "" || s == "anonymous" || s == "*":
		return Principal{Kind: PrincipalAnonymous}
	case !ok && isService(s):
		p.Kind = PrincipalService
	case !ok && len(s) >= 32 && !strings.ContainsAny(s, ".:/"):
		p.Kind = PrincipalCanonical
	case !ok:
		return p
	case a.parts[5] == "root":
		p.Kind = PrincipalRoot
	case kind == "user":
		p.Kind = PrincipalUser
	case kind == "role":
		p.Kind = PrincipalRole
	case kind == "assumed-role":
		p.Kind = PrincipalSession
	case kind == "federated-user":
		p.Kind = PrincipalFederated
	}
	p.Account = a.parts[4]
	return p
}

func isService(s string) bool {
	return strings.HasSuffix(s, ".amazonaws.com") && s != "cognito-identity.amazonaws.com" || strings.HasSuffix(s, ".amazonaws.com.cn")
}

// caller is the request's principal, taken apart once.
type caller struct {
	kind    PrincipalKind
	whole   string
	arn     arn
	account string
	// parentARN is the role of a session or the user of a federated session,
	// with its path; "" when not known.
	parentARN  string
	parentName string
}

// read takes p apart; what only policies that name principals need is left
// out unless named is true.
func (c *caller) read(p *Principal, named bool) {
	c.kind, c.whole, c.account, c.parentARN = p.Kind, p.ARN, p.Account, p.RoleARN
	if !named && c.account != "" {
		return
	}
	c.arn, _ = splitARN(p.ARN)
	if c.account == "" {
		c.account = c.arn.parts[4]
	}
	_, rest, _ := strings.Cut(c.arn.parts[5], "/")
	switch c.kind {
	case PrincipalSession:
		c.parentName, _, _ = strings.Cut(rest, "/")
	case PrincipalFederated:
		c.parentName = rest
	}
}

// isAuthenticated reports whether the caller has credentials of AWS: strangers
// have none, and those whom an identity provider vouches for are still to get them.
func (c *caller) isAuthenticated() bool {
	switch c.kind {
	case PrincipalAnonymous, PrincipalProvider, "":
		return false
	}
	return true
}

// onlyByResource reports whether nothing but a resource policy can let the caller in.
func (c *caller) onlyByResource() bool {
	switch c.kind {
	case PrincipalService, PrincipalAnonymous, PrincipalProvider, PrincipalCanonical:
		return true
	}
	return false
}

// isServiceLinked reports whether the caller is a service-linked role, which
// SCPs and RCPs do not bind. Nobody else can make a role under that path.
func (c *caller) isServiceLinked(ctx Context) bool {
	role := c.parentARN
	switch {
	case c.kind == PrincipalRole:
		role = c.whole
	case c.kind != PrincipalSession:
		return false
	case role == "":
		if v := ctx["aws:principalarn"]; len(v.Values) == 1 {
			role = v.Values[0]
		}
	}
	a, ok := splitARN(role)
	return ok && a.parts[2] == "iam" && strings.HasPrefix(a.parts[5], "role/aws-service-role/")
}
