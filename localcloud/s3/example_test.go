package s3_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/s3"
	"github.com/writ-dev/writ/localcloud/store"
)

// A service says what IAM has to decide before the gate lets a call through.
func ExampleService_Describe() {
	dir, err := os.MkdirTemp("", "s3")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := store.Open(filepath.Join(dir, "cloud.db"))
	if err != nil {
		panic(err)
	}
	defer func() { _ = db.Close() }()
	service, err := s3.New(s3.Config{DB: db, Dir: filepath.Join(dir, "objects"), Account: "000000000000", Region: "us-east-1", Now: time.Now, Rand: rand.Reader})
	if err != nil {
		panic(err)
	}
	call := &gate.Call{Method: http.MethodPut, Path: "/assets/app%20v1.zip", Header: http.Header{"X-Amz-Tagging": {"env=dev"}}}
	call.Operation, _ = service.Info().Route(call)
	asks, err := service.Describe(call)
	if err != nil {
		panic(err)
	}
	fmt.Println(call.Operation)
	for _, ask := range asks {
		fmt.Println(ask.Action, ask.Resource)
	}
	_, err = service.Handle(context.Background(), call)
	fmt.Println(err)
	// Output:
	// PutObject
	// s3:PutObject arn:aws:s3:::assets/app v1.zip
	// s3:PutObjectTagging arn:aws:s3:::assets/app v1.zip
	// NoSuchBucket: The specified bucket does not exist
}
