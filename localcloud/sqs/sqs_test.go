package sqs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestQueues(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	url := c.queue("jobs", "VisibilityTimeout", "10")
	same(t, "url", *url, c.server.URL+"/000000000000/jobs")
	same(t, "the same again", *c.queue("jobs", "VisibilityTimeout", "10"), *url)
	same(t, "without attributes", *c.queue("jobs"), *url)
	for _, row := range []struct {
		name       string
		attributes map[string]string
		want       string
	}{
		{"jobs", map[string]string{"VisibilityTimeout": "11"}, "QueueAlreadyExists"},
		{"a b", nil, "InvalidParameterValue"},
		{strings.Repeat("x", 81), nil, "InvalidParameterValue"},
		{"a.fifo", nil, "InvalidParameterValue"},
		{"a", map[string]string{"FifoQueue": "true"}, "InvalidParameterValue"},
		{"a", map[string]string{"Nonsense": "1"}, "InvalidAttributeName"},
		{"a", map[string]string{"ContentBasedDeduplication": "true"}, "InvalidAttributeName"},
		{"a", map[string]string{"VisibilityTimeout": "43201"}, "InvalidAttributeValue"},
		{"a", map[string]string{"Policy": "{"}, "InvalidAttributeValue"},
		{"a", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:none","maxReceiveCount":1}`}, "InvalidParameterValue"},
	} {
		_, err := c.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: &row.name, Attributes: row.attributes})
		same(t, fmt.Sprint(row.name, row.attributes), code(err), row.want)
	}
	_, err := c.SetQueueAttributes(ctx, &awssqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"DelaySeconds": "7", "KmsMasterKeyId": "alias/k"}})
	same(t, "set", code(err), "")
	_, err = c.TagQueue(ctx, &awssqs.TagQueueInput{QueueUrl: url, Tags: map[string]string{"team": "blue", "x": "y"}})
	same(t, "tag", code(err), "")
	_, err = c.UntagQueue(ctx, &awssqs.UntagQueueInput{QueueUrl: url, TagKeys: []string{"x"}})
	same(t, "untag", code(err), "")
	c.restart()
	url = c.queue("jobs")
	all, err := c.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"QueueArn": "arn:aws:sqs:us-east-1:000000000000:jobs", "VisibilityTimeout": "10", "DelaySeconds": "7", "MessageRetentionPeriod": "345600",
		"MaximumMessageSize": "1048576", "KmsMasterKeyId": "alias/k", "SqsManagedSseEnabled": "false", "ApproximateNumberOfMessages": "0",
	} {
		same(t, name, all.Attributes[name], want)
	}
	tags, err := c.ListQueueTags(ctx, &awssqs.ListQueueTagsInput{QueueUrl: url})
	if err != nil || len(tags.Tags) != 1 || tags.Tags["team"] != "blue" {
		t.Errorf("tags %v, %v", tags, err)
	}
	c.queue("other")
	list, err := c.ListQueues(ctx, &awssqs.ListQueuesInput{MaxResults: aws.Int32(1)})
	if err != nil || len(list.QueueUrls) != 1 || list.NextToken == nil {
		t.Fatal(list, err)
	}
	list, err = c.ListQueues(ctx, &awssqs.ListQueuesInput{NextToken: list.NextToken, MaxResults: aws.Int32(5)})
	if err != nil || len(list.QueueUrls) != 1 || list.NextToken != nil {
		t.Error(list, err)
	}
	_, err = c.DeleteQueue(ctx, &awssqs.DeleteQueueInput{QueueUrl: url})
	same(t, "delete", code(err), "")
	_, err = c.GetQueueUrl(ctx, &awssqs.GetQueueUrlInput{QueueName: aws.String("jobs")})
	same(t, "url of a queue that is gone", code(err), "AWS.SimpleQueueService.NonExistentQueue")
}

