package iam_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam"
)

// choice is a row under one heading of docs/iam-disputed.md, "Choices": one
// statement that decides, in a policy of one kind. What is left out is user,
// s3:GetObject and object.
type choice struct {
	heading                  string
	kind                     iam.PolicyType
	statement                string
	caller, action, resource string
	context                  string // key=value, or key=a|b for a set
	boundary                 bool   // the caller has one that allows everything
	blocked                  bool   // Block Public Access is on
	want                     iam.Verdict
}

const (
	yes    = iam.Allowed
	no     = iam.ImplicitlyDenied
	denied = iam.ExplicitlyDenied
)

// when is an Allow of everything under a condition.
func when(condition string) string {
	return `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{` + condition + `}}`
}

func allowOn(element, entry string) string {
	return `{"Effect":"Allow","Action":"*","` + element + `":"` + entry + `"}`
}

// notNamed is a statement for everybody but the AWS principals given.
func notNamed(effect, principals string) string {
	return `{"Effect":"` + effect + `","NotPrincipal":{"AWS":[` + principals + `]},"Action":"*","Resource":"*"}`
}

var choices = []choice{
	{heading: "Empty conditions", kind: iam.TypeIdentity, statement: when(``), want: yes},
	{heading: "Empty conditions", kind: iam.TypeIdentity, statement: when(`"StringEquals":{},"NoSuch":{}`), want: yes},
	{heading: "Empty conditions", kind: iam.TypeIdentity, statement: when(`"StringEquals":{"k":[]}`), context: "k=v", want: no},
	{heading: "Empty conditions", kind: iam.TypeIdentity, statement: when(`"StringNotEquals":{"k":[]}`), context: "k=v", want: yes},

	{heading: "Short ARNs", kind: iam.TypeIdentity, statement: allowOn("Resource", "arn:aws:s3"), want: yes},
	{heading: "Short ARNs", kind: iam.TypeSession, statement: allowOn("Resource", "arn:aws:s3"), want: yes},
	{heading: "Short ARNs", kind: iam.TypeBoundary, statement: allowOn("Resource", "arn:aws:sqs"), want: no},
	{heading: "Short ARNs", kind: iam.TypeResource, statement: `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:s3"}`, want: no},
	{heading: "Short ARNs", kind: iam.TypeResource, statement: `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:s*"}`, want: yes},
	{heading: "Short ARNs", kind: iam.TypeSCP, statement: allowOn("Resource", "arn:aws:s3"), want: no},
	{heading: "Short ARNs", kind: iam.TypeSCP, statement: allowOn("Resource", "arn:aws:s3:*"), want: yes},
	{heading: "Short ARNs", kind: iam.TypeRCP, statement: `{"Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:s3:*"}`, want: yes},

	{heading: "A short ARN in NotResource", kind: iam.TypeIdentity, statement: allowOn("NotResource", "arn:aws:sqs"), want: no},
	{heading: "A short ARN in NotResource", kind: iam.TypeSCP, statement: allowOn("NotResource", "arn:aws:sqs"), want: no},

	{
		heading: "Short resources of API Gateway", kind: iam.TypeResource, action: "execute-api:Invoke",
		statement: `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"execute-api:/prod/*"}`,
		resource:  "arn:aws:execute-api:eu-west-1:111122223333:abcdef1234/prod/GET/", want: yes,
	},
	{heading: "A statement without Resource", kind: iam.TypeResource, statement: `{"Effect":"Allow","Principal":"*","Action":"*"}`, want: yes},
	{heading: "A statement without Resource", kind: iam.TypeIdentity, statement: `{"Effect":"Allow","Action":"*"}`, want: no},
	{heading: "A statement without Principal", kind: iam.TypeResource, statement: allowAll, want: no},
	{heading: "A statement without Principal", kind: iam.TypeEndpoint, statement: allowAll, want: yes},
	{heading: "A statement without Principal", kind: iam.TypeRCP, statement: `{"Effect":"Deny","Action":"s3:*","Resource":"*"}`, want: denied},

	{heading: "Actions without a resource level", kind: iam.TypeIdentity, statement: allowOn("Resource", "arn:aws:s3:::*"), action: "s3:ListAllMyBuckets", resource: "*", want: no},
	{heading: "Actions without a resource level", kind: iam.TypeIdentity, statement: allowOn("NotResource", "arn:aws:s3:::*"), action: "s3:ListAllMyBuckets", resource: "*", want: yes},
	{heading: "White space in an action", kind: iam.TypeIdentity, statement: `{"Effect":"Allow","Action":"s3:*  ","Resource":"*"}`, want: no},
	{heading: "White space in an action", kind: iam.TypeIdentity, statement: `{"Effect":"Allow","Action":"S3:gETobject","Resource":"*"}`, want: yes},
	{heading: "White space in an action", kind: iam.TypeIdentity, statement: "{\"Effect\":\"Allow\",\"Action\":\"\u212ams:*\",\"Resource\":\"*\"}", action: "kms:Decrypt", want: no},
	{heading: "Case in ARNs", kind: iam.TypeIdentity, statement: allowOn("Resource", "arn:AWS:s3:::bucket/key"), want: no},
	{heading: "Case in ARNs", kind: iam.TypeResource, statement: to(`{"AWS":"arn:aws:iam::111122223333:role/x/APP"}`), caller: session, want: yes},
	{heading: "Case in ARNs", kind: iam.TypeResource, statement: to(`{"AWS":"arn:aws:iam::111122223333:user/ALICE"}`), want: no},

	{heading: "NotPrincipal with Deny", kind: iam.TypeResource, statement: notNamed("Deny", `"`+user+`"`), want: yes},
	{heading: "NotPrincipal with Deny", kind: iam.TypeResource, statement: notNamed("Deny", `"`+user+`"`), boundary: true, want: denied},
	{heading: "NotPrincipal with Deny", kind: iam.TypeResource, statement: notNamed("Deny", `"111122223333"`), want: denied},
	{heading: "NotPrincipal with Deny", kind: iam.TypeResource, statement: notNamed("Deny", `"arn:aws:iam::111122223333:role/app"`), caller: session, want: denied},
	{heading: "NotPrincipal with Deny", kind: iam.TypeResource, statement: notNamed("Deny", `"arn:aws:iam::111122223333:role/app","111122223333"`), caller: session, want: yes},
	{heading: "NotPrincipal with Deny", kind: iam.TypeResource, statement: notNamed("Deny", `"arn:aws:iam::111122223333:role/app","444455556666"`), caller: session, want: denied},
	{heading: "NotPrincipal with Deny", kind: iam.TypeResource, statement: notNamed("Deny", `"`+session+`"`), caller: session, want: yes},
	{heading: "NotPrincipal with Allow", kind: iam.TypeResource, statement: notNamed("Allow", `"`+user+`"`), caller: "anonymous", want: yes},
	{heading: "A role as a caller", kind: iam.TypeResource, statement: to(`{"AWS":"arn:aws:iam::111122223333:role/app"}`), caller: "arn:aws:iam::111122223333:role/app", want: yes},

	{heading: "Negated operators and values that cannot be read", kind: iam.TypeIdentity, statement: when(`"ArnNotLike":{"k":"arn:aws:s3:::*"}`), context: "k=bucket", want: yes},
	{heading: "Negated operators and values that cannot be read", kind: iam.TypeIdentity, statement: when(`"NotIpAddress":{"k":"10.0.0.0/8"}`), context: "k=here", want: yes},
	{heading: "Negated operators and values that cannot be read", kind: iam.TypeIdentity, statement: when(`"NumericNotEquals":{"k":"5"}`), context: "k=five", want: no},
	{heading: "Negated operators and values that cannot be read", kind: iam.TypeIdentity, statement: when(`"DateNotEquals":{"k":"2026-01-01"}`), context: "k=today", want: no},
	{heading: "ForAnyValue with IfExists", kind: iam.TypeIdentity, statement: when(`"ForAnyValue:StringEqualsIfExists":{"k":"v"}`), want: no},
	{heading: "ForAnyValue with IfExists", kind: iam.TypeIdentity, statement: when(`"ForAllValues:StringEqualsIfExists":{"k":"v"}`), want: yes},
	{heading: "A key with several values under a plain operator", kind: iam.TypeIdentity, statement: when(`"StringEquals":{"k":"a"}`), context: "k=a|b", want: no},
	{heading: "A key with several values under a plain operator", kind: iam.TypeIdentity, statement: when(`"StringNotEquals":{"k":"c"}`), context: "k=a|b", want: no},
	{heading: "A key with several values under a plain operator", kind: iam.TypeIdentity, statement: when(`"ForAnyValue:StringEquals":{"k":"a"}`), context: "k=a", want: yes},

	{heading: "Variables", kind: iam.TypeIdentity, statement: allowOn("Resource", "arn:aws:s3:::bucket/${k}"), context: "k=*", want: no},
	{heading: "Variables", kind: iam.TypeIdentity, statement: allowOn("Resource", "arn:aws:s3:::bucket/${k, 'key'}"), want: yes},
	{heading: "Variables", kind: iam.TypeIdentity, statement: allowOn("Resource", "arn:aws:s3:::bucket/${k, 'key'}"), context: "k=key|other", want: no},
	{heading: "Variables", kind: iam.TypeIdentity, statement: allowOn("Resource", "arn:aws:s3:::bucket/${k, key}"), want: no},
	{heading: "Variables", kind: iam.TypeIdentity, statement: allowOn("Resource", "arn:aws:${k}:::bucket/key"), context: "k=s3", want: no},
	{heading: "Variables", kind: iam.TypeIdentity, statement: allowOn("Resource", "arn:aws:s3:::bucket/${k"), resource: "arn:aws:s3:::bucket/${k", want: yes},
	{heading: "Variables", kind: iam.TypeIdentity, statement: when(`"NumericEquals":{"k":"${k}"}`), context: "k=5", want: no},

	{heading: "Numbers", kind: iam.TypeIdentity, statement: when(`"NumericEquals":{"k":"1000"}`), context: "k=1e3", want: no},
	{heading: "Numbers", kind: iam.TypeIdentity, statement: when(`"NumericEquals":{"k":"5"}`), context: "k=5abc", want: no},
	{heading: "Numbers", kind: iam.TypeIdentity, statement: when(`"NumericLessThan":{"k":"100000000000000000001"}`), context: "k=100000000000000000000.5", want: yes},
	{heading: "Dates", kind: iam.TypeIdentity, statement: when(`"DateEquals":{"k":"2026"}`), context: "k=2026-01-01T00:00:00Z", want: yes},
	{heading: "Dates", kind: iam.TypeIdentity, statement: when(`"DateEquals":{"k":"20260"}`), context: "k=1970-01-01T05:37:40", want: yes},
	{heading: "Dates", kind: iam.TypeIdentity, statement: when(`"DateNotEquals":{"k":"01T"}`), context: "k=2026-01-01", want: no},

	{heading: "sts:GetCallerIdentity", kind: iam.TypeIdentity, statement: `{"Effect":"Deny","Action":"*","Resource":"*"}`, action: "sts:GetCallerIdentity", resource: "*", want: yes},
	{heading: "The root user", kind: iam.TypeIdentity, statement: allowEC2, caller: "arn:aws:iam::111122223333:root", want: yes},
	{heading: "The root user", kind: iam.TypeSCP, statement: allowEC2, caller: "arn:aws:iam::111122223333:root", want: no},
	{heading: "KMS without a key policy", kind: iam.TypeIdentity, statement: allowAll, action: "kms:Decrypt", resource: key, want: no},
	{heading: "Block Public Access", kind: iam.TypeResource, statement: to(`"*"`), caller: "anonymous", blocked: true, want: denied},
	{heading: "Block Public Access", kind: iam.TypeResource, statement: to(`"*"`), blocked: true, want: yes},
	{
		heading: "Block Public Access", kind: iam.TypeResource, caller: "anonymous", blocked: true, context: "aws:sourceip=203.0.113.9", want: yes,
		statement: `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`,
	},
	{heading: "AWS's own entities", kind: iam.TypeIdentity, statement: allowAll, action: "iam:CreatePolicyVersion", resource: "arn:aws:iam::aws:policy/ReadOnlyAccess", want: no},
}

