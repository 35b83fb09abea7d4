package permit_test

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
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/permit"
)

func ExampleNew() {
	ctx := context.Background()
	now := time.Now
	e, err := environment.Open(ctx, environment.Config{
		Store: &memory.Store{}, Parse: parse, Now: now, Initial: authz.Source{Format: "policy", Text: "{}"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	secret, key, err := server.NewKey("dev", "example", server.Admin, now(), time.Time{})
	if err == nil {
		err = server.AddKey(ctx, e, writ.Subject{Type: "user", ID: "me"}, key)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := server.New(server.Config{Now: now, Protocols: []server.Protocol{permit.New(permit.Config{})}})
	if err != nil {
		fmt.Println(err)
		return
	}
	s.Open("shop", "dev", e)

	call := func(path, body string) {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+secret)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		fmt.Println(path, w.Code)
		if path == "/allowed" {
			fmt.Print(w.Body)
		}
	}
	call("/v2/schema/shop/dev/resources", `{"key": "document", "name": "Document", "actions": {"read": {}}}`)
	call("/v2/schema/shop/dev/roles", `{"key": "viewer", "name": "Viewer", "permissions": ["document:read"]}`)
	call("/v2/facts/shop/dev/users", `{"key": "ann", "role_assignments": [{"role": "viewer", "tenant": "default"}]}`)
	call("/allowed", `{"user": {"key": "ann"}, "action": "read", "resource": {"type": "document"}}`)
	// Output:
	// /v2/schema/shop/dev/resources 201
	// /v2/schema/shop/dev/roles 201
	// /v2/facts/shop/dev/users 201
	// /allowed 200
	// {"allow":true,"result":true}
}
