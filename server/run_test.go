package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/writ-dev/writ/server"
)

func TestConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	s := newStand(t, server.Config{
		Limits: server.Limits{Concurrent: 1},
		Protocols: []server.Protocol{protocol(func(_ http.ResponseWriter, r *http.Request) {
			entered <- struct{}{}
			<-leave
		})},
	}).open()
	token, _ := s.key(server.Read, 0)
	var first sync.WaitGroup
	first.Go(func() { s.ask("GET", "/test/x", token, "", 200) })
	<-entered
	s.ask("POST", server.PathCheck, token, question("ann", "read"), 503)
	s.ask("GET", "/ready", "", "", 200)
	close(leave)
	first.Wait()
	s.ask("POST", server.PathCheck, token, question("ann", "read"), 200)
}

func TestTimeoutReachesTheHandler(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{
		Limits: server.Limits{Timeout: time.Millisecond},
		Protocols: []server.Protocol{protocol(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			w.WriteHeader(http.StatusGatewayTimeout)
		})},
	}).open()
	token, _ := s.key(server.Read, 0)
	s.ask("GET", "/test/x", token, "", 504)
}

func TestShutdownFinishesRequests(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	s := newStand(t, server.Config{Protocols: []server.Protocol{protocol(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(w, "whole")
	})}}).open()
	token, _ := s.key(server.Read, 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.s.Serve(ctx, l, time.Minute) }()
	answered := make(chan string, 1)
	go func() {
		r, _ := http.NewRequest("GET", "http://"+l.Addr().String()+"/test/x", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			answered <- err.Error()
			return
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		answered <- string(text)
	}()
	<-entered
	stop()
	select {
	case err := <-ended:
		t.Errorf("Serve ended before the request did: %v", err)
	default:
	}
	close(leave)
	if got := <-answered; got != "whole" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
}
