package direct_test

import (
	"fmt"

	"github.com/writ-dev/writ/localcloud/apigateway/direct"
)

// A route to a FIFO queue: the message is the request's body, and its group
// stands in the path.
func Example() {
	i, err := direct.New("SQS-SendMessage", map[string]string{
		"QueueUrl": "https://sqs.us-east-1.amazonaws.com/000000000000/orders.fifo", "MessageBody": "$request.body",
		"MessageGroupId": "shop-${request.path.id}",
	}, "us-east-1")
	if err != nil {
		panic(err)
	}
	call, err := i.Call(&direct.Request{Body: []byte("two pears"), Path: map[string]string{"id": "7"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(i.Action())
	fmt.Println(string(call.Body))
	// Output:
	// sqs:SendMessage
	// {"MessageBody":"two pears","MessageGroupId":"shop-7","QueueUrl":"https://sqs.us-east-1.amazonaws.com/000000000000/orders.fifo"}
}
