package sqs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/sqs"
	"github.com/writ-dev/writ/localcloud/store"
)

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := store.Open(filepath.Join(dir, "cloud.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	service, err := sqs.New(sqs.Config{DB: db, Account: "000000000000", Region: "us-east-1", Endpoint: func() string { return "http://127.0.0.1:4566" }})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, call := range []*gate.Call{
		{Operation: "CreateQueue", Body: []byte(`{"QueueName":"jobs"}`)},
		{Operation: "ListQueues"},
	} {
		asks, err := service.Describe(call) // what IAM would have to allow
		if err != nil {
			fmt.Println(err)
			return
		}
		reply, err := service.Handle(context.Background(), call)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(asks[0].Action, asks[0].Resource, string(reply.Body))
	}
	// Output:
	// sqs:CreateQueue arn:aws:sqs:us-east-1:000000000000:jobs {"QueueUrl":"http://127.0.0.1:4566/000000000000/jobs"}
	// sqs:ListQueues * {"QueueUrls":["http://127.0.0.1:4566/000000000000/jobs"]}
}
