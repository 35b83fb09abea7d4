package permitpdp_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/gateway/permitpdp"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/permit"
)

const policy = `{
	"roles": [{"key": "editor", "permissions": ["document:read", "document:update"]}],
	"resources": [
		{"key": "folder", "actions": [{"key": "read"}], "roles": [{"key": "reader", "permissions": ["read"]}]},
		{"key": "document", "actions": [{"key": "read"}, {"key": "update"}], "relations": [{"key": "parent", "subject_resource": "folder"}],
			"roles": [{"key": "reader", "permissions": ["read"], "granted_to": [{"role": "reader", "on_resource": "folder", "linked_by_relation": "parent"}]}]}
	]
}`

// Our own server's Permit endpoints answer as the engine behind them does, one at a time and in bulk.
func TestServer(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Unix(1800000000, 0) }
	e, err := environment.Open(t.Context(), environment.Config{
		Store: &memory.Store{}, Now: now, Initial: authz.Source{Format: "policy", Text: policy},
		Parse: func(s authz.Source) (environment.Document, error) { return schema.Parse([]byte(s.Text)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, e, "__tenant:default#editor@user:ann", "folder:f#reader@user:bob", "document:d1#parent@folder:f", "document:d2#reader@user:cat")
	token, key, err := server.NewKey("dev", "authorizer", server.Read, now(), time.Time{})
	if err == nil {
		err = server.AddKey(t.Context(), e, writ.Subject{Type: "test", ID: "test"}, key)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{Now: now, Protocols: []server.Protocol{permit.New(permit.Config{})}})
	if err != nil {
		t.Fatal(err)
	}
	s.Open("shop", "dev", e)
	web := httptest.NewServer(s)
	defer web.Close()
	p, err := permitpdp.New(permitpdp.Config{URL: web.URL, Token: token, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var requests []writ.Request
	var want []bool
	allowed := 0
	for range 450 {
		one := ask(pick("ann", "bob", "cat", "dan"), pick("read", "update", "fly"), pick("document:d1", "document:d2", "document:", "folder:f", "ship:x"))
		d, err := e.Check(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		requests, want = append(requests, one), append(want, d.Allowed)
		if d.Allowed {
			allowed++
		}
	}
	if allowed < 20 || allowed > 400 {
		t.Fatalf("%d of %d are allowed: this compares too little", allowed, len(want))
	}
	all, err := p.CheckAll(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	for i := range requests {
		if all[i].Allowed != want[i] {
			t.Errorf("in bulk: %v is %v", requests[i], all[i].Allowed)
		}
		if i%9 != 0 {
			continue
		}
		if d, err := p.Check(t.Context(), requests[i]); err != nil || d.Allowed != want[i] {
			t.Errorf("%v is %v, %v", requests[i], d.Allowed, err)
		}
	}
	wrong, err := permitpdp.New(permitpdp.Config{URL: web.URL, Token: "writ_dev_" + fmt.Sprintf("%040d", 1), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := wrong.Check(t.Context(), requests[0]); d.Allowed || err == nil {
		t.Errorf("another key: %v, %v", d, err)
	}
}

func write(t *testing.T, e *environment.Environment, tuples ...string) {
	t.Helper()
	_, err := e.Write(context.Background(), environment.Write{
		Actor: writ.Subject{Type: "test", ID: "test"}, Kind: "facts.write", Subject: "facts",
		Plan: func(*environment.State) (all []authz.Change, err error) {
			for _, text := range tuples {
				one, err := authz.ParseTuple(text)
				if err != nil {
					return nil, err
				}
				all = append(all, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &one}})
			}
			return all, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}
