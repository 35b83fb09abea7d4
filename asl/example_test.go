package asl_test

import (
	"fmt"

	"github.com/writ-dev/writ/asl"
)

func scalar(text string) *asl.Value { return &asl.Value{Kind: asl.Scalar, Text: text} }

func object(entries ...any) *asl.Value {
	v := &asl.Value{Kind: asl.Map}
	for i := 0; i < len(entries); i += 2 {
		value, isValue := entries[i+1].(*asl.Value)
		if !isValue {
			value = scalar(entries[i+1].(string))
		}
		v.Entries = append(v.Entries, asl.Entry{Key: entries[i].(string), Value: value})
	}
	return v
}

func Example() {
	machine, errs := asl.Read(object(
		"StartAt", "work",
		"States", object(
			"work", object(
				"Type", "Task", "Resource", "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
				"Parameters", object("QueueUrl", "mail", "MessageBody.$", "$"), "Next", "done"),
			"done", object("Type", "Succeed"))))
	if len(errs) > 0 {
		fmt.Println(errs)
		return
	}
	for _, c := range machine.Calls {
		queue, _ := c.Argument("QueueUrl")
		fmt.Printf("%s: %s:%s on %s, waiting with %s\n", c.State, c.Service, c.Action, queue.Text, c.Pattern)
	}
	// Output:
	// work: sqs:SendMessage on mail, waiting with waitForTaskToken
}
