package cloudformation_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/cloudformation"
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
	service := cloudformation.New(cloudformation.Config{DB: db, Account: "000000000000", Region: "us-east-1", Now: time.Now, Rand: rand.Reader})

	// A type that the local cloud does not make is refused before anything is made.
	_, err = service.Handle(context.Background(), &gate.Call{Operation: "CreateStack", Form: url.Values{
		"StackName":    {"app"},
		"TemplateBody": {"Resources: {Task: {Type: AWS::ECS::Service}}"},
	}})
	message, _, _ := strings.Cut(err.Error(), ";")
	fmt.Println(message)
	fmt.Println(service.Close(), db.Close())
	// Output:
	// ValidationError: Template format error: Unrecognized resource types: [AWS::ECS::Service] (1:20)
	// <nil> <nil>
}
