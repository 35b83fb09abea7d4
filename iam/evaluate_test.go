package iam_test

import (
	"slices"
	"testing"

	"github.com/writ-dev/writ/iam"
)

const (
	user    = "arn:aws:iam::111122223333:user/alice"
	session = "arn:aws:sts::111122223333:assumed-role/app/s"
	object  = "arn:aws:s3:::bucket/key"
	trust   = "arn:aws:iam::111122223333:role/target"
	key     = "arn:aws:kms:us-east-1:111122223333:key/1"
)

// load compiles statements of one kind of policy; "" is no policy.
func load(t testing.TB, kind iam.PolicyType, statements string) *iam.Policy {
	t.Helper()
	if statements == "" {
		return nil
	}
	doc, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + statements + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return iam.Compile(doc, iam.Origin{Type: kind, Name: string(kind)})
}

const (
	allowAll = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	allowEC2 = `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`
)

func to(principal string) string {
	return `{"Effect":"Allow","Principal":` + principal + `,"Action":"*","Resource":"*"}`
}

func TestResourcePolicyAgainstImplicitDenies(t *testing.T) {
	t.Parallel()
	aws := func(arn string) string { return to(`{"AWS":"` + arn + `"}`) }
	for _, row := range []struct {
		caller, resource            string
		identity, boundary, session iam.Verdict
	}{
		{user, aws(user), iam.Allowed, iam.Allowed, iam.Allowed},
		{session, aws("arn:aws:iam::111122223333:role/app"), iam.Allowed, iam.ImplicitlyDenied, iam.ImplicitlyDenied},
		{session, aws("arn:aws:iam::111122223333:role/with/path/app"), iam.Allowed, iam.ImplicitlyDenied, iam.ImplicitlyDenied},
		{session, aws(session), iam.Allowed, iam.Allowed, iam.Allowed},
		{session, aws("arn:aws:sts::111122223333:assumed-role/app/other"), iam.ImplicitlyDenied, iam.ImplicitlyDenied, iam.ImplicitlyDenied},
		{session, aws("arn:aws:iam::111122223333:role/other"), iam.ImplicitlyDenied, iam.ImplicitlyDenied, iam.ImplicitlyDenied},
		{session, aws("arn:aws:iam::444455556666:role/app"), iam.ImplicitlyDenied, iam.ImplicitlyDenied, iam.ImplicitlyDenied},
		{"arn:aws:sts::111122223333:federated-user/alice", aws("arn:aws:sts::111122223333:federated-user/alice"), iam.Allowed, iam.Allowed, iam.Allowed},
		{"arn:aws:sts::111122223333:federated-user/alice", aws(user), iam.Allowed, iam.ImplicitlyDenied, iam.ImplicitlyDenied},
		{user, aws("111122223333"), iam.ImplicitlyDenied, iam.ImplicitlyDenied, iam.ImplicitlyDenied},
		{user, aws("arn:aws:iam::111122223333:root"), iam.ImplicitlyDenied, iam.ImplicitlyDenied, iam.ImplicitlyDenied},
		{session, to(`"*"`), iam.Allowed, iam.Allowed, iam.Allowed},
	} {
		req := &iam.Request{Principal: iam.ParsePrincipal(row.caller), Action: "s3:GetObject", Resource: object, ResourceAccount: "111122223333"}
		resource := load(t, iam.TypeResource, row.resource)
		all := []*iam.Policy{load(t, iam.TypeIdentity, allowAll)}
		for _, c := range []struct {
			silent string
			p      *iam.Policies
			want   iam.Verdict
		}{
			{"nothing", &iam.Policies{Identity: all, Resource: resource}, iam.Allowed},
			{"identity", &iam.Policies{Resource: resource}, row.identity},
			{"boundary", &iam.Policies{Identity: all, Resource: resource, Boundary: load(t, iam.TypeBoundary, allowEC2)}, row.boundary},
			{"session", &iam.Policies{Identity: all, Resource: resource, Session: []*iam.Policy{load(t, iam.TypeSession, allowEC2)}}, row.session},
		} {
			if d := iam.Evaluate(req, c.p); d.Verdict != c.want {
				t.Errorf("%s, granted %s, silent: %s: %s by %v, want %s", row.caller, row.resource, c.silent, d.Verdict, d.BlockedBy, c.want)
			}
		}
	}
}

