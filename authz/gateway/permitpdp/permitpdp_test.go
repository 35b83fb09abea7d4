package permitpdp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway/permitpdp"
)

func ask(user, action, on string) writ.Request {
	kind, id, _ := strings.Cut(on, ":")
	return writ.Request{
		Subject: writ.Subject{Type: "user", ID: user}, Action: writ.Action{Name: action},
		Resource: writ.Resource{Type: kind, ID: id, Properties: map[string]any{"tenant": "default"}},
	}
}

// clock is a time that tests move.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(1800000000, c.passed.Load()) }

func pdp(t *testing.T, h http.HandlerFunc, change func(*permitpdp.Config)) *permitpdp.PDP {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c := permitpdp.Config{URL: s.URL, Token: "permit_key_x", Now: new(clock).now, Timeout: 5 * time.Second}
	if change != nil {
		change(&c)
	}
	p, err := permitpdp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The bytes that go over the wire are those of Permit's SDKs.
func TestWire(t *testing.T) {
	t.Parallel()
	var got []string
	p := pdp(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.Header["Authorization"], r.Header["Content-Type"], " ", string(body)))
		if r.URL.Path == "/allowed/bulk" {
			fmt.Fprint(w, `{"allow": [{"allow": true, "result": true}, {"allow": false, "query": null}]}`)
			return
		}
		fmt.Fprint(w, `{"allow": true, "result": true, "debug": {"rbac": {"allow": false}}}`)
	}, nil)
	full := writ.Request{
		Subject: writ.Subject{Type: "user", ID: "ann", Properties: map[string]any{"level": 3.0}}, Action: writ.Action{Name: "read"},
		Resource: writ.Resource{Type: "document", ID: "budget", Properties: map[string]any{"tenant": "acme", "secret": true}},
		Context:  map[string]any{"ip": "10.0.0.1"},
	}
	plain := writ.Request{Subject: writ.Subject{Type: "user", ID: "bob"}, Action: writ.Action{Name: "create"}, Resource: writ.Resource{Type: "document"}}
	d, err := p.Check(t.Context(), full)
	if err != nil || !d.Allowed || len(d.Reasons) != 1 {
		t.Fatalf("%v %v", d, err)
	}
	all, err := p.CheckAll(t.Context(), []writ.Request{full, plain})
	if err != nil || len(all) != 2 || !all[0].Allowed || all[1].Allowed {
		t.Fatalf("%v %v", all, err)
	}
	first := `{"user":{"key":"ann","attributes":{"level":3}},"action":"read","resource":{"type":"document","key":"budget","tenant":"acme","attributes":{"secret":true}},"context":{"ip":"10.0.0.1"}}`
	second := `{"user":{"key":"bob"},"action":"create","resource":{"type":"document","tenant":"default"}}`
	head := " [Bearer permit_key_x] [application/json] "
	want := []string{"POST /allowed" + head + first, "POST /allowed/bulk" + head + "[" + first + "," + second + "]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What is no answer never allows.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	cases := map[string]http.HandlerFunc{
		"a page":               says(200, "<html>welcome, allow: true</html>"),
		"a text":               says(200, `{"allow": "true"}`),
		"a number":             says(200, `{"allow": 1}`),
		"null":                 says(200, `{"allow": null}`),
		"nothing":              says(200, ""),
		"another name":         says(200, `{"Allow": true, "allowed": true, "result": true}`),
		"two answers":          says(200, `{"allow": false, "allow": true}`),
		"a contradiction":      says(200, `{"allow": true, "result": false}`),
		"a list":               says(200, `[{"allow": true}]`),
		"something after":      says(200, `{"allow": true} {"allow": true}`),
		"cut off":              says(200, `{"allow": true`),
		"created":              says(201, `{"allow": true}`),
		"an error that allows": says(422, `{"allow": true}`),
		"unauthorised":         says(401, `{"allow": true}`),
		"broken":               says(500, `{"allow": true}`),
		"busy":                 says(503, `{"allow": true}`),
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				fmt.Fprint(w, `{"allow": true}`)
				return
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"allow": true, "debug": "`)
			for range 5 << 10 {
				_, _ = w.Write(make([]byte, 1<<10))
			}
		},
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"allow": true}`)
		},
	}
	for name, h := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pdp(t, h, nil)
			d, err := p.Check(t.Context(), ask("ann", "read", "document:1"))
			if d.Allowed || writ.CodeOf(err) != writ.CodeExternal {
				t.Errorf("%v, %v", d, err)
			}
			all, err := p.CheckAll(t.Context(), []writ.Request{ask("ann", "read", "document:1")})
			if len(all) > 0 || writ.CodeOf(err) != writ.CodeExternal {
				t.Errorf("in bulk: %v, %v", all, err)
			}
			if err != nil && strings.Contains(err.Error(), "permit_key_x") {
				t.Errorf("the error holds the token: %v", err)
			}
		})
	}
	for name, body := range map[string]string{
		"too few": `{"allow": [{"allow": true}]}`, "too many": `{"allow": [{"allow": true}, {"allow": true}, {"allow": true}]}`,
		"one without a word": `{"allow": [{"allow": true}, {"error": "x"}]}`, "one word": `{"allow": true}`,
	} {
		p := pdp(t, says(200, body), nil)
		if all, err := p.CheckAll(t.Context(), []writ.Request{ask("a", "read", "d:1"), ask("b", "read", "d:1")}); err == nil || all != nil {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func TestSlow(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	h := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"allow": `)
		w.(http.Flusher).Flush()
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}
	p := pdp(t, h, func(c *permitpdp.Config) { c.Timeout, c.Retries = 50*time.Millisecond, 3 })
	defer close(over)
	began := time.Now()
	d, err := p.Check(t.Context(), ask("ann", "read", "document:1"))
	if d.Allowed || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 3*time.Second {
		t.Errorf("%v, %v after %s", d, err, time.Since(began))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Check(ctx, ask("ann", "read", "document:1")); writ.CodeOf(err) != writ.CodeCancelled {
		t.Errorf("cancelled: %v", err)
	}
}

