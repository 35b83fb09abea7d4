package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// HTTP is the server's own settings for the protocol below: how long clients may take, and how much
// they may say before their request.
func HTTP(h http.Handler, log *slog.Logger) *http.Server {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	if log != nil {
		server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	}
	return server
}

// Serve answers on a port until ctx is done, and then gives the requests that are being answered
// at most `grace` to end. Environments stay open: who opened them closes them afterwards.
func (s *Server) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	h := HTTP(s, s.log)
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
