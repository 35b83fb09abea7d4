package directory_test

import (
	"fmt"
	"strings"
	"testing"

	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"
)

// summary writes a result on one line, with its resources behind it.
func summary(r types.EvaluationResult) string {
	line := fmt.Sprintf("%s on %s: %s%s", *r.EvalActionName, *r.EvalResourceName, r.EvalDecision, statements(r.MatchedStatements))
	for _, key := range r.MissingContextValues {
		line += " ?" + key
	}
	if r.OrganizationsDecisionDetail != nil {
		line += fmt.Sprint(" scp=", r.OrganizationsDecisionDetail.AllowedByOrganizations)
	}
	if r.PermissionsBoundaryDecisionDetail != nil {
		line += fmt.Sprint(" boundary=", r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary)
	}
	for _, one := range r.ResourceSpecificResults {
		line += fmt.Sprintf("\n  %s: %s%s", *one.EvalResourceName, one.EvalResourceDecision, statements(one.MatchedStatements))
		for _, side := range []string{"IAM Policy", "Resource Policy"} {
			if decision, ok := one.EvalDecisionDetails[side]; ok {
				line += fmt.Sprintf(" [%s %s]", side, decision)
			}
		}
	}
	return line
}

func statements(list []types.Statement) string {
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, " %s(%s %d:%d-%d:%d)", *s.SourcePolicyId, s.SourcePolicyType, s.StartPosition.Line, s.StartPosition.Column, s.EndPosition.Line, s.EndPosition.Column)
	}
	return b.String()
}

