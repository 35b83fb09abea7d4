package events_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/writ-dev/writ/localcloud/delivery/deliverytest"
)

// TestAnEventArrives: one event, all kinds of targets, each of which lets the
// rule in by its own policy.
func TestAnEventArrives(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	ruleARN := prefix + "rule/orders"
	box, line := c.Queue("box", service, ruleARN), c.Queue("line.fifo", service, ruleARN)
	c.Lambda.Admit(c.World, service, ruleARN)
	topics := sns.NewFromConfig(c.As("admin"))
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("news")})
	c.Must(err)
	_, err = topics.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{
		TopicArn: topic.TopicArn, AttributeName: aws.String("Policy"), AttributeValue: aws.String(deliverytest.Admit(service, "sns:Publish", *topic.TopicArn, ruleARN)),
	})
	c.Must(err)
	letters := c.Queue("letters", "sns.amazonaws.com", *topic.TopicArn)
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: &letters, Attributes: map[string]string{"RawMessageDelivery": "true"},
	})
	c.Must(err)
	toLine := target("line", line)
	toLine.SqsParameters = &types.SqsParameters{MessageGroupId: aws.String("g")}
	c.rule("default", "orders", `{"source":["shop"]}`, target("box", box), toLine, target("topic", *topic.TopicArn), target("function", hello),
		target("machine", "arn:aws:states:us-east-1:000000000000:stateMachine:m"))

	c.put("default", "elsewhere", `{}`)
	c.put("default", "shop", `{ "id": 7, "note": "a<b" }`)
	got := c.Receive("box").Body
	for name, want := range map[string]string{
		"version": `"0"`, "detail-type": `"order"`, "source": `"shop"`, "account": `"000000000000"`, "region": `"us-east-1"`, "resources": "[]", "detail": `{"id":7,"note":"a<b"}`,
	} {
		same(t, name, member(t, got, name), want)
	}
	fifo := c.Receive("line.fifo")
	same(t, "the queue in order gets the same", fifo.Body, got)
	same(t, "its group", fifo.Attributes["MessageGroupId"], "g")
	same(t, "so does the topic", c.Receive("letters").Body, got)
	c.Eventually("the function runs", func() bool { return len(c.Lambda.Calls()) == 1 })
	same(t, "the function", c.Lambda.Calls()[0], "Event "+got)
	c.Eventually("what does not run is said", func() bool { return strings.Contains(c.Said(), "does not run this target") })
	if _, ok := c.Poll("box", 0); ok {
		t.Error("an event that does not match arrived")
	}
}

// TestNobodyIsLetInByItself: a target that does not admit the rule gets
// nothing; that is said, and the event goes to the dead-letter queue.
func TestNobodyIsLetInByItself(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ruleARN := prefix + "rule/shop/orders"
	_, err := c.admin().CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("shop")})
	c.Must(err)
	c.Queue("closed", "", "")
	c.Queue("other", service, prefix+"rule/orders") // of a rule of the same name on the default bus
	dead := c.Queue("dead", service, ruleARN)
	var targets []types.Target
	for _, arn := range []string{"arn:aws:sqs:us-east-1:000000000000:closed", "arn:aws:sqs:us-east-1:000000000000:other", hello} {
		one := target(arn[strings.LastIndexByte(arn, ':')+1:], arn)
		one.DeadLetterConfig = &types.DeadLetterConfig{Arn: &dead}
		targets = append(targets, one)
	}
	c.rule("shop", "orders", `{"source":["shop"]}`, targets...)
	c.put("shop", "shop", `{"id":1}`)
	for range targets {
		m := c.Receive("dead")
		same(t, "why", m.About["ERROR_CODE"].StringValue, "NO_PERMISSIONS")
		same(t, "whose", m.About["RULE_ARN"].StringValue, ruleARN)
		same(t, "tried again", m.About["RETRY_ATTEMPTS"].StringValue, "0")
		same(t, "what", member(t, m.Body, "detail"), `{"id":1}`)
	}
	for _, queue := range []string{"closed", "other"} {
		if _, ok := c.Poll(queue, 0); ok {
			t.Errorf("%s let the rule in", queue)
		}
	}
	if n := len(c.Lambda.Calls()); n > 0 {
		t.Errorf("the function ran %d times", n)
	}
	if said := c.Said(); !strings.Contains(said, "User: events.amazonaws.com is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:us-east-1:000000000000:closed") {
		t.Errorf("the denial is not shown:\n%s", said)
	}
}

// TestRetries: a throttled function is tried again, and not for ever.
func TestRetries(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ruleARN := prefix + "rule/orders"
	c.Lambda.Admit(c.World, service, ruleARN)
	dead := c.Queue("dead", service, ruleARN)
	to := target("f", hello)
	to.DeadLetterConfig, to.RetryPolicy = &types.DeadLetterConfig{Arn: &dead}, &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(2), MaximumEventAgeInSeconds: aws.Int32(600)}
	c.rule("default", "orders", `{"source":["shop"]}`, to)
	c.Lambda.Throttle(2)
	c.put("default", "shop", `{"id":1}`)
	c.Eventually("the third attempt", func() bool { return len(c.Lambda.Calls()) == 1 })
	c.Lambda.Throttle(3)
	c.put("default", "shop", `{"id":2}`)
	m := c.Receive("dead")
	same(t, "why", m.About["ERROR_CODE"].StringValue+" "+m.About["RETRY_ATTEMPTS"].StringValue+" "+m.About["EXHAUSTED_RETRY_CONDITION"].StringValue,
		"TooManyRequestsException 2 MaximumRetryAttempts")
}

