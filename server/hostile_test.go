package server_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/server"
)

// write puts facts into the environment.
func (s *stand) write(changes ...authz.Change) {
	s.t.Helper()
	_, err := s.env.Write(context.Background(), environment.Write{
		Actor: writ.Subject{Type: "system", ID: "test"}, Kind: "tuples.write", Subject: "tuples",
		Plan: func(*environment.State) ([]authz.Change, error) { return changes, nil },
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// A list of one tuple took the memory of all that its object has, and did not end before them. Not parallel: it counts the process's bytes.
func TestAListOfTuplesTakesThePageAlone(t *testing.T) {
	s := newStand(t, server.Config{}).open()
	read, _ := s.key(server.Read, 0)
	var changes []authz.Change
	for i := range 10_000 {
		tuple, err := authz.ParseTuple(fmt.Sprintf("__tenant:default#viewer@user:u%05d", i))
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}})
	}
	s.write(changes...)
	get := func(ctx context.Context, query string) (int, string) {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, server.PathTuples+"?limit=1&"+query, http.NoBody)
		r.Header.Set("Authorization", "Bearer "+read)
		w := httptest.NewRecorder()
		s.s.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, query := range []string{"", "object=__tenant:default", "object=__tenant:default&after=__tenant:default%23viewer@user:u09000", "relation=viewer"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		code, text := get(t.Context(), query)
		runtime.ReadMemStats(&after)
		if code != 200 || strings.Count(text, `"object"`) != 1 || !strings.Contains(text, `"next"`) {
			t.Errorf("%q: %d %.200s", query, code, text)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 100<<10 {
			t.Errorf("%q takes %d bytes of memory for one tuple", query, took)
		}
		if code, text := get(gone, query); code == 200 {
			t.Errorf("%q, with nobody waiting: %d %.100s", query, code, text)
		}
	}
}

// An end in year 1 was stored as none, and the grant held for ever.
func TestAnEndThatIsTheZeroTimeIsRefused(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{}).open()
	admin, _ := s.key(server.Admin, 0)
	for _, end := range []string{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000001Z", "0001-01-01T01:00:00+01:00", "1969-12-31T23:59:59Z"} {
		for path, body := range map[string]string{
			server.PathTuples: `{"add":[{"object":"__tenant:default","relation":"viewer","subject":"user:bob","expires":"` + end + `"}]}`,
			server.PathKeys:   `{"name":"k","role":"read","Expires":"` + end + `"}`,
		} {
			want := 400
			if strings.Contains(body, "Expires") { // another case is the same field
				if _, text := s.ask("POST", path, admin, body, want); strings.Contains(text, "token") {
					t.Errorf("%s: %s", body, text)
				}
				body = strings.Replace(body, "Expires", "expires", 1)
			}
			if _, text := s.ask("POST", path, admin, body, want); !strings.Contains(text, "before 1970") {
				t.Errorf("%s: %s", body, text)
			}
		}
	}
	s.ask("POST", server.PathKeys, admin, `{"role":"read","expires":"2026-05-04T11:59:59Z"}`, 400) // an hour and more ago
	s.ask("POST", server.PathKeys, admin, `{"role":"read","expires":null}`, 201)
	if _, text := s.ask("POST", server.PathKeys, admin, `{"role":"read","expires":"2026-05-04T13:00:00Z"}`, 201); !strings.Contains(text, `"expires":"2026-05-04T13:00:00Z"`) {
		t.Error(text)
	}
	s.ask("POST", server.PathTuples, admin, `{"add":[{"object":"__tenant:default","relation":"viewer","subject":"user:bob","expires":"2026-05-04T13:00:00Z"}]}`, 200)
	if page := s.tuples(admin, "subject=user:bob"); len(page.Tuples) != 1 || page.Tuples[0].Expires.IsZero() {
		t.Errorf("%+v", page)
	}
}