// TestSimulatedResults holds the shape of the answers against the IAM API
// Reference, EvaluationResult and ResourceSpecificResult.
func TestSimulatedResults(t *testing.T) {
	t.Parallel()
	client := newCloud(t).client(t, "developer")
	const (
		read = `{"Version": "2012-10-17",
 "Statement": [
  {"Effect": "Allow", "Action": "s3:GetObject",
   "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"},
  {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/red/secret",
   "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
 ]}`
		everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
		onlyS3     = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
		onlySQS    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}`
		bucketOpen = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/ann"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`
		alice      = "arn:aws:iam::111122223333:user/ann"
	)
	text := func(key, value string) types.ContextEntry {
		return types.ContextEntry{ContextKeyName: &key, ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{value}}
	}
	levels := func(documents ...string) (list []types.OrderedOrganizationPolicyType) {
		for _, d := range documents {
			list = append(list, types.OrderedOrganizationPolicyType{ServiceControlPolicyInputList: []string{d}})
		}
		return list
	}
	const object = "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
	for _, row := range []struct {
		what string
		in   awsiam.SimulateCustomPolicyInput
		want []string
	}{
		{
			"no resources is all of them, and keys that are not given are named",
			awsiam.SimulateCustomPolicyInput{PolicyInputList: []string{read}, ActionNames: []string{"s3:GetObject", "s3:ListAllMyBuckets"}},
			[]string{"s3:GetObject on " + object + ": implicitDeny ?aws:PrincipalTag/team ?aws:SecureTransport", "s3:ListAllMyBuckets on *: implicitDeny ?aws:PrincipalTag/team ?aws:SecureTransport"},
		},
		{
			"one result for an action, the strictest, and one for each resource in it",
			awsiam.SimulateCustomPolicyInput{
				PolicyInputList: []string{read}, ActionNames: []string{"s3:GetObject"}, ContextEntries: []types.ContextEntry{text("AWS:principaltag/TEAM", "red"), text("aws:SecureTransport", "true")},
				ResourceArns: []string{"arn:aws:s3:::b/red/a", "arn:aws:s3:::b/blue/a", "arn:aws:s3:::b/red/secret"},
			},
			[]string{"s3:GetObject on " + object + ": explicitDeny PolicyInputList.1(IAM Policy 5:3-6:59)" +
				"\n  arn:aws:s3:::b/red/a: allowed PolicyInputList.1(IAM Policy 3:3-4:60)" +
				"\n  arn:aws:s3:::b/blue/a: implicitDeny" +
				"\n  arn:aws:s3:::b/red/secret: explicitDeny PolicyInputList.1(IAM Policy 5:3-6:59)"},
		},
		{
			"a boundary that does not allow",
			awsiam.SimulateCustomPolicyInput{PolicyInputList: []string{everything}, ActionNames: []string{"sqs:SendMessage", "s3:GetObject"}, PermissionsBoundaryPolicyInputList: []string{onlyS3}},
			[]string{"sqs:SendMessage on arn:${Partition}:sqs:${Region}:${Account}:${QueueName}: implicitDeny boundary=false", "s3:GetObject on " + object + ": allowed PolicyInputList.1(IAM Policy 1:38-1:84) boundary=true"},
		},
		{
			"levels of an organisation: all must allow",
			awsiam.SimulateCustomPolicyInput{PolicyInputList: []string{everything}, ActionNames: []string{"s3:GetObject"}, OrderedOrganizationPolicyInputList: levels(everything, onlySQS)},
			[]string{"s3:GetObject on " + object + ": implicitDeny scp=false"},
		},
		{
			"and do",
			awsiam.SimulateCustomPolicyInput{PolicyInputList: []string{everything}, ActionNames: []string{"s3:GetObject"}, OrderedOrganizationPolicyInputList: levels(everything, onlyS3)},
			[]string{"s3:GetObject on " + object + ": allowed PolicyInputList.1(IAM Policy 1:38-1:84) scp=true"},
		},
		{
			"another account's bucket takes both sides",
			awsiam.SimulateCustomPolicyInput{
				PolicyInputList: []string{onlySQS}, ActionNames: []string{"s3:GetObject"}, ResourceArns: []string{"arn:aws:s3:::b/k"},
				CallerArn: str(alice), ResourcePolicy: str(bucketOpen), ResourceOwner: str("arn:aws:iam::444455556666:root"),
			},
			[]string{"s3:GetObject on " + object + ": implicitDeny\n  arn:aws:s3:::b/k: implicitDeny [IAM Policy implicitDeny] [Resource Policy allowed]"},
		},
		{
			"one's own account's, one",
			awsiam.SimulateCustomPolicyInput{
				PolicyInputList: []string{onlySQS}, ActionNames: []string{"s3:GetObject"}, ResourceArns: []string{"arn:aws:s3:::b/k"}, CallerArn: str(alice), ResourcePolicy: str(bucketOpen),
			},
			[]string{"s3:GetObject on " + object + ": allowed ResourcePolicy(Resource Policy 1:38-1:167)\n  arn:aws:s3:::b/k: allowed ResourcePolicy(Resource Policy 1:38-1:167)"},
		},
		{
			"a key without a policy trusts its account",
			awsiam.SimulateCustomPolicyInput{PolicyInputList: []string{everything}, ActionNames: []string{"kms:Decrypt"}, ResourceArns: []string{"arn:aws:kms:us-east-1:000000000000:key/1"}},
			[]string{"kms:Decrypt on arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}: allowed PolicyInputList.1(IAM Policy 1:38-1:84)\n  arn:aws:kms:us-east-1:000000000000:key/1: allowed PolicyInputList.1(IAM Policy 1:38-1:84)"},
		},
	} {
		out, err := client.SimulateCustomPolicy(t.Context(), &row.in)
		if err != nil {
			t.Errorf("%s: %v", row.what, err)
			continue
		}
		got := []string{}
		for _, r := range out.EvaluationResults {
			got = append(got, summary(r))
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: %s", row.what, diff)
		}
	}
}

