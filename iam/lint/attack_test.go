package lint_test

import (
	"slices"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/lint"
)

// Ways to write a wide policy so that it looks like none; beside them what is
// narrow indeed.
func TestDisguises(t *testing.T) {
	t.Parallel()
	identity := func(action, resource string) string {
		return `{"Effect":"Allow","Action":` + action + `,"Resource":` + resource + `}`
	}
	public := func(condition string) string {
		return `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":` + condition + `}`
	}
	trust := func(condition string) string {
		return `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Condition":` + condition + `}`
	}
	for _, tt := range []struct {
		name      string
		kind      iam.PolicyType
		statement string
		code      string
		want      bool
	}{
		{"everything", iam.TypeIdentity, identity(`"*"`, `"*"`), "allow-all", true},
		{"everything with a colon", iam.TypeIdentity, identity(`"*:*"`, `"*"`), "allow-all", true},
		{"everything of at least one letter", iam.TypeIdentity, identity(`"*:?*"`, `"*"`), "allow-all", true},
		{"one letter of any service", iam.TypeIdentity, identity(`"*:?"`, `"*"`), "allow-all", false},
		{"a service", iam.TypeIdentity, identity(`"s3:?*"`, `"arn:aws:s3:::b/*"`), "allow-service", true},
		{"every bucket", iam.TypeIdentity, identity(`"s3:PutObject"`, `"arn:aws:s3:::?*"`), "wildcard-resource", true},
		{"every role", iam.TypeIdentity, identity(`"iam:PassRole"`, `"arn:aws:iam::111122223333:role/?*"`), "pass-role-any", true},
		{"beside text that looks not known", iam.TypeIdentity, identity(`["iam:PassRole","x:${writ:a}"]`, `"*"`), "pass-role-any", true},

		{"a network", iam.TypeResource, public(`{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`), "principal-everybody", false},
		{"the internet", iam.TypeResource, public(`{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`), "principal-everybody", true},
		{"its halves", iam.TypeResource, public(`{"IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}}`), "principal-everybody", true},
		{"a network or the internet", iam.TypeResource, public(`{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","::/0"]}}`), "principal-everybody", true},
		{"a role", iam.TypeResource, public(`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}`), "principal-everybody", false},
		{"anybody's role", iam.TypeResource, public(`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:*"}}`), "principal-everybody", true},
		{"an organisation", iam.TypeResource, public(`{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}`), "principal-everybody", false},
		{"one's own organisation", iam.TypeResource, public(`{"StringEquals":{"aws:PrincipalOrgID":"${aws:principalorgid}"}}`), "principal-everybody", true},
		{"some organisation", iam.TypeResource, public(`{"StringLike":{"aws:PrincipalOrgID":"?*"}}`), "principal-everybody", true},
		{"a secret", iam.TypeTrust, trust(`{"StringEquals":{"sts:ExternalId":"secret"}}`), "principal-everybody", false},
		{"any secret but one", iam.TypeTrust, trust(`{"StringNotEquals":{"sts:ExternalId":"secret"}}`), "principal-everybody", true},
		{"any secret", iam.TypeTrust, trust(`{"StringLike":{"sts:ExternalId":"*"}}`), "principal-everybody", true},
	} {
		doc, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + tt.statement + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		found := lint.Policies([]lint.Input{{Type: tt.kind, Document: doc}})
		if got := slices.ContainsFunc(found, func(f lint.Finding) bool { return f.Code == tt.code }); got != tt.want {
			t.Errorf("%s: %s is %t: %v", tt.name, tt.code, got, found)
		}
	}
}
