package iam

import "strings"

// ParsePrincipal reads a caller as people write it: an ARN, the name of a
// service ("lambda.amazonaws.com"), "anonymous" or "*", a canonical user id, or
// the name of an identity provider.
func ParsePrincipal(s string) Principal {
	p := Principal{Kind: PrincipalProvider, ARN: s}
	a, ok := splitARN(s)
	kind, _, _ := strings.Cut(a.part(5), "/")
	switch {
	case s == "" || s == "anonymous" || s == "*":
		return Principal{Kind: PrincipalAnonymous}
	case !ok && isService(s):
		p.Kind = PrincipalService
	case !ok && len(s) >= 32 && !strings.ContainsAny(s, ".:/"):
		p.Kind = PrincipalCanonical
	case !ok:
		return p
	case a.part(5) == "root":
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
	p.Account = a.part(4)
	return p
}

func isService(s string) bool {
	return strings.HasSuffix(s, ".amazonaws.com") && s != "cognito-identity.amazonaws.com" || strings.HasSuffix(s, ".amazonaws.com.cn")
}

// caller is the request's principal. Its ARN is cut up only where a policy
// names principals, and where the account is not given.
type caller struct {
	*Principal
	account string
	arn     arn
	isCut   bool
}

func (c *caller) read(p *Principal) {
	c.Principal, c.account = p, p.Account
	if c.account == "" {
		c.account = c.split().part(4)
	}
}

// split gives the parts of the caller's ARN, empty ones when it has none.
func (c *caller) split() *arn {
	if !c.isCut {
		c.isCut = true
		c.arn.cut(c.ARN)
	}
	return &c.arn
}

// parentName is the name of a session's role, or of a federated session's
// user, as their own ARNs have it: without the path.
func (c *caller) parentName() string {
	_, rest, _ := strings.Cut(c.split().part(5), "/")
	switch c.Kind {
	case PrincipalSession:
		name, _, _ := strings.Cut(rest, "/")
		return name
	case PrincipalFederated:
		return rest
	}
	return ""
}

// isAuthenticated reports whether the caller has credentials of AWS: strangers
// have none, and those whom an identity provider vouches for are still to get them.
func (c *caller) isAuthenticated() bool {
	switch c.Kind {
	case PrincipalAnonymous, PrincipalProvider, "":
		return false
	}
	return true
}

// onlyByResource reports whether nothing but a resource policy can let the caller in.
func (c *caller) onlyByResource() bool {
	switch c.Kind {
	case PrincipalService, PrincipalAnonymous, PrincipalProvider, PrincipalCanonical:
		return true
	}
	return false
}

// isServiceLinked reports whether the caller is a service-linked role, which
// SCPs and RCPs do not bind. Nobody else can make a role under that path.
func (c *caller) isServiceLinked(ctx Context) bool {
	role := c.RoleARN
	switch {
	case c.Kind == PrincipalRole:
		role = c.ARN
	case c.Kind != PrincipalSession:
		return false
	case role == "":
		if v := ctx["aws:principalarn"]; len(v.Values) == 1 {
			role = v.Values[0]
		}
	}
	a, ok := splitARN(role)
	return ok && a.part(2) == "iam" && strings.HasPrefix(a.part(5), "role/aws-service-role/")
}