func TestSimulationsThatAWSRefuses(t *testing.T) {
	t.Parallel()
	client := newCloud(t).client(t, "developer")
	const bucketPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`
	entry := func(name, kind string, values ...string) []types.ContextEntry {
		return []types.ContextEntry{{ContextKeyName: &name, ContextKeyType: types.ContextKeyTypeEnum(kind), ContextKeyValues: values}}
	}
	for _, row := range []struct {
		what   string
		change func(in *awsiam.SimulateCustomPolicyInput)
		code   string // "" for what is taken
	}{
		{"nothing amiss", func(*awsiam.SimulateCustomPolicyInput) {}, ""},
		{"no policy", func(in *awsiam.SimulateCustomPolicyInput) { in.PolicyInputList = []string{} }, "InvalidInput"},
		{"no actions", func(in *awsiam.SimulateCustomPolicyInput) { in.ActionNames = []string{} }, "InvalidInput"},
		{"a pattern of actions", func(in *awsiam.SimulateCustomPolicyInput) { in.ActionNames = []string{"s3:Get*"} }, "InvalidInput"},
		{"an action without service", func(in *awsiam.SimulateCustomPolicyInput) { in.ActionNames = []string{"GetObject"} }, "InvalidInput"},
		{"two boundaries", func(in *awsiam.SimulateCustomPolicyInput) {
			in.PermissionsBoundaryPolicyInputList = []string{readTable, readTable}
		}, "InvalidInput"},
		{"a resource policy for nobody", func(in *awsiam.SimulateCustomPolicyInput) { in.ResourcePolicy = str(bucketPolicy) }, "InvalidInput"},
		{"a session as caller", func(in *awsiam.SimulateCustomPolicyInput) {
			in.CallerArn = str("arn:aws:sts::000000000000:assumed-role/r/s")
		}, "InvalidInput"},
		{"a role as caller", func(in *awsiam.SimulateCustomPolicyInput) { in.CallerArn = str(rolePrefix + "r") }, ""},
		{"a service as caller", func(in *awsiam.SimulateCustomPolicyInput) { in.CallerArn = str("lambda.amazonaws.com.of.aws") }, "InvalidInput"},
		{"a principal in an identity policy", func(in *awsiam.SimulateCustomPolicyInput) { in.PolicyInputList = []string{bucketPolicy} }, "InvalidInput"},
		{"a type of no context key", func(in *awsiam.SimulateCustomPolicyInput) { in.ContextEntries = entry("aws:username", "text", "a") }, "ValidationError"},
		{"two values of one", func(in *awsiam.SimulateCustomPolicyInput) {
			in.ContextEntries = entry("aws:username", "string", "a", "b")
		}, "InvalidInput"},
		{"two of a list", func(in *awsiam.SimulateCustomPolicyInput) {
			in.ContextEntries = entry("aws:TagKeys", "stringList", "a", "b")
		}, ""},
		{"a key twice", func(in *awsiam.SimulateCustomPolicyInput) {
			in.ContextEntries = append(entry("aws:username", "string", "a"), entry("AWS:UserName", "string", "b")...)
		}, "InvalidInput"},
		{"an SCP that is none", func(in *awsiam.SimulateCustomPolicyInput) {
			in.OrderedOrganizationPolicyInputList = []types.OrderedOrganizationPolicyType{{ServiceControlPolicyInputList: []string{"{}"}}}
		}, "InvalidInput"},
		{"a policy of many characters", func(in *awsiam.SimulateCustomPolicyInput) {
			in.PolicyInputList = []string{readTable + strings.Repeat(" ", 131072)}
		}, "ValidationError"},
	} {
		in := &awsiam.SimulateCustomPolicyInput{PolicyInputList: []string{readTable}, ActionNames: []string{"dynamodb:GetItem"}}
		row.change(in)
		_, err := client.SimulateCustomPolicy(t.Context(), in)
		if row.code == "" && err != nil {
			t.Errorf("%s: %v", row.what, err)
		} else if row.code != "" {
			t.Run(row.what, func(t *testing.T) { fails(t, err, row.code, "") })
		}
	}
}

// Pages are cut between actions, as results are.
func TestSimulationsInPages(t *testing.T) {
	t.Parallel()
	client := newCloud(t).client(t, "developer")
	actions := []string{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:GetItem"}
	pages := awsiam.NewSimulateCustomPolicyPaginator(client, &awsiam.SimulateCustomPolicyInput{PolicyInputList: []string{readTable}, ActionNames: actions},
		func(o *awsiam.SimulateCustomPolicyPaginatorOptions) { o.Limit = 2 })
	var got []string
	for n := 0; pages.HasMorePages(); n++ {
		for _, r := range must[*awsiam.SimulateCustomPolicyOutput](t)(pages.NextPage(t.Context())).EvaluationResults {
			got = append(got, *r.EvalActionName)
		}
		if n > 2 {
			t.Fatal("more than three pages")
		}
	}
	if diff := cmp.Diff(actions, got); diff != "" {
		t.Error(diff)
	}
}