// TestFromBusToBus: a role that may put events takes them on, and the event
// stays the same; a ring of rules comes to an end.
func TestFromBusToBus(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	for _, name := range []string{"a", "b"} {
		_, err := c.admin().CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &name})
		c.Must(err)
	}
	role := c.Role("carrier", service, `{"Effect":"Allow","Action":"events:PutEvents","Resource":"`+prefix+`event-bus/b","Condition":{"StringEquals":{"events:source":"shop"},"Bool":{"events:eventBusInvocation":"true"}}}`)
	c.rule("b", "last", `{"source":[{"prefix":"shop"}]}`, target("box", c.Queue("box", service, prefix+"rule/b/last")))
	onward := target("b", prefix+"event-bus/b")
	onward.RoleArn = &role
	c.rule("a", "onward", `{"source":[{"prefix":"shop"}]}`, onward)
	c.rule("a", "near", `{"source":["shop"]}`, target("near", c.Queue("near", service, prefix+"rule/a/near")))
	c.put("a", "shop", `{"id":1}`)
	same(t, "the event on both buses", c.Receive("box").Body, c.Receive("near").Body)
	c.put("a", "shop2", `{"id":2}`) // the role may not
	c.Eventually("the denial is shown", func() bool { return strings.Contains(c.Said(), "assumed-role/carrier") })

	untrusted := c.Role("untrusted", "lambda.amazonaws.com", `{"Effect":"Allow","Action":"events:PutEvents","Resource":"*"}`)
	onward.RoleArn = &untrusted
	c.rule("a", "onward", `{"source":[{"prefix":"shop"}]}`, onward)
	c.put("a", "shop", `{"id":3}`)
	c.Eventually("a role that does not trust EventBridge", func() bool {
		return strings.Contains(c.Said(), "events.amazonaws.com is not authorized to perform: sts:AssumeRole")
	})
	if m, ok := c.Poll("box", 0); ok {
		t.Errorf("it arrived: %s", m.Body)
	}

	all := c.Role("all", service, `{"Effect":"Allow","Action":"events:PutEvents","Resource":"*"}`)
	for from, to := range map[string]string{"a": "b", "b": "a"} {
		ring := target("ring", prefix+"event-bus/"+to)
		ring.RoleArn = &all
		c.rule(from, "ring", `{"source":["ring"]}`, ring)
	}
	c.put("a", "ring", `{}`)
	c.Eventually("the ring ends", func() bool { return strings.Contains(c.Said(), "from bus to bus too often") })
}

// TestInputs: what a target gets of an event.
func TestInputs(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	paths := map[string]string{"id": "$.detail.id", "name": "$.detail.who['name']", "list": "$.detail.list", "first": "$.detail.list[0]", "tags": "$.detail.items[*].tag", "none": "$.detail.none", "whole": "$.detail"}
	rows := []struct{ template, want string }{
		{`{"id": <id>, "name": <name>}`, `{"id": 7, "name": "Ann \"A\""}`},
		{`"order <id> of <name>, <none>."`, `"order 7 of Ann \"A\", ."`},
		{`{"list": <list>, "first": "<first>!", "none": <none>}`, `{"list": ["x","y"], "first": "x!", "none": null}`},
		{`{"text": "<whole>"}`, `{"text": "{\"id\":7,\"items\":[{\"tag\":\"t\"},{\"tag\":\"u\"}],\"list\":[\"x\",\"y\"],\"who\":{\"name\":\"Ann \\\"A\\\"\"}}"}`},
		{`{"tags": <tags>, "rule": "<aws.events.rule-name>", "arn": <aws.events.rule-arn>}`, `{"tags": ["t","u"], "rule": "r5", "arn": "` + prefix + `rule/r5"}`},
		{`"one <id>"` + "\n" + `"two <name>"`, `"one 7"` + "\n" + `"two Ann \"A\""`},
		{`{"a": "<other>"}`, `{"a": "<other>"}`},
	}
	box := c.Queue("box", service, prefix+"rule/*")
	detail := `{"id":7,"who":{"name":"Ann \"A\""},"list":["x","y"],"items":[{"tag":"t"},{"tag":"u"}]}`
	try := func(name string, to types.Target) string {
		c.rule("default", name, `{"source":["`+name+`"]}`, to)
		c.put("default", name, detail)
		return c.Receive("box").Body
	}
	for i, row := range rows {
		to := target("t", box)
		to.InputTransformer = &types.InputTransformer{InputPathsMap: paths, InputTemplate: &row.template}
		same(t, row.template, try(fmt.Sprint("r", i+1), to), row.want)
	}
	to := target("t", box)
	to.Input = aws.String(`{"fixed":true}`)
	same(t, "Input", try("input", to), `{"fixed":true}`)
	to = target("t", box)
	to.InputPath = aws.String("$.detail.list")
	same(t, "InputPath", try("path", to), `["x","y"]`)
}

