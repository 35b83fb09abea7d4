package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server/client"
)

func ExampleClient_Check() {
	// In the place of `writ serve`.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"decision":true,"context":{"revision":"7"}}`)
	}))
	defer server.Close()

	c, err := client.New(client.Config{URL: server.URL, Key: "writ_default_..."})
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := c.Check(context.Background(), writ.Request{
		Subject:  writ.Subject{Type: "user", ID: "ann"},
		Action:   writ.Action{Name: "read"},
		Resource: writ.Resource{Type: "document", ID: "budget"},
	})
	fmt.Println(d.Allowed, d.Revision, err)
	// Output: true 7 <nil>
}
