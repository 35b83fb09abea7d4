package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// providers are the issuers that serve everybody: a token of theirs says
// nothing by itself. claims are those that say whose it is (the rest of the
// condition key); shape is what a value has to name before its first wildcard.
var providers = []struct {
	host   string // of "host:claim", also with a path behind
	claims []string
	shape  string
}{
	{"token.actions.githubusercontent.com", []string{"sub", "job_workflow_ref", "repository", "repository_id", "repository_owner", "repository_owner_id", "enterprise", "enterprise_id"}, "repo:owner/"},
	{"gitlab.com", []string{"sub", "project_path", "project_id", "namespace_path", "namespace_id"}, "project_path:group/"},
	{"app.terraform.io", []string{"sub", "terraform_organization_id", "terraform_workspace_id"}, "organization:name:"},
	{"agent.buildkite.com", []string{"sub"}, "organization:name:"},
	{"oidc.vercel.com", []string{"sub"}, "owner:name:"},
	{"cognito-identity.amazonaws.com", []string{"aud", "sub"}, ""},
	{"accounts.google.com", []string{"aud", "oaud", "sub"}, ""},
	{"graph.facebook.com", []string{"app_id", "id"}, ""},
	{"www.amazon.com", []string{"app_id", "user_id"}, ""},
}

// openFederation finds trust in whoever an identity provider signs in.
func openFederation(c *checker, s *statement) {
	if s.policy.Type != iam.TypeTrust || !s.isAllow() || s.Principal == nil {
		return
	}
	for i, principal := range s.Principal.Federated {
		path := []string{"Principal", "Federated", itoa(i)}
		_, saml, isSAML := strings.Cut(principal, ":saml-provider/")
		switch {
		case isSAML && s.mayBeAbout("sts:AssumeRoleWithSAML"):
			if !s.hasUnknownCondition() && !s.isFixed([]string{"saml:aud", "saml:sub", "saml:iss", "saml:doc", "saml:namequalifier"}) {
				c.report(s, path, Warning, fmt.Sprintf("whoever the provider %s signs in, for whatever service, may take the role on", saml), `add a condition on "SAML:aud", such as "https://signin.aws.amazon.com/saml"`)
			}
		case !isSAML && s.mayBeAbout("sts:AssumeRoleWithWebIdentity"):
			c.webIdentity(s, path, principal)
		}
	}
}

func (s *statement) hasUnknownCondition() bool {
	return slices.ContainsFunc(s.Conditions, func(e iam.ConditionElement) bool { return hasUnknown(e.Key) })
}

func (c *checker) webIdentity(s *statement, path []string, principal string) {
	host := principal
	if _, rest, found := strings.Cut(principal, ":oidc-provider/"); found {
		host = rest
	}
	if s.hasUnknownCondition() || hasUnknown(host) && len(s.Conditions) > 0 {
		return
	}
	claims, shape, shared := []string(nil), "", false
	for _, p := range providers {
		if host == p.host || strings.HasPrefix(host, p.host+"/") {
			claims, shape, shared = p.claims, p.shape, true
		}
	}
	audience := false
	for i := range s.Conditions {
		e := &s.Conditions[i]
		claim, isClaim := cutClaim(e.Key, host)
		if !isClaim || !parseOperator(e.Operator).needsValue() {
			continue
		}
		audience = audience || claim == "aud"
		if shared && !slices.Contains(claims, claim) || !shared && claim == "aud" {
			continue
		}
		if j := slices.IndexFunc(e.Values, func(v string) bool { return namesNobody(v, claim, shape) }); j >= 0 {
			c.report(s, append(condition(e), itoa(j)), Security, fmt.Sprintf("%q lets more take the role on than can be meant", e.Values[j]), "name the owner before the first wildcard"+such(shape))
		}
		return
	}
	switch {
	case !audience || shared:
		want := "sub"
		if shared {
			want = claims[0]
		}
		c.report(s, path, Security, fmt.Sprintf("whoever %s gives a token may take the role on", host), fmt.Sprintf("add a condition on %q%s", host+":"+want, such(shape)))
	default:
		c.report(s, path, Suggestion, fmt.Sprintf("whoever %s gives a token for this audience may take the role on", host), fmt.Sprintf("if that are not only those who may, add a condition on %q", host+":sub"))
	}
}

func such(shape string) string {
	if shape == "" {
		return ""
	}
	return fmt.Sprintf(", such as %q", shape+"…")
}

// cutClaim gives the claim that a key of the provider is about.
func cutClaim(key, host string) (string, bool) {
	i := strings.LastIndexByte(key, ':')
	if i < 0 || !strings.EqualFold(key[:i], host) {
		return "", false
	}
	return strings.ToLower(key[i+1:]), true
}

// namesNobody reports a value whose wildcards stand before what says who is meant.
func namesNobody(value, claim, shape string) bool {
	before, _, wild := strings.Cut(value, "*")
	if !wild || hasUnknown(value) {
		return false
	}
	if claim != "sub" || shape == "" {
		return strings.Trim(before, "?:/") == ""
	}
	_, rest, found := strings.Cut(before, ":") // behind the first word
	return !found || !strings.ContainsAny(rest, "/:")
}
