package directory_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func createRole(t *testing.T, client *awsiam.Client, name string) *types.Role {
	t.Helper()
	return must[*awsiam.CreateRoleOutput](t)(client.CreateRole(t.Context(), &awsiam.CreateRoleInput{
		RoleName: &name, AssumeRolePolicyDocument: str(lambdaTrust), Description: str("a role"), Path: str("/app/"),
		Tags: []types.Tag{{Key: str("team"), Value: str("blue")}},
	})).Role
}

func TestRole(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, client := t.Context(), c.client(t, "developer")
	made := createRole(t, client, "Hits-Role")
	if *made.Arn != rolePrefix+"app/Hits-Role" || !strings.HasPrefix(*made.RoleId, "AROA") || len(*made.RoleId) != 21 {
		t.Errorf("made %s %s", *made.Arn, *made.RoleId)
	}
	got := must[*awsiam.GetRoleOutput](t)(client.GetRole(ctx, &awsiam.GetRoleInput{RoleName: str("Hits-Role")})).Role
	if diff := cmp.Diff(made, got, cmpopts.IgnoreUnexported(types.Role{}, types.Tag{})); diff != "" {
		t.Error(diff)
	}
	if trust, err := url.PathUnescape(*got.AssumeRolePolicyDocument); err != nil || trust != lambdaTrust {
		t.Errorf("trust %s %v", trust, err)
	}
	_, err := client.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: str("hits-role"), AssumeRolePolicyDocument: str(lambdaTrust)})
	fails(t, err, "EntityAlreadyExists", "Role with name hits-role already exists.")

	must[*awsiam.UpdateRoleOutput](t)(client.UpdateRole(ctx, &awsiam.UpdateRoleInput{RoleName: made.RoleName, Description: str("new"), MaxSessionDuration: aws.Int32(7200)}))
	must[*awsiam.TagRoleOutput](t)(client.TagRole(ctx, &awsiam.TagRoleInput{RoleName: made.RoleName, Tags: []types.Tag{{Key: str("Team"), Value: str("red")}, {Key: str("a"), Value: str("b")}}}))
	must[*awsiam.UntagRoleOutput](t)(client.UntagRole(ctx, &awsiam.UntagRoleInput{RoleName: made.RoleName, TagKeys: []string{"a"}}))
	got = must[*awsiam.GetRoleOutput](t)(client.GetRole(ctx, &awsiam.GetRoleInput{RoleName: str("Hits-Role")})).Role
	if *got.Description != "new" || *got.MaxSessionDuration != 7200 || len(got.Tags) != 1 || *got.Tags[0].Value != "red" {
		t.Errorf("after update: %+v %v", got, got.Tags)
	}
	tags := must[*awsiam.ListRoleTagsOutput](t)(client.ListRoleTags(ctx, &awsiam.ListRoleTagsInput{RoleName: made.RoleName}))
	if len(tags.Tags) != 1 {
		t.Errorf("tags %v", tags.Tags)
	}
	trust := strings.Replace(lambdaTrust, "lambda", "states", 1)
	must[*awsiam.UpdateAssumeRolePolicyOutput](t)(client.UpdateAssumeRolePolicy(ctx, &awsiam.UpdateAssumeRolePolicyInput{RoleName: made.RoleName, PolicyDocument: &trust}))
	if p := must[*awsiam.ListInstanceProfilesForRoleOutput](t)(client.ListInstanceProfilesForRole(ctx, &awsiam.ListInstanceProfilesForRoleInput{RoleName: made.RoleName})); len(p.InstanceProfiles) != 0 {
		t.Error(p)
	}
	must[*awsiam.DeleteRoleOutput](t)(client.DeleteRole(ctx, &awsiam.DeleteRoleInput{RoleName: made.RoleName}))
	_, err = client.GetRole(ctx, &awsiam.GetRoleInput{RoleName: made.RoleName})
	fails(t, err, "NoSuchEntity", "The role with name Hits-Role cannot be found.")
}

