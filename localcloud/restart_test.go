package localcloud_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/localcloud"
)

// TestARestartLosesNothing closes a cloud that has one of everything, opens
// its directory again, and compares.
func TestARestartLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := openCloud(t, dir, nil)
	fill(t, c)
	before := inventory(t, c, c.dev())
	if len(before) < 8 {
		t.Fatalf("only this was made: %q", before)
	}
	credentials := c.developer
	role := c.assume(t, "arn:aws:iam::000000000000:role/rest-role", "").Credentials
	c.close(t)

	again := openCloud(t, dir, nil)
	if after := inventory(t, again, again.as(credentials)); !slices.Equal(before, after) {
		t.Errorf("before\n  %s\nafter\n  %s", strings.Join(before, "\n  "), strings.Join(after, "\n  "))
	}
	wantCode(t, "credentials of a role from before", onePerService["sts"](t.Context(), again.as(role)), "")
	if status, body := again.get(t, "/rest"); status != 200 {
		t.Errorf("the API: %d %s", status, body)
	}
	if status := deployStack(t, cloudformation.NewFromConfig(again.dev()), "system", cfntypes.ChangeSetTypeUpdate,
		strings.Replace(firstTemplate, `"TableName"`, `"Tags":[{"Key":"a","Value":"b"}],"TableName"`, 1), nil); status != cfntypes.StackStatusUpdateComplete {
		t.Errorf("the stack is %s", status)
	}
}

// fill makes one of everything.
func fill(t *testing.T, c *cloud) {
	ctx := t.Context()
	if status := deployStack(t, cloudformation.NewFromConfig(c.dev()), "system", cfntypes.ChangeSetTypeCreate, firstTemplate, nil); status != cfntypes.StackStatusCreateComplete {
		t.Fatalf("the stack is %s", status)
	}
	must[*dynamodb.PutItemOutput](t)(dynamodb.NewFromConfig(c.dev()).PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("hits"), Item: item{"k": text("1"), "n": number("7")}}))
	objects := pathStyle(c.dev())
	must[*s3.CreateBucketOutput](t)(objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("things")}))
	must[*s3.PutObjectOutput](t)(objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("things"), Key: aws.String("k"), Body: strings.NewReader("bytes")}))
	api := c.restAPI(t, "rest", c.deploy(t, "rest"))
	c.permit(t, "rest", api)
	if status, body := c.get(t, "/rest"); status != 200 {
		t.Fatalf("the API: %d %s", status, body)
	}
	eventually(t, "the log is stored", func() bool { return strings.Contains(strings.Join(messages(t, c.dev()), ""), "REPORT") })
}

func messages(t *testing.T, cfg aws.Config) (lines []string) {
	t.Helper()
	out, err := cloudwatchlogs.NewFromConfig(cfg).FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/rest")})
	if err != nil {
		return nil
	}
	for _, e := range out.Events {
		lines = append(lines, *e.Message)
	}
	return lines
}

// inventory lists what there is, as a client sees it.
func inventory(t *testing.T, c *cloud, cfg aws.Config) (lines []string) {
	t.Helper()
	ctx := t.Context()
	for _, r := range must[*awsiam.ListRolesOutput](t)(awsiam.NewFromConfig(cfg).ListRoles(ctx, &awsiam.ListRolesInput{})).Roles {
		lines = append(lines, "role "+*r.Arn+" "+*r.RoleId+" "+r.CreateDate.String())
	}
	for _, s := range must[*cloudformation.DescribeStacksOutput](t)(cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{})).Stacks {
		lines = append(lines, "stack "+*s.StackId+" "+string(s.StackStatus)+" "+*s.Outputs[0].OutputValue)
	}
	for _, i := range must[*dynamodb.ScanOutput](t)(dynamodb.NewFromConfig(cfg).Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("hits")})).Items {
		lines = append(lines, "item "+describe(i["k"])+" "+describe(i["n"]))
	}
	lines = append(lines, "object "+object(t, pathStyle(cfg), "things", "k"))
	for _, f := range must[*lambda.ListFunctionsOutput](t)(lambda.NewFromConfig(cfg).ListFunctions(ctx, &lambda.ListFunctionsInput{})).Functions {
		lines = append(lines, "function "+*f.FunctionArn+" "+*f.CodeSha256+" "+*f.RevisionId)
	}
	policy := must[*lambda.GetPolicyOutput](t)(lambda.NewFromConfig(cfg).GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String("rest")}))
	lines = append(lines, "policy "+*policy.Policy)
	for _, m := range messages(t, cfg) {
		lines = append(lines, "log "+m)
	}
	return lines
}

// TestOneCloudPerDirectory: a second one is refused, and the first is not harmed.
func TestOneCloudPerDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := openCloud(t, dir, nil)
	_, err := localcloud.Open(localcloud.Config{Dir: dir})
	var e *writ.Error
	if !errors.As(err, &e) || e.Code != writ.CodeConflict || !strings.Contains(e.Hint, "another `writ up`") {
		t.Errorf("the second cloud: %v", err)
	}
	wantCode(t, "the first cloud", onePerService["dynamodb"](t.Context(), c.dev()), "")
}

// TestCallsAfterClose are answered with an error and harm nobody.
func TestCallsAfterClose(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	makeTable(t, dynamodb.NewFromConfig(c.dev()), "things")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := dynamodb.NewFromConfig(c.dev()).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("things"), Item: item{"k": text("1")}})
	wantCode(t, "a write", err, "InternalServerError")
	_, err = dynamodb.NewFromConfig(c.dev()).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("things"), Key: item{"k": text("1")}})
	wantCode(t, "a read", err, "InternalServerError")
	if status, _ := c.get(t, "/"); status < 400 {
		t.Errorf("the HTTP API: %d", status)
	}
	c.closed = true
	c.front.Close()
	c.api.Close()
}
