package direct_test

import (
	"strings"
	"testing"

	"github.com/writ-dev/writ/localcloud/apigateway/direct"
	"github.com/writ-dev/writ/localcloud/gate"
)

// with is the required parameters of a subtype and others: "Name=value".
func with(subtype string, others ...string) map[string]string {
	all := map[string]string{"QueueUrl": "http://x/0/q", "MessageBody": "$request.body"}
	if strings.HasPrefix(subtype, "EventBridge") {
		all = map[string]string{"Source": "shop", "DetailType": "Ordered", "Detail": "$request.body"}
	}
	for _, other := range others {
		name, value, _ := strings.Cut(other, "=")
		if all[name] = value; value == "" {
			delete(all, name)
		}
	}
	return all
}

const (
	toQueue = "SQS-SendMessage"
	toBus   = "EventBridge-PutEvents"
)

// TestCalls compares the JSON of calls.
func TestCalls(t *testing.T) {
	t.Parallel()
	const message = `"MessageBody":"{\"a\":1}","QueueUrl":"http://x/0/q"`
	const event = `"Detail":"{\"a\":1}","DetailType":"Ordered","Source":"shop"`
	for _, row := range []struct{ subtype, parameter, want string }{
		{toQueue, "", "{" + message + "}"},
		{toQueue, "DelaySeconds=5", `{"DelaySeconds":5,` + message + "}"},
		{toQueue, "DelaySeconds=$request.body.a", `{"DelaySeconds":1,` + message + "}"},
		{toQueue, "DelaySeconds=soon", "the parameter DelaySeconds cannot be filled: \"soon\" is not a number"},
		{toQueue, `MessageAttributes={"id":{"DataType":"String","StringValue":"${request.path.id}"}}`, `{"MessageAttributes":{"id":{"DataType":"String","StringValue":"7"}},` + message + "}"},
		{toQueue, "MessageAttributes=$request.path.id", "the parameter MessageAttributes cannot be filled: \"7\" is not a JSON object"},
		{toQueue, "Region=us-east-1", "{" + message + "}"},
		{toQueue, "Region=$request.path.id", `the parameter Region names another region: "7"`},
		{toQueue, "MessageGroupId=$request.header.x-none", "the parameter MessageGroupId cannot be filled: there is no $request.header.x-none"},
		{toBus, "", `{"Entries":[{` + event + "}]}"},
		{toBus, "EventBusName=mine", `{"Entries":[{"Detail":"{\"a\":1}","DetailType":"Ordered","EventBusName":"mine","Source":"shop"}]}`},
		{toBus, "Resources=arn:aws:s3:::b", `{"Entries":[{"Detail":"{\"a\":1}","DetailType":"Ordered","Resources":["arn:aws:s3:::b"],"Source":"shop"}]}`},
		{toBus, `Resources=["a","b"]`, `{"Entries":[{"Detail":"{\"a\":1}","DetailType":"Ordered","Resources":["a","b"],"Source":"shop"}]}`},
		{toBus, "Time=2026-01-01T00:00:00Z", `{"Entries":[{` + event + `,"Time":1767225600}]}`},
		{toBus, "Time=1767225600", `{"Entries":[{` + event + `,"Time":1767225600}]}`},
		{toBus, "Time=tomorrow", `the parameter Time cannot be filled: "tomorrow" is not a time`},
	} {
		i, err := direct.New(row.subtype, with(row.subtype, row.parameter), "us-east-1")
		if err != nil {
			t.Errorf("%s %s: %v", row.subtype, row.parameter, err)
			continue
		}
		call, err := i.Call(request(`{"a":1}`))
		got := ""
		if err != nil {
			got = err.Error()
		} else if got = string(call.Body); call.Service+":"+call.Operation != i.Action() {
			t.Errorf("%s is %s:%s", i.Action(), call.Service, call.Operation)
		}
		if got != row.want {
			t.Errorf("%s %s:\n got %s\nwant %s", row.subtype, row.parameter, got, row.want)
		}
	}
}

// TestWhatIsRefused is what no integration is made of.
func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	const unread = "Invalid selection expression specified: Validation Result: warnings : [], errors : [Invalid source: "
	for _, row := range []struct{ subtype, parameter, want string }{
		{"SQS-Send", "", "Invalid integration subtype specified: SQS-Send"},
		{"StepFunctions-StartExecution", "", "Integrations of subtype StepFunctions-StartExecution do not run locally; SQS-SendMessage and EventBridge-PutEvents do"},
		{toQueue, "QueueUrl=", "The parameter QueueUrl is required for integrations of subtype SQS-SendMessage"},
		{toBus, "Detail=", "The parameter Detail is required for integrations of subtype EventBridge-PutEvents"},
		{toQueue, "Body=x", "Integrations of subtype SQS-SendMessage have no parameter Body"},
		{toQueue, "MessageBody=$body", unread + "$body specified for destination: MessageBody]"},
		{toQueue, `MessageAttributes={"a":{}}`, unread + `{"a":{}} specified for destination: MessageAttributes]`},
		{toQueue, "Region=eu-west-1", "Integrations with services of another region (eu-west-1) do not run locally"},
	} {
		_, err := direct.New(row.subtype, with(row.subtype, row.parameter), "us-east-1")
		if gate.CodeOf(err) != "BadRequestException" || err.Error() != "BadRequestException: "+row.want {
			t.Errorf("%s %s:\n got %v\nwant %s", row.subtype, row.parameter, err, row.want)
		}
	}
}

// TestAnswers is what clients get: the XML of SQS and the JSON of EventBridge.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for subtype, row := range map[string]struct{ reply, contentType, body string }{
		toQueue: {
			`{"MessageId":"m","MD5OfMessageBody":"d","SequenceNumber":"18"}`, "text/xml",
			`<?xml version="1.0"?><SendMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><SendMessageResult><MessageId>m</MessageId>` +
				`<MD5OfMessageBody>d</MD5OfMessageBody><SequenceNumber>18</SequenceNumber></SendMessageResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></SendMessageResponse>`,
		},
		toBus: {`{"Entries":[{"EventId":"e"}],"FailedEntryCount":0}`, "application/x-amz-json-1.1", `{"Entries":[{"EventId":"e"}],"FailedEntryCount":0}`},
	} {
		i, err := direct.New(subtype, with(subtype), "us-east-1")
		if err != nil {
			t.Fatal(err)
		}
		contentType, body, err := i.Answer(&gate.Call{RequestID: "r"}, &gate.Reply{Body: []byte(row.reply)})
		if err != nil || contentType != row.contentType || string(body) != row.body {
			t.Errorf("%s: %s %s %v", subtype, contentType, body, err)
		}
	}
}
