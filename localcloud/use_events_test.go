package localcloud_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

// catcher makes a function that the sources may invoke, and gives its ARN.
func catcher(t *testing.T, c *cloud, name string, sources ...string) string {
	t.Helper()
	ctx, client := t.Context(), lambda.NewFromConfig(c.dev())
	role := c.role(t, name+"-role", trustLambda, "")
	made := must[*lambda.CreateFunctionOutput](t)(client.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name, Role: &role, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"), Timeout: aws.Int32(10),
		Code: &types.FunctionCode{ZipFile: goFunction(t)},
	}))
	for i := 0; i < len(sources); i += 2 {
		must[*lambda.AddPermissionOutput](t)(client.AddPermission(ctx, &lambda.AddPermissionInput{
			FunctionName: &name, StatementId: aws.String("s" + strings.Map(func(r rune) rune {
				if r == '.' {
					return '-'
				}
				return r
			}, sources[i])), Action: aws.String("lambda:InvokeFunction"), Principal: &sources[i], SourceArn: &sources[i+1], SourceAccount: aws.String("000000000000"),
		}))
	}
	return *made.FunctionArn
}

// useEvents: an object in a bucket becomes an event, a rule takes it to a function.
func useEvents(t *testing.T, c *cloud) {
	ctx, client, objects := t.Context(), eventbridge.NewFromConfig(c.dev()), pathStyle(c.dev())
	on := "arn:aws:events:us-east-1:000000000000:rule/"
	function := catcher(t, c, "catcher", "events.amazonaws.com", on+"uploads", "s3.amazonaws.com", "arn:aws:s3:::uploads")
	rule, bucket := aws.String("uploads"), aws.String("uploads")
	must[*s3.CreateBucketOutput](t)(objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	must[*s3.PutBucketNotificationConfigurationOutput](t)(objects.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{
		Bucket: bucket, NotificationConfiguration: &s3types.NotificationConfiguration{
			EventBridgeConfiguration:     &s3types.EventBridgeConfiguration{},
			LambdaFunctionConfigurations: []s3types.LambdaFunctionConfiguration{{LambdaFunctionArn: &function, Events: []s3types.Event{"s3:ObjectRemoved:*"}}},
		},
	}))
	must[*s3.GetBucketNotificationConfigurationOutput](t)(objects.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: bucket}))
	arn := must[*eventbridge.PutRuleOutput](t)(client.PutRule(ctx, &eventbridge.PutRuleInput{Name: rule, EventPattern: aws.String(`{"source":["aws.s3"],"detail":{"bucket":{"name":["uploads"]},"object":{"key":[{"prefix":"in/"}]}}}`)})).RuleArn
	must[*eventbridge.PutTargetsOutput](t)(client.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: rule, Targets: []ebtypes.Target{{Id: aws.String("1"), Arn: &function}}}))
	must[*s3.PutObjectOutput](t)(objects.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("in/a"), Body: strings.NewReader("x")}))
	eventually(t, "the upload runs the function", func() bool { return c.seen(&c.lines, "catcher: the function ran for") })

	must[*eventbridge.DescribeRuleOutput](t)(client.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: rule}))
	must[*eventbridge.ListRulesOutput](t)(client.ListRules(ctx, &eventbridge.ListRulesInput{}))
	must[*eventbridge.ListTargetsByRuleOutput](t)(client.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: rule}))
	must[*eventbridge.ListRuleNamesByTargetOutput](t)(client.ListRuleNamesByTarget(ctx, &eventbridge.ListRuleNamesByTargetInput{TargetArn: &function}))
	must[*eventbridge.DisableRuleOutput](t)(client.DisableRule(ctx, &eventbridge.DisableRuleInput{Name: rule}))
	must[*eventbridge.EnableRuleOutput](t)(client.EnableRule(ctx, &eventbridge.EnableRuleInput{Name: rule}))
	must[*eventbridge.TagResourceOutput](t)(client.TagResource(ctx, &eventbridge.TagResourceInput{ResourceARN: arn, Tags: []ebtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))
	must[*eventbridge.ListTagsForResourceOutput](t)(client.ListTagsForResource(ctx, &eventbridge.ListTagsForResourceInput{ResourceARN: arn}))
	must[*eventbridge.UntagResourceOutput](t)(client.UntagResource(ctx, &eventbridge.UntagResourceInput{ResourceARN: arn, TagKeys: []string{"a"}}))
	must[*eventbridge.TestEventPatternOutput](t)(client.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{
		EventPattern: aws.String(`{"source":["s"]}`), Event: aws.String(`{"id":"1","account":"0","source":"s","time":"t","region":"r","resources":[],"detail-type":"d","detail":{}}`),
	}))
	must[*eventbridge.RemoveTargetsOutput](t)(client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: rule, Ids: []string{"1"}}))
	must[*eventbridge.DeleteRuleOutput](t)(client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: rule}))
	must[*s3.DeleteObjectOutput](t)(objects.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("in/a")}))
	must[*s3.DeleteBucketOutput](t)(objects.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket}))
	useBuses(t, c)
}

