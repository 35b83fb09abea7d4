package server_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writ-dev/writ/server"
)

// Requests without a key hold slots of their own: those who have one are answered.
func TestStrangersDoNotFillTheServer(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	p := protocol(func(_ http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-leave
	})
	p.Open = func(*http.Request) bool { return true }
	s := newStand(t, server.Config{Limits: server.Limits{Concurrent: 2}, Protocols: []server.Protocol{p}}).open()
	token, _ := s.key(server.Read, 0)
	var first sync.WaitGroup
	first.Go(func() { s.ask("POST", "/test/x", "", "", 200) })
	<-entered
	s.ask("POST", "/test/x", "", "", 503)
	s.ask("POST", server.PathCheck, token, question("ann", "read"), 200)
	close(leave)
	first.Wait()
}

// A panic that ends the connection leaves no slot taken, and is counted.
func TestAbortGivesItsSlotBack(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{Limits: server.Limits{Concurrent: 1}, Protocols: []server.Protocol{protocol(func(w http.ResponseWriter, _ *http.Request) {
		panic(http.ErrAbortHandler)
	})}}).open()
	token, _ := s.key(server.Read, 0)
	for range 3 {
		r, err := http.NewRequest("POST", s.h.URL+"/test/x", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		if answer, err := s.h.Client().Do(r); err == nil {
			_ = answer.Body.Close()
			t.Errorf("an aborted request was answered with %d", answer.StatusCode)
		}
	}
	s.ask("POST", server.PathCheck, token, question("ann", "read"), 200)
	if _, text := s.ask("GET", "/metrics", token, "", 200); !strings.Contains(text, `{protocol="test",status="200"} 3`) {
		t.Errorf("aborted requests are not counted: %s", text)
	}
}

// dial sends bytes and gives all that is answered until the connection ends.
func dial(t *testing.T, address, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		return err.Error()
	}
	answer, _ := io.ReadAll(c) // the server may reset what it does not want to read
	return string(answer)
}

// serve runs the server on a port of its own.
func (s *stand) serve(let func(string) bool) (address string) {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.s.ServeOnly(ctx, l, time.Second, let) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.DeadlineExceeded) {
			s.t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

func TestRequestsThatTwoReadersWouldReadDifferently(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{}).open()
	token, _ := s.key(server.Read, 0)
	address := s.serve(nil)
	head := "POST " + server.PathCheck + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + token + "\r\n"
	body := question("ann", "read")
	for name, c := range map[string]struct{ text, want string }{
		"two lengths":            {head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + body, "HTTP/1.1 400"},
		"a length that is none":  {head + "Content-Length: +5\r\n\r\n" + body, "HTTP/1.1 400"},
		"an unknown encoding":    {head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 501"},
		"a space before a colon": {head + "Content-Length : 5\r\n\r\n" + body, "HTTP/1.1 400"},
		"no host":                {"GET /healthy HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
		"a long header":          {head + "X: " + strings.Repeat("x", 80<<10) + "\r\n\r\n", "HTTP/1.1 431"},
		"HTTP/2 without asking":  {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 404"},
		"a fine one":             {head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(body) + "0\r\n\r\n", "HTTP/1.1 200"},
	} {
		if answer := dial(t, address, c.text); !strings.HasPrefix(answer, c.want) {
			t.Errorf("%s: %.200q, want %s", name, answer, c.want)
		}
	}
}

func chunk(s string) string {
	const digits = "0123456789abcdef"
	n := len(s)
	return string([]byte{digits[n>>8&15], digits[n>>4&15], digits[n&15]}) + "\r\n" + s + "\r\n"
}

// More connections than there may be wait until one ends.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{Limits: server.Limits{Connections: 1}}).open()
	address := s.serve(nil)
	first, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(first, "GET /healthy HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	answered := make(chan string)
	go func() {
		answered <- dial(t, address, "GET /healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	}()
	select {
	case text := <-answered:
		t.Errorf("a second connection was taken: %s", text)
	case <-time.After(50 * time.Millisecond): // it cannot be, so no wait is too short to pass
	}
	_ = first.Close()
	if text := <-answered; !strings.HasPrefix(text, "HTTP/1.1 200") {
		t.Errorf("after the first had ended: %s", text)
	}
}

func TestAPortWithSomePathsAlone(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{}).open()
	address := s.serve(func(path string) bool { return path == "/ready" })
	get := func(path string) string {
		return dial(t, address, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	}
	if got := get("/ready"); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("/ready: %s", got)
	}
	if got := get("/healthy"); !strings.HasPrefix(got, "HTTP/1.1 404") {
		t.Errorf("/healthy: %s", got)
	}
}

// full is a log on a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestADecisionLogThatFailsIsSeen(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{Decisions: server.DecisionLog{Logger: slog.New(slog.NewJSONHandler(full{}, nil))}}).open()
	token, _ := s.key(server.Read, 0)
	s.ask("POST", server.PathCheck, token, question("ann", "read"), 200)
	s.ask("POST", server.PathCheck, token, question("ann", "write"), 200)
	if _, text := s.ask("GET", "/metrics", token, "", 200); !strings.Contains(text, "writ_decision_log_failures_total 2\n") {
		t.Errorf("the failures are not counted: %s", text)
	}
	if log := s.log.String(); strings.Count(log, "decision not logged") != 1 || !strings.Contains(log, "no space left") {
		t.Errorf("the log says %s", log)
	}
}
