package localcloud_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const functionLogs = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`

// deploy makes a function of the test binary and its role, which may write logs.
func (c *cloud) deploy(t testing.TB, name string) (functionARN string) {
	t.Helper()
	role := c.role(t, name+"-role", trustAll, functionLogs)
	out := must[*lambda.CreateFunctionOutput](t)(lambda.NewFromConfig(c.dev()).CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: &role, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Code: &types.FunctionCode{ZipFile: goFunction(t)}, Timeout: aws.Int32(20),
	}))
	return *out.FunctionArn
}

// invoke calls a function and gives its answer.
func (c *cloud) invoke(t testing.TB, name, payload string) *lambda.InvokeOutput {
	t.Helper()
	return must[*lambda.InvokeOutput](t)(lambda.NewFromConfig(c.dev()).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name, Payload: []byte(payload)}))
}

func useLambda(t *testing.T, c *cloud) {
	ctx, client, name := t.Context(), lambda.NewFromConfig(c.dev()), aws.String("worker")
	c.deploy(t, *name)
	if out := c.invoke(t, *name, `{"Key":"sync"}`); out.FunctionError != nil || !strings.Contains(string(out.Payload), "assumed-role/worker-role/worker") {
		t.Errorf("Invoke: %v %s", aws.ToString(out.FunctionError), out.Payload)
	}
	dry := must[*lambda.InvokeOutput](t)(client.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, InvocationType: types.InvocationTypeDryRun}))
	later := must[*lambda.InvokeOutput](t)(client.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"Key":"async"}`)}))
	if dry.StatusCode != 204 || later.StatusCode != 202 {
		t.Errorf("DryRun %d, Event %d", dry.StatusCode, later.StatusCode)
	}
	useLogs(t, c)

	must[*lambda.GetFunctionOutput](t)(client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: name}))
	must[*lambda.UpdateFunctionConfigurationOutput](t)(client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: name, Timeout: aws.Int32(5)}))
	must[*lambda.UpdateFunctionCodeOutput](t)(client.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: name, ZipFile: goFunction(t)}))
	if out := must[*lambda.ListFunctionsOutput](t)(client.ListFunctions(ctx, &lambda.ListFunctionsInput{})); len(out.Functions) != 1 {
		t.Errorf("functions %v", out.Functions)
	}
	must[*lambda.AddPermissionOutput](t)(client.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: name, StatementId: aws.String("s"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("apigateway.amazonaws.com"),
	}))
	if out := must[*lambda.GetPolicyOutput](t)(client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: name})); !strings.Contains(*out.Policy, "apigateway") {
		t.Errorf("policy %s", *out.Policy)
	}
	must[*lambda.RemovePermissionOutput](t)(client.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: name, StatementId: aws.String("s")}))
	must[*lambda.DeleteFunctionOutput](t)(client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: name}))
}

func useLogs(t *testing.T, c *cloud) {
	ctx, client, group := t.Context(), cloudwatchlogs.NewFromConfig(c.dev()), aws.String("/aws/lambda/worker")
	eventually(t, "both invocations are in the log", func() bool {
		out, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group, FilterPattern: aws.String("ran")})
		return err == nil && len(out.Events) == 2
	})
	if out := must[*cloudwatchlogs.DescribeLogGroupsOutput](t)(client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})); len(out.LogGroups) != 1 {
		t.Errorf("groups %v", out.LogGroups)
	}
	streams := must[*cloudwatchlogs.DescribeLogStreamsOutput](t)(client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: group}))
	out := must[*cloudwatchlogs.GetLogEventsOutput](t)(client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: group, LogStreamName: streams.LogStreams[0].LogStreamName, StartFromHead: aws.Bool(true),
	}))
	if len(out.Events) < 4 || !strings.HasPrefix(*out.Events[0].Message, "INIT_START") && !strings.HasPrefix(*out.Events[0].Message, "START") {
		t.Errorf("events %v", out.Events)
	}
}

const (
	firstTemplate = `{"Resources":{"Hits":{"Type":"AWS::DynamoDB::Table","Properties":{"TableName":"hits","BillingMode":"PAY_PER_REQUEST",
		"AttributeDefinitions":[{"AttributeName":"k","AttributeType":"S"}],"KeySchema":[{"AttributeName":"k","KeyType":"HASH"}]}}},
		"Outputs":{"Arn":{"Value":{"Fn::GetAtt":["Hits","Arn"]}}}}`
	brokenBucket = `,"Bad":{"Type":"AWS::S3::BucketPolicy","Properties":{"Bucket":"no-such-bucket","PolicyDocument":{}}}`
)

