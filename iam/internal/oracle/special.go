package oracle

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// awsOwned: some entities in an account belong to AWS, and no policy lets a
// customer change them.
func (e *evaluation) awsOwned() bool {
	service, name, _ := strings.Cut(lower(e.req.Action), ":")
	parts := splitARN(e.req.Resource)
	if len(parts) < 6 || parts[2] != service {
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
	if e.caller.Kind == iam.PrincipalService || e.caller.isEntity() && e.sameAccount() {
		return false
	}
	for i := range e.world.Resource.Statements {
		if public(&e.world.Resource.Statements[i]) {
			return true
		}
	}
	return false
}

// public: an Allow for everybody that no condition holds to a fixed value.
func public(s *iam.Statement) bool {
	if s.Effect != iam.Allow || s.NotPrincipal == nil && (s.Principal == nil || !s.Principal.All && !slices.Contains(s.Principal.AWS, "*")) {
		return false
	}
	return len(s.Conditions) == 0
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