func TestSpecialCases(t *testing.T) {
	t.Parallel()
	admin := []*iam.Policy{load(t, iam.TypeIdentity, allowAll)}
	trusts := func(principal string) *iam.Policy {
		return load(t, iam.TypeTrust, `{"Effect":"Allow","Principal":`+principal+`,"Action":"sts:AssumeRole"}`)
	}
	for _, row := range []struct {
		name                     string
		caller, action, resource string
		p                        *iam.Policies
		want                     iam.Verdict
		by                       iam.PolicyType
	}{
		{"GetCallerIdentity needs nothing", user, "sts:GetCallerIdentity", "*", &iam.Policies{Identity: []*iam.Policy{load(t, iam.TypeIdentity, `{"Effect":"Deny","Action":"*","Resource":"*"}`)}}, iam.Allowed, ""},
		{"trust names somebody else", user, "sts:AssumeRole", trust, &iam.Policies{Identity: admin, Resource: trusts(`{"AWS":"arn:aws:iam::111122223333:user/bob"}`)}, iam.ImplicitlyDenied, iam.TypeTrust},
		{"trust names the user", user, "sts:AssumeRole", trust, &iam.Policies{Resource: trusts(`{"AWS":"` + user + `"}`)}, iam.Allowed, ""},
		{"trust names the account only", user, "sts:AssumeRole", trust, &iam.Policies{Resource: trusts(`{"AWS":"111122223333"}`)}, iam.ImplicitlyDenied, iam.TypeIdentity},
		{"trust names a service", "lambda.amazonaws.com", "sts:AssumeRole", trust, &iam.Policies{Resource: trusts(`{"Service":"lambda.amazonaws.com"}`)}, iam.Allowed, ""},
		{"trust names another service", "lambda.amazonaws.com", "sts:AssumeRole", trust, &iam.Policies{Resource: trusts(`{"Service":"ec2.amazonaws.com"}`)}, iam.ImplicitlyDenied, iam.TypeTrust},
		{"trust names a provider", "accounts.google.com", "sts:AssumeRoleWithWebIdentity", trust, &iam.Policies{Resource: load(t, iam.TypeTrust, `{"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"sts:AssumeRoleWithWebIdentity"}`)}, iam.Allowed, ""},
		{"key without a policy", user, "kms:Decrypt", key, &iam.Policies{Identity: admin}, iam.ImplicitlyDenied, iam.TypeKey},
		{"key delegates to the account", user, "kms:Decrypt", key, &iam.Policies{Identity: admin, Resource: load(t, iam.TypeKey, to(`{"AWS":"111122223333"}`))}, iam.Allowed, ""},
		{"AWS's own alias", user, "kms:DeleteAlias", "arn:aws:kms:us-east-1:111122223333:alias/aws/s3", &iam.Policies{Identity: admin}, iam.ImplicitlyDenied, iam.TypeAWSOwned},
		{"AWS's own policy", user, "iam:DeletePolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess", &iam.Policies{Identity: admin}, iam.ImplicitlyDenied, iam.TypeAWSOwned},
		{"AWS's own policy, read", user, "iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess", &iam.Policies{Identity: admin}, iam.Allowed, ""},
		{"the account in the ARN is another", user, "sqs:SendMessage", "arn:aws:sqs:us-east-1:444455556666:q", &iam.Policies{Identity: admin}, iam.ImplicitlyDenied, iam.TypeResource},
		{"a service is not bound by SCPs", "lambda.amazonaws.com", "s3:GetObject", object, &iam.Policies{Resource: load(t, iam.TypeResource, to(`{"Service":"lambda.amazonaws.com"}`)), SCPs: [][]*iam.Policy{{}}}, iam.Allowed, ""},
		{"an SCP level without policies", user, "s3:GetObject", object, &iam.Policies{Identity: admin, SCPs: [][]*iam.Policy{{}}}, iam.ImplicitlyDenied, iam.TypeSCP},
		{"an SCP binds the root user", "arn:aws:iam::111122223333:root", "s3:GetObject", object, &iam.Policies{SCPs: [][]*iam.Policy{{load(t, iam.TypeSCP, allowEC2)}}}, iam.ImplicitlyDenied, iam.TypeSCP},
		{"the full-access SCP", user, "s3:GetObject", object, &iam.Policies{Identity: admin, SCPs: [][]*iam.Policy{{iam.FullAWSAccess(iam.TypeSCP)}}, RCPs: [][]*iam.Policy{{iam.FullAWSAccess(iam.TypeRCP)}}}, iam.Allowed, ""},
		{"a service-linked role is not bound by SCPs", "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", "s3:GetObject", object, &iam.Policies{Identity: admin, SCPs: [][]*iam.Policy{{}}}, iam.Allowed, ""},
		{"a public bucket with Block Public Access", "anonymous", "s3:GetObject", object, &iam.Policies{Resource: load(t, iam.TypeResource, to(`"*"`)), BlockPublicAccess: true}, iam.ExplicitlyDenied, iam.TypeBlockPublicAccess},
		{"the same for the bucket's account", user, "s3:GetObject", object, &iam.Policies{Resource: load(t, iam.TypeResource, to(`"*"`)), BlockPublicAccess: true}, iam.Allowed, ""},
		{"NotPrincipal spares who is named", user, "s3:GetObject", object, &iam.Policies{Identity: admin, Resource: load(t, iam.TypeResource, `{"Effect":"Deny","NotPrincipal":{"AWS":"`+user+`"},"Action":"*","Resource":"*"}`)}, iam.Allowed, ""},
		{"NotPrincipal spares nobody with a boundary", user, "s3:GetObject", object, &iam.Policies{Identity: admin, Boundary: admin[0], Resource: load(t, iam.TypeResource, `{"Effect":"Deny","NotPrincipal":{"AWS":"`+user+`"},"Action":"*","Resource":"*"}`)}, iam.ExplicitlyDenied, iam.TypeResource},
		{"NotPrincipal does not spare an account", user, "s3:GetObject", object, &iam.Policies{Identity: admin, Resource: load(t, iam.TypeResource, `{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}`)}, iam.ExplicitlyDenied, iam.TypeResource},
		{"a resource policy without Principal", user, "s3:GetObject", object, &iam.Policies{Resource: load(t, iam.TypeResource, allowAll)}, iam.ImplicitlyDenied, iam.TypeIdentity},
		{"an identity policy without Resource", user, "s3:GetObject", object, &iam.Policies{Identity: []*iam.Policy{load(t, iam.TypeIdentity, `{"Effect":"Allow","Action":"*"}`)}}, iam.ImplicitlyDenied, iam.TypeIdentity},
		{"white space in an action", user, "s3:GetObject", object, &iam.Policies{Identity: []*iam.Policy{load(t, iam.TypeIdentity, `{"Effect":"Allow","Action":"s3:GetObject ","Resource":"*"}`)}}, iam.ImplicitlyDenied, iam.TypeIdentity},
		{"an action without resource level", user, "s3:ListAllMyBuckets", "*", &iam.Policies{Identity: []*iam.Policy{load(t, iam.TypeIdentity, `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::*"}`)}}, iam.ImplicitlyDenied, iam.TypeIdentity},
		{"no policies at all", user, "s3:GetObject", object, &iam.Policies{}, iam.ImplicitlyDenied, iam.TypeIdentity},
		{"nobody asks for nothing", "", "", "", &iam.Policies{Identity: admin}, iam.ImplicitlyDenied, iam.TypeResource},
	} {
		req := &iam.Request{Principal: iam.ParsePrincipal(row.caller), Action: row.action, Resource: row.resource}
		d := iam.Evaluate(req, row.p)
		if d.Verdict != row.want || row.by != "" && !slices.Contains(d.BlockedBy, row.by) {
			t.Errorf("%s: %s by %v, want %s by %s", row.name, d.Verdict, d.BlockedBy, row.want, row.by)
		}
	}
}

// A tag value is text: what looks like a wildcard or a variable in it is neither.
func TestSubstitutedTextIsLiteral(t *testing.T) {
	t.Parallel()
	p := &iam.Policies{Identity: []*iam.Policy{load(t, iam.TypeIdentity, `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}/*"}`)}}
	for _, tag := range []string{"*", "?", "${aws:username}", "a/../b"} {
		req := &iam.Request{
			Principal: iam.ParsePrincipal(user), Action: "s3:GetObject", Resource: "arn:aws:s3:::b/x/key",
			Context: iam.Context{"aws:principaltag/team": iam.One(tag), "aws:username": iam.One("x")},
		}
		if iam.Decide(req, p) == iam.Allowed {
			t.Errorf("the tag %q opens another team's folder", tag)
		}
		req.Resource = "arn:aws:s3:::b/" + tag + "/key"
		if iam.Decide(req, p) != iam.Allowed {
			t.Errorf("the tag %q does not open its own folder", tag)
		}
	}
}