// A busy PDP is asked again as often as the budget says, and not when it wants to be left alone for longer than there is time.
func TestRetries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		status, budget int
		after          string
		failures, want int32
		allowed        bool
	}{
		{"busy for a moment", 503, 2, "", 2, 3, true},
		{"no budget", 503, 0, "", 1, 1, false},
		{"budget used up", 502, 1, "", 9, 2, false},
		{"gateway timeout", 504, 1, "", 1, 2, true},
		{"in time", 429, 1, "0", 1, 2, true},
		{"too late", 429, 3, "3600", 1, 1, false},
		{"a fault is no retry", 500, 3, "", 1, 1, false},
		{"a refusal is no retry", 403, 3, "", 1, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			p := pdp(t, func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) <= c.failures {
					w.Header().Set("Retry-After", c.after)
					says(c.status, "{}")(w, r)
					return
				}
				says(200, `{"allow": true}`)(w, r)
			}, func(config *permitpdp.Config) { config.Retries = c.budget })
			d, err := p.Check(t.Context(), ask("ann", "read", "document:1"))
			if d.Allowed != c.allowed || (err == nil) != c.allowed || asked.Load() != c.want {
				t.Errorf("%v, %v after %d questions", d, err, asked.Load())
			}
		})
	}
}

// After five failures in a row the PDP is left alone for a second.
func TestLeftAlone(t *testing.T) {
	t.Parallel()
	c, asked, well := new(clock), 0, false
	p := pdp(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if well {
			says(200, `{"allow": false}`)(w, r)
			return
		}
		says(500, "")(w, r)
	}, func(config *permitpdp.Config) { config.Now = c.now })
	check := func() error {
		_, err := p.Check(t.Context(), ask("ann", "read", "document:1"))
		return err
	}
	for range 8 {
		if check() == nil {
			t.Fatal("a failure is an answer")
		}
	}
	if asked != 5 {
		t.Errorf("it was asked %d times", asked)
	}
	well = true
	c.passed.Store(int64(time.Second))
	if err := check(); err != nil || asked != 6 {
		t.Errorf("%v after %d", err, asked)
	}
	if err := check(); err != nil || asked != 7 {
		t.Errorf("well again, %v after %d", err, asked)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	now := new(clock).now
	for what, c := range map[string]permitpdp.Config{
		"no address":    {Token: "x", Now: now},
		"in the clear":  {URL: "http://pdp.example.com", Token: "x", Now: now},
		"a user":        {URL: "https://a:b@pdp.example.com", Token: "x", Now: now},
		"a query":       {URL: "https://pdp.example.com?x=1", Token: "x", Now: now},
		"no token":      {URL: "https://pdp.example.com", Now: now},
		"a broken one":  {URL: "https://pdp.example.com", Token: "a\nb", Now: now},
		"many retries":  {URL: "https://pdp.example.com", Token: "x", Retries: 99, Now: now},
		"fewer than 0":  {URL: "https://pdp.example.com", Token: "x", Retries: -1, Now: now},
		"without clock": {URL: "https://pdp.example.com", Token: "x"},
	} {
		if _, err := permitpdp.New(c); writ.CodeOf(err) != writ.CodeInvalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, near := range []string{"http://127.0.0.1:7766", "http://pdp:7000", "http://10.0.0.8:7000/prefix/", "https://cloudpdp.api.permit.io"} {
		if _, err := permitpdp.New(permitpdp.Config{URL: near, Token: "x", Now: now}); err != nil {
			t.Errorf("%s: %v", near, err)
		}
	}
	p := pdp(t, says(200, `{"allow": true}`), nil)
	for what, r := range map[string]writ.Request{
		"no user":          {Subject: writ.Subject{Type: "role", ID: "x"}, Action: writ.Action{Name: "read"}, Resource: writ.Resource{Type: "d"}},
		"nobody":           ask("", "read", "d:1"),
		"no action":        ask("ann", "", "d:1"),
		"no type":          ask("ann", "read", ":1"),
		"a strange tenant": {Subject: writ.Subject{Type: "user", ID: "x"}, Action: writ.Action{Name: "read"}, Resource: writ.Resource{Type: "d", Properties: map[string]any{"tenant": 1}}},
	} {
		if d, err := p.Check(t.Context(), r); d.Allowed || writ.CodeOf(err) != writ.CodeInvalid {
			t.Errorf("%s: %v %v", what, d, err)
		}
	}
}

// Whoever asks what the PDP finds fault with does not keep it from others; a PDP that is busy or slow is left alone.
func TestFaultyQuestions(t *testing.T) {
	t.Parallel()
	for status, alone := range map[int]bool{400: false, 401: false, 404: false, 422: false, 408: true, 429: true, 500: true} {
		p := pdp(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if strings.Contains(string(body), "mallory") {
				says(status, "")(w, r)
				return
			}
			says(200, `{"allow": true}`)(w, r)
		}, nil)
		for range 6 {
			if _, err := p.Check(t.Context(), ask("mallory", "read", "document:1")); err == nil {
				t.Fatal("a failure is an answer")
			}
		}
		if d, err := p.Check(t.Context(), ask("ann", "read", "document:1")); d.Allowed == alone {
			t.Errorf("after %d: %v %v", status, d.Allowed, err)
		}
	}
}
