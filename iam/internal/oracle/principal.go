package oracle

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// caller is who asks, with the questions that the rules put about it.
type caller struct{ iam.Principal }

// isEntity says whether the caller belongs to an account and so has identity
// policies.
func (c caller) isEntity() bool {
	switch c.Kind {
	case iam.PrincipalUser, iam.PrincipalRole, iam.PrincipalSession, iam.PrincipalFederated, iam.PrincipalRoot:
		return true
	}
	return false
}

// authenticated: all but strangers, and those whom only an identity provider knows.
func (c caller) authenticated() bool {
	return c.Kind != iam.PrincipalAnonymous && c.Kind != iam.PrincipalProvider && c.Kind != ""
}

func (c caller) serviceLinked() bool {
	switch c.Kind {
	case iam.PrincipalRole:
		return strings.Contains(c.ARN, ":role/aws-service-role/")
	case iam.PrincipalSession:
		return strings.Contains(c.RoleARN, ":role/aws-service-role/") || strings.HasPrefix(c.role(), "AWSServiceRoleFor")
	}
	return false
}

// role is the name of the caller's role, without its path.
func (c caller) role() string {
	switch c.Kind {
	case iam.PrincipalRole:
		return c.ARN[strings.LastIndex(c.ARN, "/")+1:]
	case iam.PrincipalSession:
		if parts := strings.Split(c.ARN, "/"); len(parts) == 3 {
			return parts[1]
		}
	}
	return ""
}

// grant says how closely a resource policy names the caller.
type grant int

const (
	grantNone    grant = iota
	grantAccount       // its account: delegates, grants nothing itself
	grantRole          // its role, or the user behind a federated session
	grantCaller        // itself, or everybody
)

// grant is the closest grant of the resource's policy.
func (e *evaluation) grant() grant {
	best := grantNone
	doc := e.world.Resource
	if doc == nil {
		return best
	}
	for i := range doc.Statements {
		s := &doc.Statements[i]
		if s.Effect != iam.Allow || !e.matches(e.resourceKind(), doc, s) {
			continue
		}
		how := grantCaller // NotPrincipal: everybody but those named
		if s.Principal != nil {
			how = e.caller.named(s.Principal)
		}
		best = max(best, how)
	}
	return best
}

// principalMatches: in a policy on a resource a statement without Principal
// speaks of nobody; in a policy on an identity there is no Principal.
func (e *evaluation) principalMatches(kind iam.PolicyType, s *iam.Statement) bool {
	switch kind {
	case iam.TypeIdentity, iam.TypeBoundary, iam.TypeSession, iam.TypeSCP:
		return true
	}
	switch {
	case s.Principal != nil:
		return e.caller.named(s.Principal) > grantNone
	case s.NotPrincipal != nil && s.Effect == iam.Deny:
		// Only the caller itself is spared, and never one with a boundary.
		return e.world.Boundary != nil && e.caller.isEntity() || !e.caller.exactly(s.NotPrincipal)
	case s.NotPrincipal != nil:
		return e.caller.named(s.NotPrincipal) == grantNone
	}
	// A policy on a network or an organisation speaks of everybody.
	return kind == iam.TypeEndpoint || kind == iam.TypeRCP
}

// named says how a Principal element names the caller.
func (c caller) named(p *iam.PrincipalElement) grant {
	best := grantNone
	if p.All {
		best = grantCaller
	}
	for _, entry := range p.AWS {
		best = max(best, c.namedAWS(entry))
	}
	if c.inOther(p) {
		best = grantCaller
	}
	return best
}

func (c caller) inOther(p *iam.PrincipalElement) bool {
	switch c.Kind {
	case iam.PrincipalService:
		return slices.Contains(p.Service, c.ARN)
	case iam.PrincipalProvider:
		return slices.Contains(p.Federated, c.ARN)
	case iam.PrincipalCanonical:
		return slices.Contains(p.CanonicalUser, c.ARN)
	}
	return false
}

func (c caller) namedAWS(entry string) grant {
	if entry == "*" {
		return grantCaller
	}
	if !c.isEntity() {
		return grantNone
	}
	if account, ok := accountOf(entry); ok {
		if account != c.Account {
			return grantNone
		}
		return grantAccount
	}
	if entry == c.ARN {
		if c.Kind == iam.PrincipalRole {
			return grantRole
		}
		return grantCaller
	}
	parts := splitARN(entry)
	if len(parts) != 6 || parts[2] != "iam" || parts[4] != c.Account {
		return grantNone
	}
	name := parts[5][strings.LastIndex(parts[5], "/")+1:]
	switch {
	case strings.HasPrefix(parts[5], "role/") && c.role() != "" && lower(name) == lower(c.role()):
		return grantRole
	case strings.HasPrefix(parts[5], "user/") && c.Kind == iam.PrincipalFederated && c.federatedUser(entry, name):
		return grantRole
	}
	return grantNone
}

// federatedUser says whether a user is the one behind a federated session.
func (c caller) federatedUser(user, name string) bool {
	if c.RoleARN != "" {
		return user == c.RoleARN
	}
	return strings.HasSuffix(c.ARN, ":federated-user/"+name)
}

// exactly says whether a NotPrincipal names the caller itself.
func (c caller) exactly(p *iam.PrincipalElement) bool {
	if p.All || slices.Contains(p.AWS, "*") || c.inOther(p) {
		return true
	}
	if c.Kind == iam.PrincipalRoot {
		return anyOf(p.AWS, func(s string) bool { account, ok := accountOf(s); return ok && account == c.Account })
	}
	return c.isEntity() && slices.Contains(p.AWS, c.ARN)
}

// accountOf reads the two ways to write an account.
func accountOf(entry string) (string, bool) {
	if parts := splitARN(entry); len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" && parts[5] == "root" {
		return parts[4], true
	}
	return entry, len(entry) == 12 && strings.Trim(entry, "0123456789") == ""
}
