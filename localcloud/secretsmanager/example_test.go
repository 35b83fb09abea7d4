package secretsmanager_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/secretsmanager"
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
	service, err := secretsmanager.New(secretsmanager.Config{
		DB: db, Account: "000000000000", Region: "us-east-1", Key: make([]byte, 32), Rand: strings.NewReader(strings.Repeat("\x01", 100)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	call := &gate.Call{Operation: "CreateSecret", Body: []byte(`{"Name":"db"}`)}
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
	fmt.Println(string(reply.Body))
	// Output:
	// secretsmanager:CreateSecret arn:aws:secretsmanager:us-east-1:000000000000:secret:db-BBBBBB
	// {"ARN":"arn:aws:secretsmanager:us-east-1:000000000000:secret:db-BBBBBB","Name":"db"}
}
