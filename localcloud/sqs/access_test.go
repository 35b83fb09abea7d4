package sqs_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/writ-dev/writ/localcloud/gate"
)

const (
	jobsARN = "arn:aws:sqs:us-east-1:000000000000:jobs"
	topic   = "arn:aws:sns:us-east-1:000000000000:news"
)

// TestWhoMay: identity policies, the queue's policy and tags decide.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	url := c.queue("jobs")
	c.role("sender", `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"`+jobsARN+`"}`)
	c.role("tagged", `{"Effect":"Allow","Action":"sqs:ReceiveMessage","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"blue"}}}`)
	c.role("nobody", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	send := func(role string) string {
		return code(second(c.as(role).SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")})))
	}
	receive := func(role string) string {
		return code(second(c.as(role).ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: url})))
	}
	const denied = "AccessDeniedException"
	same(t, "sender sends", send("sender"), "")
	same(t, "sender receives", receive("sender"), denied)
	same(t, "nobody sends", send("nobody"), denied)
	_, err := c.as("sender").SendMessageBatch(ctx, &awssqs.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{{Id: aws.String("1"), MessageBody: aws.String("x")}}})
	same(t, "a batch is SendMessage", code(err), "")
	same(t, "no tag yet", receive("tagged"), denied)
	if _, err := c.TagQueue(ctx, &awssqs.TagQueueInput{QueueUrl: url, Tags: map[string]string{"team": "blue"}}); err != nil {
		t.Fatal(err)
	}
	same(t, "tagged", receive("tagged"), "")

	policy := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:role/nobody"},"Action":"sqs:SendMessage","Resource":"` + jobsARN + `"},
		{"Effect":"Deny","Principal":"*","Action":"sqs:SendMessage","Resource":"` + jobsARN + `","Condition":{"StringLike":{"aws:PrincipalArn":"*/sender"}}},
		{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + jobsARN + `","Condition":{"ArnEquals":{"aws:SourceArn":"` + topic + `"}}}]}`
	if _, err := c.SetQueueAttributes(ctx, &awssqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"Policy": policy}}); err != nil {
		t.Fatal(err)
	}
	same(t, "the queue lets nobody in", send("nobody"), "")
	same(t, "the queue denies the sender", send("sender"), denied)

	// A service comes in by the queue's policy alone, on behalf of the right source.
	deliver := func(principal, account, source string) string {
		body, err := json.Marshal(map[string]string{"QueueUrl": *url, "MessageBody": "x"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.gate.Do(context.Background(), &gate.Call{Service: "sqs", Operation: "SendMessage", Body: body, Caller: gate.ServiceCaller(principal, account, source)})
		return gate.CodeOf(err)
	}
	same(t, "the topic delivers", deliver("sns.amazonaws.com", account, topic), "")
	same(t, "another topic", deliver("sns.amazonaws.com", account, topic+"2"), denied)
	same(t, "another service", deliver("events.amazonaws.com", account, topic), denied)
}

func TestAddAndRemovePermission(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	url := c.queue("jobs")
	add := func(label string) error {
		return second(c.AddPermission(ctx, &awssqs.AddPermissionInput{QueueUrl: url, Label: &label, AWSAccountIds: []string{"111122223333"}, Actions: []string{"SendMessage"}}))
	}
	same(t, "add", code(add("one")), "")
	same(t, "add again", code(add("one")), "InvalidParameterValue")
	same(t, "policy", c.attribute(url, "Policy"), `{"Version":"2008-10-17","Id":"`+jobsARN+`/SQSDefaultPolicy","Statement":[{"Sid":"one","Effect":"Allow",`+
		`"Principal":{"AWS":["arn:aws:iam::111122223333:root"]},"Action":["SQS:SendMessage"],"Resource":"`+jobsARN+`"}]}`)
	_, err := c.RemovePermission(ctx, &awssqs.RemovePermissionInput{QueueUrl: url, Label: aws.String("two")})
	same(t, "remove another", code(err), "InvalidParameterValue")
	_, err = c.RemovePermission(ctx, &awssqs.RemovePermissionInput{QueueUrl: url, Label: aws.String("one")})
	same(t, "remove", code(err), "")
	same(t, "policy", c.attribute(url, "Policy"), "")
}

// TestAttacks: what a caller puts into a request beside what its operation
// reads must not change what IAM is asked.
func TestAttacks(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	url := c.queue("jobs")
	c.queue("mine")
	for _, row := range []struct{ operation, body, want string }{
		{"UntagQueue", `{"QueueUrl":"` + *url + `","Tags":{"a":"b"},"TagKeys":["a"]}`, "sqs:UntagQueue " + jobsARN},
		{"SendMessage", `{"QueueUrl":"http://elsewhere/000000000000/jobs","QueueName":"mine","MessageBody":"x"}`, "sqs:SendMessage " + jobsARN},
		{"SendMessage", `{"QueueUrl":"http://x/000000000000/jobs?a=/mine","MessageBody":"x"}`, "sqs:SendMessage " + jobsARN},
		{"SendMessage", `{"QueueUrl":"http://x/000000000000/mine/../jobs","MessageBody":"x"}`, "AWS.SimpleQueueService.NonExistentQueue"},
		{"SendMessage", `{"QueueUrl":"http://x/111111111111/jobs","MessageBody":"x"}`, "AWS.SimpleQueueService.NonExistentQueue"},
		{"SendMessage", `{"QueueUrl":"http://x/000000000000/*","MessageBody":"x"}`, "AWS.SimpleQueueService.NonExistentQueue"},
		{"SendMessage", `{"MessageBody":"x"}`, "MissingParameter"},
		{"CreateQueue", `{"QueueName":"new","tags":{"a":"b"}}`, "sqs:CreateQueue arn:aws:sqs:us-east-1:000000000000:new sqs:TagQueue arn:aws:sqs:us-east-1:000000000000:new"},
		{"DeleteMessageBatch", `{"QueueUrl":"jobs","Entries":[{"Id":"1","QueueUrl":"mine"}]}`, "sqs:DeleteMessage " + jobsARN},
	} {
		asks, err := c.service.Describe(&gate.Call{Service: "sqs", Operation: row.operation, Body: []byte(row.body)})
		var got []string
		for _, a := range asks {
			got = append(got, a.Action+" "+a.Resource)
		}
		if known, ok := err.(*gate.Error); ok {
			query, _, _ := strings.Cut(known.Header.Get("X-Amzn-Query-Error"), ";")
			got = append(got, query)
		}
		same(t, row.operation+row.body, strings.Join(got, " "), row.want)
	}
	// A handle of one queue says nothing in another.
	c.send(url, "x")
	handle := c.receive(url, 1)[0].ReceiptHandle
	mine := c.queue("mine")
	_, err := c.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: mine, ReceiptHandle: handle})
	same(t, "a handle of another queue", code(err), "ReceiptHandleIsInvalid")
	// Many receivers at once get each message once.
	var list []string
	for range 40 {
		list = append(list, "m")
	}
	c.send(mine, list...)
	var mu sync.Mutex
	var wait sync.WaitGroup
	n := 0
	for range 8 {
		wait.Go(func() {
			for {
				got := c.receive(mine, 3)
				mu.Lock()
				n += len(got)
				mu.Unlock()
				if len(got) == 0 {
					return
				}
			}
		})
	}
	wait.Wait()
	if n != 40 {
		t.Errorf("%d messages were received of 40", n)
	}
}
