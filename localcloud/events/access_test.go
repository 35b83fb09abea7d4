package events_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/writ-dev/writ/localcloud/delivery"
	"github.com/writ-dev/writ/localcloud/delivery/deliverytest"
	"github.com/writ-dev/writ/localcloud/gate"
)

const denied = "AccessDeniedException"

// TestWhoMay: identity policies with EventBridge's own keys, and a bus's policy.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	_, err := c.admin().CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("shop")})
	c.Must(err)
	role := c.Role("worker", service, `{"Effect":"Allow","Action":"events:PutEvents","Resource":"*"}`)
	on := func(action, resource, condition string) string {
		return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `","Condition":{` + condition + `}}`
	}
	c.Role("clerk", "lambda.amazonaws.com", on("events:PutEvents", prefix+"event-bus/shop", `"StringEquals":{"events:source":"shop","events:detail-type":"order"}`))
	c.Role("ruler", "lambda.amazonaws.com", on("events:PutRule", prefix+"rule/shop/*", `"ForAllValues:StringEquals":{"events:source":"shop"},"Null":{"events:source":"false"}`)+","+
		on("events:PutTargets", prefix+"rule/shop/*", `"ForAllValues:ArnLike":{"events:TargetArn":"arn:aws:sqs:*:*:box*"}`))
	c.Role("passer", "lambda.amazonaws.com", `{"Effect":"Allow","Action":"events:*","Resource":"*"},`+on("iam:PassRole", role, `"StringEquals":{"iam:PassedToService":"scheduler.amazonaws.com"}`))
	c.Role("nobody", "lambda.amazonaws.com", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)

	put := func(role, bus string, sources ...string) string {
		in := &eventbridge.PutEventsInput{}
		for _, source := range sources {
			in.Entries = append(in.Entries, types.PutEventsRequestEntry{EventBusName: &bus, Source: &source, DetailType: aws.String("order"), Detail: aws.String("{}")})
		}
		_, err := c.as(role).PutEvents(ctx, in)
		return deliverytest.Code(err)
	}
	same(t, "the clerk puts orders", put("clerk", "shop", "shop"), "")
	same(t, "by the bus's ARN", put("clerk", prefix+"event-bus/shop", "shop"), "")
	same(t, "of another source", put("clerk", "shop", "bank"), denied)
	same(t, "among others", put("clerk", "shop", "shop", "bank"), denied)
	same(t, "on another bus", put("clerk", "default", "shop"), denied)
	same(t, "nobody", put("nobody", "shop", "shop"), denied)

	rule := func(role, name, pattern string) string {
		_, err := c.as(role).PutRule(ctx, &eventbridge.PutRuleInput{Name: &name, EventBusName: aws.String("shop"), EventPattern: &pattern})
		return deliverytest.Code(err)
	}
	same(t, "a rule for the source", rule("ruler", "r", `{"source":["shop"]}`), "")
	same(t, "for another as well", rule("ruler", "r", `{"source":["shop","bank"]}`), denied)
	same(t, "for any that begins so", rule("ruler", "r", `{"source":[{"prefix":"shop"}]}`), denied)
	same(t, "for all", rule("ruler", "r", `{"detail-type":["order"]}`), denied)
	same(t, "hidden behind $or", rule("ruler", "r", `{"$or":[{"source":["shop"]},{"detail-type":["order"]}]}`), denied)
	targets := func(role string, to ...types.Target) string {
		_, err := c.as(role).PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), EventBusName: aws.String("shop"), Targets: to})
		return deliverytest.Code(err)
	}
	same(t, "a target", targets("ruler", target("a", "arn:aws:sqs:us-east-1:000000000000:box1")), "")
	same(t, "and another", targets("ruler", target("a", "arn:aws:sqs:us-east-1:000000000000:box1"), target("b", hello)), denied)
	with := target("bus", prefix+"event-bus/default")
	with.RoleArn = &role
	same(t, "a role that was not given to EventBridge", targets("passer", with), denied)
	same(t, "the administrator", targets("admin", with), "")

	// A bus's policy lets in, and denies.
	allow := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:role/nobody"},"Action":"events:PutEvents","Resource":"` + prefix + `event-bus/shop"},
		{"Effect":"Deny","Principal":"*","Action":"events:PutEvents","Resource":"` + prefix + `event-bus/shop","Condition":{"StringEquals":{"events:detail-type":"order","events:source":"bank"}}}]}`
	_, err = c.admin().PutPermission(ctx, &eventbridge.PutPermissionInput{EventBusName: aws.String("shop"), Policy: &allow})
	c.Must(err)
	same(t, "nobody, by the bus's policy", put("nobody", "shop", "shop"), "")
	same(t, "the bus denies the administrator", put("admin", "shop", "bank"), denied)
}

// TestAttacks: what a caller puts into a request beside what its operation
// reads must not change what IAM is asked, nor what a target gets.
func TestAttacks(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, row := range []struct{ operation, body, want string }{
		{"PutEvents", `{"EventBusName":"mine","Entries":[{"EventBusName":"shop","Source":"s","DetailType":"d","Detail":"{}"}]}`, "events:PutEvents " + prefix + "event-bus/shop"},
		{"PutEvents", `{"Entries":[{"EventBusName":"arn:aws:events:us-east-1:111111111111:event-bus/shop"}]}`, "ValidationException"},
		{"PutEvents", `{"Entries":[{"EventBusName":"*"}]}`, "ValidationException"},
		{"PutEvents", `{"Entries":[]}`, "ValidationException"},
		{"PutRule", `{"Name":"a","Rule":"b","EventPattern":"{\"a\":[1]}"}`, "events:PutRule " + prefix + "rule/a"},
		{"PutRule", `{"Name":"*"}`, "ValidationException"},
		{"PutRule", `{"Name":"shop/a"}`, "ValidationException"},
		{"PutTargets", `{"Rule":"a","Targets":[{"Id":"1","Arn":"x","RoleArn":"r1"},{"Id":"2","Arn":"y","RoleArn":"r2"}]}`, "events:PutTargets " + prefix + "rule/a iam:PassRole r1 iam:PassRole r2"},
		{"TagResource", `{"ResourceARN":"` + prefix + `rule/shop/x/a","Tags":[]}`, "events:TagResource " + prefix + "rule/shop/x/a"},
		{"TagResource", `{"ResourceARN":"` + prefix + `rule/*"}`, "ValidationException"},
		{"TagResource", `{"ResourceARN":"arn:aws:events:us-east-1:111111111111:rule/a"}`, "ValidationException"},
		{"CreateEventBus", `{"Name":"new","Tags":[{"Key":"a","Value":"b"}]}`, "events:CreateEventBus " + prefix + "event-bus/new events:TagResource " + prefix + "event-bus/new"},
		{"DeleteRule", `{"Name":"a","EventBusName":"` + prefix + `event-bus/shop"}`, "events:DeleteRule " + prefix + "rule/shop/a"},
	} {
		asks, err := c.service.Describe(&gate.Call{Service: "events", Operation: row.operation, Body: []byte(row.body)})
		var got []string
		for _, a := range asks {
			got = append(got, a.Action+" "+a.Resource)
		}
		if err != nil {
			got = append(got, gate.CodeOf(err))
		}
		same(t, row.operation+row.body, strings.Join(got, " "), row.want)
	}
	// An event that says it is a delivery, or one of AWS, is neither.
	c.rule("default", "all", `{"account":["000000000000"]}`, target("box", c.Queue("box", service, prefix+"rule/all")))
	ctx, client := t.Context(), c.admin()
	out, err := client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: aws.String("aws.s3"), DetailType: aws.String("Object Created"), Detail: aws.String("{}")},
		{Source: aws.String("shop"), DetailType: aws.String("d"), Detail: aws.String(`{}},"source":"aws.s3"`)},
		{Source: aws.String("shop"), DetailType: aws.String("d"), Detail: aws.String("null")},
		{Source: aws.String("shop"), DetailType: aws.String("d")},
	}})
	c.Must(err)
	var codes []string
	for _, e := range out.Entries {
		codes = append(codes, aws.ToString(e.ErrorCode))
	}
	same(t, "refused", strings.Join(codes, " "), "NotAuthorizedForSource MalformedDetail MalformedDetail InvalidArgument")
	if _, ok := c.Poll("box", 0); ok {
		t.Error("an event arrived that was refused")
	}
	// A body too large, a target whose template is a trap.
	_, err = client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: aws.String("shop"), DetailType: aws.String("d"), Detail: aws.String(`{"a":"` + strings.Repeat("x", 1<<20) + `"}`)},
	}})
	same(t, "too large", deliverytest.Code(err), "ValidationException")
	to := target("box", "arn:aws:sqs:us-east-1:000000000000:box")
	to.InputTransformer = &types.InputTransformer{InputPathsMap: map[string]string{"n": "$.detail.n"}, InputTemplate: aws.String(`{"name":"<n>","admin":false}`)}
	c.rule("default", "all", `{"account":["000000000000"]}`, to)
	c.put("default", "shop", `{"n":"x\",\"admin\":true,\"y\":\""}`)
	same(t, "a value stays within its quotes", c.Receive("box").Body, `{"name":"x\",\"admin\":true,\"y\":\"","admin":false}`)
}

// A letter with a bus's event is what makes a rule's delivery; those of other
// services have none, and calls from outside carry no letter.
func TestOnlyDeliveriesAreInvocations(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	body := []byte(`{"Entries":[{"Source":"s","DetailType":"d","Detail":"{}"}]}`)
	for _, row := range []struct {
		input any
		want  string
	}{{nil, "false"}, {&delivery.Letter{BusType: "d"}, "false"}, {&delivery.Letter{BusEvent: json.RawMessage(`{}`)}, "true"}} {
		asks, err := c.service.Describe(&gate.Call{Service: "events", Operation: "PutEvents", Body: body, Input: row.input})
		c.Must(err)
		same(t, "events:eventBusInvocation", asks[0].Context["events:eventbusinvocation"].Values[0], row.want)
	}
}
