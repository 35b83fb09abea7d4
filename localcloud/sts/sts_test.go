package sts_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/store"
	"github.com/writ-dev/writ/localcloud/sts"
)

const (
	account = "000000000000"
	roles   = "arn:aws:iam::" + account + ":role/"
	admin   = "arn:aws:iam::aws:policy/AdministratorAccess"
)

func statement(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }

// trust is a trust policy of one statement.
func trust(principal, action, rest string) string {
	return statement(`{"Effect":"Allow","Principal":` + principal + `,"Action":` + action + rest + `}`)
}

type cloud struct {
	directory *directory.Directory
	sts       *sts.Service
	vault     *session.Vault
	gate      *gate.Gate
	url       string
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	db, err := store.Open(filepath.Join(t.TempDir(), "cloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c := &cloud{vault: session.NewVault(make([]byte, session.KeySize))}
	if c.directory, err = directory.New(directory.Config{DB: db, Account: account}); err != nil {
		t.Fatal(err)
	}
	c.sts = sts.New(sts.Config{Account: account, Roles: c.directory, Issuer: c.vault})
	c.gate = gate.New(gate.Config{
		Account: account, Region: "us-east-1", Directory: c.directory, Credentials: c.vault, OnVerdict: gatetest.Keys(t), Services: []gate.Service{c.directory, c.sts},
	})
	server := httptest.NewServer(c.gate)
	t.Cleanup(server.Close)
	c.url = server.URL
	anyone := `{"AWS":"arn:aws:iam::000000000000:root"}`
	for _, r := range []directory.RoleSpec{
		{Name: "developer", Trust: trust(anyone, `"sts:AssumeRole"`, ""), Attached: []string{admin}},
		{Name: "nobody", Trust: trust(anyone, `"sts:AssumeRole"`, "")},
		{Name: "target", Path: "/app/", Trust: trust(anyone, `["sts:AssumeRole","sts:TagSession"]`, ""), Attached: []string{admin}},
		{Name: "untagged", Trust: trust(anyone, `"sts:AssumeRole"`, "")},
		{Name: "external", Trust: trust(anyone, `"sts:AssumeRole"`, `,"Condition":{"StringEquals":{"sts:ExternalId":"42"}}`)},
		{Name: "function", Trust: trust(`{"Service":"lambda.amazonaws.com"}`, `"sts:AssumeRole"`, "")},
		{Name: "onefunction", Trust: trust(`{"Service":"lambda.amazonaws.com"}`, `"sts:AssumeRole"`,
			`,"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:lambda:us-east-1:000000000000:function:a"}}`)},
		{Name: "named", Trust: trust(`{"AWS":"`+roles+`nobody"}`, `"sts:AssumeRole"`, "")},
	} {
		if _, err := c.directory.EnsureRole(r); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *cloud) as(t testing.TB, role string) aws.Config {
	t.Helper()
	caller, ok := c.directory.CallerOf(role, "me")
	if !ok {
		t.Fatalf("no role %s", role)
	}
	k, err := c.vault.Issue(caller, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return c.config(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)
}

func (c *cloud) config(id, secret, token string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(c.url), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, nil
		}),
	}
}

func fails(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	if api.ErrorCode() != code || (message != "" && api.ErrorMessage() != message) {
		t.Errorf("got %s: %s\nwant %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}

func str(s string) *string { return &s }

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	out, err := awssts.NewFromConfig(c.as(t, "developer")).AssumeRole(t.Context(), &awssts.AssumeRoleInput{
		RoleArn: str(roles + "app/target"), RoleSessionName: str("s1"), DurationSeconds: aws.Int32(900),
		Policy: str(statement(`{"Effect":"Allow","Action":"iam:GetRole","Resource":"*"}`)),
	})
	if err != nil {
		t.Fatal(err)
	}
	access, _ := c.directory.RoleAccess("target")
	if *out.AssumedRoleUser.Arn != "arn:aws:sts::000000000000:assumed-role/target/s1" || *out.AssumedRoleUser.AssumedRoleId != access.ID+":s1" {
		t.Errorf("user %s %s", *out.AssumedRoleUser.Arn, *out.AssumedRoleUser.AssumedRoleId)
	}
	if left := time.Until(*out.Credentials.Expiration); left < 14*time.Minute || left > 15*time.Minute {
		t.Errorf("good for %v", left)
	}
	k := out.Credentials
	session := c.config(*k.AccessKeyId, *k.SecretAccessKey, *k.SessionToken)
	identity, err := awssts.NewFromConfig(session).GetCallerIdentity(t.Context(), nil)
	if err != nil || *identity.Arn != *out.AssumedRoleUser.Arn || *identity.UserId != access.ID+":s1" || *identity.Account != account {
		t.Errorf("identity %v %v", identity, err)
	}
	// The session policy limits what the administrator's role allows.
	if _, err := awsiam.NewFromConfig(session).GetRole(t.Context(), &awsiam.GetRoleInput{RoleName: str("target")}); err != nil {
		t.Error(err)
	}
	_, err = awsiam.NewFromConfig(session).ListRoles(t.Context(), nil)
	fails(t, err, "AccessDenied", "User: arn:aws:sts::000000000000:assumed-role/target/s1 is not authorized to perform: iam:ListRoles "+
		"because no session policy allows the iam:ListRoles action")
}

func TestAssumeRoleIsDecidedByBothSides(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	denied := func(caller, role, why string) string {
		return "User: arn:aws:sts::000000000000:assumed-role/" + caller + "/me is not authorized to perform: sts:AssumeRole on resource: " + roles + role + why
	}
	for _, tt := range []struct{ name, caller, role, external, message string }{
		{"identity and trust allow", "developer", "untagged", "", ""},
		{"identity is silent", "nobody", "untagged", "", denied("nobody", "untagged", " because no identity-based policy allows the sts:AssumeRole action")},
		{"the trust policy names the role", "nobody", "named", "", ""},
		{"the trust policy names another", "developer", "named", "", denied("developer", "named", " because no role trust policy allows the sts:AssumeRole action")},
		{"only a service is trusted", "developer", "function", "", denied("developer", "function", " because no role trust policy allows the sts:AssumeRole action")},
		{"external id", "developer", "external", "42", ""},
		{"another external id", "developer", "external", "43", denied("developer", "external", " because no role trust policy allows the sts:AssumeRole action")},
		{"no external id", "developer", "external", "", denied("developer", "external", " because no role trust policy allows the sts:AssumeRole action")},
		{"no such role", "developer", "ghost", "", denied("developer", "ghost", "")},
		{"without the path", "developer", "target", "", denied("developer", "target", "")},
	} {
		in := &awssts.AssumeRoleInput{RoleArn: str(roles + tt.role), RoleSessionName: str("s1")}
		if tt.external != "" {
			in.ExternalId = &tt.external
		}
		_, err := awssts.NewFromConfig(c.as(t, tt.caller)).AssumeRole(t.Context(), in)
		t.Log(tt.name)
		if tt.message != "" {
			fails(t, err, "AccessDenied", tt.message)
		} else if err != nil {
			t.Error(err)
		}
	}
}

func TestAssumeRoleBounds(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client := awssts.NewFromConfig(c.as(t, "developer"))
	base := func(change func(*awssts.AssumeRoleInput)) *awssts.AssumeRoleInput {
		in := &awssts.AssumeRoleInput{RoleArn: str(roles + "app/target"), RoleSessionName: str("s1")}
		change(in)
		return in
	}
	for _, tt := range []struct {
		name, code, message string
		change              func(*awssts.AssumeRoleInput)
	}{
		{
			"too short", "ValidationError", "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
			func(in *awssts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(899) },
		},
		{
			"too long", "ValidationError", "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
			func(in *awssts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(43201) },
		},
		{
			"chained", "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
			func(in *awssts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(3601) },
		},
		{"session name", "ValidationError", "", func(in *awssts.AssumeRoleInput) { in.RoleSessionName = str("a b") }},
		{"short session name", "ValidationError", "", func(in *awssts.AssumeRoleInput) { in.RoleSessionName = str("a") }},
		{"no ARN", "ValidationError", "this is not a role at all is invalid", func(in *awssts.AssumeRoleInput) { in.RoleArn = str("this is not a role at all") }},
		{"policy", "MalformedPolicyDocument", "This policy contains invalid Json", func(in *awssts.AssumeRoleInput) { in.Policy = str("{") }},
		{"policy ARN", "MalformedPolicyDocument", "", func(in *awssts.AssumeRoleInput) {
			in.PolicyArns = []types.PolicyDescriptorType{{Arn: str("arn:aws:iam::aws:policy/Ghost")}}
		}},
		{"two tags of one key", "InvalidParameterValue", "", func(in *awssts.AssumeRoleInput) {
			in.Tags = []types.Tag{{Key: str("a"), Value: str("1")}, {Key: str("A"), Value: str("2")}}
		}},
		{"transitive key without tag", "InvalidParameterValue", "", func(in *awssts.AssumeRoleInput) { in.TransitiveTagKeys = []string{"a"} }},
		{"MFA", "AccessDenied", "", func(in *awssts.AssumeRoleInput) {
			in.SerialNumber, in.TokenCode = str("arn:aws:iam::0:mfa/x"), str("123456")
		}},
	} {
		_, err := client.AssumeRole(t.Context(), base(tt.change))
		t.Log(tt.name)
		fails(t, err, tt.code, tt.message)
	}
	_, err := client.AssumeRole(t.Context(), base(func(in *awssts.AssumeRoleInput) {
		in.PolicyArns = []types.PolicyDescriptorType{{Arn: str(admin)}}
	}))
	if err != nil {
		t.Error(err)
	}
}

// Tags need sts:TagSession, become aws:PrincipalTag, and travel on when transitive.
// A source identity needs a permission of its own, on the trust policy's side
// too; it stays with the sessions that are made from a session.
func TestSourceIdentity(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	if _, err := c.directory.EnsureRole(directory.RoleSpec{
		Name:     "ada",
		Trust:    trust(`{"AWS":"arn:aws:iam::000000000000:root"}`, `["sts:AssumeRole","sts:SetSourceIdentity"]`, `,"Condition":{"StringLike":{"sts:SourceIdentity":"a*"}}`),
		Attached: []string{admin},
	}); err != nil {
		t.Fatal(err)
	}
	client := awssts.NewFromConfig(c.as(t, "developer"))
	try := func(client *awssts.Client, role, identity string) (*awssts.AssumeRoleOutput, error) {
		in := &awssts.AssumeRoleInput{RoleArn: str(roles + role), RoleSessionName: str("s1")}
		if identity != "" {
			in.SourceIdentity = &identity
		}
		return client.AssumeRole(t.Context(), in)
	}
	refused := func(err error, code, text string) {
		t.Helper()
		if fails(t, err, code, ""); err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("%v does not say %q", err, text)
		}
	}
	_, err := try(client, "app/target", "ada") // it trusts for AssumeRole and TagSession only
	refused(err, "AccessDenied", "sts:SetSourceIdentity")
	_, err = try(client, "ada", "eve")
	refused(err, "AccessDenied", "sts:AssumeRole")
	_, err = try(client, "ada", "")
	refused(err, "AccessDenied", "sts:AssumeRole")
	_, err = try(client, "ada", "a b")
	refused(err, "ValidationError", "sourceIdentity")
	out, err := try(client, "ada", "ada")
	if err != nil || *out.SourceIdentity != "ada" {
		t.Fatal(out, err)
	}
	k := out.Credentials
	chained := awssts.NewFromConfig(c.config(*k.AccessKeyId, *k.SecretAccessKey, *k.SessionToken))
	_, err = try(chained, "ada", "amy")
	refused(err, "ValidationError", "cannot be changed")
	out, err = try(chained, "ada", "")
	if err != nil {
		t.Fatal(err)
	}
	_, caller, err := c.vault.Lookup(*out.Credentials.AccessKeyId, *out.Credentials.SessionToken, time.Now())
	if caller.SourceIdentity != "ada" || err != nil {
		t.Error(caller.SourceIdentity, err)
	}
}

func TestSessionTags(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	tags := []types.Tag{{Key: str("team"), Value: str("blue")}, {Key: str("job"), Value: str("x")}}
	client := awssts.NewFromConfig(c.as(t, "developer"))
	_, err := client.AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: str(roles + "untagged"), RoleSessionName: str("s1"), Tags: tags})
	fails(t, err, "AccessDenied", "")
	out, err := client.AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: str(roles + "app/target"), RoleSessionName: str("s1"), Tags: tags, TransitiveTagKeys: []string{"team"}})
	if err != nil {
		t.Fatal(err)
	}
	k := out.Credentials
	_, caller, err := c.vault.Lookup(*k.AccessKeyId, *k.SessionToken, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"team": "blue", "job": "x"}, caller.SessionTags); diff != "" {
		t.Error(diff)
	}
	chained := awssts.NewFromConfig(c.config(*k.AccessKeyId, *k.SecretAccessKey, *k.SessionToken))
	_, err = chained.AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: str(roles + "app/target"), RoleSessionName: str("s2"), Tags: []types.Tag{{Key: str("Team"), Value: str("red")}}})
	fails(t, err, "InvalidParameterValue", "")
	out, err = chained.AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: str(roles + "app/target"), RoleSessionName: str("s2")})
	if err != nil {
		t.Fatal(err)
	}
	_, caller, err = c.vault.Lookup(*out.Credentials.AccessKeyId, *out.Credentials.SessionToken, time.Now())
	if diff := cmp.Diff(map[string]string{"team": "blue"}, caller.SessionTags); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestGetSessionToken(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	_, err := awssts.NewFromConfig(c.as(t, "developer")).GetSessionToken(t.Context(), nil)
	fails(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")

	root, err := c.vault.Issue(gate.Caller{Kind: iam.PrincipalRoot, ARN: "arn:aws:iam::000000000000:root", Account: account, UserID: account}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	client := awssts.NewFromConfig(c.config(root.AccessKeyID, root.SecretAccessKey, root.SessionToken))
	out, err := client.GetSessionToken(t.Context(), &awssts.GetSessionTokenInput{DurationSeconds: aws.Int32(900)})
	if err != nil {
		t.Fatal(err)
	}
	k := out.Credentials
	identity, err := awssts.NewFromConfig(c.config(*k.AccessKeyId, *k.SecretAccessKey, *k.SessionToken)).GetCallerIdentity(t.Context(), nil)
	if err != nil || *identity.Arn != "arn:aws:iam::000000000000:root" {
		t.Errorf("%v %v", identity, err)
	}
}

func TestAssumeForService(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	function := "arn:aws:lambda:us-east-1:000000000000:function:a"
	for _, tt := range []struct{ name, principal, role, function, code string }{
		{"trusted", "lambda.amazonaws.com", "function", function, ""},
		{"trusted for this function", "lambda.amazonaws.com", "onefunction", function, ""},
		{"trusted for another function", "lambda.amazonaws.com", "onefunction", function + "b", "InvalidParameterValueException"},
		{"another service", "states.amazonaws.com", "function", "", "AccessDenied"},
		{"people only", "lambda.amazonaws.com", "untagged", function, "InvalidParameterValueException"},
		{"no such role", "lambda.amazonaws.com", "ghost", function, "InvalidParameterValueException"},
	} {
		k, caller, err := c.sts.AssumeForService(t.Context(), session.ServiceRole{
			Principal: tt.principal, RoleARN: roles + tt.role, SessionName: "a", FunctionARN: tt.function, Duration: time.Hour,
		})
		if gate.CodeOf(err) != tt.code {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.code == "InvalidParameterValueException" && err.Error() != "InvalidParameterValueException: The role defined for the function cannot be assumed by Lambda." {
			t.Error(err)
		}
		if tt.code != "" {
			continue
		}
		identity, err := awssts.NewFromConfig(c.config(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)).GetCallerIdentity(t.Context(), nil)
		if err != nil || *identity.Arn != "arn:aws:sts::000000000000:assumed-role/"+tt.role+"/a" || caller.ARN != *identity.Arn {
			t.Errorf("%s: %v %v", tt.name, identity, err)
		}
		if _, read, err := c.vault.Lookup(k.AccessKeyID, k.SessionToken, time.Now()); err != nil || read.FunctionARN != function {
			t.Errorf("%s: %+v %v", tt.name, read, err)
		}
	}
}
