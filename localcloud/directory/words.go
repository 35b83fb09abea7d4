package directory

import (
	"strings"

	"github.com/writ-dev/writ/iam"
)

// iamKinds is what IAM lists in its message about its own resources.
const iamKinds = "user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/."

const legacy = "The policy failed legacy parsing"

// resourceWords gives IAM's message for a resource of an identity policy that
// iam.Document.Validate refuses, "" for one that it takes.
func resourceWords(resource string) string {
	if resource == "*" {
		return ""
	}
	parts := strings.SplitN(resource, ":", 6)
	if parts[0] != "arn" || len(parts) < 2 {
		return `Resource ` + resource + ` must be in ARN format or "*".`
	}
	if !takes(resource) {
		return whyNot(resource, parts)
	}
	return ""
}

// takes asks the language itself, with a statement about nothing but the resource.
func takes(resource string) bool {
	document := iam.Document{Statements: []iam.Statement{{Effect: iam.Allow, Action: []string{"*"}, Resource: []string{resource}}}}
	return document.Validate(iam.TypeIdentity) == nil
}

func whyNot(resource string, parts []string) string {
	for len(parts) < 6 {
		parts = append(parts, "*")
	}
	switch service := parts[2]; {
	case parts[1] != "aws" && !strings.HasPrefix(parts[1], "aws-"):
		return `Partition "` + parts[1] + `" is not valid for resource "` + strings.Join(parts, ":") + `".`
	case strings.ContainsAny(service, "*?"):
		return "Resource vendor must be fully qualified and cannot contain regexes."
	case service == "", strings.Count(resource, ":") < 5:
		return legacy
	case service == "iam" && parts[3] != "":
		return "IAM resource " + resource + " cannot contain region information."
	case service == "s3":
		return "Resource " + resource + " can not contain region information."
	case service == "iam":
		return `IAM resource path must either be "*" or start with ` + iamKinds
	}
	return "Syntax errors in policy."
}
