package delivery_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/writ-dev/writ/localcloud/delivery"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// printer stands for the gate.
type printer chan string

func (p printer) Do(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	p <- fmt.Sprint(c.Caller.ARN, " on behalf of ", c.Caller.SourceARN, ": ", c.Service, " ", c.Operation, " ", string(c.Body))
	return &gate.Reply{}, nil
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
	calls := make(printer)
	post := delivery.New(delivery.Config{DB: db, Name: "s3", Account: "000000000000", Region: "us-east-1", Do: calls})
	defer post.Close()
	if err := post.Resume(); err != nil {
		fmt.Println(err)
		return
	}
	err = post.Send(delivery.Letter{
		From: delivery.Sender{Service: "s3.amazonaws.com", Source: "arn:aws:s3:::photos"},
		To:   "arn:aws:lambda:us-east-1:000000000000:function:resize", Body: `{"key":"a.png"}`,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-calls)
	// Output:
	// s3.amazonaws.com on behalf of arn:aws:s3:::photos: lambda Invoke {"key":"a.png"}
}