func useBuses(t *testing.T, c *cloud) {
	ctx, client, name := t.Context(), eventbridge.NewFromConfig(c.dev()), aws.String("shop")
	must[*eventbridge.CreateEventBusOutput](t)(client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: name}))
	must[*eventbridge.UpdateEventBusOutput](t)(client.UpdateEventBus(ctx, &eventbridge.UpdateEventBusInput{Name: name, Description: aws.String("d")}))
	must[*eventbridge.PutPermissionOutput](t)(client.PutPermission(ctx, &eventbridge.PutPermissionInput{EventBusName: name, StatementId: aws.String("s"), Action: aws.String("events:PutEvents"), Principal: aws.String("111122223333")}))
	must[*eventbridge.RemovePermissionOutput](t)(client.RemovePermission(ctx, &eventbridge.RemovePermissionInput{EventBusName: name, StatementId: aws.String("s")}))
	must[*eventbridge.DescribeEventBusOutput](t)(client.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: name}))
	must[*eventbridge.ListEventBusesOutput](t)(client.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{}))
	out := must[*eventbridge.PutEventsOutput](t)(client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{EventBusName: name, Source: aws.String("s"), DetailType: aws.String("d"), Detail: aws.String("{}")}}}))
	if out.FailedEntryCount != 0 {
		t.Errorf("%v", out.Entries)
	}
	must[*eventbridge.DeleteEventBusOutput](t)(client.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: name}))
	logs := cloudwatchlogs.NewFromConfig(c.dev())
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"logs:PutLogEvents","Resource":"*"}]}`
	must[*cloudwatchlogs.PutResourcePolicyOutput](t)(logs.PutResourcePolicy(ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: name, PolicyDocument: &policy}))
	must[*cloudwatchlogs.DescribeResourcePoliciesOutput](t)(logs.DescribeResourcePolicies(ctx, &cloudwatchlogs.DescribeResourcePoliciesInput{}))
	must[*cloudwatchlogs.DeleteResourcePolicyOutput](t)(logs.DeleteResourcePolicy(ctx, &cloudwatchlogs.DeleteResourcePolicyInput{PolicyName: name}))
}

// useSchedules: a schedule runs a function as its role; one whose role may not
// is shown as a denial.
func useSchedules(t *testing.T, c *cloud) {
	ctx, client, name, group := t.Context(), scheduler.NewFromConfig(c.dev()), aws.String("often"), aws.String("timers")
	function := catcher(t, c, "timed")
	trust := strings.Replace(trustLambda, "lambda.amazonaws.com", "scheduler.amazonaws.com", 1)
	may := c.role(t, "timer-role", trust, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"`+function+`"}]}`)
	mayNot := c.role(t, "idle-role", trust, "")
	arn := must[*scheduler.CreateScheduleGroupOutput](t)(client.CreateScheduleGroup(ctx, &scheduler.CreateScheduleGroupInput{Name: group})).ScheduleGroupArn
	off := &schedulertypes.FlexibleTimeWindow{Mode: schedulertypes.FlexibleTimeWindowModeOff}
	in := &scheduler.CreateScheduleInput{Name: name, GroupName: group, ScheduleExpression: aws.String("rate(1 day)"), FlexibleTimeWindow: off, Target: &schedulertypes.Target{Arn: &function, RoleArn: &may}}
	must[*scheduler.CreateScheduleOutput](t)(client.CreateSchedule(ctx, in))
	eventually(t, "the schedule runs the function", func() bool { return c.seen(&c.lines, "timed: the function ran for") })
	denied := *in
	denied.Name, denied.Target = aws.String("idle"), &schedulertypes.Target{Arn: &function, RoleArn: &mayNot}
	must[*scheduler.CreateScheduleOutput](t)(client.CreateSchedule(ctx, &denied))
	eventually(t, "the denial is shown", func() bool {
		return c.seen(&c.denied, "assumed-role/idle-role/to-schedule-group-timers is not authorized to perform: lambda:InvokeFunction")
	})

	must[*scheduler.UpdateScheduleOutput](t)(client.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{Name: name, GroupName: group, ScheduleExpression: aws.String("rate(2 days)"), State: schedulertypes.ScheduleStateDisabled, FlexibleTimeWindow: off, Target: in.Target}))
	must[*scheduler.GetScheduleOutput](t)(client.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: name, GroupName: group}))
	must[*scheduler.ListSchedulesOutput](t)(client.ListSchedules(ctx, &scheduler.ListSchedulesInput{}))
	must[*scheduler.GetScheduleGroupOutput](t)(client.GetScheduleGroup(ctx, &scheduler.GetScheduleGroupInput{Name: group}))
	must[*scheduler.ListScheduleGroupsOutput](t)(client.ListScheduleGroups(ctx, &scheduler.ListScheduleGroupsInput{}))
	must[*scheduler.TagResourceOutput](t)(client.TagResource(ctx, &scheduler.TagResourceInput{ResourceArn: arn, Tags: []schedulertypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))
	must[*scheduler.ListTagsForResourceOutput](t)(client.ListTagsForResource(ctx, &scheduler.ListTagsForResourceInput{ResourceArn: arn}))
	must[*scheduler.UntagResourceOutput](t)(client.UntagResource(ctx, &scheduler.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}}))
	must[*scheduler.DeleteScheduleOutput](t)(client.DeleteSchedule(ctx, &scheduler.DeleteScheduleInput{Name: name, GroupName: group}))
	must[*scheduler.DeleteScheduleGroupOutput](t)(client.DeleteScheduleGroup(ctx, &scheduler.DeleteScheduleGroupInput{Name: group}))
}