func TestChoices(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{
		// TestErrors and TestTaken have these.
		"What is refused when a policy is put, and what is not": true,
		"Duplicate keys": true,
	}
	for _, row := range choices {
		tested[row.heading] = true
		if got := iam.Decide(row.request(), row.policies(t)); got != row.want {
			t.Errorf("%s\n%s %s: got %s, want %s", row.heading, row.kind, row.statement, got, row.want)
		}
	}
	page, err := os.ReadFile("../docs/iam-disputed.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## Choices\n")
	if !found {
		t.Fatal("the page has no choices")
	}
	for _, m := range regexp.MustCompile(`\*\*([^*]+?)\.?\*\*`).FindAllStringSubmatch(section, -1) {
		if !tested[m[1]] {
			t.Errorf("the page's choice %q has no test", m[1])
		}
		delete(tested, m[1])
	}
	for heading := range tested {
		t.Errorf("%q is not on the page", heading)
	}
}

func (c *choice) request() *iam.Request {
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	req := &iam.Request{
		Principal: iam.ParsePrincipal(or(c.caller, user)), Action: or(c.action, "s3:GetObject"),
		Resource: or(c.resource, object), ResourceAccount: "111122223333", Context: iam.Context{},
	}
	if name, value, ok := strings.Cut(c.context, "="); ok {
		values := strings.Split(value, "|")
		req.Context[name] = iam.Value{Values: values, Multi: len(values) > 1}
	}
	return req
}

// policies puts the statement where its kind belongs; for kinds that only
// limit, the identity policy allows everything.
func (c *choice) policies(t *testing.T) *iam.Policies {
	all := &iam.Policies{BlockPublicAccess: c.blocked, Identity: []*iam.Policy{load(t, iam.TypeIdentity, allowAll)}}
	policy := load(t, c.kind, c.statement)
	switch c.kind {
	case iam.TypeIdentity:
		all.Identity = []*iam.Policy{policy}
	case iam.TypeResource:
		all.Resource = policy
		if !strings.Contains(c.statement, "Deny") {
			all.Identity = nil
		}
	case iam.TypeBoundary:
		all.Boundary = policy
	case iam.TypeSession:
		all.Session = []*iam.Policy{policy}
	case iam.TypeSCP:
		all.SCPs = [][]*iam.Policy{{policy}}
	case iam.TypeRCP:
		all.RCPs = [][]*iam.Policy{{policy, iam.FullAWSAccess(iam.TypeRCP)}}
	case iam.TypeEndpoint:
		all.Endpoint = policy
	}
	if c.boundary {
		all.Boundary = load(t, iam.TypeBoundary, allowAll)
	}
	return all
}
