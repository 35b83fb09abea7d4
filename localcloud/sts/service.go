package sts

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
)

// serviceDuration is the life of a service's session when it names none.
const serviceDuration = 12 * time.Hour

// AssumeForService lends a role to a service of the cloud, as AWS does when
// Lambda takes on the execution role of a function. The role's trust policy
// must allow it; the error is the one that the service's users see.
func (s *Service) AssumeForService(_ context.Context, want session.ServiceRole) (session.Credentials, gate.Caller, error) {
	role, ok := s.cfg.Roles.TrustedRole(want.RoleARN)
	if !ok || !s.trusts(role, want) {
		return session.Credentials{}, gate.Caller{}, cannotAssume(want)
	}
	caller := s.sessionOf(role, want.SessionName)
	caller.FunctionARN = want.FunctionARN
	life := want.Duration
	if life <= 0 {
		life = serviceDuration
	}
	credentials, err := s.cfg.Issuer.Issue(caller, caller.Issued.Add(life))
	if err != nil {
		return session.Credentials{}, gate.Caller{}, err
	}
	caller.AccessKeyID = credentials.AccessKeyID
	return credentials, caller, nil
}

// trusts asks IAM whether the trust policy admits the service.
func (s *Service) trusts(role session.Role, want session.ServiceRole) bool {
	now := s.cfg.Now().UTC()
	keys := iam.Context{
		"aws:principalisawsservice":     iam.One("true"),
		"aws:principalservicename":      iam.One(want.Principal),
		"aws:principalservicenameslist": iam.Many(want.Principal),
		"aws:sourceaccount":             iam.One(s.cfg.Account),
		"aws:currenttime":               iam.One(now.Format(time.RFC3339)),
		"aws:epochtime":                 iam.One(strconv.FormatInt(now.Unix(), 10)),
		"aws:resourceaccount":           iam.One(s.cfg.Account),
		"aws:securetransport":           iam.One("true"),
		"aws:viaawsservice":             iam.One("false"),
		"sts:rolesessionname":           iam.One(want.SessionName),
	}
	if source := cmp.Or(want.SourceARN, want.FunctionARN); source != "" {
		keys["aws:sourcearn"] = iam.One(source)
	}
	decision := iam.Evaluate(&iam.Request{
		Principal:       iam.Principal{Kind: iam.PrincipalService, ARN: want.Principal},
		Action:          "sts:AssumeRole",
		Resource:        role.ARN,
		ResourceAccount: s.cfg.Account,
		Context:         keys,
	}, &iam.Policies{Resource: role.Trust})
	return decision.Verdict == iam.Allowed
}

// cannotAssume is the sentence that the service says to its users.
func cannotAssume(want session.ServiceRole) error {
	if want.Principal == "lambda.amazonaws.com" {
		return gate.Errorf("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
	}
	return gate.Errorf("AccessDenied", "%s is not authorized to perform: sts:AssumeRole on resource: %s", want.Principal, want.RoleARN).
		WithStatus(http.StatusForbidden)
}
