package dynamodb_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/writ-dev/writ/localcloud/dynamodb"
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
	service, err := dynamodb.New(dynamodb.Config{DB: db, Account: "000000000000", Region: "us-east-1", Now: time.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, call := range []*gate.Call{
		{Operation: "CreateTable", Body: []byte(`{"TableName":"hits","BillingMode":"PAY_PER_REQUEST",
			"AttributeDefinitions":[{"AttributeName":"path","AttributeType":"S"}],"KeySchema":[{"AttributeName":"path","KeyType":"HASH"}]}`)},
		{Operation: "UpdateItem", Body: []byte(`{"TableName":"hits","Key":{"path":{"S":"/hello"}},"UpdateExpression":"ADD hits :one",
			"ExpressionAttributeValues":{":one":{"N":"1"}},"ReturnValues":"ALL_NEW"}`)},
	} {
		asks, err := service.Describe(call) // what IAM would have to allow
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(asks[0].Action, asks[0].Resource)
		reply, err := service.Handle(context.Background(), call)
		if err != nil {
			fmt.Println(err)
			return
		}
		if call.Operation == "UpdateItem" {
			fmt.Println(string(reply.Body))
		}
	}
	// Output:
	// dynamodb:CreateTable arn:aws:dynamodb:us-east-1:000000000000:table/hits
	// dynamodb:UpdateItem arn:aws:dynamodb:us-east-1:000000000000:table/hits
	// {"Attributes":{"hits":{"N":"1"},"path":{"S":"/hello"}}}
}
