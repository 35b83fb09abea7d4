package lambda_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/writ-dev/writ/localcloud/directory"
)

const jobsARN = "arn:aws:sqs:us-east-1:000000000000:jobs"

// queue makes a queue and gives its URL.
func (c *cloud) queue(t testing.TB, name string, attributes map[string]string) *string {
	t.Helper()
	out, err := awssqs.NewFromConfig(c.config(t, "admin")).CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueueUrl
}

func (c *cloud) sendAll(t testing.TB, url *string, bodies ...string) {
	t.Helper()
	client := awssqs.NewFromConfig(c.config(t, "admin"))
	for _, body := range bodies {
		if _, err := client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: url, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
}

// left gives how many messages a queue has, those in flight as well.
func (c *cloud) left(t testing.TB, url *string) string {
	t.Helper()
	out, err := awssqs.NewFromConfig(c.config(t, "admin")).GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// consumer makes a function with the role of a queue's reader.
func (c *cloud) consumer(t testing.TB, name, role string) {
	t.Helper()
	c.createGo(t, name, func(in *awslambda.CreateFunctionInput) {
		in.Role = aws.String("arn:aws:iam::" + account + ":role/" + role)
		in.Timeout = aws.Int32(2)
	})
}

func (c *cloud) feed(t testing.TB, function string, change func(*awslambda.CreateEventSourceMappingInput)) (*awslambda.CreateEventSourceMappingOutput, error) {
	t.Helper()
	in := &awslambda.CreateEventSourceMappingInput{FunctionName: &function, EventSourceArn: aws.String(jobsARN)}
	if change != nil {
		change(in)
	}
	return c.client(t, "admin").CreateEventSourceMapping(t.Context(), in)
}

func TestAQueueFeedsAFunction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := newCloudIn(t, dir, nil)
	url := c.queue(t, "jobs", map[string]string{"VisibilityTimeout": "2"})
	c.consumer(t, "eater", "worker")
	made, err := c.feed(t, "eater", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.sendAll(t, url, "one", "two")
	eventually(t, "both messages are eaten", func() bool {
		return strings.Contains(c.printed(), "message one") && strings.Contains(c.printed(), "message two") && c.left(t, url) == "0+0"
	})
	_, err = c.feed(t, "eater", nil)
	wantCode(t, "call", err, "ResourceConflictException", "")

	// It is switched off, and what is sent meanwhile waits, also over a restart.
	client := c.client(t, "admin")
	off, err := client.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: made.UUID, Enabled: aws.Bool(false)})
	if err != nil || *off.State != "Disabled" {
		t.Fatal(off, err)
	}
	c.sendAll(t, url, "three")
	time.Sleep(100 * time.Millisecond)
	if strings.Contains(c.printed(), "three") {
		t.Error("a mapping that is off feeds")
	}
	if _, err := client.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: made.UUID, BatchSize: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	c.close(t)
	c = openCloud(t, dir, nil)
	url = c.queue(t, "jobs", nil)
	client = c.client(t, "admin")
	list, err := client.ListEventSourceMappings(t.Context(), &awslambda.ListEventSourceMappingsInput{FunctionName: aws.String("eater")})
	if err != nil || len(list.EventSourceMappings) != 1 || *list.EventSourceMappings[0].BatchSize != 1 || *list.EventSourceMappings[0].State != "Disabled" {
		t.Fatalf("%+v %v", list, err)
	}
	if _, err := client.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: made.UUID, Enabled: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the third is eaten", func() bool { return strings.Contains(c.printed(), "message three") && c.left(t, url) == "0+0" })
	c.close(t)
	c = openCloud(t, dir, nil) // it resumes by itself
	c.sendAll(t, c.queue(t, "jobs", nil), "four")
	eventually(t, "the fourth is eaten", func() bool { return strings.Contains(c.printed(), "message four") })
	if _, err := c.client(t, "admin").DeleteEventSourceMapping(t.Context(), &awslambda.DeleteEventSourceMappingInput{UUID: made.UUID}); err != nil {
		t.Fatal(err)
	}
	_, err = c.client(t, "admin").GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: made.UUID})
	wantCode(t, "call", err, "ResourceNotFoundException", "")
}

func TestFailuresComeBackAndDie(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	dead := c.queue(t, "jobs-dead", nil)
	url := c.queue(t, "jobs", map[string]string{
		"VisibilityTimeout": "2", "RedrivePolicy": `{"deadLetterTargetArn":"` + jobsARN + `-dead","maxReceiveCount":2}`,
	})
	c.consumer(t, "eater", "worker")
	_, err := c.feed(t, "eater", func(in *awslambda.CreateEventSourceMappingInput) {
		in.BatchSize, in.MaximumBatchingWindowInSeconds = aws.Int32(20), aws.Int32(1)
		in.FunctionResponseTypes = []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures}
	})
	if err != nil {
		t.Fatal(err)
	}
	var sent []string
	for i := range 12 {
		sent = append(sent, fmt.Sprint("good ", i))
	}
	c.sendAll(t, url, append(sent, "partly")...)
	eventually(t, "the good ones are done, and the other is a dead letter", func() bool { return c.left(t, url) == "0+0" && c.left(t, dead) == "1+0" })
	if n := strings.Count(c.printed(), "message partly"); n != 2 {
		t.Errorf("the failed message was tried %d times", n)
	}
	for i := range 12 {
		if n := strings.Count(c.printed(), fmt.Sprintf("message good %d\n", i)); n != 1 {
			t.Errorf("message %d was given %d times", i, n)
		}
	}
	if !strings.Contains(c.printed(), "batch of 1") {
		t.Error("the batching window did nothing")
	}
}

