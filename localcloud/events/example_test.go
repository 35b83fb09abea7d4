package events_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/writ-dev/writ/localcloud/events"
	"github.com/writ-dev/writ/localcloud/gate"
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
	service, err := events.New(events.Config{DB: db, Account: "000000000000", Region: "us-east-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, call := range []*gate.Call{
		{Operation: "CreateEventBus", Body: []byte(`{"Name":"shop"}`)},
		{Operation: "PutRule", Body: []byte(`{"Name":"orders","EventBusName":"shop","EventPattern":"{\"source\":[\"shop\"]}"}`)},
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
		fmt.Println(asks[0].Action, asks[0].Resource, asks[0].Context["events:source"].Values, string(reply.Body))
	}
	// Output:
	// events:CreateEventBus arn:aws:events:us-east-1:000000000000:event-bus/shop [] {"EventBusArn":"arn:aws:events:us-east-1:000000000000:event-bus/shop"}
	// events:PutRule arn:aws:events:us-east-1:000000000000:rule/shop/orders [shop] {"RuleArn":"arn:aws:events:us-east-1:000000000000:rule/shop/orders"}
}
