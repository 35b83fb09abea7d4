package authzen_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/authzen"
)

func ExampleNew() {
	ctx, now := context.Background(), time.Now
	e, err := environment.Open(ctx, environment.Config{
		Store: &memory.Store{}, Now: now,
		Initial: authz.Source{Format: "policy", Text: `{
			"resources": [{"key": "document", "actions": [{"key": "read"}]}],
			"rules": [{"key": "all-read", "permission": "document:read"}]}`},
		Parse: func(s authz.Source) (environment.Document, error) { return schema.Parse([]byte(s.Text)) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, key, err := server.NewKey("dev", "example", server.Read, now(), time.Time{})
	if err == nil {
		err = server.AddKey(ctx, e, writ.Subject{Type: "user", ID: "me"}, key)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	protocol, err := authzen.New(authzen.Config{BaseURL: "https://pdp.example.com", Brief: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := server.New(server.Config{Now: now, Protocols: []server.Protocol{protocol}})
	if err != nil {
		fmt.Println(err)
		return
	}
	s.Open("shop", "dev", e)

	r := httptest.NewRequest(http.MethodPost, "/access/v1/evaluation", strings.NewReader(
		`{"subject": {"type": "user", "id": "ann"}, "action": {"name": "read"}, "resource": {"type": "document", "id": "budget"}}`))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output:
	// 200 {"decision":true,"context":{"revision":"2"}}
}
