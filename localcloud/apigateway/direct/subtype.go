package direct

import "github.com/writ-dev/writ/localcloud/gate"

// kind is what a parameter's text is made into.
type kind int

const (
	text kind = iota
	number
	object // JSON
	list   // JSON, or one text
	moment // seconds since 1970, or RFC 3339
	place  // a region
)

type parameter struct {
	name     string
	kind     kind
	required bool
}

// subtype is one operation that an integration may call.
type subtype struct {
	service, operation string
	parameters         []parameter
	// body makes the operation's JSON of its members.
	body func(members map[string]any) any
	// answer makes the client's answer of the service's.
	answer func(*gate.Call, *gate.Reply) (contentType string, body []byte, err error)
}

var subtypes = map[string]*subtype{
	"SQS-SendMessage": {
		service: "sqs", operation: "SendMessage",
		parameters: []parameter{
			{"QueueUrl", text, true},
			{"MessageBody", text, true},
			{"DelaySeconds", number, false},
			{"MessageAttributes", object, false},
			{"MessageDeduplicationId", text, false},
			{"MessageGroupId", text, false},
			{"MessageSystemAttributes", object, false},
			{"Region", place, false},
		},
		body:   func(members map[string]any) any { return members },
		answer: sentMessage,
	},
	"EventBridge-PutEvents": {
		service: "events", operation: "PutEvents",
		parameters: []parameter{
			{"Detail", text, true},
			{"DetailType", text, true},
			{"Source", text, true},
			{"Time", moment, false},
			{"EventBusName", text, false},
			{"Resources", list, false},
			{"Region", place, false},
			{"TraceHeader", text, false},
		},
		body:   func(members map[string]any) any { return map[string]any{"Entries": []any{members}} },
		answer: asItIs,
	},
}

// elsewhere are the subtypes that AWS has beside these.
var elsewhere = []string{
	"AppConfig-GetConfiguration", "Kinesis-PutRecord", "SQS-DeleteMessage", "SQS-PurgeQueue", "SQS-ReceiveMessage",
	"StepFunctions-StartExecution", "StepFunctions-StartSyncExecution", "StepFunctions-StopExecution",
}