// /v1/tuples took what Permit's door refuses.
func TestATupleAcrossTenantsIsRefused(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{}).open()
	for _, change := range []authz.Change{
		{Model: &authz.Step[authz.Source]{After: &authz.Source{Format: "policy", Text: `{"resources":[{"key":"customer","roles":[{"key":"viewer"}]},
			{"key":"invoice","actions":[{"key":"read"}],"relations":[{"key":"parent","subject_resource":"customer"}],
			"roles":[{"key":"viewer","permissions":["read"],"granted_to":[{"role":"viewer","on_resource":"customer","linked_by_relation":"parent"}]}]}],
			"roles":[{"key":"viewer","permissions":["invoice:read"]}]}`}}},
		{Record: &authz.Step[authz.Record]{After: &authz.Record{Entity: authz.Entity{Type: "customer", ID: "c1"}, Tenant: "acme"}}},
		{Record: &authz.Step[authz.Record]{After: &authz.Record{Entity: authz.Entity{Type: "invoice", ID: "x1"}, Tenant: "globex"}}},
	} {
		s.write(change)
	}
	token, _ := s.key(server.Write, 0)
	add := func(object string) string {
		return `{"add":[{"object":"` + object + `","relation":"parent","subject":"customer:c1"}]}`
	}
	_, text := s.ask("POST", server.PathTuples, token, add("invoice:x1"), 400)
	if !strings.Contains(text, `invoice:x1 belongs to tenant \"globex\" and customer:c1 to tenant \"acme\"`) {
		t.Error(text)
	}
	s.ask("POST", server.PathTuples, token, add("invoice:x2"), 200)
}

// Bodies that one key sends slowly took every slot, and nobody else was answered.
func TestOneKeyHasHalfOfTheSlots(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{Limits: server.Limits{Concurrent: 4, Timeout: time.Minute}}).open()
	slow, _ := s.key(server.Read, 0)
	other, _ := s.key(server.Read, 0)
	address := s.serve(nil)
	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	for range 8 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
		if _, err := io.WriteString(c, "POST "+server.PathCheck+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "+slow+"\r\nContent-Length: 1000\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
	}
	refused := make(chan struct{}, len(open))
	for _, c := range open {
		go func() {
			b := make([]byte, 12)
			if n, _ := io.ReadFull(c, b); n == len(b) && strings.HasSuffix(string(b), "503") {
				refused <- struct{}{}
			}
		}()
	}
	for range len(open) - 2 {
		select {
		case <-refused:
		case <-time.After(20 * time.Second):
			t.Fatal("slow bodies of one key have more than half of the slots")
		}
	}
	s.ask("POST", server.PathCheck, slow, question("ann", "read"), 503)
	s.ask("POST", server.PathCheck, other, question("ann", "read"), 200)
	for _, c := range open {
		_ = c.Close()
	}
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) { // the slots come back
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, server.PathCheck, strings.NewReader(question("ann", "read")))
		r.Header.Set("Authorization", "Bearer "+slow)
		w := httptest.NewRecorder()
		if s.s.ServeHTTP(w, r); w.Code == 200 {
			return
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("the key has no slot any more: %d %s", w.Code, w.Body)
		}
	}
}

// A page of another site, whose name leads here, read the names of all environments.
func TestReadinessNamesEnvironmentsToWhoMayReadMetrics(t *testing.T) {
	t.Parallel()
	for _, open := range []bool{true, false} {
		s := newStand(t, server.Config{OpenMetrics: open}).open()
		read, _ := s.key(server.Read, 0)
		s.s.Expect("secret", "waiting")
		for _, one := range []struct {
			host, key string
			named     bool
		}{
			{"127.0.0.1", "", open},
			{"localhost:7766", "", open},
			{"evil.example.com", "", false},
			{"evil.example.com", read, true},
			{"evil.example.com", read + "x", false},
		} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/ready", http.NoBody)
			if r.Host = one.host; one.key != "" {
				r.Header.Set("Authorization", "Bearer "+one.key)
			}
			w := httptest.NewRecorder()
			s.s.ServeHTTP(w, r)
			text := w.Body.String()
			if w.Code != 503 || !strings.Contains(text, "it is still loading") || !strings.Contains(text, `"status":"error"`) {
				t.Errorf("%+v: %d %s", one, w.Code, text)
			}
			if strings.Contains(text, "secret/waiting") != one.named || strings.Contains(text, "default/default") != one.named {
				t.Errorf("%+v, metrics open: %v: %s", one, open, text)
			}
		}
	}
}
