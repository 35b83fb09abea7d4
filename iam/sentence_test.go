package iam_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

const denyAll = `{"Sid":"No","Effect":"Deny","Action":"*","Resource":"*"}`

func TestSentence(t *testing.T) {
	t.Parallel()
	const table = "arn:aws:dynamodb:us-east-1:111122223333:table/hits"
	const start = "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: "
	const onTable = start + "dynamodb:PutItem on resource: " + table
	all := []*iam.Policy{load(t, iam.TypeIdentity, allowAll)}
	withARN := func(kind iam.PolicyType, arn string) *iam.Policy {
		p := load(t, kind, denyAll)
		p.Origin.ARN = arn
		return p
	}
	for _, row := range []struct {
		action, resource, want string
		p                      *iam.Policies
	}{
		{"dynamodb:PutItem", table, onTable + " because no identity-based policy allows the dynamodb:PutItem action", &iam.Policies{}},
		{"dynamodb:PutItem", table, onTable + " because no permissions boundary allows the dynamodb:PutItem action", &iam.Policies{Identity: all, Boundary: load(t, iam.TypeBoundary, allowEC2)}},
		{"dynamodb:PutItem", table, onTable + " because no session policy allows the dynamodb:PutItem action", &iam.Policies{Identity: all, Session: []*iam.Policy{load(t, iam.TypeSession, allowEC2)}}},
		{"dynamodb:PutItem", table, onTable + " because no VPC endpoint policy allows the dynamodb:PutItem action", &iam.Policies{Identity: all, Endpoint: load(t, iam.TypeEndpoint, allowEC2)}},
		{"dynamodb:PutItem", table, onTable + " with an explicit deny in an identity-based policy", &iam.Policies{Identity: []*iam.Policy{load(t, iam.TypeIdentity, denyAll)}}},
		{"dynamodb:PutItem", table, onTable + " with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/No", &iam.Policies{Identity: []*iam.Policy{withARN(iam.TypeIdentity, "arn:aws:iam::111122223333:policy/No")}}},
		{"dynamodb:PutItem", table, onTable + " with an explicit deny in a permissions boundary", &iam.Policies{Identity: all, Boundary: load(t, iam.TypeBoundary, denyAll)}},
		{"dynamodb:PutItem", table, onTable + " with an explicit deny in a session policy", &iam.Policies{Identity: all, Session: []*iam.Policy{load(t, iam.TypeSession, denyAll)}}},
		{"dynamodb:PutItem", table, onTable + " with an explicit deny in a VPC endpoint policy", &iam.Policies{Identity: all, Endpoint: load(t, iam.TypeEndpoint, denyAll)}},
		{"dynamodb:PutItem", table, onTable + " with an explicit deny in a service control policy: arn:aws:organizations::987654321098:policy/o-x/service_control_policy/p-x", &iam.Policies{Identity: all, SCPs: [][]*iam.Policy{{withARN(iam.TypeSCP, "arn:aws:organizations::987654321098:policy/o-x/service_control_policy/p-x")}}}},
		{"dynamodb:PutItem", table, onTable + " with an explicit deny in a service control policy", &iam.Policies{Identity: all, SCPs: [][]*iam.Policy{{load(t, iam.TypeSCP, allowEC2)}}}},
		{"dynamodb:PutItem", table, onTable + " with an explicit deny in a resource control policy", &iam.Policies{Identity: all, RCPs: [][]*iam.Policy{{load(t, iam.TypeRCP, denyAll), iam.FullAWSAccess(iam.TypeRCP)}}}},
		{"dynamodb:PutItem", table, onTable + " with an explicit deny in a resource-based policy", &iam.Policies{Identity: all, Resource: load(t, iam.TypeResource, strings.Replace(denyAll, `"Action"`, `"Principal":"*","Action"`, 1))}},
		{"sts:AssumeRole", trust, start + "sts:AssumeRole on resource: " + trust + " because no role trust policy allows the sts:AssumeRole action", &iam.Policies{Identity: all, Resource: load(t, iam.TypeTrust, "")}},
		{"sts:AssumeRole", trust, start + "sts:AssumeRole on resource: " + trust + " with an explicit deny in the role trust policy", &iam.Policies{Identity: all, Resource: load(t, iam.TypeTrust, `{"Effect":"Deny","Principal":"*","Action":"*"}`)}},
		{"dynamodb:ListTables", "*", start + "dynamodb:ListTables because no identity-based policy allows the dynamodb:ListTables action", &iam.Policies{}},
		{"dynamodb:PutItem", table, "", &iam.Policies{Identity: all}},
	} {
		if row.action == "sts:AssumeRole" && row.p.Resource == nil {
			row.p.Resource = load(t, iam.TypeTrust, `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`)
		}
		req := &iam.Request{Principal: iam.ParsePrincipal(session), Action: row.action, Resource: row.resource}
		if got := iam.Evaluate(req, row.p).Sentence(req); got != row.want {
			t.Errorf("\n got %s\nwant %s", got, row.want)
		}
	}
}