func TestMessages(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	url := c.queue("jobs")
	// The SDK checks all MD5 sums itself.
	_, err := c.SendMessage(ctx, &awssqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String("ü"), MessageAttributes: map[string]types.MessageAttributeValue{
			"b": {DataType: aws.String("Binary"), BinaryValue: []byte{1, 2}}, "a.n": {DataType: aws.String("Number.int"), StringValue: aws.String("5")},
		},
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1")}},
	})
	same(t, "send", code(err), "")
	got := c.receive(url, 10)
	if len(got) != 1 || *got[0].Body != "ü" || string(got[0].MessageAttributes["b"].BinaryValue) != "\x01\x02" ||
		got[0].Attributes["SenderId"] != "AROAadmin:s" || got[0].Attributes["ApproximateReceiveCount"] != "1" || got[0].Attributes["AWSTraceHeader"] != "Root=1" {
		t.Fatalf("%+v", got)
	}
	same(t, "hidden", bodies(c.receive(url, 10)), "")
	same(t, "in flight", c.attribute(url, "ApproximateNumberOfMessagesNotVisible"), "1")
	c.restart() // what is in flight stays so
	url = c.queue("jobs")
	same(t, "hidden after a restart", bodies(c.receive(url, 10)), "")
	c.later(31 * time.Second)
	again := c.receive(url, 10)
	same(t, "visible again", bodies(again), "ü ")
	same(t, "count", again[0].Attributes["ApproximateReceiveCount"], "2")
	// The older handle removes nothing.
	_, err = c.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: got[0].ReceiptHandle})
	same(t, "delete with the older handle", code(err), "")
	_, err = c.ChangeMessageVisibility(ctx, &awssqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: again[0].ReceiptHandle, VisibilityTimeout: 0})
	same(t, "give back", code(err), "")
	again = c.receive(url, 1)
	same(t, "given back", bodies(again), "ü ")
	_, err = c.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: again[0].ReceiptHandle})
	same(t, "delete", code(err), "")
	c.later(time.Hour)
	same(t, "deleted", bodies(c.receive(url, 1)), "")
	_, err = c.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String("nonsense")})
	same(t, "a handle that is none", code(err), "ReceiptHandleIsInvalid")

	_, err = c.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("late"), DelaySeconds: 60})
	same(t, "send late", code(err), "")
	c.send(url, "now")
	same(t, "delayed", bodies(c.receive(url, 10)), "now ")
	same(t, "delayed count", c.attribute(url, "ApproximateNumberOfMessagesDelayed"), "1")
	_, err = c.PurgeQueue(ctx, &awssqs.PurgeQueueInput{QueueUrl: url})
	same(t, "purge", code(err), "")
	_, err = c.PurgeQueue(ctx, &awssqs.PurgeQueueInput{QueueUrl: url})
	same(t, "purge again", code(err), "AWS.SimpleQueueService.PurgeQueueInProgress")
	c.later(time.Hour)
	same(t, "purged", bodies(c.receive(url, 10)), "")
	c.send(url, "old")
	c.later(5 * 24 * time.Hour)
	same(t, "kept too long", bodies(c.receive(url, 10)), "")
}

func TestBatches(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	url := c.queue("jobs", "MaximumMessageSize", "1024")
	entries := func(ids ...string) (out []types.SendMessageBatchRequestEntry) {
		for _, id := range ids {
			out = append(out, types.SendMessageBatchRequestEntry{Id: &id, MessageBody: aws.String("m" + id)})
		}
		return out
	}
	for _, row := range []struct {
		entries []types.SendMessageBatchRequestEntry
		want    string
	}{
		{entries(), "AWS.SimpleQueueService.EmptyBatchRequest"},
		{entries(strings.Split("0123456789a", "")...), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"},
		{entries("1", "1"), "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"},
		{entries("a b"), "AWS.SimpleQueueService.InvalidBatchEntryId"},
	} {
		if row.entries == nil {
			row.entries = []types.SendMessageBatchRequestEntry{}
		}
		_, err := c.SendMessageBatch(ctx, &awssqs.SendMessageBatchInput{QueueUrl: url, Entries: row.entries})
		same(t, row.want, code(err), row.want)
	}
	list := entries("1", "2", "3")
	list[1].MessageBody = aws.String(strings.Repeat("x", 1025))
	out, err := c.SendMessageBatch(ctx, &awssqs.SendMessageBatchInput{QueueUrl: url, Entries: list})
	if err != nil || len(out.Successful) != 2 || len(out.Failed) != 1 || *out.Failed[0].Code != "InvalidParameterValue" || *out.Failed[0].Id != "2" {
		t.Fatal(out, err)
	}
	got := c.receive(url, 10)
	same(t, "received", bodies(got), "m1 m3 ")
	changed, err := c.ChangeMessageVisibilityBatch(ctx, &awssqs.ChangeMessageVisibilityBatchInput{QueueUrl: url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 0}, {Id: aws.String("b"), ReceiptHandle: aws.String("no")},
	}})
	if err != nil || len(changed.Successful) != 1 || len(changed.Failed) != 1 {
		t.Fatal(changed, err)
	}
	deleted, err := c.DeleteMessageBatch(ctx, &awssqs.DeleteMessageBatchInput{QueueUrl: url, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: got[0].ReceiptHandle}, {Id: aws.String("b"), ReceiptHandle: got[1].ReceiptHandle},
	}})
	if err != nil || len(deleted.Successful) != 2 {
		t.Fatal(deleted, err)
	}
	same(t, "left", c.attribute(url, "ApproximateNumberOfMessages"), "0")
}

