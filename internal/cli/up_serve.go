package cli

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// lockedWriter lets many goroutines write whole lines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// servers are the two ports of `writ up`.
type servers struct {
	list   []*http.Server
	failed chan error
}

// serve answers on both ports until close. The limits are for clients that
// open a connection and then say nothing, or too much.
func serve(aws net.Listener, api http.Handler, front net.Listener, routes http.Handler) *servers {
	s := &servers{failed: make(chan error, 2)}
	for _, port := range []struct {
		listener net.Listener
		handler  http.Handler
	}{{aws, api}, {front, routes}} {
		server := &http.Server{
			Handler:           port.handler,
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       5 * time.Minute,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
		}
		s.list = append(s.list, server)
		go func() {
			if err := server.Serve(port.listener); !errors.Is(err, http.ErrServerClosed) {
				s.failed <- err
			}
		}()
	}
	return s
}

func (s *servers) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, server := range s.list {
		if server.Shutdown(ctx) != nil {
			_ = server.Close() // a call that hangs is cut off
		}
	}
}
