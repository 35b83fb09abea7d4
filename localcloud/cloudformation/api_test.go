package cloudformation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

const tableTemplate = `
Description: one table
Parameters:
  Name: {Type: String, Default: ""}
  Secret: {Type: String, NoEcho: true, Default: hidden}
Conditions:
  Named: !Not [!Equals [!Ref Name, ""]]
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !If [Named, !Ref Name, !Ref "AWS::NoValue"]
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
Outputs:
  TableArn: {Value: !GetAtt Table.Arn, Description: where it is, Export: {Name: table-arn}}
`

func TestCreateDescribeDelete(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client := c.client(t)
	out, err := client.CreateStack(t.Context(), &sdk.CreateStackInput{
		StackName: ptr("app"), TemplateBody: ptr(tableTemplate), ClientRequestToken: ptr("t1"),
		Tags: []types.Tag{{Key: ptr("team"), Value: ptr("blue")}}, Parameters: []types.Parameter{{ParameterKey: ptr("Name"), ParameterValue: ptr("hits")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.CreateStack(t.Context(), &sdk.CreateStackInput{StackName: ptr("app"), TemplateBody: ptr(tableTemplate), ClientRequestToken: ptr("t1")})
	if err != nil || *again.StackId != *out.StackId {
		t.Errorf("the same token makes another stack: %v %v", again, err)
	}
	waiter := sdk.NewStackCreateCompleteWaiter(client, quick)
	described, err := waiter.WaitForOutput(t.Context(), &sdk.DescribeStacksInput{StackName: ptr("app")}, wait)
	if err != nil {
		t.Fatal(err)
	}
	stack := described.Stacks[0]
	if *stack.Description != "one table" || *stack.Outputs[0].OutputValue != "arn:aws:dynamodb:us-east-1:000000000000:table/hits" || *stack.Outputs[0].ExportName != "table-arn" {
		t.Errorf("stack: %+v", stack)
	}
	for _, p := range stack.Parameters {
		if *p.ParameterKey == "Secret" && *p.ParameterValue != "****" {
			t.Errorf("a secret is shown: %s", *p.ParameterValue)
		}
	}
	tags, err := dynamodb.NewFromConfig(c.config(t, "admin")).ListTagsOfResource(t.Context(), &dynamodb.ListTagsOfResourceInput{ResourceArn: stack.Outputs[0].OutputValue})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "team" {
		t.Errorf("tags of the table: %v %v", tags, err)
	}
	resource, err := client.DescribeStackResource(t.Context(), &sdk.DescribeStackResourceInput{StackName: ptr("app"), LogicalResourceId: ptr("Table")})
	if err != nil || *resource.StackResourceDetail.PhysicalResourceId != "hits" || resource.StackResourceDetail.ResourceStatus != types.ResourceStatusCreateComplete {
		t.Errorf("resource: %v %v", resource, err)
	}
	list, err := client.ListStackResources(t.Context(), &sdk.ListStackResourcesInput{StackName: ptr("app")})
	if err != nil || len(list.StackResourceSummaries) != 1 || list.StackResourceSummaries[0].LastUpdatedTimestamp == nil {
		t.Errorf("resources: %v %v", list, err)
	}
	template, err := client.GetTemplate(t.Context(), &sdk.GetTemplateInput{StackName: ptr("app"), TemplateStage: types.TemplateStageOriginal})
	if err != nil || *template.TemplateBody != tableTemplate {
		t.Errorf("the template is not what was given: %v", err)
	}
	if got := c.deleteStack(t, "app"); got.StackStatus != types.StackStatusDeleteComplete || got.DeletionTime == nil {
		t.Errorf("deleted: %+v", got)
	}
	want := []string{
		"app CREATE_IN_PROGRESS", "Table CREATE_IN_PROGRESS", "Table CREATE_COMPLETE", "app CREATE_COMPLETE",
		"app DELETE_IN_PROGRESS", "Table DELETE_IN_PROGRESS", "Table DELETE_COMPLETE", "app DELETE_COMPLETE",
	}
	if diff := cmp.Diff(want, c.events(t, *out.StackId)); diff != "" {
		t.Errorf("events: %s", diff)
	}
	_, err = client.DescribeStacks(t.Context(), &sdk.DescribeStacksInput{StackName: ptr("app")})
	if code(err) != "ValidationError" || !strings.Contains(err.Error(), "Stack with id app does not exist") {
		t.Errorf("a deleted stack by name: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.role(t, "weak", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudformation:*","Resource":"*"}]}`)
	resources := func(body string) string { return "Resources:\n" + body }
	for _, test := range []struct{ name, template, code, message string }{
		{"no template", "", "ValidationError", "Either Template URL or Template Body must be specified."},
		{"not YAML", "a: [", "ValidationError", "not valid YAML"},
		{"no resources", "Resources: {}", "ValidationError", "At least one Resources member must be defined."},
		{"unknown type", resources("  A: {Type: AWS::ECS::Service}\n  B: {Type: Custom::X}"), "ValidationError", "Unrecognized resource types: [AWS::ECS::Service, Custom::X] (2:7); the local cloud makes AWS::ApiGateway::Account"},
		{"unknown property", resources("  A: {Type: AWS::Logs::LogGroup, Properties: {Nmae: x}}"), "ValidationError", "[Nmae] of AWS::Logs::LogGroup not supported"},
		{"dangling", resources("  A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Ref B}}"), "ValidationError", "Unresolved resource dependencies [B] in the Resources block of the template"},
		{"cycle", resources("  A: {Type: AWS::Logs::LogGroup, DependsOn: B}\n  B: {Type: AWS::Logs::LogGroup, DependsOn: A}"), "ValidationError", "Circular dependency between resources: [A, B]"},
		{"attribute", resources("  A: {Type: AWS::Logs::LogGroup}\n  B: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !GetAtt A.Nme}}"), "ValidationError", "resource A does not support attribute type Nme in Fn::GetAtt"},
		{"transform", "Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: AWS::Logs::LogGroup}}", "ValidationError", "Transforms are not supported"},
		{"parameter", "Parameters: {P: {Type: String}}\nResources: {A: {Type: AWS::Logs::LogGroup}}", "ValidationError", "Parameters: [P] must have values"},
		{"parameter store", "Parameters: {P: {Type: AWS::SSM::Parameter::Value<String>, Default: /no}}\nResources: {A: {Type: AWS::Logs::LogGroup}}", "ValidationError", "Unable to fetch parameters [/no] from parameter store"},
		{"capability", resources("  A: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}"), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"},
		{"named capability", resources("  A: {Type: AWS::IAM::Role, Properties: {RoleName: x, AssumeRolePolicyDocument: {}}}"), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]"},
	} {
		in := &sdk.CreateStackInput{StackName: ptr("app")}
		if test.template != "" {
			in.TemplateBody = &test.template
		}
		_, err := c.client(t).CreateStack(t.Context(), in)
		if code(err) != test.code || !strings.Contains(fmt.Sprint(err), test.message) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	client := c.client(t)
	for name, call := range map[string]func() error{
		"a stack that is not there: Stack with id nope does not exist": func() error {
			_, err := client.DescribeStackEvents(t.Context(), &sdk.DescribeStackEventsInput{StackName: ptr("nope")})
			return err
		},
		"a bad name: failed to satisfy constraint": func() error {
			_, err := client.CreateStack(t.Context(), &sdk.CreateStackInput{StackName: ptr("a_b"), TemplateBody: ptr(tableTemplate)})
			return err
		},
		"a role: RoleARN is not supported": func() error {
			_, err := client.CreateStack(t.Context(), &sdk.CreateStackInput{StackName: ptr("app"), TemplateBody: ptr(tableTemplate), RoleARN: ptr("arn:aws:iam::000000000000:role/admin")})
			return err
		},
	} {
		_, message, _ := strings.Cut(name, ": ")
		if err := call(); code(err) != "ValidationError" || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left := c.inventory(t); len(left) != 4 {
		t.Errorf("a refused template made something: %q", left)
	}
	// The deployer's own rights decide: the table is denied in AWS's words.
	if _, err := sdk.NewFromConfig(c.config(t, "weak")).CreateStack(t.Context(), &sdk.CreateStackInput{StackName: ptr("weak"), TemplateBody: ptr(tableTemplate)}); err != nil {
		t.Fatal(err)
	}
	c.want(t, "weak", types.StackStatusRollbackComplete)
	events := strings.Join(c.events(t, "weak"), "\n")
	if !strings.Contains(events, "User: arn:aws:sts::000000000000:assumed-role/weak/test is not authorized to perform: dynamodb:CreateTable") {
		t.Errorf("events: %s", events)
	}
	if err := c.update(t, "weak", tableTemplate); !strings.Contains(fmt.Sprint(err), "is in ROLLBACK_COMPLETE state and can not be updated.") {
		t.Errorf("update of a rolled back stack: %v", err)
	}
}

func TestUpdates(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	if err := c.update(t, "app", tableTemplate); !strings.Contains(fmt.Sprint(err), "Stack with id app does not exist") {
		t.Errorf("update of nothing: %v", err)
	}
	if err := c.create(t, "app", tableTemplate); err != nil {
		t.Fatal(err)
	}
	first := c.want(t, "app", types.StackStatusCreateComplete)
	if err := c.create(t, "app", tableTemplate); code(err) != "AlreadyExistsException" {
		t.Errorf("create twice: %v", err)
	}
	if err := c.update(t, "app", tableTemplate); code(err) != "ValidationError" || !strings.Contains(err.Error(), "No updates are to be performed.") {
		t.Errorf("update without a change: %v", err)
	}
	// A change of outputs alone is an update.
	if err := c.update(t, "app", tableTemplate+"  Name: {Value: !Ref Table}\n"); err != nil {
		t.Fatal(err)
	}
	stack := c.want(t, "app", types.StackStatusUpdateComplete)
	physical := *stack.Outputs[1].OutputValue
	if len(stack.Outputs) != 2 || !strings.HasPrefix(physical, "app-Table-") || *first.Outputs[0].OutputValue != *stack.Outputs[0].OutputValue {
		t.Errorf("outputs: %+v", stack.Outputs)
	}
	// A new name replaces: the new one is made first, the old one removed in the clean-up.
	if err := c.update(t, "app", tableTemplate, "Name", "renamed"); err != nil {
		t.Fatal(err)
	}
	c.want(t, "app", types.StackStatusUpdateComplete)
	if left := strings.Join(c.inventory(t), "\n"); !strings.Contains(left, "table renamed") || strings.Contains(left, physical) {
		t.Errorf("after the replacement: %s", left)
	}
	want := []string{
		"app UPDATE_IN_PROGRESS", "Table UPDATE_IN_PROGRESS", "Table UPDATE_COMPLETE",
		"app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "Table DELETE_IN_PROGRESS", "Table DELETE_COMPLETE", "app UPDATE_COMPLETE",
	}
	events := c.events(t, "app")
	if diff := cmp.Diff(want, events[len(events)-len(want):]); diff != "" {
		t.Errorf("events: %s", diff)
	}
	// With its own name kept, a replacement is refused in CloudFormation's words.
	if err := c.update(t, "app", strings.ReplaceAll(tableTemplate, "AttributeName: id", "AttributeName: other"), "Name", "renamed"); err != nil {
		t.Fatal(err)
	}
	c.want(t, "app", types.StackStatusUpdateRollbackComplete)
	if events := strings.Join(c.events(t, "app"), "\n"); !strings.Contains(events, "custom-named resource requires replacing. Rename renamed and update the stack again.") {
		t.Errorf("events: %s", events)
	}
	if err := c.update(t, "app", "Resources: {Table: {Type: AWS::Logs::LogGroup}}"); !strings.Contains(fmt.Sprint(err), "Update of resource type is not permitted") {
		t.Errorf("another type: %v", err)
	}
}

func TestChangeSet(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client := c.client(t)
	template := tableTemplate + `  Name: {Value: !Ref Table}
`
	template = strings.Replace(template, "Resources:\n", "Resources:\n  Log: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub \"/x/${Table}\", RetentionInDays: 7}}\n", 1)
	make := func(name string, kind types.ChangeSetType, body string, parameters ...types.Parameter) *sdk.DescribeChangeSetOutput {
		t.Helper()
		out, err := client.CreateChangeSet(t.Context(), &sdk.CreateChangeSetInput{StackName: ptr("app"), ChangeSetName: &name, ChangeSetType: kind, TemplateBody: &body, Parameters: parameters})
		if err != nil {
			t.Fatal(err)
		}
		described, err := client.DescribeChangeSet(t.Context(), &sdk.DescribeChangeSetInput{ChangeSetName: out.Id})
		if err != nil {
			t.Fatal(err)
		}
		return described
	}
	first := make("one", types.ChangeSetTypeCreate, template)
	if first.Status != types.ChangeSetStatusCreateComplete || first.ExecutionStatus != types.ExecutionStatusAvailable || len(first.Changes) != 2 {
		t.Fatalf("%+v", first)
	}
	waiter := sdk.NewChangeSetCreateCompleteWaiter(client)
	if err := waiter.Wait(t.Context(), &sdk.DescribeChangeSetInput{StackName: ptr("app"), ChangeSetName: ptr("one")}, wait); err != nil {
		t.Error(err)
	}
	if _, err := client.ExecuteChangeSet(t.Context(), &sdk.ExecuteChangeSetInput{ChangeSetName: first.ChangeSetId}); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < wait; time.Sleep(time.Millisecond) {
		if c.settled(t, "app").StackStatus == types.StackStatusCreateComplete {
			break
		}
	}
	c.want(t, "app", types.StackStatusCreateComplete)
	if same := make("same", types.ChangeSetTypeUpdate, template); same.Status != types.ChangeSetStatusFailed || !strings.Contains(*same.StatusReason, "didn't contain changes") {
		t.Errorf("no changes: %+v", same)
	}
	set := make("two", types.ChangeSetTypeUpdate, strings.Replace(template, "RetentionInDays: 7", "RetentionInDays: 30", 1),
		types.Parameter{ParameterKey: ptr("Name"), ParameterValue: ptr("renamed")})
	var got []string
	for _, change := range set.Changes {
		r := change.ResourceChange
		got = append(got, fmt.Sprintf("%s %s replacement=%s scope=%v", r.Action, *r.LogicalResourceId, r.Replacement, r.Scope))
		for _, d := range r.Details {
			got = append(got, fmt.Sprintf("  %s %s %s %s %s %s", d.Target.Attribute, aws.ToString(d.Target.Name), d.Target.RequiresRecreation, d.Evaluation, d.ChangeSource, aws.ToString(d.CausingEntity)))
		}
	}
	want := []string{
		"Modify Table replacement=True scope=[Properties]",
		"  Properties TableName Always Static ParameterReference Name",
		"Modify Log replacement=Conditional scope=[Properties]",
		"  Properties LogGroupName Always Dynamic ResourceReference Table",
		"  Properties RetentionInDays Never Static DirectModification ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes: %s", diff)
	}
	sets, err := client.ListChangeSets(t.Context(), &sdk.ListChangeSetsInput{StackName: ptr("app")})
	if err != nil || len(sets.Summaries) != 3 {
		t.Errorf("change sets: %v %v", sets, err)
	}
	if _, err := client.DeleteChangeSet(t.Context(), &sdk.DeleteChangeSetInput{ChangeSetName: set.ChangeSetId}); err != nil {
		t.Error(err)
	}
	if _, err := client.ExecuteChangeSet(t.Context(), &sdk.ExecuteChangeSetInput{ChangeSetName: ptr("two"), StackName: ptr("app")}); code(err) != "ChangeSetNotFound" {
		t.Errorf("execute a deleted change set: %v", err)
	}
}

func TestExportsAndImports(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client := c.client(t)
	if err := c.create(t, "out", tableTemplate); err != nil {
		t.Fatal(err)
	}
	c.want(t, "out", types.StackStatusCreateComplete)
	importing := "Resources: {Log: {Type: AWS::Logs::LogGroup, Properties: {Tags: [{Key: table, Value: !ImportValue table-arn}]}}}"
	if err := c.create(t, "in", importing); err != nil {
		t.Fatal(err)
	}
	c.want(t, "in", types.StackStatusCreateComplete)
	exports, err := client.ListExports(t.Context(), nil)
	if err != nil || len(exports.Exports) != 1 || *exports.Exports[0].Name != "table-arn" {
		t.Errorf("exports: %v %v", exports, err)
	}
	imports, err := client.ListImports(t.Context(), &sdk.ListImportsInput{ExportName: ptr("table-arn")})
	if err != nil || !slices.Equal(imports.Imports, []string{"in"}) {
		t.Errorf("imports: %v %v", imports, err)
	}
	if _, err := client.DeleteStack(t.Context(), &sdk.DeleteStackInput{StackName: ptr("out")}); !strings.Contains(fmt.Sprint(err), "Export table-arn cannot be deleted as it is in use by in") {
		t.Errorf("delete of an imported export: %v", err)
	}
	if err := c.create(t, "missing", strings.ReplaceAll(importing, "table-arn", "other")); err != nil {
		t.Fatal(err)
	}
	c.want(t, "missing", types.StackStatusRollbackComplete)
	if events := strings.Join(c.events(t, "missing"), "\n"); !strings.Contains(events, "No export named other found.") {
		t.Errorf("events: %s", events)
	}
}

func TestTemplatesFromS3AndSummary(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.asset(t, "templates")
	client := c.client(t)
	objects := s3.NewFromConfig(c.config(t, "admin"), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: ptr("templates"), Key: ptr("a/t.yml"), Body: strings.NewReader(tableTemplate)}); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{c.url + "/templates/a/t.yml", "https://templates.s3.us-east-1.amazonaws.com/a/t.yml", "https://s3.us-east-1.amazonaws.com/templates/a/t.yml"} {
		summary, err := client.GetTemplateSummary(t.Context(), &sdk.GetTemplateSummaryInput{TemplateURL: &url})
		if err != nil || len(summary.Parameters) != 2 || !slices.Equal(summary.ResourceTypes, []string{"AWS::DynamoDB::Table"}) {
			t.Errorf("%s: %v %v", url, summary, err)
		}
	}
	valid, err := client.ValidateTemplate(t.Context(), &sdk.ValidateTemplateInput{TemplateBody: ptr(everyType)})
	if err != nil || !slices.Equal(valid.Capabilities, []types.Capability{types.CapabilityCapabilityIam}) {
		t.Errorf("%v %v", valid, err)
	}
	_, err = client.ValidateTemplate(t.Context(), &sdk.ValidateTemplateInput{TemplateURL: ptr(c.url + "/templates/none")})
	if code(err) != "ValidationError" {
		t.Errorf("a template that is not there: %v", err)
	}
}

func TestDeleteFailedAndProtection(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client := c.client(t)
	if err := c.create(t, "app", "Resources: {Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: full}}, Log: {Type: AWS::Logs::LogGroup, DeletionPolicy: Retain, Properties: {LogGroupName: kept}}}"); err != nil {
		t.Fatal(err)
	}
	c.want(t, "app", types.StackStatusCreateComplete)
	c.asset(t, "full", "object")
	if stack := c.deleteStack(t, "app"); stack.StackStatus != types.StackStatusDeleteFailed || !strings.Contains(*stack.StackStatusReason, "[Bucket]") {
		t.Errorf("%+v", stack)
	}
	if _, err := client.DeleteStack(t.Context(), &sdk.DeleteStackInput{StackName: ptr("app"), RetainResources: []string{"Bucket"}}); err != nil {
		t.Fatal(err)
	}
	list, err := client.ListStacks(t.Context(), &sdk.ListStacksInput{StackStatusFilter: []types.StackStatus{types.StackStatusDeleteComplete, types.StackStatusDeleteInProgress}})
	if err != nil || len(list.StackSummaries) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	c.want(t, *list.StackSummaries[0].StackId, types.StackStatusDeleteComplete)
	if left := strings.Join(c.inventory(t), "\n"); !strings.Contains(left, "log group kept") || !strings.Contains(left, "bucket full") {
		t.Errorf("retained resources are gone: %s", left)
	}
	if _, err := client.CreateStack(t.Context(), &sdk.CreateStackInput{StackName: ptr("safe"), TemplateBody: ptr(tableTemplate), EnableTerminationProtection: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	c.want(t, "safe", types.StackStatusCreateComplete)
	if _, err := client.DeleteStack(t.Context(), &sdk.DeleteStackInput{StackName: ptr("safe")}); !strings.Contains(fmt.Sprint(err), "TerminationProtection is enabled") {
		t.Errorf("delete of a protected stack: %v", err)
	}
	if _, err := client.UpdateTerminationProtection(t.Context(), &sdk.UpdateTerminationProtectionInput{StackName: ptr("safe"), EnableTerminationProtection: ptr(false)}); err != nil {
		t.Error(err)
	}
	c.deleteStack(t, "safe")
}

// TestFailedNameIsLeftAlone: a name that somebody else has made is not removed
// by the rollback.
func TestFailedNameIsLeftAlone(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	log := "Resources: {Log: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: mine}}}"
	for _, name := range []string{"first", "second"} {
		if err := c.create(t, name, log); err != nil {
			t.Fatal(err)
		}
		c.settled(t, name)
	}
	c.want(t, "second", types.StackStatusRollbackComplete)
	if left := c.inventory(t); !slices.Contains(left, "log group mine") {
		t.Errorf("the other stack's log group is gone: %q", left)
	}
	if _, err := c.client(t).CreateStack(t.Context(), &sdk.CreateStackInput{StackName: ptr("third"), TemplateBody: &log, OnFailure: types.OnFailureDoNothing}); err != nil {
		t.Fatal(err)
	}
	c.want(t, "third", types.StackStatusCreateFailed)
	if _, err := c.client(t).RollbackStack(t.Context(), &sdk.RollbackStackInput{StackName: ptr("third")}); err != nil {
		t.Fatal(err)
	}
	c.want(t, "third", types.StackStatusRollbackComplete)
	if left := c.inventory(t); !slices.Contains(left, "log group mine") {
		t.Errorf("the other stack's log group is gone: %q", left)
	}
}
