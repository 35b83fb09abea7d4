package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/writ-dev/writ"
)

// wholeRequest bounds how long a request may take to come, whatever [Limits].Timeout is.
const wholeRequest = time.Minute

// HTTP is the server's own settings for the protocol below: how long clients may take, and how much
// they may say before their request.
func HTTP(h http.Handler, log *slog.Logger) *http.Server {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       wholeRequest,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		Protocols:         new(http.Protocols),
	}
	// HTTP/1.1 alone: a connection of HTTP/2 would hold many requests, for which nothing here is meant.
	server.Protocols.SetHTTP1(true)
	if log != nil {
		server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	}
	return server
}

// Serve answers on a port until ctx is done, and then gives the requests that are being answered
// at most `grace` to end. Environments stay open: who opened them closes them afterwards.
func (s *Server) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	return s.ServeOnly(ctx, l, grace, nil)
}

// ServeOnly is Serve on a port that has some paths alone: those that are not let through are not there. nil lets all through.
func (s *Server) ServeOnly(ctx context.Context, l net.Listener, grace time.Duration, let func(path string) bool) error {
	var handler http.Handler = s
	if let != nil {
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !let(r.URL.Path) {
				failPlain(w, r, writ.Errorf(writ.CodeNotFound, "there is nothing at %s on this port", clip(r.URL.Path)))
				return
			}
			s.ServeHTTP(w, r)
		})
	}
	l = &bounded{Listener: l, open: make(chan struct{}, s.config.Limits.Connections), closed: make(chan struct{})}
	if c := s.config.Certificate; c != nil {
		// Outermost: net/http bounds the handshake of connections that it can see are TLS.
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*c}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	h := HTTP(handler, s.log)
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := h.Shutdown(stop)
	if err != nil {
		err = errors.Join(err, h.Close())
	}
	if serving := <-failed; !errors.Is(serving, http.ErrServerClosed) {
		return errors.Join(err, serving)
	}
	return err
}

// bounded is a listener that takes no connection while so many are open.
type bounded struct {
	net.Listener
	open   chan struct{}
	once   sync.Once
	closed chan struct{}
}

// Accept waits for a place, then for a connection.
func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.open <- struct{}{}:
	case <-b.closed:
		return nil, net.ErrClosed
	}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.open
		return nil, err
	}
	return &placed{Conn: c, leave: sync.OnceFunc(func() { <-b.open })}, nil
}

// Close lets no more in.
func (b *bounded) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.Listener.Close()
}

// placed is a connection that gives its place back when it is closed.
type placed struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (p *placed) Close() error {
	defer p.leave()
	return p.Conn.Close()
}