// TestTheRoleReadsTheQueue: AWS reads a queue as the function's role, and so does the local cloud.
func TestTheRoleReadsTheQueue(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	url := c.queue(t, "jobs", nil)
	c.consumer(t, "eater", "worker")
	c.consumer(t, "stranger", "runner")
	_, err := c.feed(t, "stranger", nil)
	wantCode(t, "call", err, "InvalidParameterValueException", "")
	if err == nil || !strings.Contains(err.Error(), "The function execution role does not have permissions to call ReceiveMessage on SQS") {
		t.Error(err)
	}
	made, err := c.feed(t, "eater", nil)
	if err != nil {
		t.Fatal(err)
	}
	// The role loses the permission: the function gets nothing, and the developer is told.
	if _, err := c.iam.EnsureRole(directory.RoleSpec{Name: "worker", Trust: trustLambda, Inline: map[string]string{"p": functionLog}}); err != nil {
		t.Fatal(err)
	}
	c.sendAll(t, url, "wait") // wakes the poll under way, which was still allowed
	eventually(t, "the denial is shown", func() bool {
		return strings.Contains(c.printed(), "eater gets no messages of "+jobsARN+": User: arn:aws:sts::000000000000:assumed-role/worker/eater is not authorized to perform: sqs:")
	})
	got, err := c.client(t, "admin").GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: made.UUID})
	if err != nil || !strings.HasPrefix(*got.LastProcessingResult, "PROBLEM: User: ") {
		t.Error(got, err)
	}
	// And gets it back: it goes on by itself.
	if _, err := c.iam.EnsureRole(directory.RoleSpec{Name: "worker", Trust: trustLambda, Inline: map[string]string{"p": readQueues}}); err != nil {
		t.Fatal(err)
	}
	c.sendAll(t, url, "again")
	eventually(t, "it goes on", func() bool { return strings.Contains(c.printed(), "message again") })
}

func TestMappingsAreChecked(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.queue(t, "jobs", map[string]string{"VisibilityTimeout": "1"})
	c.queue(t, "jobs.fifo", map[string]string{"FifoQueue": "true"})
	c.consumer(t, "eater", "worker")
	for _, row := range []struct {
		change func(*awslambda.CreateEventSourceMappingInput)
		want   string
	}{
		{func(*awslambda.CreateEventSourceMappingInput) {}, "Queue visibility timeout: 1 seconds is less than Function timeout: 2 seconds"},
		{func(in *awslambda.CreateEventSourceMappingInput) { in.EventSourceArn = aws.String(jobsARN + "-none") }, "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist."},
		{func(in *awslambda.CreateEventSourceMappingInput) { in.FunctionName = aws.String("none") }, "Function not found"},
		{func(in *awslambda.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(11) }, "must be greater than 0 if maximum batch size"},
		{func(in *awslambda.CreateEventSourceMappingInput) {
			in.EventSourceArn = aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/x")
		}, "SQS only"},
		{func(in *awslambda.CreateEventSourceMappingInput) {
			in.FilterCriteria = &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String("{}")}}}
		}, "FilterCriteria"},
		{func(in *awslambda.CreateEventSourceMappingInput) {
			in.EventSourceArn, in.MaximumBatchingWindowInSeconds = aws.String(jobsARN+".fifo"), aws.Int32(1)
		}, "not supported for FIFO"},
	} {
		_, err := c.feed(t, "eater", row.change)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v, want %s", err, row.want)
		}
	}
	// Who may: the function of the mapping is a condition key, and its tags count.
	c.queue(t, "jobs2", nil)
	_, err := c.feed(t, "eater", func(in *awslambda.CreateEventSourceMappingInput) {
		in.EventSourceArn, in.Tags = aws.String(jobsARN+"2"), map[string]string{"team": "blue"}
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := c.client(t, "admin").ListEventSourceMappings(t.Context(), &awslambda.ListEventSourceMappingsInput{})
	if err != nil || len(made.EventSourceMappings) != 1 {
		t.Fatal(made, err)
	}
	id, arn := made.EventSourceMappings[0].UUID, made.EventSourceMappings[0].EventSourceMappingArn
	for name, condition := range map[string]string{
		"owner": `{"ArnEquals":{"lambda:FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:eater"}}`,
		"team":  `{"StringEquals":{"aws:ResourceTag/team":"blue"}}`, "other": `{"ArnEquals":{"lambda:FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:other"}}`,
	} {
		policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:*EventSourceMapping","Resource":"*","Condition":` + condition + `}]}`
		if _, err := c.iam.EnsureRole(directory.RoleSpec{Name: name, Trust: trustRoot, Inline: map[string]string{"p": policy}}); err != nil {
			t.Fatal(err)
		}
		_, err := c.client(t, name).GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: id})
		if name == "other" {
			wantCode(t, "call", err, "AccessDeniedException", "")
		} else if err != nil {
			t.Error(name, err)
		}
	}
	// To point the mapping at another function both must be allowed.
	c.consumer(t, "secret", "worker")
	_, err = c.client(t, "owner").UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: id, FunctionName: aws.String("secret")})
	wantCode(t, "call", err, "AccessDeniedException", "")
	if _, err := c.client(t, "admin").TagResource(t.Context(), &awslambda.TagResourceInput{Resource: arn, Tags: map[string]string{"a": "b"}}); err != nil {
		t.Fatal(err)
	}
	tags, err := c.client(t, "admin").ListTags(t.Context(), &awslambda.ListTagsInput{Resource: arn})
	if err != nil || len(tags.Tags) != 2 {
		t.Error(tags, err)
	}
}
