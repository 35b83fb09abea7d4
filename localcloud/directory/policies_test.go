package directory_test

import (
	"net/url"
	"testing"

	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"
)

func TestManagedPolicy(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, client := t.Context(), c.client(t, "developer")
	made := must[*awsiam.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &awsiam.CreatePolicyInput{PolicyName: str("Read"), PolicyDocument: str(readTable), Description: str("d")})).Policy
	arn := made.Arn
	if *arn != "arn:aws:iam::000000000000:policy/Read" || *made.DefaultVersionId != "v1" {
		t.Errorf("made %s %s", *arn, *made.DefaultVersionId)
	}
	_, err := client.CreatePolicy(ctx, &awsiam.CreatePolicyInput{PolicyName: str("read"), PolicyDocument: str(readTable)})
	fails(t, err, "EntityAlreadyExists", "A policy called read already exists. Duplicate names are not allowed.")

	role := createRole(t, client, "r").RoleName
	must[*awsiam.AttachRolePolicyOutput](t)(client.AttachRolePolicy(ctx, &awsiam.AttachRolePolicyInput{RoleName: role, PolicyArn: arn}))
	if got := must[*awsiam.GetPolicyOutput](t)(client.GetPolicy(ctx, &awsiam.GetPolicyInput{PolicyArn: arn})).Policy; *got.AttachmentCount != 1 {
		t.Errorf("attached %d times", *got.AttachmentCount)
	}
	users := must[*awsiam.ListEntitiesForPolicyOutput](t)(client.ListEntitiesForPolicy(ctx, &awsiam.ListEntitiesForPolicyInput{PolicyArn: arn}))
	if len(users.PolicyRoles) != 1 || *users.PolicyRoles[0].RoleName != "r" {
		t.Errorf("users %v", users.PolicyRoles)
	}
	if allows(t, c, "r", "s3:GetObject") {
		t.Error("s3:GetObject is allowed")
	}
	other := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
	for range 4 {
		must[*awsiam.CreatePolicyVersionOutput](t)(client.CreatePolicyVersion(ctx, &awsiam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &other}))
	}
	_, err = client.CreatePolicyVersion(ctx, &awsiam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &other})
	fails(t, err, "LimitExceeded", "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
	if allows(t, c, "r", "s3:GetObject") {
		t.Error("a version that is not the default counts")
	}
	must[*awsiam.SetDefaultPolicyVersionOutput](t)(client.SetDefaultPolicyVersion(ctx, &awsiam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: str("v3")}))
	if !allows(t, c, "r", "s3:GetObject") {
		t.Error("the new default does not count")
	}
	got := must[*awsiam.GetPolicyVersionOutput](t)(client.GetPolicyVersion(ctx, &awsiam.GetPolicyVersionInput{PolicyArn: arn, VersionId: str("v3")})).PolicyVersion
	if document, err := url.PathUnescape(*got.Document); err != nil || document != other || !got.IsDefaultVersion {
		t.Errorf("%s %v %v", document, err, got.IsDefaultVersion)
	}
	_, err = client.DeletePolicyVersion(ctx, &awsiam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: str("v3")})
	fails(t, err, "DeleteConflict", "Cannot delete the default version of a policy.")
	_, err = client.GetPolicyVersion(ctx, &awsiam.GetPolicyVersionInput{PolicyArn: arn, VersionId: str("v9")})
	fails(t, err, "NoSuchEntity", "")
	_, err = client.DeletePolicy(ctx, &awsiam.DeletePolicyInput{PolicyArn: arn})
	fails(t, err, "DeleteConflict", "Cannot delete a policy attached to entities.")
	must[*awsiam.DetachRolePolicyOutput](t)(client.DetachRolePolicy(ctx, &awsiam.DetachRolePolicyInput{RoleName: role, PolicyArn: arn}))
	_, err = client.DeletePolicy(ctx, &awsiam.DeletePolicyInput{PolicyArn: arn})
	fails(t, err, "DeleteConflict", "")
	versions := must[*awsiam.ListPolicyVersionsOutput](t)(client.ListPolicyVersions(ctx, &awsiam.ListPolicyVersionsInput{PolicyArn: arn})).Versions
	ids := []string{}
	for _, v := range versions {
		ids = append(ids, *v.VersionId)
		if !v.IsDefaultVersion {
			must[*awsiam.DeletePolicyVersionOutput](t)(client.DeletePolicyVersion(ctx, &awsiam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: v.VersionId}))
		}
	}
	if diff := cmp.Diff([]string{"v5", "v4", "v3", "v2", "v1"}, ids); diff != "" {
		t.Error(diff)
	}
	must[*awsiam.DeletePolicyOutput](t)(client.DeletePolicy(ctx, &awsiam.DeletePolicyInput{PolicyArn: arn}))
	_, err = client.GetPolicy(ctx, &awsiam.GetPolicyInput{PolicyArn: arn})
	fails(t, err, "NoSuchEntity", "Policy "+*arn+" was not found.")
	_, err = client.DeletePolicy(ctx, &awsiam.DeletePolicyInput{PolicyArn: str(admin)})
	fails(t, err, "AccessDenied", "")
}