func useCloudFormation(t *testing.T, c *cloud) {
	ctx, client, name := t.Context(), cloudformation.NewFromConfig(c.dev()), aws.String("system")
	if status := deployStack(t, client, *name, cfntypes.ChangeSetTypeCreate, firstTemplate, nil); status != cfntypes.StackStatusCreateComplete {
		t.Fatalf("the stack is %s", status)
	}
	tagged := strings.Replace(firstTemplate, `"TableName"`, `"Tags":[{"Key":"a","Value":"b"}],"TableName"`, 1)
	must[*cloudformation.UpdateStackOutput](t)(client.UpdateStack(ctx, &cloudformation.UpdateStackInput{StackName: name, TemplateBody: &tagged}))
	if status := settled(t, client, *name); status != cfntypes.StackStatusUpdateComplete {
		t.Errorf("the stack is %s", status)
	}
	broken := strings.Replace(firstTemplate, `}}},`, `}}`+brokenBucket+`},`, 1)
	must[*cloudformation.UpdateStackOutput](t)(client.UpdateStack(ctx, &cloudformation.UpdateStackInput{StackName: name, TemplateBody: &broken}))
	if status := settled(t, client, *name); status != cfntypes.StackStatusUpdateRollbackComplete {
		t.Errorf("the stack is %s", status)
	}
	if out := must[*cloudformation.DescribeStackEventsOutput](t)(client.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: name})); len(out.StackEvents) < 6 {
		t.Errorf("%d events", len(out.StackEvents))
	}
	if out := must[*cloudformation.DescribeStackResourcesOutput](t)(client.DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: name})); len(out.StackResources) != 1 {
		t.Errorf("resources %v", out.StackResources)
	}
	if out := must[*cloudformation.GetTemplateOutput](t)(client.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: name})); *out.TemplateBody != tagged {
		t.Errorf("template %s", *out.TemplateBody)
	}
	other := strings.ReplaceAll(firstTemplate, `"hits"`, `"others"`)
	must[*cloudformation.CreateStackOutput](t)(client.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: aws.String("other"), TemplateBody: &other}))
	for _, name := range []string{"other", "system"} {
		settled(t, client, name)
		must[*cloudformation.DeleteStackOutput](t)(client.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &name}))
		eventually(t, "the stack is gone", func() bool {
			_, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
			code, _ := codeOf(err)
			return code == "ValidationError"
		})
	}
}

// deployStack deploys a template by a change set and gives the stack's status.
func deployStack(t testing.TB, client *cloudformation.Client, name string, kind cfntypes.ChangeSetType, template string, parameters []cfntypes.Parameter) cfntypes.StackStatus {
	t.Helper()
	set := must[*cloudformation.CreateChangeSetOutput](t)(client.CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
		StackName: &name, ChangeSetName: aws.String("deploy"), ChangeSetType: kind, TemplateBody: &template, Parameters: parameters,
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityIam},
	}))
	eventually(t, "the change set is there", func() bool {
		out, err := client.DescribeChangeSet(t.Context(), &cloudformation.DescribeChangeSetInput{ChangeSetName: set.Id})
		if err != nil || out.Status == cfntypes.ChangeSetStatusFailed {
			t.Fatal(err, aws.ToString(out.StatusReason))
		}
		return out.Status == cfntypes.ChangeSetStatusCreateComplete
	})
	must[*cloudformation.ExecuteChangeSetOutput](t)(client.ExecuteChangeSet(t.Context(), &cloudformation.ExecuteChangeSetInput{ChangeSetName: set.Id}))
	return settled(t, client, name)
}

// settled waits until nothing is under way.
func settled(t testing.TB, client *cloudformation.Client, name string) (status cfntypes.StackStatus) {
	t.Helper()
	time.Sleep(5 * time.Millisecond)
	eventually(t, "the stack settles", func() bool {
		out, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
		if err != nil {
			t.Fatal(err)
		}
		status = out.Stacks[0].StackStatus
		return !strings.HasSuffix(string(status), "_IN_PROGRESS")
	})
	return status
}
