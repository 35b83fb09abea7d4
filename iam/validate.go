package iam

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// Validate checks a document against the rules for one kind of policy, as AWS
// does when the policy is put: which elements it must and must not have, and
// the form of Sids, actions, resources, principals and conditions. A type of
// "" checks what holds for all kinds. What AWS takes, however useless, passes:
// that is for a linter to say. Sizes are another question, see [Quota].
//
// The error is a *writ.Error at the very entry. The rules are those of the IAM
// User Guide ("Grammar of the IAM JSON policy language" and the pages on the
// elements), and what CreatePolicy and PutRolePolicy have been seen to refuse.
func (d *Document) Validate(t PolicyType) error {
	if len(d.Statements) == 0 {
		return writ.Errorf(writ.CodeInvalid, "the policy document has no statements").At(writ.Position{Line: 1, Col: 1}, "")
	}
	if (t == TypeSCP || t == TypeRCP) && d.Version != Version2012 {
		return writ.Errorf(writ.CodeInvalid, "a policy of type %s must have the Version %q", t, Version2012).
			At(writ.Position{Line: 1, Col: 1}, "").
			WithHint("AWS Organizations takes no other (\"SCP syntax\", \"RCP syntax\")")
	}
	sids := map[string]bool{}
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Sid != "" && sids[s.Sid] {
			return s.invalidAt(s.SidAt, "Sid %q is there twice", s.Sid).WithHint("a Sid names one statement of the policy; it may be left out")
		}
		sids[s.Sid] = true
		for _, check := range []func(PolicyType) error{
			s.checkSid, s.checkPrincipal, s.checkAction, s.checkResource, s.checkConditions, s.checkRCP,
		} {
			if err := check(t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Statement) invalid(format string, args ...any) *writ.Error {
	return invalid(format, args...).At(s.Position, "")
}

// invalidAt is an error at one entry of the statement, as far as its place is known.
func (s *Statement) invalidAt(p writ.Position, format string, args ...any) *writ.Error {
	if p.IsZero() {
		p = s.Position
	}
	return invalid(format, args...).At(p, "")
}

// placeOf is the place of entry i, zero where it is not known.
func placeOf(places []writ.Position, i int) writ.Position {
	if i < len(places) {
		return places[i]
	}
	return writ.Position{}
}

// checkSid: identity policies take letters and digits only ("IAM JSON policy
// elements: Sid"); other services let more through.
func (s *Statement) checkSid(t PolicyType) error {
	if t != TypeIdentity && t != TypeBoundary {
		return nil
	}
	if strings.IndexFunc(s.Sid, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) >= 0 {
		return s.invalidAt(s.SidAt, "the Sid %q holds more than letters and digits", s.Sid).
			WithHint("in an identity policy a Sid consists of A-Z, a-z and 0-9")
	}
	return nil
}

func (s *Statement) checkAction(t PolicyType) error {
	actions, element := s.Action, "Action"
	if s.NotAction != nil {
		actions, element = s.NotAction, "NotAction"
	}
	if len(actions) == 0 {
		return s.invalid("the statement has an empty list of actions").WithHint("an empty %s says nothing; name actions, or take the statement out", element)
	}
	for i, a := range actions {
		problem, hint := actionProblem(a, t)
		if problem != "" {
			return s.invalidAt(placeOf(s.ActionAt, i), "the action %q %s", a, problem).WithHint("%s", hint)
		}
	}
	return nil
}

// actionProblem says what is wrong with the form of an action, "" if nothing.
// IAM asks for one colon and a clean prefix; the name may be anything, also one
// that no service has.
func actionProblem(a string, t PolicyType) (problem, hint string) {
	const looks = `actions look like "dynamodb:PutItem", "s3:Get*" or "*"`
	service, name, found := strings.Cut(a, ":")
	switch {
	case a == "*" && t != TypeTrust:
		return "", ""
	case t == TypeTrust && (!found || !sameFold("sts", service)):
		return "is not an action of STS", `a trust policy is about sts:AssumeRole, sts:AssumeRoleWithWebIdentity, sts:AssumeRoleWithSAML, sts:TagSession and the like`
	case !found || service == "" || name == "":
		return "is not of the form service:Name", looks
	case strings.Contains(name, ":"):
		return "has more than one colon", looks
	case service != "*" && strings.ContainsAny(service, "*?"):
		return "has a wildcard in the name of its service", "wildcards stand after the colon"
	case service != "*" && strings.Trim(lowerASCII(service), "abcdefghijklmnopqrstuvwxyz0123456789-.") != "":
		return "has no name of a service before its colon", looks
	}
	return "", ""
}

// checkRCP holds the rules of AWS Organizations, "RCP syntax".
func (s *Statement) checkRCP(t PolicyType) error {
	if t != TypeRCP {
		return nil
	}
	switch {
	case s.Effect != Deny:
		return s.invalid("a resource control policy can only deny").WithHint("RCPFullAWSAccess is what allows; it is always attached")
	case s.NotPrincipal != nil:
		return s.invalidAt(s.PrincipalAt, "a resource control policy must not have NotPrincipal").
			WithHint(`write "Principal": "*" and except callers by a condition on aws:PrincipalArn or aws:PrincipalOrgID`)
	case s.NotAction != nil:
		return s.invalidAt(placeOf(s.ActionAt, 0), "a resource control policy must not have NotAction").WithHint("name the actions that are denied")
	case s.Principal == nil:
		return s.invalid(`the Principal of a resource control policy must be "*"`).WithHint(`add "Principal": "*"`)
	case !s.Principal.All && !slices.Equal(s.Principal.AWS, []string{"*"}):
		return s.invalidAt(s.PrincipalAt, `the Principal of a resource control policy must be "*"`).WithHint("narrow the statement by its Condition")
	}
	if i := slices.Index(s.Action, "*"); i >= 0 {
		return s.invalidAt(placeOf(s.ActionAt, i), `the Action of a resource control policy must name a service, not "*"`).
			WithHint(`such as "s3:*", "sqs:*", "kms:*"`)
	}
	return nil
}
