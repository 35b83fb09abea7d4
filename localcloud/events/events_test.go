package events_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/writ-dev/writ/localcloud/delivery/deliverytest"
)

func TestBuses(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	client := c.admin()
	create := func(name string) string {
		_, err := client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &name, Description: aws.String("d")})
		return deliverytest.Code(err)
	}
	same(t, "create", create("shop"), "")
	same(t, "again", create("shop"), "ResourceAlreadyExistsException")
	same(t, "the default bus", create("default"), "ResourceAlreadyExistsException")
	same(t, "a partner's", create("aws.partner/x"), "ValidationException")
	list, err := client.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{})
	c.Must(err)
	same(t, "list", *list.EventBuses[0].Name+" "+*list.EventBuses[1].Name, "default shop")
	first, err := client.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{Limit: aws.Int32(1)})
	c.Must(err)
	second, err := client.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{NextToken: first.NextToken})
	c.Must(err)
	same(t, "the second page", *second.EventBuses[0].Arn, prefix+"event-bus/shop")

	put := &eventbridge.PutPermissionInput{EventBusName: aws.String("shop"), StatementId: aws.String("one"), Action: aws.String("events:PutEvents"), Principal: aws.String("111122223333")}
	_, err = client.PutPermission(ctx, put)
	c.Must(err)
	put.StatementId, put.Principal = aws.String("two"), aws.String("*")
	put.Condition = &types.Condition{Type: aws.String("StringEquals"), Key: aws.String("aws:PrincipalOrgID"), Value: aws.String("o-1234567890")}
	_, err = client.PutPermission(ctx, put)
	c.Must(err)
	_, err = client.RemovePermission(ctx, &eventbridge.RemovePermissionInput{EventBusName: aws.String("shop"), StatementId: aws.String("two")})
	c.Must(err)
	bus, err := client.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: aws.String(prefix + "event-bus/shop")})
	c.Must(err)
	same(t, "policy", *bus.Policy, `{"Version":"2012-10-17","Statement":[{"Action":"events:PutEvents","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Resource":"`+prefix+`event-bus/shop","Sid":"one"}]}`)
	same(t, "description", *bus.Description, "d")
	up, err := client.UpdateEventBus(ctx, &eventbridge.UpdateEventBusInput{Name: aws.String("shop"), Description: aws.String("e")})
	c.Must(err)
	same(t, "updated", *up.Description, "e")
	_, err = client.RemovePermission(ctx, &eventbridge.RemovePermissionInput{EventBusName: aws.String("shop"), StatementId: aws.String("two")})
	same(t, "remove again", deliverytest.Code(err), "ResourceNotFoundException")
	_, err = client.PutPermission(ctx, &eventbridge.PutPermissionInput{EventBusName: aws.String("shop"), Policy: aws.String(`{"Statement":[{"Effect":"Maybe"}]}`)})
	same(t, "a policy that is none", deliverytest.Code(err), "ValidationException")
	c.rule("shop", "r", `{"a":[1]}`)
	_, err = client.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String("shop")})
	same(t, "delete with rules", deliverytest.Code(err), "ValidationException")
	_, err = client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r"), EventBusName: aws.String("shop")})
	c.Must(err)
	for range 2 {
		_, err = client.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String("shop")})
		c.Must(err)
	}
	_, err = client.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: aws.String("shop")})
	same(t, "gone", deliverytest.Code(err), "ResourceNotFoundException")
}

