package iam_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam"
)

func policyOf(t *testing.T, kind iam.PolicyType, statements ...string) *iam.Policy {
	t.Helper()
	doc, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return iam.Compile(doc, iam.Origin{Type: kind})
}

const (
	anything  = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	allowRead = `{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}`
	denyS3    = `{"Effect":"Deny","Action":"s3:*","Resource":"*"}`
	toAccount = `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"}`
)

// TestTypes: what each kind of policy is said to have said.
func TestTypes(t *testing.T) {
	t.Parallel()
	scp := func(statements ...string) []*iam.Policy {
		return []*iam.Policy{policyOf(t, iam.TypeSCP, statements...)}
	}
	for _, c := range []struct {
		name, principal string
		policies        iam.Policies
		want            string
	}{
		{"nothing there", "arn:aws:iam::111122223333:user/ann", iam.Policies{}, "identity absent!"},
		{"silent", "arn:aws:iam::111122223333:user/ann", iam.Policies{Identity: []*iam.Policy{policyOf(t, iam.TypeIdentity, allowRead)}}, "identity silent!"},
		{
			"limited", "arn:aws:iam::111122223333:user/ann",
			iam.Policies{Identity: []*iam.Policy{policyOf(t, iam.TypeIdentity, anything)}, Boundary: policyOf(t, iam.TypeBoundary, allowRead), Session: []*iam.Policy{policyOf(t, iam.TypeSession, anything, denyS3)}},
			"identity allows[0], boundary silent, session denies[1]!",
		},
		{
			"second level", "arn:aws:iam::111122223333:user/ann",
			iam.Policies{Identity: []*iam.Policy{policyOf(t, iam.TypeIdentity, anything)}, SCPs: [][]*iam.Policy{scp(anything), scp(allowRead)}},
			"scp silent at level 2[0]!, identity allows[0]",
		},
		{"delegated", "arn:aws:iam::111122223333:user/ann", iam.Policies{Resource: policyOf(t, iam.TypeResource, toAccount)}, "resource delegates[0], identity absent!"},
		{"a service", "lambda.amazonaws.com", iam.Policies{SCPs: [][]*iam.Policy{scp(denyS3)}}, "scp unbound, resource absent!, identity unbound, boundary unbound, session unbound"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req := &iam.Request{Principal: iam.ParsePrincipal(c.principal), Action: "s3:PutObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: "111122223333"}
			var got []string
			for _, o := range iam.Explain(req, &c.policies).Types {
				if o.Said == iam.SaidAbsent && !o.Blocks {
					continue
				}
				text := fmt.Sprintf("%s %s", o.Type, o.Said)
				if o.Level > 0 {
					text += fmt.Sprintf(" at level %d", o.Level)
				}
				for _, m := range o.Statements {
					text += fmt.Sprintf("[%d]", m.Statement)
				}
				if o.Blocks {
					text += "!"
				}
				got = append(got, text)
			}
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
		})
	}
}

// TestNotes: what is easily overlooked is said.
func TestNotes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ statement, want string }{
		{`"Resource":"arn:aws:s3:::b"`, "this names the thing itself, not what is inside"},
		{`"Resource":"arn:aws:s3:::B/key"`, "they differ only in case"},
		{`"Resource":"arn:aws-cn:s3:::b/key"`, `the partition is "aws", not "aws-cn"`},
		{`"Resource":"arn:aws:s3:::b/other"`, ""},
		{`"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"Blue"}}`, "they differ only in case"},
		{`"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"bl*"}}`, "* and ? are wildcards only in StringLike"},
		{`"Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`, "the request does not have this key"},
		{`"Resource":"*","Condition":{"StringEquals":{"aws:TagKeys":"a"}}`, "the key has several values: only ForAllValues: or ForAnyValue: can match it"},
		{`"Resource":"*","Condition":{"StringIs":{"aws:TagKeys":"a"}}`, "StringIs is no operator: it never matches"},
	} {
		req := &iam.Request{
			Principal: iam.ParsePrincipal("arn:aws:iam::111122223333:user/ann"), Action: "s3:GetObject", Resource: "arn:aws:s3:::b/key",
			Context: iam.Context{"aws:principaltag/team": iam.One("blue"), "aws:tagkeys": iam.Many("a", "b")},
		}
		e := iam.Explain(req, &iam.Policies{Identity: []*iam.Policy{policyOf(t, iam.TypeIdentity, `{"Effect":"Allow","Action":"s3:GetObject",`+c.statement+`}`)}})
		if len(e.Misses) != 1 || len(e.Misses[0].Failures) != 1 || e.Misses[0].Failures[0].Note != c.want {
			t.Errorf("%s: %+v, want the note %q", c.statement, e.Misses, c.want)
		}
	}
}

// TestSpared: a Deny that only its conditions keep away is named, whatever the verdict.
func TestSpared(t *testing.T) {
	t.Parallel()
	req := &iam.Request{Principal: iam.ParsePrincipal("arn:aws:iam::111122223333:user/ann"), Action: "s3:GetObject", Resource: "arn:aws:s3:::b/key"}
	e := iam.Explain(req, &iam.Policies{Identity: []*iam.Policy{policyOf(t, iam.TypeIdentity, anything,
		`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
		`{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::other"}`)}})
	if e.Decision.Verdict != iam.Allowed || len(e.Spared) != 1 || e.Spared[0].Statement != 1 {
		t.Errorf("%s, spared %+v", e.Decision.Verdict, e.Spared)
	}
}