func TestLongPolling(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	url := c.queue("jobs")
	poll := func(seconds int32) (string, time.Duration) {
		start := time.Now()
		out, err := c.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: seconds})
		if err != nil {
			t.Error(err)
			return "", 0
		}
		return bodies(out.Messages), time.Since(start)
	}
	go func() {
		time.Sleep(50 * time.Millisecond)
		c.send(url, "here")
	}()
	if got, took := poll(20); got != "here " || took > 10*time.Second {
		t.Errorf("got %q after %v", got, took)
	}
	if got, took := poll(1); got != "" || took < time.Second {
		t.Errorf("got %q after %v", got, took)
	}
}

func TestFIFO(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	url := c.queue("jobs.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true")
	send := func(group, body, dedup string) string {
		in := &awssqs.SendMessageInput{QueueUrl: url, MessageBody: &body, MessageGroupId: &group}
		if dedup != "" {
			in.MessageDeduplicationId = &dedup
		}
		out, err := c.SendMessage(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		return *out.MessageId + *out.SequenceNumber
	}
	first := send("g", "1", "")
	same(t, "the same content", send("g", "1", ""), first)
	c.restart()
	url = c.queue("jobs.fifo", "FifoQueue", "true")
	same(t, "the same content after a restart", send("g", "1", ""), first)
	send("g", "2", "")
	send("h", "1", "own")
	send("g", "3", "")
	got := c.receive(url, 2)
	same(t, "in order", bodies(got), "1 2 ")
	same(t, "the group waits, others go on", bodies(c.receive(url, 10)), "1 ")
	same(t, "all wait", bodies(c.receive(url, 10)), "")
	for _, m := range got {
		_, err := c.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle})
		same(t, "delete", code(err), "")
	}
	rest := c.receive(url, 10)
	same(t, "the group goes on", bodies(rest), "3 ")
	c.later(31 * time.Second)
	_, err := c.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: rest[0].ReceiptHandle})
	same(t, "delete too late", code(err), "InvalidParameterValue")
	c.later(5 * time.Minute)
	if send("g", "1", "") == first {
		t.Error("the window never ends")
	}
	_, err = c.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")})
	same(t, "no group", code(err), "MissingParameter")
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	c.queue("dead", "RedriveAllowPolicy", `{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:jobs"]}`)
	redrive := `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"2"}`
	url := c.queue("jobs", "RedrivePolicy", redrive, "VisibilityTimeout", "0")
	_, err := c.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: aws.String("others"), Attributes: map[string]string{"RedrivePolicy": redrive}})
	same(t, "a source that is not allowed", code(err), "InvalidParameterValue")
	c.send(url, "bad")
	for i := range 3 {
		want := "bad "
		if i == 2 {
			want = ""
		}
		same(t, fmt.Sprint("receive ", i+1), bodies(c.receive(url, 1)), want)
	}
	c.restart()
	dead := c.queue("dead")
	got := c.receive(dead, 1)
	same(t, "dead letter", bodies(got), "bad ")
	same(t, "source", got[0].Attributes["DeadLetterQueueSourceArn"], "arn:aws:sqs:us-east-1:000000000000:jobs")
	sources, err := c.ListDeadLetterSourceQueues(ctx, &awssqs.ListDeadLetterSourceQueuesInput{QueueUrl: dead})
	if err != nil || len(sources.QueueUrls) != 1 {
		t.Error(sources, err)
	}
}
