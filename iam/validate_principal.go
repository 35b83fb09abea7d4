package iam

import (
	"strings"

	"github.com/writ-dev/writ"
)

func (s *Statement) checkPrincipal(t PolicyType) error {
	element, p := "Principal", s.Principal
	if s.NotPrincipal != nil {
		element, p = "NotPrincipal", s.NotPrincipal
	}
	switch t {
	case TypeIdentity, TypeBoundary, TypeSession, TypeSCP:
		if p != nil {
			return s.invalidAt(s.PrincipalAt, "a policy of type %s must not have Principal or NotPrincipal", t).
				WithHint("it applies to whom it is attached to; only policies of resources name principals")
		}
		return nil
	case TypeTrust:
		if s.NotPrincipal != nil {
			return s.invalidAt(s.PrincipalAt, "a trust policy must not have NotPrincipal").
				WithHint("name who may take the role on; except others by a Deny with a condition on aws:PrincipalArn")
		}
	}
	if named := t == TypeTrust || t == TypeResource || t == TypeKey; named && p == nil {
		return s.invalid("a policy of type %s must have a Principal", t).
			WithHint(`such as "Principal": {"AWS": "111122223333"} or {"Service": "lambda.amazonaws.com"}`)
	} else if named && p.isEmpty() {
		return s.invalidAt(s.PrincipalAt, "the %s is empty", element).
			WithHint(`such as {"AWS": "111122223333"}, {"Service": "lambda.amazonaws.com"} or "*"`)
	}
	return s.checkPrincipalEntries(p)
}

func (p *PrincipalElement) isEmpty() bool {
	return !p.All && len(p.AWS)+len(p.Service)+len(p.Federated)+len(p.CanonicalUser) == 0
}

func (s *Statement) checkPrincipalEntries(p *PrincipalElement) error {
	if p == nil {
		return nil
	}
	for _, list := range []struct {
		name    string
		entries []string
		places  []writ.Position
		problem func(string) (problem, hint string)
	}{
		{"AWS", p.AWS, p.AWSAt, awsPrincipalProblem},
		{"Service", p.Service, p.ServiceAt, servicePrincipalProblem},
		{"Federated", p.Federated, p.FederatedAt, federatedPrincipalProblem},
		{"CanonicalUser", p.CanonicalUser, p.CanonicalUserAt, canonicalPrincipalProblem},
	} {
		for i, entry := range list.entries {
			if problem, hint := list.problem(entry); problem != "" {
				return s.invalidAt(placeOf(list.places, i), "the %s principal %q %s", list.name, entry, problem).WithHint("%s", hint)
			}
		}
	}
	return nil
}

const partOfName = `a wildcard stands for everybody or nobody: write "*" and narrow it by a condition on aws:PrincipalArn, which takes wildcards`

// awsPrincipalProblem says what is wrong with an AWS principal, "" if nothing
// (IAM User Guide, "AWS JSON policy elements: Principal").
func awsPrincipalProblem(s string) (problem, hint string) {
	const forms = `an account ("111122223333" or "arn:aws:iam::111122223333:root"), a role, a user or a session by its ARN, or "*"`
	switch {
	case s == "*", isAccount(s), isUniqueID(s):
		return "", ""
	case strings.ContainsAny(s, "*?"):
		return "has a wildcard in it", partOfName
	}
	a, ok := splitARN(s)
	if !ok {
		return "is neither an account nor an ARN", forms
	}
	kind, name, _ := strings.Cut(a.part(5), "/")
	switch {
	case a.part(2) != "iam" && a.part(2) != "sts":
		return "is not an ARN of IAM or STS", forms
	case a.part(3) != "":
		return "has a region, which principals do not", `leave it empty, as in "arn:aws:iam::111122223333:role/name"`
	case !isAccount(a.part(4)) && a.part(4) != "cloudfront":
		return "has no account number of twelve digits", forms
	case a.part(5) == "root" && a.part(2) == "iam", a.part(5) == "self" && a.part(2) == "sts":
		return "", ""
	case kind == "group":
		return "is a group", "groups cannot be principals: name their users, or give the group an identity policy"
	case name == "":
		return "names nobody", forms
	case a.part(2) == "iam" && kind != "user" && kind != "role", a.part(2) == "sts" && kind != "assumed-role" && kind != "federated-user":
		return "is of no kind that can be a principal", forms
	case kind == "assumed-role" && !strings.Contains(name, "/"):
		return "names no session", `the ARN of a session ends in "assumed-role/role/session"; the role itself is "arn:aws:iam::111122223333:role/name"`
	}
	return "", ""
}

// isUniqueID reports whether s looks like the unique id that AWS puts in the
// place of a principal that is gone, such as AROA… or AIDA….
func isUniqueID(s string) bool {
	return len(s) >= 16 && len(s) <= 128 && s[0] == 'A' && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func servicePrincipalProblem(s string) (problem, hint string) {
	const looks = `services look like "lambda.amazonaws.com"`
	switch {
	case s == "*":
		return "", ""
	case strings.ContainsAny(s, "*?"):
		return "has a wildcard in it", looks
	case !strings.Contains(s, ".") || strings.Trim(lowerASCII(s), "abcdefghijklmnopqrstuvwxyz0123456789-.") != "":
		return "is not the name of a service", looks
	}
	return "", ""
}

func federatedPrincipalProblem(s string) (problem, hint string) {
	const looks = `providers look like "cognito-identity.amazonaws.com", "arn:aws:iam::111122223333:saml-provider/name" or "…:oidc-provider/host/path"`
	a, ok := splitARN(s)
	kind, name, _ := strings.Cut(a.part(5), "/")
	switch {
	case s == "*":
		return "", ""
	case strings.ContainsAny(s, "*?"):
		return "has a wildcard in it", looks
	case s == "", ok && (a.part(2) != "iam" || kind != "saml-provider" && kind != "oidc-provider" || name == ""):
		return "is not an identity provider", looks
	}
	return "", ""
}

func canonicalPrincipalProblem(s string) (problem, hint string) {
	if s == "" {
		return "is empty", "a canonical user id has 64 hexadecimal digits"
	}
	return "", ""
}
