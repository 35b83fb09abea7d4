package oracle

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// awsOwned: some entities in an account belong to AWS, and no policy lets a
// customer change them.
func (e *evaluation) awsOwned() bool {
	service, name, _ := strings.Cut(lower(e.req.Action), ":")
	parts, ok := requestARN(e.req.Resource)
	if !ok || parts[2] != service {
		return false
	}
	switch {
	case service == "kms" && strings.HasPrefix(parts[5], "alias/aws/"):
		return slices.Contains([]string{"createalias", "updatealias", "deletealias"}, name)
	case service == "iam" && parts[4] == "aws" && strings.HasPrefix(parts[5], "policy/"):
		return slices.Contains(ownedPolicyActions, name)
	case service == "iam" && strings.HasPrefix(parts[5], "role/aws-reserved/"):
		return slices.Contains(ownedRoleActions, name)
	}
	return false
}

// publicAccessBlocked is RestrictPublicBuckets (S3 User Guide, "Blocking public
// access"): a bucket whose policy is public serves only its own account and services.
func (e *evaluation) publicAccessBlocked() bool {
	if !e.world.BlockPublicAccess || e.world.Resource == nil || !strings.HasPrefix(lower(e.req.Action), "s3:") {
		return false
	}
	if e.caller.Kind == iam.PrincipalService || e.caller.Kind != iam.PrincipalAnonymous && e.sameAccount() {
		return false
	}
	for i := range e.world.Resource.Statements {
		if public(&e.world.Resource.Statements[i], e.world.Resource.Version == iam.Version2012) {
			return true
		}
	}
	return false
}

// public: an Allow for everybody that no condition holds to fixed values ("The
// meaning of public").
func public(s *iam.Statement, variables bool) bool {
	everybody := s.NotPrincipal != nil || s.Principal != nil && (s.Principal.All || slices.Contains(s.Principal.AWS, "*"))
	return s.Effect == iam.Allow && everybody && !slices.ContainsFunc(s.Conditions, func(c iam.ConditionElement) bool { return fixes(&c, variables) })
}

var fixingKeys = []string{
	"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:sourceaccount", "aws:sourcearn", "aws:sourceip",
	"aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "aws:userid", "s3:dataaccesspointaccount", "s3:dataaccesspointarn",
}

// fixes says whether a condition lets only definite values pass.
func fixes(c *iam.ConditionElement, variables bool) bool {
	name := strings.TrimPrefix(lower(c.Operator), "foranyvalue:")
	if len(c.Values) == 0 || !slices.Contains(fixingKeys, lower(c.Key)) {
		return false
	}
	return every(c.Values, func(v string) bool {
		switch name {
		case "stringequals", "stringequalsignorecase":
			return !hasVariable(v, variables)
		case "stringlike":
			return fixed(v, variables)
		case "ipaddress":
			return narrow(v)
		case "arnequals", "arnlike":
			return fixedARN(v, variables)
		}
		return false
	})
}

func hasVariable(s string, variables bool) bool {
	s = withoutSpecials.Replace(s)
	for i := range s {
		if _, _, ok := variableAt(s[i:]); variables && ok {
			return true
		}
	}
	return false
}

// withoutSpecials takes away the variables that are but a character.
var withoutSpecials = strings.NewReplacer("${*}", "", "${?}", "", "${$}", "")

// fixed says whether a pattern is one text only.
func fixed(s string, variables bool) bool {
	if hasVariable(s, variables) {
		return false
	}
	if variables {
		s = withoutSpecials.Replace(s)
	}
	return !strings.ContainsAny(s, "*?")
}

// fixedARN: the account is given, or every part is.
func fixedARN(s string, variables bool) bool {
	parts := splitPattern(s)
	return len(parts) == 6 && fixed(parts[4], variables) && (parts[4] != "" || fixed(s, variables))
}

// narrow: S3 takes an IPv4 block wider than /8 and an IPv6 block wider than /32
// for the whole internet.
func narrow(s string) bool {
	if address, err := netip.ParseAddr(s); err == nil {
		return address.IsValid()
	}
	network, err := netip.ParsePrefix(s)
	return err == nil && (network.Addr().Is4() && network.Bits() >= 8 || network.Addr().Is6() && network.Bits() >= 32)
}

// The actions that change a policy or a role, of the Service Authorization Reference.
var (
	ownedPolicyActions = []string{
		"createpolicy", "createpolicyversion", "deletepolicy", "deletepolicyversion", "setdefaultpolicyversion",
		"tagpolicy", "untagpolicy",
	}
	ownedRoleActions = []string{
		"attachrolepolicy", "createrole", "createservicelinkedrole", "deleterole", "deleterolepermissionsboundary",
		"deleterolepolicy", "deleteservicelinkedrole", "detachrolepolicy", "passrole", "putrolepermissionsboundary",
		"putrolepolicy", "tagrole", "untagrole", "updateassumerolepolicy", "updaterole", "updateroledescription",
	}
)
