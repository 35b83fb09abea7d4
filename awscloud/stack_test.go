package awscloud_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
)

// client is a CloudFormation client beside the account: somebody else.
func (c *cloud) client() *cloudformation.Client {
	return cloudformation.NewFromConfig(aws.Config{
		Region: c.local.Region(), BaseEndpoint: &c.url,
		Credentials: credentials.NewStaticCredentialsProvider(c.keys.AccessKeyID, c.keys.SecretAccessKey, c.keys.SessionToken),
	})
}

func TestAssets(t *testing.T) {
	t.Parallel()
	a := newCloud(t).open(t)
	if there, err := a.HasAsset(t.Context(), bucket, "k"); err != nil || there {
		t.Errorf("before the bucket: %v %v", there, err)
	}
	wantError(t, a.PutAsset(t.Context(), bucket, "k", []byte("x")), writ.CodeNotFound, "NoSuchBucket", "")
	for range 2 { // the second finds it
		if err := a.EnsureBucket(t.Context(), bucket); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.PutAsset(t.Context(), bucket, "k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if there, err := a.HasAsset(t.Context(), bucket, "k"); err != nil || !there {
		t.Errorf("after the upload: %v %v", there, err)
	}
}

func TestBucketOfSomebodyElse(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.failWith(func(call string, _ int) (int, string) {
		if call == "HEAD /"+bucket {
			return 403, ""
		}
		return 0, ""
	})
	wantError(t, c.open(t).EnsureBucket(t.Context(), bucket), writ.CodeDenied, bucket, "")
}

func TestLifeOfAStack(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	a := c.open(t)
	if _, found, err := a.Stack(t.Context(), "shop"); err != nil || found {
		t.Fatalf("%v %v", found, err)
	}
	if _, found, err := a.Template(t.Context(), "shop"); err != nil || found {
		t.Fatalf("%v %v", found, err)
	}
	first := table("hits", 0)
	s, events, err := deploy(t, a, "shop", first)
	if err != nil || s.Status != "CREATE_COMPLETE" || s.Outputs["Table"] != "hits" {
		t.Fatalf("%+v %v", s, err)
	}
	if len(events) < 3 || events[len(events)-1].LogicalID != "shop" || events[len(events)-1].Status != "CREATE_COMPLETE" {
		t.Errorf("events: %+v", events)
	}
	if body, found, err := a.Template(t.Context(), "shop"); err != nil || !found || string(body) != string(first) {
		t.Errorf("the template: %v %v\n%s", found, err, body)
	}
	described, err := c.client().DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("shop")})
	if err != nil || len(described.Stacks[0].Tags) != 2 {
		t.Errorf("tags: %+v %v", described.Stacks[0].Tags, err)
	}

	if ids, err := a.PhysicalIDs(t.Context(), "shop"); err != nil || len(ids) == 0 || !slices.Contains(slices.Collect(maps.Values(ids)), "hits") {
		t.Errorf("physical ids: %v %v", ids, err)
	}
	if ids, err := a.PhysicalIDs(t.Context(), "none"); err != nil || len(ids) != 0 {
		t.Errorf("of what is not there: %v %v", ids, err)
	}

	plan, err := a.Plan(t.Context(), awscloud.Deployment{Stack: "shop", Template: first, Bucket: bucket, Tags: map[string]string{"a": "1", "b": "2"}})
	if err != nil || !plan.Empty {
		t.Fatalf("the same again: %+v %v", plan, err)
	}
	if s, err := a.Apply(t.Context(), plan, nil); err != nil || s.Outputs["Table"] != "hits" {
		t.Errorf("%+v %v", s, err)
	}

	s, events, err = deploy(t, a, "shop", table("visits", 0))
	if err != nil || s.Status != "UPDATE_COMPLETE" || s.Outputs["Table"] != "visits" {
		t.Fatalf("%+v %v", s, err)
	}
	if slices.ContainsFunc(events, func(e awscloud.StackEvent) bool { return e.Status == "CREATE_COMPLETE" && e.LogicalID == "shop" }) {
		t.Error("events of the first deploy came again")
	}

	for range 2 { // what is not there is deleted already
		if err := a.Delete(t.Context(), "shop", nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, found, err := a.Stack(t.Context(), "shop"); err != nil || found {
		t.Errorf("after its deletion: %v %v", found, err)
	}
}

// TestFailedFirstDeploy: the cause is named, and the next deploy goes ahead.
func TestFailedFirstDeploy(t *testing.T) {
	t.Parallel()
	a := newCloud(t).open(t)
	mustDeploy(t, a, "owner", table("hits", 0))
	_, events, err := deploy(t, a, "shop", table("hits", 0))
	wantError(t, err, writ.CodeExternal, "ROLLBACK_COMPLETE: Hits (AWS::DynamoDB::Table): ", "deploy again")
	if !slices.ContainsFunc(events, awscloud.StackEvent.Failed) {
		t.Errorf("no failure among %+v", events)
	}
	if _, found, err := a.Template(t.Context(), "shop"); err != nil || found {
		t.Errorf("a stack that was rolled back has a template: %v %v", found, err)
	}
	if s := mustDeploy(t, a, "shop", table("mended", 0)); s.Status != "CREATE_COMPLETE" {
		t.Errorf("%+v", s)
	}
	_, _, err = deploy(t, a, "shop", table("hits", 0))
	wantError(t, err, writ.CodeExternal, "UPDATE_ROLLBACK_COMPLETE: Hits", "as it was before")
	mustDeploy(t, a, "shop", table("again", 0))
}

// TestCause: what was merely cancelled is not the cause.
func TestCause(t *testing.T) {
	t.Parallel()
	a := newCloud(t).open(t)
	template := `{"Resources": {
	  "A": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/a"}},
	  "B": {"Type": "AWS::Lambda::Function", "DependsOn": "A", "Properties": {"FunctionName": "f", "Handler": "h", "Runtime": "provided.al2023",
	        "Role": "arn:aws:iam::000000000000:role/nobody", "Code": {"S3Bucket": "no-such-bucket", "S3Key": "k"}}}}}`
	_, _, err := deploy(t, a, "shop", []byte(template))
	wantError(t, err, writ.CodeExternal, "B (AWS::Lambda::Function)", "")
}

// A template that is too long to be sent goes by way of the asset bucket.
func TestLongTemplate(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	a := c.open(t)
	if err := a.EnsureBucket(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	long := table("hits", 60_000)
	if s := mustDeploy(t, a, "shop", long); s.Outputs["Table"] != "hits" {
		t.Errorf("%+v", s)
	}
	if body, found, err := a.Template(t.Context(), "shop"); err != nil || !found || string(body) != string(long) {
		t.Errorf("the template: %v %v, %d bytes", found, err, len(body))
	}
}

func TestRefusedTemplates(t *testing.T) {
	t.Parallel()
	a := newCloud(t).open(t)
	for name, template := range map[string]string{
		"no template":   `{`,
		"no resource":   `{"Resources": {}}`,
		"a type":        `{"Resources": {"A": {"Type": "AWS::Nothing::Here"}}}`,
		"a wrong value": `{"Resources": {"A": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Ref": "Nobody"}}}}}`,
	} {
		_, _, err := deploy(t, a, "shop", []byte(template))
		if writ.CodeOf(err) != writ.CodeExternal || !strings.Contains(err.Error(), "shop") {
			t.Errorf("%s: %v", name, err)
		}
	}
	mustDeploy(t, a, "shop", table("hits", 0))
}

// A change set that a stopped deploy left is replaced.
func TestLeftoverChangeSet(t *testing.T) {
	t.Parallel()
	a := newCloud(t).open(t)
	d := awscloud.Deployment{Stack: "shop", Template: table("hits", 0), Bucket: bucket}
	for range 2 {
		if _, err := a.Plan(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if s := mustDeploy(t, a, "shop", d.Template); s.Status != "CREATE_COMPLETE" {
		t.Errorf("%+v", s)
	}
}

// describeAs answers DescribeStacks with a state.
func describeAs(status types.StackStatus) func(string, int) (int, string) {
	return func(call string, _ int) (int, string) {
		if call != "DescribeStacks" {
			return 0, ""
		}
		return 200, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>shop</StackName><StackId>arn:aws:cloudformation:us-east-1:000000000000:stack/shop/1</StackId>` +
			`<CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>` + string(status) + `</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
	}
}

func TestStacksThatCannotBeDeployed(t *testing.T) {
	t.Parallel()
	for status, hint := range map[types.StackStatus]string{
		types.StackStatusUpdateInProgress: "wait until it is done", types.StackStatusDeleteInProgress: "wait until it is done",
		types.StackStatusRollbackFailed: "writ destroy", types.StackStatusDeleteFailed: "writ destroy",
		types.StackStatusUpdateRollbackFailed: "continue-update-rollback --stack-name shop",
	} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			c.failWith(describeAs(status))
			_, err := c.open(t).Plan(t.Context(), awscloud.Deployment{Stack: "shop", Template: table("hits", 0)})
			wantError(t, err, writ.CodeConflict, string(status), hint)
			if c.called("CreateChangeSet") != 0 {
				t.Error("a change set was made")
			}
		})
	}
	c := newCloud(t)
	c.failWith(describeAs(types.StackStatusUpdateInProgress))
	wantError(t, c.open(t).Delete(t.Context(), "shop", nil), writ.CodeConflict, "another deploy", "wait")
}

// TestStoppedWaiting: a caller that goes away gets an answer at once.
func TestStoppedWaiting(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	a := c.open(t)
	plan, err := a.Plan(t.Context(), awscloud.Deployment{Stack: "shop", Template: table("hits", 0), Bucket: bucket})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	slow := describeAs(types.StackStatusUpdateInProgress)
	c.failWith(func(call string, n int) (int, string) {
		if call == "DescribeStacks" && n == 3 {
			stop()
		}
		return slow(call, n)
	})
	_, err = a.Apply(ctx, plan, nil)
	wantError(t, err, writ.CodeCancelled, "which goes on", "describe-stack-events")

	c.failWith(func(call string, _ int) (int, string) {
		if call != "DescribeChangeSet" {
			return 0, ""
		}
		return 200, `<DescribeChangeSetResponse><DescribeChangeSetResult><Status>CREATE_IN_PROGRESS</Status></DescribeChangeSetResult></DescribeChangeSetResponse>`
	})
	ctx, stop = context.WithTimeout(t.Context(), 100_000_000)
	defer stop()
	_, err = a.Plan(ctx, awscloud.Deployment{Stack: "other", Template: table("others", 0), Bucket: bucket})
	wantError(t, err, writ.CodeCancelled, "", "")
}
