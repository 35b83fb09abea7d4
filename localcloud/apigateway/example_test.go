package apigateway_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/writ-dev/writ/localcloud/apigateway"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// An HTTP API that is made by one call, and served by the front. Its function
// is invoked through Do, where the gate stands in the local cloud.
func Example() {
	dir, err := os.MkdirTemp("", "apigateway")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := store.Open(filepath.Join(dir, "cloud.db"))
	if err != nil {
		panic(err)
	}
	defer func() { _ = db.Close() }()
	service, err := apigateway.New(apigateway.Config{
		DB: db, Account: account, Region: region, Now: time.Now, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler), Do: greeter{},
	})
	if err != nil {
		panic(err)
	}
	_, err = service.Handle(context.Background(), &gate.Call{
		Method: http.MethodPost, Path: "/v2/apis",
		Body: []byte(`{"name": "greetings", "protocolType": "HTTP", "target": "` + hello + `"}`),
	})
	if err != nil {
		panic(err)
	}
	response := httptest.NewRecorder()
	service.Front().ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/hello", nil))
	fmt.Println(response.Code, response.Body)
	// Output: 200 you asked for /hello
}

// greeter stands for the gate and the function behind it.
type greeter struct{}

func (greeter) Do(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	var event struct{ RawPath string }
	if err := json.Unmarshal(c.Body, &event); err != nil {
		return nil, err
	}
	answer, err := json.Marshal(map[string]any{"statusCode": 200, "body": "you asked for " + event.RawPath})
	return &gate.Reply{Body: answer}, err
}
