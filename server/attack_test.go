package server_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server"
)

// A thousand connections that sent `POST /allowed/all-tenants`, no key and one byte of a body took all
// slots for a minute: nobody who had a key was answered.
func TestWhoHasNoKeyTakesNoSlotFromThoseWhoHave(t *testing.T) {
	t.Parallel()
	arrived, leave := make(chan struct{}), make(chan struct{})
	slow := server.Protocol{
		Name: "slow", Prefixes: []string{"/slow"}, Open: func(*http.Request) bool { return true },
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-leave }),
	}
	s := newStand(t, server.Config{Protocols: []server.Protocol{slow}, Limits: server.Limits{Concurrent: 16}}).open()
	read, _ := s.key(server.Read, 0)
	send := func(body string) int {
		w := httptest.NewRecorder()
		s.s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/slow", strings.NewReader(body)))
		return w.Code
	}
	done := make(chan int)
	for range 2 {
		go func() { done <- send("{") }()
		<-arrived
	}
	if code := send("{"); code != 503 {
		t.Errorf("one more without a key: %d, want 503", code)
	}
	s.ask("POST", server.PathCheck, read, question("ann", "read"), 200)
	close(leave)
	for range 2 {
		if code := <-done; code != 200 {
			t.Errorf("status %d", code)
		}
	}
	if code := send(strings.Repeat(" ", 64<<10+1)); code != 413 {
		t.Errorf("a long body without a key: %d, want 413", code)
	}
}

// When the disk was full, a key that may write was told the path of the database and SQLite's words.
func TestWhatTheStoreSaysGoesToTheLogAlone(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		writ.Errorf(writ.CodeExternal, "/var/lib/writ/default.db was not written: the disk is full"),
		writ.Errorf(writ.CodeExternal, "no answer: %w", errors.New("dial postgres://writ@/var/lib/writ")),
	} {
		failing := server.Protocol{
			Name: "failing", Prefixes: []string{"/failing"},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.Fail(w, r, err) }),
		}
		s := newStand(t, server.Config{Protocols: []server.Protocol{failing}}).open()
		read, _ := s.key(server.Read, 0)
		answer, text := s.ask("POST", "/failing", read, "{}", 502)
		id := answer.Header.Get("X-Request-Id")
		if strings.Contains(text, "/var/lib") || !strings.Contains(text, id) {
			t.Errorf("the caller is told %s", text)
		}
		if log := s.log.String(); !strings.Contains(log, "/var/lib") || !strings.Contains(log, id) {
			t.Errorf("the log has %q", log)
		}
	}
}
