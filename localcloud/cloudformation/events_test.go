package cloudformation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
)

// eventInventory lists buses, rules, targets, schedules and notifications with
// all that stacks set of them.
func eventInventory(t testing.TB, cfg aws.Config) (all []string) {
	t.Helper()
	ctx, events, timers := t.Context(), eventbridge.NewFromConfig(cfg), scheduler.NewFromConfig(cfg)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	add := func(kind string, values ...any) { all = append(all, kind+" "+fmt.Sprintln(values...)) }
	buses, err := events.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{})
	check(err)
	for _, bus := range buses.EventBuses {
		if *bus.Name != "default" { // which is always there
			add("bus", *bus.Name, aws.ToString(bus.Description), aws.ToString(bus.Policy))
		}
		rules, err := events.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: bus.Name})
		check(err)
		for _, r := range rules.Rules {
			add("rule", *r.Arn, aws.ToString(r.Description), aws.ToString(r.EventPattern), aws.ToString(r.ScheduleExpression), r.State)
			targets, err := events.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: r.Name, EventBusName: bus.Name})
			check(err)
			for _, one := range targets.Targets {
				add("target", *r.Name, *one.Id, *one.Arn, aws.ToString(one.Input))
			}
		}
	}
	groups, err := timers.ListScheduleGroups(ctx, &scheduler.ListScheduleGroupsInput{})
	check(err)
	for _, g := range groups.ScheduleGroups {
		tags, err := timers.ListTagsForResource(ctx, &scheduler.ListTagsForResourceInput{ResourceArn: g.Arn})
		check(err)
		if *g.Name != "default" {
			add("schedule group", *g.Name, len(tags.Tags))
		}
	}
	schedules, err := timers.ListSchedules(ctx, &scheduler.ListSchedulesInput{})
	check(err)
	for _, one := range schedules.Schedules {
		got, err := timers.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: one.Name, GroupName: one.GroupName})
		check(err)
		add("schedule", *got.Arn, aws.ToString(got.Description), *got.ScheduleExpression, *got.ScheduleExpressionTimezone, got.StartDate, aws.ToString(got.Target.Input))
	}
	objects := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	buckets, err := objects.ListBuckets(ctx, nil)
	check(err)
	for _, b := range buckets.Buckets {
		got, err := objects.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: b.Name})
		check(err)
		for _, f := range got.LambdaFunctionConfigurations {
			add("notification", *b.Name, *f.LambdaFunctionArn, f.Events, *f.Filter.Key.FilterRules[0].Value)
		}
		for _, q := range got.QueueConfigurations {
			add("notification", *b.Name, *q.QueueArn, q.Events)
		}
		if got.EventBridgeConfiguration != nil {
			add("notification", *b.Name, "EventBridge")
		}
	}
	return all
}

// TestEventTypes: what Ref and GetAtt give, what replaces and what does not,
// and that the deployer's own rights decide.
func TestEventTypes(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	template := func(bus, rule, group string) string {
		return `
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: ` + bus + `}}
  Rule: {Type: AWS::Events::Rule, Properties: {EventBusName: !Ref Bus, Name: ` + bus + `-r, EventPattern: {source: [` + rule + `]}}}
  Plain: {Type: AWS::Events::Rule, Properties: {Name: plain, ScheduleExpression: rate(1 day), State: DISABLED}}
  Group: {Type: AWS::Scheduler::ScheduleGroup, Properties: {Name: ` + group + `}}
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: scheduler.amazonaws.com}, Action: sts:AssumeRole}]}}
  Timer:
    Type: AWS::Scheduler::Schedule
    Properties: {Name: t, GroupName: !Ref Group, ScheduleExpression: "cron(0 0 1 1 ? 2099)", State: DISABLED, FlexibleTimeWindow: {Mode: "OFF"}, Target: {Arn: "arn:aws:sqs:us-east-1:000000000000:q", RoleArn: !GetAtt Role.Arn}}
Outputs:
  Refs: {Value: !Join [" ", [!Ref Bus, !Ref Rule, !Ref Plain, !Ref Group, !Ref Timer]]}
  Arns: {Value: !Join [" ", [!GetAtt Bus.Arn, !GetAtt Bus.Name, !GetAtt Rule.Arn, !GetAtt Plain.Arn, !GetAtt Group.Arn, !GetAtt Group.State, !GetAtt Timer.Arn]]}
`
	}
	outputs := func() map[string]string {
		t.Helper()
		all := map[string]string{}
		for _, o := range c.settled(t, "app").Outputs {
			all[*o.OutputKey] = *o.OutputValue
		}
		return all
	}
	want := func(refs, arns string) {
		t.Helper()
		if got := outputs(); got["Refs"] != refs || got["Arns"] != arns {
			t.Errorf("got %s\n%s\nwant %s\n%s", got["Refs"], got["Arns"], refs, arns)
		}
	}
	const on = "arn:aws:events:us-east-1:000000000000:"
	const timers = "arn:aws:scheduler:us-east-1:000000000000:"
	if err := c.create(t, "app", template("shop", "a", "g")); err != nil {
		t.Fatal(err)
	}
	c.want(t, "app", "CREATE_COMPLETE")
	want("shop shop|shop-r plain g t", on+"event-bus/shop shop "+on+"rule/shop/shop-r "+on+"rule/plain "+timers+"schedule-group/g ACTIVE "+timers+"schedule/g/t")
	if err := c.update(t, "app", template("shop2", "b", "h")); err != nil {
		t.Fatal(err)
	}
	c.want(t, "app", "UPDATE_COMPLETE")
	want("shop2 shop2|shop2-r plain h t", on+"event-bus/shop2 shop2 "+on+"rule/shop2/shop2-r "+on+"rule/plain "+timers+"schedule-group/h ACTIVE "+timers+"schedule/h/t")
	all := strings.Join(eventInventory(t, c.config(t, "admin")), "")
	for _, gone := range []string{"bus shop ", "rule/shop/r", "group g ", "schedule/g/t"} {
		if strings.Contains(all, gone) {
			t.Errorf("%q is still there:\n%s", gone, all)
		}
	}
	c.deleteStack(t, "app")
	if left := eventInventory(t, c.config(t, "admin")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}

	// Who deploys without iam:PassRole gives no role to Scheduler.
	c.role(t, "weak", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:PassRole","Resource":"*"}]}`)
	body := template("shop", "a", "g")
	if _, err := sdk.NewFromConfig(c.config(t, "weak")).CreateStack(t.Context(), &sdk.CreateStackInput{StackName: aws.String("weak"), TemplateBody: &body, Capabilities: capabilities}); err != nil {
		t.Fatal(err)
	}
	stack := c.settled(t, "weak")
	if events := strings.Join(c.events(t, *stack.StackId), "\n"); stack.StackStatus != "ROLLBACK_COMPLETE" || !strings.Contains(events, "is not authorized to perform: iam:PassRole") {
		t.Errorf("%s\n%s", stack.StackStatus, events)
	}
}