// TestSchedules: a rule with a schedule is due by the clock, also after a restart.
func TestSchedules(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	begin := time.Date(2026, 1, 1, 8, 59, 30, 0, time.UTC)
	c.SetNow(begin)
	c.rule("default", "daily", "cron(0 9 * * ? *)", target("daily", c.Queue("daily", service, prefix+"rule/daily")))
	c.rule("default", "often", "rate(1 hour)", target("often", c.Queue("often", service, prefix+"rule/often")))
	none := func(queue string) {
		t.Helper()
		c.service.Tick()
		if m, ok := c.Poll(queue, 0); ok {
			t.Fatalf("%s at %v: %s", queue, c.Now(), m.Body)
		}
	}
	none("daily")
	c.SetNow(begin.Add(time.Minute))
	m := c.Receive("daily").Body
	same(t, "what", member(t, m, "detail-type")+member(t, m, "source")+member(t, m, "time")+member(t, m, "resources")+member(t, m, "detail"),
		`"Scheduled Event""aws.events""2026-01-01T09:00:00Z"["`+prefix+`rule/daily"]{}`)
	none("daily")
	none("often")
	c.Restart()
	c.SetNow(begin.Add(time.Hour))
	same(t, "an hour later", member(t, c.Receive("often").Body, "time"), `"2026-01-01T09:59:30Z"`)
	_, err := c.admin().DisableRule(t.Context(), &eventbridge.DisableRuleInput{Name: aws.String("often")})
	c.Must(err)
	c.SetNow(begin.Add(5 * time.Hour))
	none("often")
	_, err = c.admin().EnableRule(t.Context(), &eventbridge.EnableRuleInput{Name: aws.String("often")})
	c.Must(err)
	c.SetNow(begin.Add(6 * time.Hour))
	same(t, "counted from when it was enabled", member(t, c.Receive("often").Body, "time"), `"2026-01-01T14:59:30Z"`)
	// What was missed for three days happens once.
	c.SetNow(begin.Add(75 * time.Hour))
	c.Receive("daily")
	none("daily")
}

// TestRestart: buses, rules and what is under way survive.
func TestRestart(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	_, err := c.admin().CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("shop"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	c.Must(err)
	ruleARN := prefix + "rule/shop/orders"
	c.Lambda.Admit(c.World, service, ruleARN)
	to := target("f", hello)
	to.Input = aws.String(`{"x":1}`)
	c.rule("shop", "orders", `{"source":["shop"]}`, to)
	c.Lambda.Throttle(1 << 20)
	c.put("shop", "shop", `{"id":1}`)
	c.Restart()
	c.Lambda.Throttle(0)
	c.Eventually("the delivery goes on", func() bool { return len(c.Lambda.Calls()) == 1 })
	same(t, "as it was", c.Lambda.Calls()[0], `Event {"x":1}`)
	out, err := c.admin().ListTagsForResource(ctx, &eventbridge.ListTagsForResourceInput{ResourceARN: aws.String(prefix + "event-bus/shop")})
	c.Must(err)
	same(t, "tags", *out.Tags[0].Key+*out.Tags[0].Value, "ab")
	time.Sleep(20 * time.Millisecond)
	if n := len(c.Lambda.Calls()); n != 1 {
		t.Errorf("it was delivered %d times", n)
	}
}

// TestLogGroup: a resource policy of CloudWatch Logs lets rules write.
func TestLogGroup(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	client := cloudwatchlogs.NewFromConfig(c.As("admin"))
	group := aws.String("/aws/events/orders")
	_, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	c.Must(err)
	c.rule("default", "orders", `{"source":["shop"]}`, target("logs", "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/orders"))
	c.put("default", "shop", `{"id":1}`)
	c.Eventually("no policy lets it in", func() bool { return strings.Contains(c.Said(), "is lost") })
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["events.amazonaws.com","delivery.logs.amazonaws.com"]},
		"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/*:*"}]}`
	_, err = client.PutResourcePolicy(ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: aws.String("events"), PolicyDocument: &policy})
	c.Must(err)
	c.put("default", "shop", `{"id":2}`)
	c.Eventually("it is written", func() bool {
		out, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group})
		c.Must(err)
		return len(out.Events) == 1 && member(t, *out.Events[0].Message, "detail") == `{"id":2}`
	})
	said, err := client.DescribeResourcePolicies(ctx, &cloudwatchlogs.DescribeResourcePoliciesInput{})
	c.Must(err)
	if len(said.ResourcePolicies) != 1 || *said.ResourcePolicies[0].PolicyName != "events" {
		t.Errorf("policies %v", said.ResourcePolicies)
	}
	_, err = client.DeleteResourcePolicy(ctx, &cloudwatchlogs.DeleteResourcePolicyInput{PolicyName: aws.String("events")})
	c.Must(err)
}
