package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
)

// stand is a server with a clock, a log and an environment of its own.
type stand struct {
	t   *testing.T
	s   *server.Server
	h   *httptest.Server
	env *environment.Environment
	log *lockedBuffer
	mu  sync.Mutex
	now time.Time
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (s *stand) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stand) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

const policy = `{"resources":[{"key":"document","actions":[{"key":"read"},{"key":"write"}]}],
	"roles":[{"key":"viewer","permissions":["document:read"]}]}`

func newStand(t *testing.T, c server.Config) *stand {
	t.Helper()
	s := &stand{t: t, now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), log: &lockedBuffer{}}
	c.Now, c.Log = s.clock, slog.New(slog.NewJSONHandler(s.log, nil))
	if c.Decisions.Show != nil || c.Decisions.AllowsOneIn > 0 {
		c.Decisions.Logger = slog.New(slog.NewJSONHandler(s.log, nil))
	}
	c.Protocols = append(c.Protocols, server.Native())
	var err error
	if s.s, err = server.New(c); err != nil {
		t.Fatal(err)
	}
	s.h = httptest.NewServer(s.s)
	t.Cleanup(s.h.Close)
	return s
}

// open gives the server its environment, in which ann is a viewer.
func (s *stand) open() *stand {
	s.t.Helper()
	var err error
	s.env, err = environment.Open(context.Background(), environment.Config{
		Store: &memory.Store{}, Now: s.clock, Initial: authz.Source{Format: "policy", Text: policy},
		Parse: func(source authz.Source) (environment.Document, error) { return schema.Parse([]byte(source.Text)) },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	tuple, err := authz.ParseTuple("__tenant:default#viewer@user:ann")
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = s.env.Write(context.Background(), environment.Write{
		Actor: writ.Subject{Type: "system", ID: "test"}, Kind: "tuples.write", Subject: "tuples",
		Plan: func(*environment.State) ([]authz.Change, error) {
			return []authz.Change{{Tuple: &authz.Step[authz.Tuple]{After: &tuple}}}, nil
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.s.Open("default", "default", s.env)
	return s
}

// key makes a key of a role.
func (s *stand) key(role server.Role, life time.Duration) (token string, key authz.Key) {
	s.t.Helper()
	var expires time.Time
	if life > 0 {
		expires = s.clock().Add(life)
	}
	token, key, err := server.NewKey("default", "test", role, s.clock(), expires)
	if err == nil {
		err = server.AddKey(context.Background(), s.env, writ.Subject{Type: "system", ID: "test"}, key)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return token, key
}

// ask sends a request, with a token unless it is empty, and wants a status.
func (s *stand) ask(method, path, token, body string, want int) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.h.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := s.h.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if answer.StatusCode != want {
		s.t.Errorf("%s %s: status %d, want %d: %s", method, path, answer.StatusCode, want, text)
	}
	return answer, string(text)
}

func question(subject, action string) string {
	return fmt.Sprintf(`{"subject":{"type":"user","id":%q,"properties":{"department":"sales","salary":7}},"action":{"name":%q},"resource":{"type":"document","id":"budget"},"context":{"ip":"10.0.0.7"}}`, subject, action)
}

func TestKeysAndRoles(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{}).open()
	read, key := s.key(server.Read, 0)
	admin, _ := s.key(server.Admin, 0)
	s.ask("POST", server.PathCheck, "", question("ann", "read"), 401)
	s.ask("POST", server.PathCheck, "writ_default_"+strings.Repeat("0", 43), question("ann", "read"), 401)
	_, text := s.ask("POST", server.PathCheck, read, question("ann", "read"), 200)
	if !strings.Contains(text, `"allowed":true`) {
		t.Errorf("ann may not read: %s", text)
	}
	s.ask("GET", server.PathKeys, read, "", 403)
	_, text = s.ask("GET", server.PathKeys, admin, "", 200)
	if !strings.Contains(text, key.ID) || strings.Contains(text, "hash") || strings.Contains(text, read) {
		t.Errorf("the list of keys is %s", text)
	}
	_, text = s.ask("POST", server.PathKeys, admin, `{"role":"write","name":"app","expires":"2026-05-05T00:00:00Z"}`, 201)
	var made server.KeyInfo
	if err := json.Unmarshal([]byte(text), &made); err != nil || made.Role != server.Write {
		t.Fatalf("%v: %s", err, text)
	}
	s.ask("POST", server.PathKeys, admin, `{"role":"root"}`, 400)
	s.ask("POST", server.PathKeys, admin, `{"role":"read","expires":"2026-05-04T00:00:00Z"}`, 400)
	s.ask("POST", server.PathCheck, made.Token, question("ann", "read"), 200)
	s.wait(12 * time.Hour)
	_, text = s.ask("POST", server.PathCheck, made.Token, question("ann", "read"), 401)
	if !strings.Contains(text, "expired") {
		t.Errorf("an expired key: %s", text)
	}
	s.ask("DELETE", server.PathKeys+"/"+key.ID, admin, "", 204)
	s.ask("DELETE", server.PathKeys+"/"+key.ID, admin, "", 404)
	s.ask("POST", server.PathCheck, read, question("ann", "read"), 401)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	now := time.Now()
	token, key, err := server.NewKey("production", "", server.Read, now, time.Time{})
	if err != nil || !strings.HasPrefix(token, "writ_production_") || len(token) != len("writ_production_")+43 {
		t.Errorf("%v: a token of %d characters", err, len(token))
	}
	if strings.Contains(fmt.Sprintf("%+v %s", key, key.Hash), token[16:]) {
		t.Error("the secret is in what is stored")
	}
	for _, bad := range []string{"", "short", strings.Repeat("x", 31), strings.Repeat("x", 32) + " ", strings.Repeat("ü", 32), strings.Repeat("x", 513)} {
		if _, err := server.KeyOf(bad, "", server.Read, now, time.Time{}); writ.CodeOf(err) != writ.CodeInvalid || strings.Contains(err.Error(), bad) && bad != "" {
			t.Errorf("the token %q: %v", bad, err)
		}
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{Version: "v1.2.3"})
	s.s.Expect("default", "default")
	_, text := s.ask("GET", "/ready", "", "", 503)
	if !strings.Contains(text, "still loading") {
		t.Errorf("not ready: %s", text)
	}
	for _, path := range []string{"/health", "/healthy"} {
		if _, text := s.ask("GET", path, "", "", 200); !strings.Contains(text, `"status":"ok"`) {
			t.Errorf("%s: %s", path, text)
		}
	}
	answer, _ := s.ask("POST", server.PathCheck, strings.Repeat("x", 40), question("ann", "read"), 503)
	if answer.Header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	s.open()
	s.ask("GET", "/ready", "", "", 200)
	if _, text := s.ask("GET", "/version", "", "", 200); !strings.Contains(text, `"api_version":2`) || !strings.Contains(text, "v1.2.3") {
		t.Errorf("/version: %s", text)
	}
	s.ask("POST", "/ready", "", "", 405)
	if _, text := s.ask("GET", "/nothing/here", "", "", 404); !strings.Contains(text, `"code":"not_found"`) {
		t.Errorf("404 is %s", text)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{Limits: server.Limits{Rate: 2, Burst: 3}}).open()
	one, _ := s.key(server.Read, 0)
	two, _ := s.key(server.Read, 0)
	for range 3 {
		s.ask("POST", server.PathCheck, one, question("ann", "read"), 200)
	}
	answer, _ := s.ask("POST", server.PathCheck, one, question("ann", "read"), 429)
	if answer.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After is %q", answer.Header.Get("Retry-After"))
	}
	s.ask("POST", server.PathCheck, two, question("ann", "read"), 200)
	s.wait(time.Second)
	s.ask("POST", server.PathCheck, one, question("ann", "read"), 200)
	s.ask("POST", server.PathCheck, one, question("ann", "read"), 200)
	s.ask("POST", server.PathCheck, one, question("ann", "read"), 429)
}

// protocol is one whose handler a test gives.
func protocol(h http.HandlerFunc) server.Protocol {
	return server.Protocol{Name: "test", Handler: h, Prefixes: []string{"/test/"}, Bulk: func(r *http.Request) bool { return r.URL.Path == "/test/bulk" }}
}

func TestPanicIs500WithAnID(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{Protocols: []server.Protocol{protocol(func(http.ResponseWriter, *http.Request) { panic("secret detail") })}}).open()
	token, _ := s.key(server.Read, 0)
	answer, text := s.ask("POST", "/test/x", token, "", 500)
	id := answer.Header.Get("X-Request-ID")
	if strings.Contains(text, "secret detail") || !strings.Contains(text, id) || !strings.Contains(s.log.String(), id) || !strings.Contains(s.log.String(), "secret detail") {
		t.Errorf("answer %s\nlog %s", text, s.log)
	}
	s.ask("GET", "/healthy", "", "", 200)
}

func TestBodies(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{
		Limits: server.Limits{Body: 100, BulkBody: 200},
		Protocols: []server.Protocol{protocol(func(w http.ResponseWriter, r *http.Request) {
			var v map[string]any
			if err := server.Decode(r, &v); err != nil {
				server.Fail(w, r, err)
			}
		})},
	}).open()
	token, _ := s.key(server.Read, 0)
	body := func(n int) string { return `{"x":"` + strings.Repeat("x", n-8) + `"}` }
	s.ask("POST", "/test/x", token, body(100), 200)
	s.ask("POST", "/test/x", token, body(101), 413)
	s.ask("POST", "/test/bulk", token, body(200), 200)
	s.ask("POST", "/test/bulk", token, body(201), 413)
	s.ask("POST", "/test/x", token, `{"x":1,"x":2}`, 400)
	s.ask("POST", "/test/x", token, `[1]`, 400)
	// A body of unknown length is cut off as well.
	r, err := http.NewRequest("POST", s.h.URL+"/test/x", io.MultiReader(strings.NewReader(body(300))))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := s.h.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != 413 {
		t.Errorf("a long body of unknown length: %d", answer.StatusCode)
	}
}

func TestTakenPrefixIsRefused(t *testing.T) {
	t.Parallel()
	_, err := server.New(server.Config{Now: time.Now, Protocols: []server.Protocol{{Name: "x", Prefixes: []string{"/ready"}}}})
	if writ.CodeOf(err) != writ.CodeInvalid {
		t.Errorf("two protocols at one path: %v", err)
	}
}

func TestRequestWithoutKeyHasNoCaller(t *testing.T) {
	t.Parallel()
	p := protocol(func(w http.ResponseWriter, r *http.Request) {
		if server.CallerOf(r.Context()) != nil {
			t.Error("somebody called")
		}
		if c, err := server.Identify(r.Context(), r.Header.Get("X-Token")); (err == nil) != (r.Header.Get("X-Token") != "") || err == nil && c.May(server.Write) {
			t.Errorf("identify: %v", err)
		} else if err != nil && !errors.Is(err, server.ErrWrongKey) {
			t.Errorf("%v is not ErrWrongKey", err)
		}
	})
	p.Open = func(*http.Request) bool { return true }
	s := newStand(t, server.Config{Protocols: []server.Protocol{p}}).open()
	s.ask("GET", "/test/x", "", "", 200)
}
