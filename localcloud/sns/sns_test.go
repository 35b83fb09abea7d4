package sns_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/writ-dev/writ/localcloud/gate"
)

const (
	newsARN  = "arn:aws:sns:us-east-1:000000000000:news"
	boxARN   = "arn:aws:sqs:us-east-1:000000000000:box"
	eaterARN = "arn:aws:lambda:us-east-1:000000000000:function:eater"
)

func TestTopics(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	topic := c.topic("news")
	same(t, "arn", *topic, newsARN)
	same(t, "again", *c.topic("news"), newsARN)
	for name, want := range map[string]string{"a b": "InvalidParameter", "a.fifo": "InvalidParameter"} {
		_, err := c.CreateTopic(ctx, &awssns.CreateTopicInput{Name: &name})
		same(t, name, code(err), want)
	}
	_, err := c.CreateTopic(ctx, &awssns.CreateTopicInput{Name: aws.String("news"), Attributes: map[string]string{"DisplayName": "x"}})
	same(t, "with others attributes", code(err), "InvalidParameter")
	_, err = c.SetTopicAttributes(ctx, &awssns.SetTopicAttributesInput{TopicArn: topic, AttributeName: aws.String("DisplayName"), AttributeValue: aws.String("News")})
	same(t, "set", code(err), "")
	_, err = c.TagResource(ctx, &awssns.TagResourceInput{ResourceArn: topic, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}, {Key: aws.String("c"), Value: aws.String("d")}}})
	same(t, "tag", code(err), "")
	_, err = c.UntagResource(ctx, &awssns.UntagResourceInput{ResourceArn: topic, TagKeys: []string{"c"}})
	same(t, "untag", code(err), "")
	sub := c.subscribe(topic, "sqs", boxARN, map[string]string{"FilterPolicy": `{"a":["x"]}`})
	same(t, "subscribed again", *c.subscribe(topic, "sqs", boxARN, nil), *sub)
	_, err = c.SetSubscriptionAttributes(ctx, &awssns.SetSubscriptionAttributesInput{SubscriptionArn: sub, AttributeName: aws.String("RawMessageDelivery"), AttributeValue: aws.String("true")})
	same(t, "set of a subscription", code(err), "")
	_, err = c.SetSubscriptionAttributes(ctx, &awssns.SetSubscriptionAttributesInput{SubscriptionArn: sub, AttributeName: aws.String("FilterPolicy"), AttributeValue: aws.String(`{"a":"x"}`)})
	same(t, "a filter that is none", code(err), "InvalidParameter")
	c.stop()
	c.start()
	got, err := c.GetTopicAttributes(ctx, &awssns.GetTopicAttributesInput{TopicArn: topic})
	if err != nil || got.Attributes["DisplayName"] != "News" || got.Attributes["SubscriptionsConfirmed"] != "1" || !strings.Contains(got.Attributes["Policy"], "__default_policy_ID") {
		t.Fatal(got, err)
	}
	of, err := c.GetSubscriptionAttributes(ctx, &awssns.GetSubscriptionAttributesInput{SubscriptionArn: sub})
	if err != nil || of.Attributes["RawMessageDelivery"] != "true" || of.Attributes["FilterPolicy"] != `{"a":["x"]}` || of.Attributes["Endpoint"] != boxARN {
		t.Fatal(of, err)
	}
	tags, err := c.ListTagsForResource(ctx, &awssns.ListTagsForResourceInput{ResourceArn: topic})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "a" {
		t.Fatal(tags, err)
	}
	topics, err := c.ListTopics(ctx, nil)
	if err != nil || len(topics.Topics) != 1 {
		t.Error(topics, err)
	}
	for _, protocol := range []string{"email", "https", "sms"} {
		_, err := c.Subscribe(ctx, &awssns.SubscribeInput{TopicArn: topic, Protocol: &protocol, Endpoint: aws.String("x")})
		same(t, protocol, code(err), "InvalidParameter")
	}
	list, err := c.ListSubscriptionsByTopic(ctx, &awssns.ListSubscriptionsByTopicInput{TopicArn: topic})
	if err != nil || len(list.Subscriptions) != 1 {
		t.Error(list, err)
	}
	_, err = c.Unsubscribe(ctx, &awssns.UnsubscribeInput{SubscriptionArn: sub})
	same(t, "unsubscribe", code(err), "")
	every, err := c.ListSubscriptions(ctx, nil)
	if err != nil || len(every.Subscriptions) != 0 {
		t.Error(every, err)
	}
	_, err = c.DeleteTopic(ctx, &awssns.DeleteTopicInput{TopicArn: topic})
	same(t, "delete", code(err), "")
	_, err = c.GetTopicAttributes(ctx, &awssns.GetTopicAttributesInput{TopicArn: topic})
	same(t, "a topic that is gone", code(err), "NotFound")
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	topic := c.topic("news")
	box, raw, picky := c.queue("box", newsARN), c.queue("raw", newsARN), c.queue("picky", newsARN)
	c.subscribe(topic, "sqs", boxARN, nil)
	c.subscribe(topic, "sqs", "arn:aws:sqs:us-east-1:000000000000:raw", map[string]string{"RawMessageDelivery": "true"})
	c.subscribe(topic, "sqs", "arn:aws:sqs:us-east-1:000000000000:picky", map[string]string{"FilterPolicy": `{"kind":["big"]}`})
	c.subscribe(topic, "lambda", eaterARN, map[string]string{"FilterPolicy": `{"n":[{"numeric":[">",1]}]}`, "FilterPolicyScope": "MessageBody"})
	attributes := map[string]types.MessageAttributeValue{
		"kind": {DataType: aws.String("String"), StringValue: aws.String("big")}, "b": {DataType: aws.String("Binary"), BinaryValue: []byte("\x01")},
	}
	out, err := c.Publish(ctx, &awssns.PublishInput{TopicArn: topic, Message: aws.String(`{"n":2}`), Subject: aws.String("s"), MessageAttributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	body, _ := c.received(box)
	var envelope struct {
		Type, MessageId, TopicArn, Subject, Message string
		MessageAttributes                           map[string]struct{ Type, Value string }
	}
	if err := json.Unmarshal([]byte(body), &envelope); err != nil || envelope.Type != "Notification" || envelope.MessageId != *out.MessageId || envelope.TopicArn != newsARN ||
		envelope.Message != `{"n":2}` || envelope.Subject != "s" || envelope.MessageAttributes["b"].Value != "AQ==" {
		t.Error(body, err)
	}
	body, got := c.received(raw)
	same(t, "raw", body+got["kind"]+got["b"], `{"n":2}String bigBinary `+"\x01")
	c.received(picky)
	eventually(t, "the function is called", func() bool { return strings.Contains(c.lambda.got(), `Event{"Records":[{"EventSource":"aws:sns"`) })

	_, err = c.Publish(ctx, &awssns.PublishInput{TopicArn: topic, Message: aws.String(`{"default":"d","sqs":"q"}`), MessageStructure: aws.String("json")})
	same(t, "publish by protocol", code(err), "")
	body, _ = c.received(raw)
	same(t, "raw by protocol", body, "q")
	many, err := c.PublishBatch(ctx, &awssns.PublishBatchInput{TopicArn: topic, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
		{Id: aws.String("1"), Message: aws.String("one")}, {Id: aws.String("2"), Message: aws.String(strings.Repeat("x", 300_000))},
	}})
	if err != nil || len(many.Successful) != 1 || len(many.Failed) != 1 || *many.Failed[0].Code != "InvalidParameter" {
		t.Fatal(many, err)
	}
	body, _ = c.received(raw)
	same(t, "of a batch", body, "one")
	if n := strings.Count(c.lambda.got(), "Records"); n != 1 {
		t.Errorf("the function got %d messages", n)
	}
	left, err := c.queues.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: picky})
	if err != nil || len(left.Messages) > 0 {
		t.Error("the filter let through", left, err)
	}
}

