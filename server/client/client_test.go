package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/authzen"
	"github.com/writ-dev/writ/server/client"
	"github.com/writ-dev/writ/server/internal/servertest"
)

const file = "../../examples/authzen/search/policy.yml"

// serve puts an environment behind HTTP.
func serve(tb testing.TB, e *environment.Environment) *client.Client {
	tb.Helper()
	return serveTo(tb, e, server.Read)
}

// serveTo is serve for a key of a role.
func serveTo(tb testing.TB, e *environment.Environment, role server.Role) *client.Client {
	tb.Helper()
	zen, err := authzen.New(authzen.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	s, token := servertest.Serve(tb, e, role, server.Limits{}, zen, server.Native())
	h := httptest.NewServer(s)
	tb.Cleanup(h.Close)
	c, err := client.New(client.Config{URL: h.URL, Key: token})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func request(user, action, record string) writ.Request {
	return writ.Request{Subject: writ.Subject{Type: "user", ID: user}, Action: writ.Action{Name: action}, Resource: writ.Resource{Type: "record", ID: record}}
}

// TestContract runs one suite on an environment in this process and on the same one through HTTP.
func TestContract(t *testing.T) {
	t.Parallel()
	e := servertest.Open(t, file)
	remote := serve(t, e)
	for name, c := range map[string]writ.Checker{"in process": e, "over HTTP": remote} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite(t, c)
		})
	}
}

func suite(t *testing.T, c writ.Checker) {
	for _, one := range []struct {
		user, action, record string
		want                 bool
	}{
		{"alice", "view", "120", true},
		{"bob", "edit", "102", true},
		{"bob", "edit", "101", false},
		{"dan", "edit", "115", true},
		{"nobody", "view", "101", false},
		{"bob", "fly", "101", false},
		{"bob", "view", "999", false},
	} {
		d, err := c.Check(context.Background(), request(one.user, one.action, one.record))
		if err != nil || d.Allowed != one.want {
			t.Errorf("%v: %v, %v", one, d.Allowed, err)
		}
		if len(d.Reasons) == 0 || d.Reasons[0].Message == "" || d.Revision == "" {
			t.Errorf("%v: no reason, or no revision: %+v", one, d)
		}
	}
	// Properties of the request reach the conditions, above the stored ones: who has a key is trusted with them.
	r := request("bob", "edit", "101")
	r.Resource.Properties = map[string]any{"owner": "bob"}
	if d, err := c.Check(context.Background(), r); err != nil || !d.Allowed {
		t.Errorf("a property of the request counts for nothing: %v, %v", d.Allowed, err)
	}
}

