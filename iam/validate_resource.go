package iam

import (
	"slices"
	"strings"
)

func (s *Statement) checkResource(t PolicyType) error {
	resources, element := s.Resource, "Resource"
	if s.NotResource != nil {
		resources, element = s.NotResource, "NotResource"
	}
	has := s.Resource != nil || s.NotResource != nil
	switch t {
	case TypeTrust:
		if has {
			return s.invalidAt(placeOf(s.ResourceAt, 0), "a trust policy must not have %s", element).
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
	for i, r := range resources {
		problem, hint := resourceProblem(r, t)
		if problem != "" {
			return s.invalidAt(placeOf(s.ResourceAt, i), "the resource %q %s", r, problem).WithHint("%s", hint)
		}
	}
	return nil
}

// resourceProblem says what is wrong with the form of a resource, "" if nothing.
func resourceProblem(r string, t PolicyType) (problem, hint string) {
	switch {
	case r == "*":
		return "", ""
	case t == TypeResource && strings.HasPrefix(r, "execute-api:/"):
		// API Gateway completes "execute-api:/stage/METHOD/path" when the policy is put.
		return "", ""
	case !strings.HasPrefix(r, "arn:"):
		return `is neither an ARN nor "*"`, "ARNs look like \"arn:aws:s3:::bucket/key\": six parts with colons between them"
	case t == TypeIdentity || t == TypeBoundary || t == TypeSession:
		return identityARNProblem(splitPattern(r))
	}
	return "", ""
}

// identityARNProblem holds what IAM and STS refuse in the resources of their
// own policies. Each case is a message that AWS has: "Partition … is not
// valid", "Resource vendor must be fully qualified and cannot contain regexes",
// "The policy failed legacy parsing", "IAM resource path must either be "*" or
// start with …", "… cannot contain region information". An ARN may have fewer
// than six parts as long as none of them is empty.
func identityARNProblem(parts []string) (problem, hint string) {
	const whole = "an ARN has six parts: arn:partition:service:region:account:resource"
	if partition := parts[1]; !isPartition(partition) {
		return "names no partition of AWS", `the second part is "aws", "aws-cn", "aws-us-gov" or "*"; ` + whole
	}
	if len(parts) < 3 || parts[2] == "" {
		return "names no service", whole
	}
	if strings.ContainsAny(parts[2], "*?") {
		return "has a wildcard in the place of its service", "name the service; region, account and resource may be wildcards"
	}
	if len(parts) < 6 {
		if slices.Contains(parts, "") {
			return "has an empty part and fewer than six", whole
		}
		return "", ""
	}
	region, account, resource := parts[3], parts[4], parts[5]
	switch {
	case parts[2] == "iam" && region != "":
		return "has a region, which IAM does not", `leave it empty, as in "arn:aws:iam::111122223333:role/name"`
	case parts[2] == "iam" && resource != "*" && !isIAMPath(resource):
		return "is of no kind that IAM has", "the last part is \"*\" or starts with the kind, written out: " + strings.Join(iamKinds, "/, ") + "/"
	case parts[2] == "s3" && account == "" && region != "" && !strings.ContainsAny(region, "*?"):
		return "has a region, which buckets and objects do not", `leave it empty, as in "arn:aws:s3:::bucket/key"`
	}
	return "", ""
}

// isPartition knows AWS's partitions by their form, since new ones come; a
// wildcard may stand for one.
func isPartition(s string) bool {
	name, _ := strings.CutPrefix(s, "aws")
	return s == "aws" || strings.HasPrefix(s, "aws-") && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") == "" || strings.ContainsAny(s, "*?")
}

// iamKinds are the words that an IAM resource starts with: those of IAM's
// message, and the kinds that the Service Authorization Reference has since.
var iamKinds = []string{
	"user", "federated-user", "role", "group", "instance-profile", "mfa", "server-certificate", "policy", "sms-mfa",
	"saml-provider", "oidc-provider", "report", "access-report", "assumed-role", "delegation-request", "role-template",
}

func isIAMPath(resource string) bool {
	kind, _, found := strings.Cut(resource, "/")
	return found && slices.Contains(iamKinds, kind) || resource == "root"
}