func TestExplainNamesTheElementThatFailed(t *testing.T) {
	t.Parallel()
	p := &iam.Policies{Identity: []*iam.Policy{load(t, iam.TypeIdentity,
		`{"Sid":"Read","Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::bucket/*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"red"}}},
		 {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::other/*"},
		 {"Effect":"Allow","Action":"sqs:*","Resource":"*"}`)}}
	req := &iam.Request{Principal: iam.ParsePrincipal(user), Action: "s3:GetObject", Resource: object, Context: iam.Context{"aws:principaltag/team": iam.One("blue")}}
	var got []string
	for _, r := range iam.Evaluate(req, p).Reasons(req) {
		got = append(got, fmt.Sprintf("%s %s: %s", r.Effect, r.Rule, r.Message))
	}
	want := []string{
		"missing : User: " + user + " is not authorized to perform: s3:GetObject on resource: " + object + " because no identity-based policy allows the s3:GetObject action",
		`missing identity/Read: statement 0 (Read) of the identity policy "identity" would allow this but for the condition StringEquals on aws:PrincipalTag/team: wanted red, found blue`,
		`missing identity/1: statement 1 of the identity policy "identity" would allow this but for Resource arn:aws:s3:::other/*, which is not met by ` + object,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFixNamesTheMissingStatement(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		req  *iam.Request
		p    *iam.Policies
		want string
	}{
		{
			&iam.Request{Principal: iam.ParsePrincipal(session), Action: "s3:GetObject", Resource: object}, &iam.Policies{},
			`{"Effect":"Allow","Action":"s3:GetObject","Resource":"` + object + `"}`,
		},
		{
			&iam.Request{
				Principal: iam.ParsePrincipal("apigateway.amazonaws.com"), Action: "lambda:InvokeFunction", Resource: "arn:aws:lambda:us-east-1:111122223333:function:hello",
				Context: iam.Context{"aws:sourcearn": iam.One("arn:aws:execute-api:us-east-1:111122223333:abc/*/GET/")},
			}, &iam.Policies{},
			`{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:111122223333:function:hello",` +
				`"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:execute-api:us-east-1:111122223333:abc/*/GET/"}}}`,
		},
		{
			&iam.Request{Principal: iam.ParsePrincipal(session), Action: "sts:AssumeRole", Resource: trust},
			&iam.Policies{Identity: []*iam.Policy{load(t, iam.TypeIdentity, allowAll)}, Resource: load(t, iam.TypeTrust, `{"Effect":"Allow","Principal":{"Service":"x.amazonaws.com"},"Action":"sts:AssumeRole"}`)},
			`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"},"Action":"sts:AssumeRole"}`,
		},
	} {
		s, _ := iam.Evaluate(row.req, row.p).Missing(row.req)
		raw, err := s.MarshalJSON()
		if err != nil || string(raw) != row.want {
			t.Errorf("got %s %v\nwant %s", raw, err, row.want)
		}
		reasons := iam.Evaluate(row.req, row.p).Reasons(row.req)
		if len(reasons) == 0 || reasons[0].Effect != writ.EffectMissing || reasons[0].Fix == nil || !json.Valid([]byte(reasons[0].Fix.Lines)) {
			t.Errorf("no fix in %+v", reasons)
		}
	}
}