func TestBatchesAndSearchesAgreeWithTheEngine(t *testing.T) {
	t.Parallel()
	e := servertest.Open(t, file)
	c := serve(t, e)
	var requests []writ.Request
	for i := range 2500 {
		requests = append(requests, request([]string{"alice", "bob", "nobody"}[i%3], []string{"view", "edit"}[i%2], strconv.Itoa(101+i%20)))
	}
	results, err := c.CheckAll(context.Background(), requests)
	if err != nil || len(results) != len(requests) {
		t.Fatalf("%d results: %v", len(results), err)
	}
	for i, r := range results {
		want, err := e.Check(context.Background(), requests[i])
		if err != nil || r.Err != nil || r.Decision.Allowed != want.Allowed {
			t.Fatalf("%v: %v over HTTP, %v in process; %v %v", requests[i], r.Decision.Allowed, want.Allowed, r.Err, err)
		}
	}
	if results, err = c.CheckAll(context.Background(), []writ.Request{request("alice", "view", "101"), {}}); err != nil || results[0].Err != nil || writ.CodeOf(results[1].Err) != writ.CodeInvalid || results[1].Decision.Allowed {
		t.Errorf("a request of nothing in a batch: %+v, %v", results, err)
	}
	var ids []string
	page := client.Page{Limit: 6}
	for {
		found, err := c.Resources(context.Background(), request("bob", "view", ""), page)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, found.IDs...)
		if page.Token = found.Next; page.Token == "" {
			break
		}
	}
	if want := strings.Fields("101 102 103 105 108 112 114 116 117 119 120"); !slices.Equal(ids, want) {
		t.Errorf("bob views %v, want %v", ids, want)
	}
	found, err := c.Actions(context.Background(), request("dan", "", "115"), client.Page{})
	if err != nil || !slices.Equal(found.IDs, []string{"edit", "view"}) {
		t.Errorf("dan may %v on 115: %v", found.IDs, err)
	}
	found, err = c.Subjects(context.Background(), request("", "edit", "110"), client.Page{})
	if err != nil || !slices.Equal(found.IDs, []string{"alice", "dan"}) {
		t.Errorf("%v edit 110: %v", found.IDs, err)
	}
	if err := c.Ready(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestReadsItsOwnWrites(t *testing.T) {
	t.Parallel()
	e := servertest.Open(t, file)
	c := serve(t, e)
	record := authz.Record{Entity: authz.Entity{Type: "record", ID: "200"}, Tenant: "default", Attributes: map[string]any{"owner": "bob"}}
	revision := servertest.Write(t, e, authz.Change{Record: &authz.Step[authz.Record]{After: &record}})
	d, err := c.At(revision).Check(context.Background(), request("bob", "delete", "200"))
	if err != nil || !d.Allowed {
		t.Errorf("bob's own record: %v, %v", d, err)
	}
	if _, err := c.At("x").Check(context.Background(), request("bob", "delete", "200")); writ.CodeOf(err) != writ.CodeInvalid {
		t.Errorf("a revision x: %v", err)
	}
	if _, err := c.AsOf(time.Unix(0, 0)).Check(context.Background(), request("bob", "delete", "200")); writ.CodeOf(err) != writ.CodeNotFound {
		t.Errorf("as of 1970: %v", err)
	}
}

// stub answers with what a test wants.
func stub(t *testing.T, c client.Config, h http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c.URL, c.Key = s.URL, "k"
	made, err := client.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestRetriesWhatPasses(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int32{503: 3, 502: 3, 504: 3, 429: 3, 500: 1, 400: 1, 401: 1, 403: 1} {
		var asked atomic.Int32
		c := stub(t, client.Config{}, func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, "as it is")
		})
		_, err := c.Check(context.Background(), request("a", "b", "c"))
		if err == nil || !strings.Contains(err.Error(), "as it is") || asked.Load() != want {
			t.Errorf("status %d: asked %d times, want %d; %v", status, asked.Load(), want, err)
		}
	}
	var asked atomic.Int32
	c := stub(t, client.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(503)
			return
		}
		_, _ = fmt.Fprint(w, `{"decision":true}`)
	})
	if d, err := c.Check(context.Background(), request("a", "b", "c")); err != nil || !d.Allowed {
		t.Errorf("the second time: %v, %v", d, err)
	}
}

func TestErrorsNeverAllow(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]writ.Code{
		``: writ.CodeExternal, `{}`: writ.CodeExternal, `{"decision":"true"}`: writ.CodeExternal, `true`: writ.CodeExternal,
		`{"decision":true,"context":{"error":{"status":400,"message":"x"}}}`: writ.CodeInvalid,
	} {
		c := stub(t, client.Config{Retries: -1}, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, text) })
		if d, err := c.Check(context.Background(), request("a", "b", "c")); d.Allowed || writ.CodeOf(err) != code {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	}
	for status, code := range map[int]writ.Code{400: writ.CodeInvalid, 401: writ.CodeAuth, 403: writ.CodeDenied, 404: writ.CodeNotFound, 413: writ.CodeTooLarge, 429: writ.CodeTooLarge, 500: writ.CodeExternal, 302: writ.CodeExternal} {
		c := stub(t, client.Config{Retries: -1}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, `{"decision":true}`)
		})
		if d, err := c.Check(context.Background(), request("a", "b", "c")); d.Allowed || writ.CodeOf(err) != code {
			t.Errorf("%d: %v, %v", status, d, err)
		}
	}
}

func TestTimeAndCancelling(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is it seen that the client has gone
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	_, err := stub(t, client.Config{Timeout: 10 * time.Millisecond}, hang).Check(context.Background(), request("a", "b", "c"))
	if writ.CodeOf(err) != writ.CodeExternal || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a server that hangs: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = stub(t, client.Config{}, hang).Check(ctx, request("a", "b", "c"))
	if writ.CodeOf(err) != writ.CodeCancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that gave up: %v", err)
	}
}

func TestBadConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []client.Config{
		{},
		{URL: "127.0.0.1:7766", Key: "k"},
		{URL: "http://x?y", Key: "k"},
		{URL: "http://x"},
		{URL: "http://x", Key: "a\nb"},
		{URL: "http://policy.example.com", Key: "k"},
		{URL: "http://8.8.8.8:7766", Key: "k"},
	} {
		if _, err := client.New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

// TestTuples writes, lists and removes tuples: whole or not at all, and seen at the revision of the write.
func TestTuples(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e := openRoles(t)
	c := serveTo(t, e, server.Write)
	add := []client.Tuple{
		{Object: "__tenant:one", Relation: "viewer", Subject: "user:zoe"},
		{Object: "__tenant:another place", Relation: "viewer", Subject: "user:o'neil"},
	}
	done, err := c.WriteTuples(ctx, add, nil)
	if err != nil || done.Added != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	wrong := append(slices.Clone(add), client.Tuple{Object: "__tenant:one", Relation: "nothing", Subject: "user:zoe"})
	if _, err := c.WriteTuples(ctx, nil, wrong); writ.CodeOf(err) != writ.CodeNotFound {
		t.Errorf("one of them is not stored: %v", err)
	}
	var all []client.Tuple
	for page := (client.Page{Limit: 1}); ; {
		found, err := c.At(done.Revision).Tuples(ctx, client.TupleFilter{Relation: add[0].Relation}, page)
		if err != nil || len(found.Tuples) > 1 {
			t.Fatalf("%+v, %v", found, err)
		}
		if all = append(all, found.Tuples...); found.Next == "" {
			break
		}
		page.Token = found.Next
	}
	for _, want := range add {
		if !slices.ContainsFunc(all, func(x client.Tuple) bool { return x.Object == want.Object && x.Subject == want.Subject }) {
			t.Errorf("%+v is not among %+v", want, all)
		}
	}
	if done, err = c.WriteTuples(ctx, nil, add); err != nil || done.Removed != 2 {
		t.Errorf("%+v, %v", done, err)
	}
	if _, err := serve(t, e).WriteTuples(ctx, add, nil); writ.CodeOf(err) != writ.CodeDenied {
		t.Errorf("a key that may read has written: %v", err)
	}
}

// A question about a type has no ID. AuthZEN does not know it; the answer is all the same the engine's, alone and among others.
func TestTypesAreAskedToo(t *testing.T) {
	t.Parallel()
	c := serveTo(t, openRoles(t), server.Write)
	ctx := context.Background()
	q := writ.Request{Subject: writ.Subject{Type: "user", ID: "ann"}, Action: writ.Action{Name: "read"}, Resource: writ.Resource{Type: "document", Properties: map[string]any{"tenant": "acme"}}}
	one := q
	one.Resource.ID = "plan"
	ask := func(want bool) {
		t.Helper()
		d, err := c.Check(ctx, q)
		if err != nil || d.Allowed != want || d.Revision == "" {
			t.Errorf("got %+v, %v; want %t", d, err, want)
		}
		all, err := c.CheckAll(ctx, []writ.Request{one, q, one})
		if err != nil || len(all) != 3 || all[1].Err != nil || all[1].Decision.Allowed != want {
			t.Errorf("got %+v, %v; want %t in the middle", all, err, want)
		}
	}
	ask(false)
	if _, err := c.WriteTuples(ctx, []client.Tuple{{Object: "__tenant:acme", Relation: "viewer", Subject: "user:ann"}}, nil); err != nil {
		t.Fatal(err)
	}
	ask(true)
}

// openRoles makes an environment with a role in tenants.
func openRoles(tb testing.TB) *environment.Environment {
	tb.Helper()
	e, err := environment.Open(context.Background(), environment.Config{
		Store: &memory.Store{}, Now: time.Now,
		Initial: authz.Source{Format: "policy", Text: `{"resources":[{"key":"document","actions":[{"key":"read"}]}],"roles":[{"key":"viewer","permissions":["document:read"]}]}`},
		Parse:   func(s authz.Source) (environment.Document, error) { return schema.Parse([]byte(s.Text)) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}
