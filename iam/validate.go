package iam

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// Validate checks a document against the rules for one kind of policy, as AWS
// does when the policy is put: which elements it must and must not have, and
// that actions, resources and condition operators are well formed. A type of
// "" checks what holds for all kinds. The error is a *writ.Error.
func (d *Document) Validate(t PolicyType) error {
	if len(d.Statements) == 0 {
		return writ.Errorf(writ.CodeInvalid, "the policy document has no statements").At(writ.Position{Line: 1, Col: 1}, "")
	}
	sids := map[string]bool{}
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Sid != "" && sids[s.Sid] {
			return s.invalid("Sid %q is there twice", s.Sid)
		}
		sids[s.Sid] = true
		for _, check := range []func(PolicyType) error{s.checkPrincipal, s.checkAction, s.checkResource, s.checkConditions, s.checkRCP} {
			if err := check(t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Statement) invalid(format string, args ...any) *writ.Error {
	return writ.Errorf(writ.CodeInvalid, format, args...).At(s.Position, "")
}

func (s *Statement) checkPrincipal(t PolicyType) error {
	has := s.Principal != nil || s.NotPrincipal != nil
	switch t {
	case TypeIdentity, TypeBoundary, TypeSession, TypeSCP:
		if has {
			return s.invalid("a policy of type %s must not have Principal or NotPrincipal", t).
				WithHint("it applies to whom it is attached to; only policies of resources name principals")
		}
	case TypeTrust:
		if s.NotPrincipal != nil {
			return s.invalid("a trust policy must not have NotPrincipal")
		}
		fallthrough
	case TypeResource, TypeKey:
		if !has {
			return s.invalid("a policy of type %s must have a Principal", t)
		}
	}
	return nil
}

func (s *Statement) checkAction(PolicyType) error {
	actions := append(slices.Clone(s.Action), s.NotAction...)
	if len(actions) == 0 {
		return s.invalid("the statement has an empty list of actions")
	}
	for _, a := range actions {
		if a == "*" {
			continue
		}
		service, name, found := strings.Cut(a, ":")
		if !found || service == "" || name == "" {
			return s.invalid("the action %q is not of the form service:Name", a).
				WithHint(`actions look like "dynamodb:PutItem", "s3:Get*" or "*"`)
		}
		if strings.Trim(lowerASCII(service), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.ContainsAny(name, " \t\r\n:") {
			return s.invalid("the action %q is not an action", a).
				WithHint("wildcards stand only after the colon, and there is no white space")
		}
	}
	return nil
}

func (s *Statement) checkResource(t PolicyType) error {
	resources := append(slices.Clone(s.Resource), s.NotResource...)
	has := s.Resource != nil || s.NotResource != nil
	switch t {
	case TypeTrust:
		if has {
			return s.invalid("a trust policy must not have Resource or NotResource").
				WithHint("it is about the role that it is attached to")
		}
		return nil
	case TypeResource, TypeEndpoint, "":
		if !has {
			return nil
		}
	}
	if len(resources) == 0 {
		return s.invalid("the statement has no Resource").WithHint(`name the ARNs, or "*"`)
	}
	for _, r := range resources {
		// API Gateway takes "execute-api:/stage/METHOD/path" and completes it itself.
		short := t == TypeResource && strings.HasPrefix(r, "execute-api:/")
		if r != "*" && !strings.HasPrefix(r, "arn:") && !short {
			return s.invalid("the resource %q is neither an ARN nor \"*\"", r)
		}
	}
	return nil
}

func (s *Statement) checkConditions(PolicyType) error {
	for _, c := range s.Conditions {
		if _, ok := parseOperator(c.Operator); !ok {
			err := writ.Errorf(writ.CodeInvalid, "%q is not a condition operator", c.Operator).At(c.Position, "")
			if near := writ.Nearest(c.Operator, OperatorNames()); near != "" {
				return err.WithHint("did you mean %q?", near)
			}
			return err
		}
	}
	return nil
}

// OperatorNames lists the condition operators of the language, without their
// set prefixes and IfExists.
func OperatorNames() []string {
	return []string{
		"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
		"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
	}
}

// checkRCP holds the rules of AWS Organizations, "RCP syntax".
func (s *Statement) checkRCP(t PolicyType) error {
	if t != TypeRCP {
		return nil
	}
	switch {
	case s.Effect != Deny:
		return s.invalid("a resource control policy can only deny").WithHint("RCPFullAWSAccess is what allows; it is always attached")
	case s.NotPrincipal != nil || s.NotAction != nil:
		return s.invalid("a resource control policy must not have NotPrincipal or NotAction")
	case s.Principal == nil || !s.Principal.All && !slices.Equal(s.Principal.AWS, []string{"*"}):
		return s.invalid(`the Principal of a resource control policy must be "*"`)
	case slices.Contains(s.Action, "*"):
		return s.invalid(`the Action of a resource control policy must name a service, not "*"`)
	}
	return nil
}