func TestAWSManagedPolicies(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client := c.client(t, "developer")
	list := must[*awsiam.ListPoliciesOutput](t)(client.ListPolicies(t.Context(), &awsiam.ListPoliciesInput{Scope: types.PolicyScopeTypeAws}))
	if len(list.Policies) < 9 {
		t.Errorf("%d policies", len(list.Policies))
	}
	attached := must[*awsiam.ListPoliciesOutput](t)(client.ListPolicies(t.Context(), &awsiam.ListPoliciesInput{OnlyAttached: true}))
	if len(attached.Policies) != 1 || *attached.Policies[0].Arn != admin {
		t.Errorf("attached: %v", attached.Policies)
	}
	local := must[*awsiam.ListPoliciesOutput](t)(client.ListPolicies(t.Context(), &awsiam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal}))
	if len(local.Policies) != 0 {
		t.Errorf("local: %v", local.Policies)
	}
	summary := must[*awsiam.GetAccountSummaryOutput](t)(client.GetAccountSummary(t.Context(), nil))
	if summary.SummaryMap["Roles"] != 1 {
		t.Errorf("summary: %v", summary.SummaryMap)
	}
}

func TestSimulate(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, client := t.Context(), c.client(t, "developer")
	role := createRole(t, client, "r")
	document := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"dynamodb:*","Resource":"arn:aws:dynamodb:us-east-1:000000000000:table/hits","Condition":{"StringEquals":{"dynamodb:Select":"COUNT"}}},
		{"Effect":"Deny","Action":"dynamodb:DeleteTable","Resource":"*"}]}`
	must[*awsiam.PutRolePolicyOutput](t)(client.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: role.RoleName, PolicyName: str("p"), PolicyDocument: &document}))
	table := "arn:aws:dynamodb:us-east-1:000000000000:table/hits"
	in := &awsiam.SimulatePrincipalPolicyInput{
		PolicySourceArn: role.Arn, ActionNames: []string{"dynamodb:Query", "dynamodb:DeleteTable"}, ResourceArns: []string{table},
	}
	decisions := func() (out []string) {
		t.Helper()
		for _, r := range must[*awsiam.SimulatePrincipalPolicyOutput](t)(client.SimulatePrincipalPolicy(ctx, in)).EvaluationResults {
			line := *r.EvalActionName + " " + string(r.EvalDecision)
			for _, m := range r.MatchedStatements {
				line += " " + *m.SourcePolicyId
			}
			for _, key := range r.MissingContextValues {
				line += " ?" + key
			}
			out = append(out, line)
		}
		return out
	}
	want := []string{"dynamodb:Query implicitDeny ?dynamodb:Select", "dynamodb:DeleteTable explicitDeny role_r_p ?dynamodb:Select"}
	if diff := cmp.Diff(want, decisions()); diff != "" {
		t.Error(diff)
	}
	in.ContextEntries = []types.ContextEntry{{ContextKeyName: str("dynamodb:Select"), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{"COUNT"}}}
	if diff := cmp.Diff([]string{"dynamodb:Query allowed role_r_p", "dynamodb:DeleteTable explicitDeny role_r_p"}, decisions()); diff != "" {
		t.Error(diff)
	}
	_, err := client.SimulatePrincipalPolicy(ctx, &awsiam.SimulatePrincipalPolicyInput{PolicySourceArn: str(rolePrefix + "ghost"), ActionNames: []string{"s3:GetObject"}})
	fails(t, err, "NoSuchEntity", "")
	custom := must[*awsiam.SimulateCustomPolicyOutput](t)(client.SimulateCustomPolicy(ctx, &awsiam.SimulateCustomPolicyInput{
		PolicyInputList: []string{readTable}, ActionNames: []string{"dynamodb:GetItem", "dynamodb:PutItem"}, ResourceArns: []string{table},
	})).EvaluationResults
	if len(custom) != 2 || custom[0].EvalDecision != "allowed" || custom[1].EvalDecision != "implicitDeny" || *custom[0].MatchedStatements[0].SourcePolicyId != "PolicyInputList.1" {
		t.Errorf("custom: %+v", custom)
	}
	_, err = client.SimulateCustomPolicy(ctx, &awsiam.SimulateCustomPolicyInput{PolicyInputList: []string{"{"}, ActionNames: []string{"s3:GetObject"}})
	fails(t, err, "InvalidInput", "")
}

// allows simulates the role's policies on every resource.
func allows(t *testing.T, c *cloud, role, action string) bool {
	t.Helper()
	out := must[*awsiam.SimulatePrincipalPolicyOutput](t)(c.client(t, "developer").SimulatePrincipalPolicy(t.Context(), &awsiam.SimulatePrincipalPolicyInput{
		PolicySourceArn: str(rolePrefix + "app/" + role), ActionNames: []string{action}, ResourceArns: []string{"arn:aws:s3:::b/k"},
	}))
	return out.EvaluationResults[0].EvalDecision == types.PolicyEvaluationDecisionTypeAllowed
}
