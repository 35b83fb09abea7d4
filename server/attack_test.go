package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

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
	s := newStand(t, server.Config{Protocols: []server.Protocol{slow}, Limits: server.Limits{Concurrent: 32}}).open()
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

// Who had a key and sent a body one byte at a time held a slot for a minute, whatever `limits.timeout` said.
func TestASlowBodyHoldsItsSlotNoLongerThanARequestMayTake(t *testing.T) {
	t.Parallel()
	const timeout = 200 * time.Millisecond
	s := newStand(t, server.Config{Limits: server.Limits{Concurrent: 1, Timeout: timeout}}).open()
	read, _ := s.key(server.Read, 0)
	address := s.serve(nil)
	head := "POST " + server.PathCheck + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + read + "\r\n"
	slow, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Close() }()
	if _, err := io.WriteString(slow, head+"Content-Length: 1000\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() { // one byte at a time: no pause is long, the whole is
		for {
			select {
			case <-stop:
				return
			case <-time.After(timeout / 10):
				if _, err := io.WriteString(slow, " "); err != nil {
					return
				}
			}
		}
	}()
	body := question("ann", "read")
	whole := head + "Connection: close\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	was := false
	for began := time.Now(); ; time.Sleep(timeout / 20) {
		answer := dial(t, address, whole)
		if strings.HasPrefix(answer, "HTTP/1.1 200") && was {
			break
		}
		was = was || strings.HasPrefix(answer, "HTTP/1.1 503")
		if time.Since(began) > 20*time.Second {
			t.Fatalf("the slot is still taken, or never was (%v): %.200s", was, answer)
		}
	}
	_ = slow.SetReadDeadline(time.Now().Add(20 * time.Second))
	answer, _ := io.ReadAll(slow) // the server may reset what it does not want to read
	if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 408") {
		t.Errorf("the slow one was answered with %.200s", answer)
	}
}

// A connection that is kept goes on when the deadline of its first request has long passed, and so does an
// answer that takes nearly as long as it may.
func TestTheDeadlineOfABodyIsThatOfItsRequestAlone(t *testing.T) {
	t.Parallel()
	const timeout = 300 * time.Millisecond
	p := protocol(func(w http.ResponseWriter, r *http.Request) {
		if _, err := server.Body(r, nil); err != nil {
			server.Fail(w, r, err)
			return
		}
		<-r.Context().Done()
		if !errors.Is(r.Context().Err(), context.DeadlineExceeded) {
			t.Errorf("the request was ended by %v", r.Context().Err())
		}
	})
	s := newStand(t, server.Config{Protocols: []server.Protocol{p}, Limits: server.Limits{Timeout: timeout}}).open()
	read, _ := s.key(server.Read, 0)
	c, err := net.Dial("tcp", s.serve(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	answers := bufio.NewReader(c)
	for i, path := range []string{"/test/x", server.PathCheck, server.PathCheck} {
		body := question("ann", "read")
		if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", path, read, len(body), body); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		if _ = answer.Body.Close(); answer.StatusCode != 200 {
			t.Errorf("request %d: %d", i, answer.StatusCode)
		}
		time.Sleep(timeout + 1200*time.Millisecond) // longer than the deadline that was set
	}
}

// A page in a browser whose host's name is turned to 127.0.0.1 read the metrics of the machine's own server.
func TestOpenMetricsAreForWhoNamesThisServer(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{OpenMetrics: true, Host: "PDP.example.com"}).open()
	read, _ := s.key(server.Read, 0)
	get := func(host, key string) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody)
		if r.Host = host; key != "" {
			r.Header.Set("Authorization", "Bearer "+key)
		}
		w := httptest.NewRecorder()
		s.s.ServeHTTP(w, r)
		return w.Code
	}
	for host, want := range map[string]int{
		"127.0.0.1:7766": 200, "127.0.0.1": 200, "[::1]:7766": 200, "[::1]": 200, "10.1.2.3:7766": 200, "localhost": 200, "LOCALHOST.:7766": 200,
		"writ.localhost:7766": 200, "pdp.example.com": 200, "pdp.example.com:443": 200,
		"evil.example.com": 401, "evil.example.com:7766": 401, "localhost.evil.com": 401, "127.0.0.1.evil.com": 401, "evil-localhost": 401,
		"pdp.example.com.evil.com": 401, "": 401, "@127.0.0.1:x:y": 401,
	} {
		if got := get(host, ""); got != want {
			t.Errorf("%q: %d, want %d", host, got, want)
		}
	}
	if got := get("evil.example.com", read); got != 200 {
		t.Errorf("with a key: %d", got)
	}
}
