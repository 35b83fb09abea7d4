package cloudformation_test

import (
	"net/url"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/writ-dev/writ/localcloud/gate"
)

// Who may use the change sets of one stack names that stack, and a change set
// of another one by its ARN: what IAM is asked must be what is done.
func TestAttackChangeSetOfAnotherStack(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.role(t, "own", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudformation:*","dynamodb:*"],"Resource":["arn:aws:cloudformation:us-east-1:000000000000:stack/own/*","arn:aws:dynamodb:*"]}]}`)
	client := c.client(t)
	sets := map[string]string{}
	for _, stack := range []string{"own", "theirs"} {
		out, err := client.CreateChangeSet(t.Context(), &sdk.CreateChangeSetInput{
			StackName: &stack, ChangeSetName: ptr("first"), ChangeSetType: types.ChangeSetTypeCreate, TemplateBody: ptr(tableTemplate),
		})
		if err != nil {
			t.Fatal(err)
		}
		sets[stack] = *out.Id
	}
	caller, ok := c.iam.CallerOf("own", "s")
	if !ok {
		t.Fatal("no role")
	}
	do := func(operation, stack, set string) string {
		form := url.Values{"ChangeSetName": {set}}
		if stack != "" {
			form.Set("StackName", stack)
		}
		_, err := c.gate.Do(t.Context(), &gate.Call{Service: "cloudformation", Operation: operation, Form: form, Caller: caller})
		return gate.CodeOf(err)
	}
	for _, operation := range []string{"DescribeChangeSet", "GetTemplate", "ExecuteChangeSet", "DeleteChangeSet"} {
		for named, want := range map[string]string{"own": "ChangeSetNotFound", "": "AccessDenied", "theirs": "AccessDenied"} {
			if operation == "DeleteChangeSet" && named == "own" {
				want = "" // deleting what is not there is no error
			}
			if got := do(operation, named, sets["theirs"]); got != want {
				t.Errorf("%s of another stack's change set, with the stack %q: %q, want %q", operation, named, got, want)
			}
		}
	}
	if _, err := client.DescribeChangeSet(t.Context(), &sdk.DescribeChangeSetInput{ChangeSetName: ptr(sets["theirs"])}); err != nil {
		t.Errorf("the other stack's change set is gone: %v", err)
	}
	// Without a stack these are about all stacks, whatever change set is named beside.
	for _, operation := range []string{"DescribeStacks", "DescribeStackEvents", "GetTemplateSummary"} {
		if got := do(operation, "", sets["own"]); got != "AccessDenied" {
			t.Errorf("%s of no stack: %q", operation, got)
		}
	}
	if got := do("DescribeChangeSet", "own", sets["own"]); got != "" {
		t.Errorf("the role's own change set: %q", got)
	}
	if got := do("DescribeChangeSet", "own", "first"); got != "" {
		t.Errorf("the role's own change set by name: %q", got)
	}
}

// A condition on a parameter holds for the operations that have it: naming it
// in another call opens nothing.
func TestAttackParametersOfOtherOperations(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	if _, err := c.client(t).CreateStack(t.Context(), &sdk.CreateStackInput{StackName: ptr("theirs"), TemplateBody: ptr(tableTemplate)}); err != nil {
		t.Fatal(err)
	}
	c.settled(t, "theirs")
	for name, row := range map[string]struct{ condition, parameter, value string }{
		"byset":      {`{"StringEquals":{"cloudformation:ChangeSetName":"reviewed"}}`, "ChangeSetName", "reviewed"},
		"bytemplate": {`{"StringEquals":{"cloudformation:TemplateUrl":"https://x/y"}}`, "TemplateURL", "https://x/y"},
		"bytag":      {`{"StringEquals":{"aws:RequestTag/team":"blue"}}`, "Tags.member.1.Key", "team"},
	} {
		c.role(t, name, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":`+row.condition+`}]}`)
		caller, _ := c.iam.CallerOf(name, "s")
		form := url.Values{"StackName": {"theirs"}, row.parameter: {row.value}, "Tags.member.1.Value": {"blue"}}
		_, err := c.gate.Do(t.Context(), &gate.Call{Service: "cloudformation", Operation: "DeleteStack", Form: form, Caller: caller})
		if gate.CodeOf(err) != "AccessDenied" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A deployer gets through a template no role, no policy and no function that
// it could not make itself: CloudFormation acts as whoever deploys.
func TestAttackTemplateOfMoreThanTheDeployerMay(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.role(t, "deployer", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudformation:*","dynamodb:*","lambda:*","logs:*"],"Resource":"*"}]}`)
	caller, _ := c.iam.CallerOf("deployer", "s")
	for name, template := range map[string]string{
		"role": `{"Resources":{"R":{"Type":"AWS::IAM::Role","Properties":{"ManagedPolicyArns":["arn:aws:iam::aws:policy/AdministratorAccess"],
			"AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}}}}}`,
		"policy": `{"Resources":{"P":{"Type":"AWS::IAM::Policy","Properties":{"PolicyName":"p","Roles":["deployer"],
			"PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}}}}}`,
		"passrole": `{"Resources":{"F":{"Type":"AWS::Lambda::Function","Properties":{"Runtime":"python3.13","Handler":"index.handler",
			"Role":"arn:aws:iam::000000000000:role/admin","Code":{"ZipFile":"def handler(e, c): pass"}}}}}`,
	} {
		form := url.Values{"StackName": {name}, "TemplateBody": {template}, "Capabilities.member.1": {"CAPABILITY_NAMED_IAM"}}
		if _, err := c.gate.Do(t.Context(), &gate.Call{Service: "cloudformation", Operation: "CreateStack", Form: form, Caller: caller}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := c.settled(t, name).StackStatus; got != "ROLLBACK_COMPLETE" && got != "ROLLBACK_FAILED" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if _, err := c.gate.Do(t.Context(), &gate.Call{Service: "iam", Operation: "ListRoles", Form: url.Values{}, Caller: caller}); gate.CodeOf(err) != "AccessDenied" {
		t.Errorf("the deployer has become more: %v", err)
	}
}