func TestRolePolicies(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, client := t.Context(), c.client(t, "developer")
	role := createRole(t, client, "r").RoleName
	for _, name := range []string{"b", "a"} {
		must[*awsiam.PutRolePolicyOutput](t)(client.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: role, PolicyName: str(name), PolicyDocument: str(readTable)}))
	}
	names := must[*awsiam.ListRolePoliciesOutput](t)(client.ListRolePolicies(ctx, &awsiam.ListRolePoliciesInput{RoleName: role}))
	if diff := cmp.Diff([]string{"a", "b"}, names.PolicyNames); diff != "" {
		t.Error(diff)
	}
	got := must[*awsiam.GetRolePolicyOutput](t)(client.GetRolePolicy(ctx, &awsiam.GetRolePolicyInput{RoleName: role, PolicyName: str("a")}))
	if document, err := url.PathUnescape(*got.PolicyDocument); err != nil || document != readTable {
		t.Errorf("%s %v", document, err)
	}
	_, err := client.DeleteRole(ctx, &awsiam.DeleteRoleInput{RoleName: role})
	fails(t, err, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	for _, name := range names.PolicyNames {
		must[*awsiam.DeleteRolePolicyOutput](t)(client.DeleteRolePolicy(ctx, &awsiam.DeleteRolePolicyInput{RoleName: role, PolicyName: &name}))
	}
	_, err = client.GetRolePolicy(ctx, &awsiam.GetRolePolicyInput{RoleName: role, PolicyName: str("a")})
	fails(t, err, "NoSuchEntity", "The role policy with name a cannot be found.")
	_, err = client.DeleteRolePolicy(ctx, &awsiam.DeleteRolePolicyInput{RoleName: role, PolicyName: str("a")})
	fails(t, err, "NoSuchEntity", "")

	basic := "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	must[*awsiam.AttachRolePolicyOutput](t)(client.AttachRolePolicy(ctx, &awsiam.AttachRolePolicyInput{RoleName: role, PolicyArn: &basic}))
	attached := must[*awsiam.ListAttachedRolePoliciesOutput](t)(client.ListAttachedRolePolicies(ctx, &awsiam.ListAttachedRolePoliciesInput{RoleName: role}))
	if len(attached.AttachedPolicies) != 1 || *attached.AttachedPolicies[0].PolicyName != "AWSLambdaBasicExecutionRole" {
		t.Errorf("attached %v", attached.AttachedPolicies)
	}
	_, err = client.DeleteRole(ctx, &awsiam.DeleteRoleInput{RoleName: role})
	fails(t, err, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	_, err = client.AttachRolePolicy(ctx, &awsiam.AttachRolePolicyInput{RoleName: role, PolicyArn: str("arn:aws:iam::aws:policy/Ghost")})
	fails(t, err, "NoSuchEntity", "Policy arn:aws:iam::aws:policy/Ghost does not exist or is not attachable.")
	must[*awsiam.DetachRolePolicyOutput](t)(client.DetachRolePolicy(ctx, &awsiam.DetachRolePolicyInput{RoleName: role, PolicyArn: &basic}))
	_, err = client.DetachRolePolicy(ctx, &awsiam.DetachRolePolicyInput{RoleName: role, PolicyArn: &basic})
	fails(t, err, "NoSuchEntity", "Policy "+basic+" was not found.")

	must[*awsiam.PutRolePermissionsBoundaryOutput](t)(client.PutRolePermissionsBoundary(ctx, &awsiam.PutRolePermissionsBoundaryInput{RoleName: role, PermissionsBoundary: &basic}))
	if b := must[*awsiam.GetRoleOutput](t)(client.GetRole(ctx, &awsiam.GetRoleInput{RoleName: role})).Role.PermissionsBoundary; b == nil || *b.PermissionsBoundaryArn != basic {
		t.Errorf("boundary %v", b)
	}
	must[*awsiam.DeleteRolePermissionsBoundaryOutput](t)(client.DeleteRolePermissionsBoundary(ctx, &awsiam.DeleteRolePermissionsBoundaryInput{RoleName: role}))
	_, err = client.DeleteRolePermissionsBoundary(ctx, &awsiam.DeleteRolePermissionsBoundaryInput{RoleName: role})
	fails(t, err, "NoSuchEntity", "")
}

// What is put wrongly is refused in AWS's words, and nothing of it is kept.
func TestMalformed(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, client := t.Context(), c.client(t, "developer")
	role := createRole(t, client, "r").RoleName
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }
	for _, tt := range []struct{ name, document, message string }{
		{"no JSON", `{`, "Syntax errors in policy."},
		{"unknown element", statement(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Nonsense":1}`), "Syntax errors in policy."},
		{"unknown effect", statement(`{"Effect":"allow","Action":"s3:*","Resource":"*"}`), "Syntax errors in policy."},
		{"principal", statement(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}`), "Policy document should not specify a principal."},
		{"no vendor", statement(`{"Effect":"Allow","Action":"GetItem","Resource":"*"}`), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{"two colons", statement(`{"Effect":"Allow","Action":"s3:Get:Object","Resource":"*"}`), "Actions/Condition can contain only one colon."},
		{"vendor", statement(`{"Effect":"Allow","Action":"s *:Get","Resource":"*"}`), "Vendor s * is not valid"},
		{"any service", statement(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:*:*:*:*"}`), "Resource vendor must be fully qualified and cannot contain regexes."},
		{"partition", statement(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:s3:::b"}`), `Partition "s3" is not valid for resource "arn:s3:::b:*".`},
		{"a colon too few", statement(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3::b"}`), "The policy failed legacy parsing"},
		{"no service", statement(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws::::b"}`), "The policy failed legacy parsing"},
		{"IAM in a region", statement(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:iam:us-east-1::user/a"}`), "IAM resource arn:aws:iam:us-east-1::user/a cannot contain region information."},
		{"a bucket in a region", statement(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:us-east-1::b"}`), "Resource arn:aws:s3:us-east-1::b can not contain region information."},
		{"IAM of no kind", statement(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:iam:::b"}`), `IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.`},
		{"operator", statement(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEqual":{"a":"b"}}}`), "Syntax errors in policy."},
		{"no ARN", statement(`{"Effect":"Allow","Action":"s3:*","Resource":"bucket"}`), `Resource bucket must be in ARN format or "*".`},
		{"no resource", statement(`{"Effect":"Allow","Action":"s3:*"}`), "Policy statement must contain resources."},
		{"two Sids", statement(`{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"}`), "Statement IDs (SID) in a single policy must be unique."},
		{"bad Sid", statement(`{"Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"*"}`), "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"},
	} {
		_, err := client.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: role, PolicyName: str("p"), PolicyDocument: &tt.document})
		t.Log(tt.name)
		fails(t, err, "MalformedPolicyDocument", tt.message)
	}
	for _, tt := range []struct{ name, document, message string }{
		{"no principal", statement(`{"Effect":"Allow","Action":"sts:AssumeRole"}`), "Missing required field Principal"},
		{"resource", statement(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}`), "Has prohibited field Resource"},
		{"another action", statement(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}`), "AssumeRole policy may only specify STS AssumeRole actions."},
		{"a role that is not there", statement(`{"Effect":"Allow","Principal":{"AWS":"` + rolePrefix + `ghost"},"Action":"sts:AssumeRole"}`), `Invalid principal in policy: "AWS":"` + rolePrefix + `ghost"`},
	} {
		_, err := client.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: str("x"), AssumeRolePolicyDocument: &tt.document})
		t.Log(tt.name)
		fails(t, err, "MalformedPolicyDocument", tt.message)
	}
	old := strings.Replace(readTable, "2012-10-17", "2008-10-17", 1)
	_, err := client.CreatePolicy(ctx, &awsiam.CreatePolicyInput{PolicyName: str("old"), PolicyDocument: &old})
	fails(t, err, "MalformedPolicyDocument", "Policy document must be version 2012-10-17 or greater.")
	for _, tt := range []struct {
		name string
		in   awsiam.CreateRoleInput
		code string
	}{
		{"name", awsiam.CreateRoleInput{RoleName: str("a b"), AssumeRolePolicyDocument: str(lambdaTrust)}, "ValidationError"},
		{"long name", awsiam.CreateRoleInput{RoleName: str(strings.Repeat("a", 65)), AssumeRolePolicyDocument: str(lambdaTrust)}, "ValidationError"},
		{"path", awsiam.CreateRoleInput{RoleName: str("a"), Path: str("app"), AssumeRolePolicyDocument: str(lambdaTrust)}, "ValidationError"},
		{"duration", awsiam.CreateRoleInput{RoleName: str("a"), MaxSessionDuration: aws.Int32(60), AssumeRolePolicyDocument: str(lambdaTrust)}, "ValidationError"},
		{"boundary", awsiam.CreateRoleInput{RoleName: str("a"), PermissionsBoundary: str("arn:aws:iam::aws:policy/Ghost"), AssumeRolePolicyDocument: str(lambdaTrust)}, "NoSuchEntity"},
		{"tag", awsiam.CreateRoleInput{RoleName: str("a"), Tags: []types.Tag{{Key: str("aws:x"), Value: str("y")}}, AssumeRolePolicyDocument: str(lambdaTrust)}, "InvalidInput"},
		{"same tags", awsiam.CreateRoleInput{RoleName: str("a"), Tags: []types.Tag{{Key: str("x"), Value: str("y")}, {Key: str("X"), Value: str("y")}}, AssumeRolePolicyDocument: str(lambdaTrust)}, "InvalidInput"},
	} {
		_, err := client.CreateRole(ctx, &tt.in)
		t.Log(tt.name)
		fails(t, err, tt.code, "")
	}
	if roles := must[*awsiam.ListRolesOutput](t)(client.ListRoles(ctx, nil)); len(roles.Roles) != 2 {
		t.Errorf("%d roles", len(roles.Roles))
	}
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, client := t.Context(), c.client(t, "developer")
	role := createRole(t, client, "r").RoleName
	big := strings.Replace(readTable, `"arn:`, `"`+strings.Repeat("arn:aws:s3:::"+strings.Repeat("x", 90)+`","`, 100)+`arn:`, 1)
	big = strings.Replace(big, `"Resource":`, `"Resource":[`, 1)
	big = strings.Replace(big, `hits"`, `hits"]`, 1)
	_, err := client.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: role, PolicyName: str("p"), PolicyDocument: &big})
	fails(t, err, "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role r")
	_, err = client.CreatePolicy(ctx, &awsiam.CreatePolicyInput{PolicyName: str("p"), PolicyDocument: &big})
	fails(t, err, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")
	trust := strings.Replace(lambdaTrust, `"Action":`, `"Condition":{"StringEquals":{"aws:SourceAccount":"`+strings.Repeat("1", 2048)+`"}},"Action":`, 1)
	_, err = client.UpdateAssumeRolePolicy(ctx, &awsiam.UpdateAssumeRolePolicyInput{RoleName: role, PolicyDocument: &trust})
	fails(t, err, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
	spaced := strings.Replace(readTable, "{", "{"+strings.Repeat(" ", 20000), 1)
	must[*awsiam.PutRolePolicyOutput](t)(client.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: role, PolicyName: str("p"), PolicyDocument: &spaced}))
	for i := range 11 {
		made := must[*awsiam.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &awsiam.CreatePolicyInput{PolicyName: str("p" + strings.Repeat("i", i)), PolicyDocument: str(readTable)}))
		_, err := client.AttachRolePolicy(ctx, &awsiam.AttachRolePolicyInput{RoleName: role, PolicyArn: made.Policy.Arn})
		if i == 10 {
			fails(t, err, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")
		} else if err != nil {
			t.Error(err)
		}
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, client := t.Context(), c.client(t, "developer")
	want := []string{}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		createRole(t, client, name)
		want = append(want, name)
	}
	var got []string
	pages := awsiam.NewListRolesPaginator(client, &awsiam.ListRolesInput{MaxItems: aws.Int32(2), PathPrefix: str("/app/")})
	for pages.HasMorePages() {
		for _, r := range must[*awsiam.ListRolesOutput](t)(pages.NextPage(ctx)).Roles {
			got = append(got, *r.RoleName)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err := client.ListRoles(ctx, &awsiam.ListRolesInput{Marker: str("***")})
	fails(t, err, "ValidationError", "Invalid Marker.")
}
