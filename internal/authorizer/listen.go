package authorizer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"time"

	"github.com/writ-dev/writ"
)

// pathEvaluation is AuthZEN's path of one question.
const pathEvaluation = "/access/v1/evaluation"

// maxQuestion is the longest question, in bytes.
const maxQuestion = 1 << 20

// Listen opens a port for programs on this machine. Another address than a loopback one is a CodeInvalid error: nobody has to say
// there who asks.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, writ.Errorf(writ.CodeUsage, "%q is no address to listen at: %w", address, err).WithHint("write 127.0.0.1:PORT")
	}
	if !loopback(host) {
		return nil, writ.Errorf(writ.CodeInvalid, "%s is not an address of this machine alone", address).
			WithHint("whoever reaches the port may ask; write 127.0.0.1:PORT. `writ serve` answers others, by key")
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "cannot listen at %s: %w", address, err)
	}
	return l, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Serve answers AuthZEN's evaluation until ctx is done, with what the authorizer decides by.
func (a *Authorizer) Serve(ctx context.Context, l net.Listener, log *slog.Logger) error {
	s := &http.Server{
		Handler: a.handler(log), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 5 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	stop := context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = s.Shutdown(ending) // what runs longer is cut off by the end of the process
	})
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return writ.Errorf(writ.CodeExternal, "answering ended: %w", err)
	}
	return nil
}

func (a *Authorizer) handler(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pathEvaluation, func(w http.ResponseWriter, r *http.Request) {
		if id := r.Header.Get("X-Request-ID"); id != "" {
			w.Header().Set("X-Request-ID", id)
		}
		d, err := a.evaluate(w, r)
		if err == nil {
			answer := map[string]any{"decision": d.Allowed, "context": map[string]any{"reasons": d.Reasons, "revision": d.Revision}}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(answer) // who asked is gone
			return
		}
		status, text := writ.CodeOf(err).HTTPStatus(), err.Error()
		if status >= http.StatusInternalServerError {
			log.ErrorContext(r.Context(), "no decision", "error", text)
			text = "no decision could be made"
		}
		http.Error(w, text, status)
	})
	return mux
}

// evaluate reads a question to the letter and decides it.
func (a *Authorizer) evaluate(w http.ResponseWriter, r *http.Request) (writ.Decision, error) {
	// A page in a browser on this machine reaches the port too: it can name neither the host nor this type of content.
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case !loopback(host):
		return writ.Decision{}, writ.Errorf(writ.CodeDenied, "the request is for another host")
	case err != nil || kind != "application/json":
		return writ.Decision{}, writ.Errorf(writ.CodeInvalid, "the content must be of type application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuestion))
	if err != nil {
		return writ.Decision{}, writ.Errorf(writ.CodeTooLarge, "the question cannot be read, or has more than %d bytes", maxQuestion)
	}
	q, err := readQuestion(body)
	if err != nil {
		return writ.Decision{}, err
	}
	return a.Check.Check(r.Context(), q)
}

// readQuestion reads an evaluation (AuthZEN 1.0 §6.1). Members that are not known are ignored, as it demands; those of one
// question given twice are refused, since another reader could take the other.
func readQuestion(body []byte) (writ.Request, error) {
	var q writ.Request
	if err := once(body); err != nil {
		return q, err
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return q, writ.Errorf(writ.CodeInvalid, "the question is no evaluation of AuthZEN: %w", err)
	}
	for _, one := range []struct{ name, value string }{
		{"subject.type", q.Subject.Type},
		{"subject.id", q.Subject.ID},
		{"action.name", q.Action.Name},
		{"resource.type", q.Resource.Type},
		{"resource.id", q.Resource.ID},
	} {
		if one.value == "" {
			return q, writ.Errorf(writ.CodeInvalid, "%s is missing", one.name)
		}
	}
	return q, nil
}
