package sns_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/sns"
	"github.com/writ-dev/writ/localcloud/store"
)

func parse(t testing.TB, form string) url.Values {
	t.Helper()
	v, err := url.ParseQuery(form)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

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
	service, err := sns.New(sns.Config{DB: db, Account: "000000000000", Region: "us-east-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer service.Close()
	call := &gate.Call{Operation: "CreateTopic", Form: url.Values{"Name": {"news"}}, RequestID: "1"}
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
	fmt.Println(asks[0].Action, asks[0].Resource)
	fmt.Print(string(reply.Body))
	// Output:
	// sns:CreateTopic arn:aws:sns:us-east-1:000000000000:news
	// <CreateTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><CreateTopicResult><TopicArn>arn:aws:sns:us-east-1:000000000000:news</TopicArn></CreateTopicResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></CreateTopicResponse>
}
