package localcloud

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// logged reports each request of the HTTP API.
func (c *Cloud) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		path := r.URL.Path
		next.ServeHTTP(seen, r)
		c.cfg.OnRequest(RequestLine{Method: r.Method, Path: path, Status: seen.status, Duration: time.Since(start)})
	})
}

// statusWriter remembers the status that was written.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status and passes it on.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// noticeHandler turns warnings and errors of the services into lines for the
// developer; the rest is not shown.
type noticeHandler struct {
	notice func(string)
	attrs  []slog.Attr
}

// Enabled lets warnings and errors through.
func (h *noticeHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

// Handle shows one record as a line.
func (h *noticeHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	show := func(a slog.Attr) bool {
		b.WriteString(" " + a.Key + "=" + a.Value.String())
		return true
	}
	for _, a := range h.attrs {
		show(a)
	}
	r.Attrs(show)
	h.notice(b.String())
	return nil
}

// WithAttrs gives a handler that shows attrs with every record.
func (h *noticeHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &noticeHandler{notice: h.notice, attrs: append(append([]slog.Attr(nil), h.attrs...), attrs...)}
}

// WithGroup gives h: groups are not shown.
func (h *noticeHandler) WithGroup(string) slog.Handler { return h }
