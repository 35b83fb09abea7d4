package iam_test

import (
	"slices"
	"testing"

	"github.com/writ-dev/writ/iam"
)

// TestAssume: what is allowed whatever the unknown keys hold, and what hangs on them.
func TestAssume(t *testing.T) {
	t.Parallel()
	unknown := func(key string) bool { return key == "aws:sourcevpc" }
	for _, c := range []struct {
		name, statement string
		against, favour iam.Verdict
	}{
		{"nothing unknown", `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`, iam.Allowed, iam.Allowed},
		{"an Allow hangs on it", `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}`, iam.ImplicitlyDenied, iam.Allowed},
		{"and on one that fails", `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"},"Bool":{"aws:SecureTransport":"false"}}}`, iam.ImplicitlyDenied, iam.ImplicitlyDenied},
		{"a Deny hangs on it", anything + `,{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}}`, iam.ExplicitlyDenied, iam.Allowed},
		{"a Deny of something else", anything + `,{"Effect":"Deny","Action":"sqs:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}}`, iam.Allowed, iam.Allowed},
	} {
		req := &iam.Request{
			Principal: iam.ParsePrincipal("arn:aws:iam::111122223333:user/ann"), Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k",
			Context: iam.Context{"aws:securetransport": iam.One("true")},
		}
		p := &iam.Policies{Identity: []*iam.Policy{policyOf(t, iam.TypeIdentity, c.statement)}}
		if got := iam.Decide(req, p.Assume(unknown, false)); got != c.against {
			t.Errorf("%s, against: %s, want %s", c.name, got, c.against)
		}
		if got := iam.Decide(req, p.Assume(unknown, true)); got != c.favour {
			t.Errorf("%s, in favour: %s, want %s", c.name, got, c.favour)
		}
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	p := policyOf(t, iam.TypeResource, toAccount, toAccount,
		`{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"*","Resource":"*"}`,
		`{"Effect":"Allow","NotPrincipal":{"AWS":"*"},"Action":"*","Resource":"*"}`,
		`{"Effect":"Deny","Principal":{"AWS":"999988887777"},"Action":"*","Resource":"*"}`)
	if got := p.Named(); !slices.Equal(got, []string{"111122223333", "s3.amazonaws.com", "*"}) {
		t.Errorf("got %v", got)
	}
}