func TestRules(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	client := c.admin()
	c.rule("default", "a", `{"source":["s"]}`, target("1", hello), target("2", "arn:aws:sqs:us-east-1:000000000000:q"))
	c.rule("default", "b", "rate(5 minutes)", target("1", hello))
	got, err := client.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("a")})
	c.Must(err)
	same(t, "rule", fmt.Sprint(*got.Arn, *got.EventPattern, got.State, *got.EventBusName, *got.CreatedBy), prefix+`rule/a{"source":["s"]}ENABLEDdefault000000000000`)
	list, err := client.ListRules(ctx, &eventbridge.ListRulesInput{NamePrefix: aws.String("b")})
	c.Must(err)
	same(t, "list", *list.Rules[0].ScheduleExpression, "rate(5 minutes)")
	names, err := client.ListRuleNamesByTarget(ctx, &eventbridge.ListRuleNamesByTargetInput{TargetArn: aws.String(hello)})
	c.Must(err)
	same(t, "by target", strings.Join(names.RuleNames, " "), "a b")
	targets, err := client.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: aws.String("a")})
	c.Must(err)
	same(t, "targets", *targets.Targets[0].Arn+" "+*targets.Targets[1].Id, hello+" 2")
	_, err = client.TagResource(ctx, &eventbridge.TagResourceInput{ResourceARN: got.Arn, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}, {Key: aws.String("l"), Value: aws.String("w")}}})
	c.Must(err)
	_, err = client.UntagResource(ctx, &eventbridge.UntagResourceInput{ResourceARN: got.Arn, TagKeys: []string{"l"}})
	c.Must(err)
	c.rule("default", "a", `{"source":["t"]}`) // the rule anew: targets and tags stay
	tags, err := client.ListTagsForResource(ctx, &eventbridge.ListTagsForResourceInput{ResourceARN: got.Arn})
	c.Must(err)
	if len(tags.Tags) != 1 || *tags.Tags[0].Value != "v" {
		t.Errorf("tags %v", tags.Tags)
	}
	_, err = client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("a")})
	same(t, "delete with targets", deliverytest.Code(err), "ValidationException")
	removed, err := client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: aws.String("a"), Ids: []string{"1", "2", "3"}})
	c.Must(err)
	same(t, "remove", fmt.Sprint(removed.FailedEntryCount, *removed.FailedEntries[0].TargetId, *removed.FailedEntries[0].ErrorCode), "13ResourceNotFoundException")
	for range 2 {
		_, err = client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("a")})
		c.Must(err)
	}
	match, err := client.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{
		EventPattern: aws.String(`{"detail":{"n":[{"numeric":[">",1]}]}}`),
		Event:        aws.String(`{"id":"1","account":"0","source":"s","time":"t","region":"r","resources":[],"detail-type":"d","detail":{"n":2}}`),
	})
	c.Must(err)
	if !match.Result {
		t.Error("the pattern does not match")
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	client := c.admin()
	c.rule("default", "r", `{"a":[1]}`)
	_, err := client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("shop")})
	c.Must(err)
	rule := func(bus, pattern, schedule string) string {
		in := &eventbridge.PutRuleInput{Name: aws.String("x"), EventBusName: &bus}
		if pattern != "" {
			in.EventPattern = &pattern
		}
		if schedule != "" {
			in.ScheduleExpression = &schedule
		}
		_, err := client.PutRule(ctx, in)
		return deliverytest.Code(err)
	}
	same(t, "a pattern", rule("default", `{"a":"b"}`, ""), "InvalidEventPatternException")
	same(t, "neither", rule("default", "", ""), "ValidationException")
	same(t, "a schedule", rule("default", "", "rate(1 minutes)"), "ValidationException")
	same(t, "a schedule elsewhere", rule("shop", "", "rate(1 minute)"), "ValidationException")
	same(t, "a bus that is not there", rule("none", `{"a":[1]}`, ""), "ResourceNotFoundException")
	both := func(edit func(*types.Target)) string {
		to := target("1", hello)
		edit(&to)
		_, err := client.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{to}})
		return deliverytest.Code(err)
	}
	for name, edit := range map[string]func(*types.Target){
		"two inputs":         func(t *types.Target) { t.Input, t.InputPath = aws.String("1"), aws.String("$") },
		"input not JSON":     func(t *types.Target) { t.Input = aws.String("x") },
		"path":               func(t *types.Target) { t.InputPath = aws.String("$..x") },
		"FIFO without group": func(t *types.Target) { t.Arn = aws.String("arn:aws:sqs:us-east-1:000000000000:q.fifo") },
		"ARN":                func(t *types.Target) { t.Arn = aws.String("hello") },
		"retries": func(t *types.Target) {
			t.RetryPolicy = &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(186), MaximumEventAgeInSeconds: aws.Int32(60)}
		},
		"placeholder": func(t *types.Target) {
			t.InputTransformer = &types.InputTransformer{InputTemplate: aws.String(`{"a": <b>}`)}
		},
		"template": func(t *types.Target) {
			t.InputTransformer = &types.InputTransformer{InputTemplate: aws.String(`{"a": }`)}
		},
	} {
		same(t, name, both(edit), "ValidationException")
	}
	var many []types.Target
	for i := range 6 {
		many = append(many, target(fmt.Sprint(i), hello))
	}
	_, err = client.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: many})
	same(t, "six targets", deliverytest.Code(err), "LimitExceededException")
	_, err = client.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("none"), Targets: many[:1]})
	same(t, "of no rule", deliverytest.Code(err), "ResourceNotFoundException")
}