// TestDeliveriesThatFail: denials are final and shown, faults are tried again,
// and a dead-letter queue takes what is left.
func TestDeliveriesThatFail(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	topic := c.topic("news")
	c.queue("box", "")
	dead := c.queue("dead", newsARN)
	c.subscribe(topic, "sqs", boxARN, nil)
	send := func(text string) {
		t.Helper()
		if _, err := c.Publish(ctx, &awssns.PublishInput{TopicArn: topic, Message: &text}); err != nil {
			t.Fatal(err)
		}
	}
	send("lost")
	eventually(t, "the denial is shown", func() bool {
		return strings.Contains(c.said(), "could not be delivered and is lost") && strings.Contains(c.said(), "User: sns.amazonaws.com is not authorized to perform: sqs:SendMessage")
	})
	c.subscribe(topic, "sqs", "arn:aws:sqs:us-east-1:000000000000:gone", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead"}`})
	send("dead")
	if body, _ := c.received(dead); !strings.Contains(body, `"Message":"dead"`) {
		t.Error(body)
	}
	c.lambda.mu.Lock()
	c.lambda.fail = 2
	c.lambda.mu.Unlock()
	c.subscribe(topic, "lambda", eaterARN, nil)
	send("twice")
	eventually(t, "the third attempt succeeds", func() bool { return strings.Contains(c.lambda.got(), `"Message":"twice"`) })
	// Another topic is not who the function's policy lets in.
	other := c.topic("other")
	c.subscribe(other, "lambda", eaterARN, nil)
	if _, err := c.Publish(ctx, &awssns.PublishInput{TopicArn: other, Message: aws.String("no")}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the function's policy denies", func() bool { return strings.Contains(c.said(), "lambda:InvokeFunction") })
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	topic := c.topic("news")
	c.role("publisher", `{"Effect":"Allow","Action":"sns:Publish","Resource":"`+newsARN+`"}`)
	c.role("subscriber", `{"Effect":"Allow","Action":"sns:Subscribe","Resource":"*","Condition":{"StringEquals":{"sns:Protocol":"sqs"},"StringLike":{"sns:Endpoint":"`+boxARN+`"}}}`)
	c.role("nobody", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	publish := func(role string) string {
		_, err := c.as(role).Publish(ctx, &awssns.PublishInput{TopicArn: topic, Message: aws.String("x")})
		return code(err)
	}
	subscribe := func(protocol, endpoint string) string {
		_, err := c.as("subscriber").Subscribe(ctx, &awssns.SubscribeInput{TopicArn: topic, Protocol: &protocol, Endpoint: &endpoint})
		return code(err)
	}
	const denied = "AuthorizationError"
	same(t, "publisher", publish("publisher"), "")
	same(t, "subscriber publishes", publish("subscriber"), denied)
	same(t, "the default policy lets nobody in", publish("nobody"), denied)
	same(t, "subscriber", subscribe("sqs", boxARN), "")
	same(t, "another endpoint", subscribe("sqs", boxARN+"2"), denied)
	same(t, "another protocol", subscribe("lambda", eaterARN), denied)
	_, err := c.AddPermission(ctx, &awssns.AddPermissionInput{TopicArn: topic, Label: aws.String("one"), AWSAccountId: []string{"111122223333"}, ActionName: []string{"Publish"}})
	same(t, "add", code(err), "")
	got, err := c.GetTopicAttributes(ctx, &awssns.GetTopicAttributesInput{TopicArn: topic})
	if err != nil || !strings.Contains(got.Attributes["Policy"], "arn:aws:iam::111122223333:root") {
		t.Error(got, err)
	}
	_, err = c.RemovePermission(ctx, &awssns.RemovePermissionInput{TopicArn: topic, Label: aws.String("one")})
	same(t, "remove", code(err), "")
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:role/nobody"},"Action":"SNS:Publish","Resource":"` + newsARN + `"},
		{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"` + newsARN + `","Condition":{"StringLike":{"aws:PrincipalArn":"*/publisher"}}}]}`
	_, err = c.SetTopicAttributes(ctx, &awssns.SetTopicAttributesInput{TopicArn: topic, AttributeName: aws.String("Policy"), AttributeValue: &policy})
	same(t, "policy", code(err), "")
	same(t, "the topic lets in", publish("nobody"), "")
	same(t, "the topic denies", publish("publisher"), denied)
}

// TestAttacks: IAM is asked about the topic that the call acts on.
func TestAttacks(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, row := range []struct{ operation, form, want string }{
		{"Publish", "TargetArn=" + newsARN + "2&TopicArn=" + newsARN, "sns:Publish " + newsARN},
		{"Publish", "TargetArn=" + newsARN, "sns:Publish " + newsARN},
		{"Publish", "PhoneNumber=1", "InvalidParameter"},
		{"Publish", "TopicArn=arn:aws:sns:us-east-1:111111111111:news", "InvalidParameter"},
		{"Publish", "TopicArn=" + newsARN + ":x", "InvalidParameter"},
		{"Publish", "TopicArn=arn:aws:sns:us-east-1:000000000000:*", "InvalidParameter"},
		{"Unsubscribe", "SubscriptionArn=" + newsARN + ":1-2&TopicArn=" + newsARN + "2", "sns:Unsubscribe " + newsARN},
		{"Unsubscribe", "SubscriptionArn=x", "InvalidParameter"},
		{"CreateTopic", "Name=n&Tags.member.1.Key=a&Tags.member.1.Value=b", "sns:CreateTopic arn:aws:sns:us-east-1:000000000000:n sns:TagResource arn:aws:sns:us-east-1:000000000000:n"},
	} {
		r, err := c.topics.Describe(&gate.Call{Operation: row.operation, Form: parse(t, row.form)})
		var got []string
		for _, a := range r {
			got = append(got, a.Action+" "+a.Resource)
		}
		if err != nil {
			got = append(got, gate.CodeOf(err))
		}
		same(t, row.operation+" "+row.form, strings.Join(got, " "), row.want)
	}
	// A subscriber cannot be reached by a topic that its policy does not name,
	// even when somebody subscribes it.
	box := c.queue("box", newsARN)
	evil := c.topic("evil")
	c.subscribe(evil, "sqs", boxARN, nil)
	if _, err := c.Publish(context.Background(), &awssns.PublishInput{TopicArn: evil, Message: aws.String("x")}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the denial is shown", func() bool { return strings.Contains(c.said(), "topic=evil") })
	out, err := c.queues.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: box})
	if err != nil || len(out.Messages) > 0 {
		t.Error("the message came through", out, err)
	}
}
