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

// serviceLinked: the path tells, which only AWS can give to a role; a name that
// looks so tells nothing. A session's role is known, or aws:PrincipalArn has it.
func (e *evaluation) serviceLinked() bool {
	role := ""
	switch e.caller.Kind {
	case iam.PrincipalRole:
		role = e.caller.ARN
	case iam.PrincipalSession:
		role = e.caller.RoleARN
		if v := e.req.Context["aws:principalarn"]; role == "" && len(v.Values) == 1 {
			role = v.Values[0]
		}
	}
	parts, ok := requestARN(role)
	return ok && parts[2] == "iam" && strings.HasPrefix(parts[5], "role/aws-service-role/")
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
		return e.world.Boundary != nil || !e.caller.exactly(s.NotPrincipal)
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
		parts := splitARN(entry)
		if account != c.Account || len(parts) == 6 && parts[1] != splitARN(c.ARN)[1] {
			return grantNone
		}
		if c.Kind == iam.PrincipalRoot {
			return grantCaller // the root user itself
		}
		return grantAccount
	}
	if entry == c.ARN {
		if c.Kind == iam.PrincipalRole {
			return grantRole
		}
		return grantCaller
	}
	if c.parent(entry) {
		return grantRole
	}
	return grantNone
}

// parent says whether an entry names the role of a session, or the user of a
// federated session. Where that ARN is known it must be it; where only the
// session's own is known, which has no path, the name tells.
func (c caller) parent(entry string) bool {
	if c.Kind != iam.PrincipalSession && c.Kind != iam.PrincipalFederated {
		return false
	}
	if c.RoleARN != "" {
		return entry == c.RoleARN
	}
	parts, own := splitARN(entry), splitARN(c.ARN)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != own[1] || parts[2] != "iam" || parts[4] != c.Account {
		return false
	}
	name := parts[5][strings.LastIndex(parts[5], "/")+1:]
	if c.Kind == iam.PrincipalSession {
		return strings.HasPrefix(parts[5], "role/") && lower(name) == lower(c.role())
	}
	return strings.HasPrefix(parts[5], "user/") && own[5] == "federated-user/"+name
}

// exactly says whether a NotPrincipal names the caller itself.
func (c caller) exactly(p *iam.PrincipalElement) bool {
	if p.All || slices.Contains(p.AWS, "*") || c.inOther(p) {
		return true
	}
	if c.Kind == iam.PrincipalRoot {
		return anyOf(p.AWS, func(s string) bool { return c.namedAWS(s) == grantCaller })
	}
	if c.isEntity() && slices.Contains(p.AWS, c.ARN) {
		return true
	}
	// A session is named too by its role and the role's account, both.
	return anyOf(p.AWS, c.parent) && anyOf(p.AWS, func(s string) bool { return c.namedAWS(s) == grantAccount })
}

// accountOf reads the two ways to write an account.
func accountOf(entry string) (string, bool) {
	if parts := splitARN(entry); len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" && parts[5] == "root" {
		return parts[4], true
	}
	return entry, isAccount(entry)
}

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }
