package direct

import "github.com/writ-dev/writ/localcloud/gate"

// kind is what a parameter's text is made into.
type kind int

const (
	asText kind = iota
	asNumber
	asObject // JSON
	asList   // JSON, or one text
	asTime   // seconds since 1970, or RFC 3339
	asRegion
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
			{"QueueUrl", asText, true},
			{"MessageBody", asText, true},
			{"DelaySeconds", asNumber, false},
			{"MessageAttributes", asObject, false},
			{"MessageDeduplicationId", asText, false},
			{"MessageGroupId", asText, false},
			{"MessageSystemAttributes", asObject, false},
			{"Region", asRegion, false},
		},
		body:   func(members map[string]any) any { return members },
		answer: sentMessage,
	},
	"EventBridge-PutEvents": {
		service: "events", operation: "PutEvents",
		parameters: []parameter{
			{"Detail", asText, true},
			{"DetailType", asText, true},
			{"Source", asText, true},
			{"Time", asTime, false},
			{"EventBusName", asText, false},
			{"Resources", asList, false},
			{"Region", asRegion, false},
			{"TraceHeader", asText, false},
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
