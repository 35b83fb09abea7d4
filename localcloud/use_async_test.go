package localcloud_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/writ-dev/writ/localcloud"
)

const (
	hereLambda = "arn:aws:lambda:us-east-1:000000000000:function:"
	hereQueue  = "arn:aws:sqs:us-east-1:000000000000:"
	hereTopic  = "arn:aws:sns:us-east-1:000000000000:"
	hereBus    = "arn:aws:events:us-east-1:000000000000:event-bus/"
)

// inbox makes a queue that SNS and EventBridge may send to, and gives what
// receives its next message.
func (c *cloud) inbox(t *testing.T, name string) (receive func() string) {
	t.Helper()
	client := sqs.NewFromConfig(c.dev())
	url := must[*sqs.CreateQueueOutput](t)(client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["sns.amazonaws.com","events.amazonaws.com"]},"Action":"sqs:SendMessage","Resource":"*"}]}`,
	}})).QueueUrl
	return func() string {
		out := must[*sqs.ReceiveMessageOutput](t)(client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: url, WaitTimeSeconds: 10, MaxNumberOfMessages: 1, MessageAttributeNames: []string{"All"},
		}))
		if len(out.Messages) == 0 {
			t.Fatalf("nothing came to %s", name)
		}
		must[*sqs.DeleteMessageOutput](t)(client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: out.Messages[0].ReceiptHandle}))
		attributes := ""
		for _, key := range []string{"RequestID", "ErrorCode", "ErrorMessage"} {
			if a, ok := out.Messages[0].MessageAttributes[key]; ok {
				attributes += " " + key + " " + *a.DataType + " " + *a.StringValue
			}
		}
		return *out.Messages[0].Body + attributes
	}
}

// lead sets where a function leads, after one attempt only.
func (c *cloud) lead(t *testing.T, function, onSuccess, onFailure string) {
	t.Helper()
	must[*lambda.PutFunctionEventInvokeConfigOutput](t)(lambda.NewFromConfig(c.dev()).PutFunctionEventInvokeConfig(t.Context(), &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName: &function, MaximumRetryAttempts: aws.Int32(0), DestinationConfig: &types.DestinationConfig{
			OnSuccess: &types.OnSuccess{Destination: &onSuccess}, OnFailure: &types.OnFailure{Destination: &onFailure},
		},
	}))
}

// later invokes a function asynchronously.
func (c *cloud) later(t *testing.T, function, payload string) {
	t.Helper()
	must[*lambda.InvokeOutput](t)(lambda.NewFromConfig(c.dev()).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: &function, InvocationType: types.InvocationTypeEvent, Payload: []byte(payload),
	}))
}

// record is what a destination gets.
type record struct {
	Version, Timestamp string
	RequestContext     struct {
		RequestID, FunctionARN, Condition string
		ApproximateInvokeCount            int
	}
	RequestPayload  json.RawMessage
	ResponseContext struct {
		StatusCode                     int
		ExecutedVersion, FunctionError string
	}
	ResponsePayload json.RawMessage
}

func recordOf(t *testing.T, text string) string {
	t.Helper()
	var r record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if len(r.RequestContext.RequestID) != 36 || !strings.HasSuffix(r.Timestamp, "Z") {
		t.Errorf("record %s", text)
	}
	return fmt.Sprint(r.Version, " ", r.RequestContext.FunctionARN, " ", r.RequestContext.Condition, " ", r.RequestContext.ApproximateInvokeCount, " ",
		string(r.RequestPayload), " ", r.ResponseContext, " ", string(r.ResponsePayload))
}

// TestWhatFollowsAnAsynchronousCall: the record comes to each kind of
// destination with the right that the function's role has, and to none without.
func TestWhatFollowsAnAsynchronousCall(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	function := c.deploy(t, "first")
	c.deploy(t, "second")
	bus, topic, rule := aws.String("own"), aws.String("told"), aws.String("results")
	must[*eventbridge.CreateEventBusOutput](t)(eventbridge.NewFromConfig(c.dev()).CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: bus}))
	must[*sns.CreateTopicOutput](t)(sns.NewFromConfig(c.dev()).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: topic}))
	queued, told, matched := c.inbox(t, "queued"), c.inbox(t, "told"), c.inbox(t, "matched")
	must[*sns.SubscribeOutput](t)(sns.NewFromConfig(c.dev()).Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: aws.String(hereTopic + *topic), Protocol: aws.String("sqs"), Endpoint: aws.String(hereQueue + "told"), Attributes: map[string]string{"RawMessageDelivery": "true"},
	}))
	// The pattern is the one that synth makes of an event that a function leads to.
	must[*eventbridge.PutRuleOutput](t)(eventbridge.NewFromConfig(c.dev()).PutRule(t.Context(), &eventbridge.PutRuleInput{Name: rule, EventBusName: bus, EventPattern: aws.String(
		`{"$or":[{"detail-type":["Done"]},{"detail-type":["Lambda Function Invocation Result - Success"],"source":["lambda"],"resources":["` + function + `:$LATEST"]}]}`)}))
	must[*eventbridge.PutTargetsOutput](t)(eventbridge.NewFromConfig(c.dev()).PutTargets(t.Context(), &eventbridge.PutTargetsInput{
		Rule: rule, EventBusName: bus, Targets: []ebtypes.Target{{Id: aws.String("1"), Arn: aws.String(hereQueue + "matched")}},
	}))

	answer := `{"body":"arn:aws:sts::000000000000:assumed-role/first-role/first","statusCode":200}`
	want := "1.0 " + function + `:$LATEST Success 1 {"Key":"x"} {200 $LATEST } ` + answer
	for _, row := range []struct {
		to, action string
		arrived    func() string
	}{
		{hereQueue + "queued", "sqs:SendMessage", func() string { return recordOf(t, queued()) }},
		{hereTopic + *topic, "sns:Publish", func() string { return recordOf(t, told()) }},
		{hereBus + *bus, "events:PutEvents", func() string {
			var e struct {
				Source, Account string
				DetailType      string `json:"detail-type"`
				Resources       []string
				Detail          json.RawMessage
			}
			if err := json.Unmarshal([]byte(matched()), &e); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(e.Source, " ", e.DetailType, " ", e.Resources); got != "lambda Lambda Function Invocation Result - Success ["+function+":$LATEST "+hereBus+*bus+"]" {
				t.Errorf("event %s", got)
			}
			return recordOf(t, string(e.Detail))
		}},
		{hereLambda + "second", "lambda:InvokeFunction", func() string {
			eventually(t, "the second function runs", func() bool { return c.seen(&c.lines, "second: the function ran for") })
			return want
		}},
	} {
		c.lead(t, "first", row.to, "")
		c.grant(t, "first-role", functionLogs)
		c.later(t, "first", `{"Key":"unallowed"}`)
		denial := "assumed-role/first-role/first is not authorized to perform: " + row.action + " on resource: " + row.to
		eventually(t, "Lambda is refused: "+denial, func() bool { return c.seen(&c.denied, denial) })

		c.grant(t, "first-role", strings.Replace(functionLogs, `"logs:CreateLogGroup"`, `"logs:CreateLogGroup","`+row.action+`"`, 1))
		c.later(t, "first", `{"Key":"x"}`)
		if got := row.arrived(); got != want {
			t.Errorf("%s\n got %s\nwant %s", row.to, got, want)
		}
	}
}

// useDestinations: the settings can be read, changed and removed.
func useDestinations(t *testing.T, c *cloud) {
	ctx, client, name := t.Context(), lambda.NewFromConfig(c.dev()), aws.String("leader")
	c.deploy(t, *name)
	c.lead(t, *name, hereQueue+"anywhere", "")
	must[*lambda.UpdateFunctionEventInvokeConfigOutput](t)(client.UpdateFunctionEventInvokeConfig(ctx, &lambda.UpdateFunctionEventInvokeConfigInput{
		FunctionName: name, MaximumEventAgeInSeconds: aws.Int32(60),
	}))
	got := must[*lambda.GetFunctionEventInvokeConfigOutput](t)(client.GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: name}))
	if *got.MaximumEventAgeInSeconds != 60 || *got.DestinationConfig.OnSuccess.Destination != hereQueue+"anywhere" || time.Since(*got.LastModified) > time.Minute {
		t.Errorf("settings %+v", got)
	}
	all := must[*lambda.ListFunctionEventInvokeConfigsOutput](t)(client.ListFunctionEventInvokeConfigs(ctx, &lambda.ListFunctionEventInvokeConfigsInput{FunctionName: name}))
	if len(all.FunctionEventInvokeConfigs) != 1 {
		t.Errorf("settings %v", all.FunctionEventInvokeConfigs)
	}
	must[*lambda.DeleteFunctionEventInvokeConfigOutput](t)(client.DeleteFunctionEventInvokeConfig(ctx, &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: name}))
	must[*lambda.DeleteFunctionOutput](t)(client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: name}))
}

// TestWhatFollowsAFailure: what failed for good goes to its destination, and as
// it was to the dead-letter queue.
func TestWhatFollowsAFailure(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	function := c.deploy(t, "first")
	failed, dead := c.inbox(t, "failed"), c.inbox(t, "dead")
	c.grant(t, "first-role", strings.Replace(functionLogs, `"logs:CreateLogGroup"`, `"logs:CreateLogGroup","sqs:SendMessage"`, 1))
	must[*lambda.UpdateFunctionConfigurationOutput](t)(lambda.NewFromConfig(c.dev()).UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("first"), DeadLetterConfig: &types.DeadLetterConfig{TargetArn: aws.String(hereQueue + "dead")},
	}))
	c.lead(t, "first", "", hereQueue+"failed")
	c.later(t, "first", `{"Table":"none","Key":"x"}`) // its role may not put there
	got := recordOf(t, failed())
	if want := "1.0 " + function + `:$LATEST RetriesExhausted 1 {"Table":"none","Key":"x"} {200 $LATEST Unhandled} {"errorMessage":"`; !strings.HasPrefix(got, want) {
		t.Errorf("record %s, want %s", got, want)
	}
	text := dead()
	if !strings.HasPrefix(text, `{"Table":"none","Key":"x"} RequestID String `) || !strings.Contains(text, " ErrorCode Number 200 ErrorMessage String operation error DynamoDB") {
		t.Errorf("dead letter %s", text)
	}
}

// TestALoopEnds: two functions that lead to each other run 16 times each.
func TestALoopEnds(t *testing.T) {
	t.Parallel()
	ended := make(chan string, 1)
	c := newCloud(t, func(cfg *localcloud.Config) {
		cfg.OnNotice = func(line string) {
			if strings.Contains(line, "go round in a loop, which ends here") {
				ended <- line
			}
		}
	})
	for _, name := range []string{"ping", "pong"} {
		c.deploy(t, name)
		c.grant(t, name+"-role", strings.Replace(functionLogs, `"logs:CreateLogGroup"`, `"logs:CreateLogGroup","lambda:InvokeFunction"`, 1))
	}
	c.lead(t, "ping", hereLambda+"pong", "")
	c.lead(t, "pong", hereLambda+"ping", "")
	c.later(t, "ping", `{"Key":"x"}`)
	runs := func(name string) (n int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, line := range c.lines {
			if strings.HasPrefix(line, name+": the function ran") {
				n++
			}
		}
		return n
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the loop did not end")
	}
	if runs("ping") != 17 || runs("pong") != 16 {
		t.Errorf("ping ran %d times and pong %d, want 17 and 16", runs("ping"), runs("pong"))
	}
}
