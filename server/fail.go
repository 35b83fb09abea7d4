package server

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
)

// StatusError is an error with an HTTP status of its own.
type StatusError struct {
	Status int
	// RetryAfter says when to come again; zero: not said.
	RetryAfter time.Duration
	Err        *writ.Error
}

// Error gives the text of Err.
func (e *StatusError) Error() string { return e.Err.Error() }

// Unwrap gives Err.
func (e *StatusError) Unwrap() error { return e.Err }

// ErrNoKey is in the chain of the error of a request without a key, ErrWrongKey in that of
// one whose key is unknown or expired.
var (
	ErrNoKey    = errors.New("a key is needed")
	ErrWrongKey = errors.New("the key is wrong")
)

func noKey() error {
	e := writ.Errorf(writ.CodeAuth, "an API key is needed").WithHint("send it as the header Authorization: Bearer KEY")
	e.Err = ErrNoKey
	return e
}

func wrongKey(format string, args ...any) error {
	e := writ.Errorf(writ.CodeAuth, format, args...)
	e.Err = ErrWrongKey
	return e
}

func notReady() error {
	return &StatusError{
		Status: http.StatusServiceUnavailable, RetryAfter: time.Second,
		Err: writ.Errorf(writ.CodeExternal, "the server is still loading"),
	}
}

// broken is of an environment that answers no more; the log and /ready say why.
func broken(err error) error {
	if writ.CodeOf(err) == writ.CodeExternal {
		e := writ.Errorf(writ.CodeExternal, "this node cannot follow its store, and its state is too old to answer from")
		e.Err = err
		return &StatusError{Status: http.StatusServiceUnavailable, RetryAfter: time.Second, Err: e}
	}
	e := writ.Errorf(writ.CodeExternal, "this environment answers no more: its stored history is broken")
	e.Err = err
	return &StatusError{Status: http.StatusServiceUnavailable, Err: e}
}

func tooMany(wait time.Duration, rate float64) error {
	return &StatusError{
		Status: http.StatusTooManyRequests, RetryAfter: wait,
		Err: writ.Errorf(writ.CodeTooLarge, "too many requests: the key may make %s a second", strconv.FormatFloat(rate, 'f', -1, 64)),
	}
}

func busy(n int) error { return later("the server answers %d requests already", n) }

// busyKey is of a key that has its share of requests already.
func busyKey(n int) error { return later("the server answers %d requests of this API key already", n) }

func later(text string, n int) error {
	return &StatusError{Status: http.StatusServiceUnavailable, RetryAfter: time.Second, Err: writ.Errorf(writ.CodeTooLarge, text, n)}
}

// StatusOf is the HTTP status of an error.
func StatusOf(err error) int {
	var s *StatusError
	if errors.As(err, &s) {
		return s.Status
	}
	return writ.CodeOf(err).HTTPStatus()
}

// Public is what callers may be told of an error: its message, but of a fault of Writ or of
// its store only that there was one and the ID that the log has it under.
func Public(r *http.Request, err error) (code writ.Code, message string) {
	switch code = writ.CodeOf(err); {
	case code == writ.CodeInternal:
		return code, "internal error; the server's log has it as " + RequestID(r.Context())
	case ofStore(err):
		return code, "the store did not answer as it should, and a write may have happened: read what it should have changed before you write again; the server's log has it as " + RequestID(r.Context())
	}
	return code, err.Error()
}

// ofStore reports whether an error is a store's: it has paths, addresses and SQL. What the
// server itself says of what it stands on is a StatusError.
func ofStore(err error) bool {
	var own *StatusError
	return writ.CodeOf(err) == writ.CodeExternal && !errors.As(err, &own)
}

// Fail answers a request that passed the gate with an error, in the shape of its protocol. Faults are logged.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r.Context())
	if x == nil {
		failPlain(w, r, err)
		return
	}
	x.server.fail(w, r, x, err)
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, x *exchange, err error) {
	if writ.CodeOf(err) == writ.CodeInternal || ofStore(err) {
		s.log.Error("request failed", "request_id", x.id, "method", r.Method, "path", clip(r.URL.Path), "error", err.Error())
	}
	var status *StatusError
	if errors.As(err, &status) && status.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(status.RetryAfter.Seconds())))))
	}
	if StatusOf(err) == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="writ"`)
	}
	if x.protocol != nil && x.protocol.Fail != nil {
		x.protocol.Fail(w, r, err)
		return
	}
	failPlain(w, r, err)
}

// failPlain is the shape of errors outside of all protocols.
func failPlain(w http.ResponseWriter, r *http.Request, err error) {
	code, message := Public(r, err)
	said := map[string]any{"code": code, "message": message}
	if hint := hintOf(err); hint != "" && message == err.Error() { // else it is the server's own matter
		said["hint"] = hint
	}
	WriteJSON(w, StatusOf(err), map[string]any{"error": said})
}

// hintOf is what to do about an error, "" when it does not say.
func hintOf(err error) string {
	var e *writ.Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}

// WriteJSON answers with a value as JSON.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message":"the answer cannot be written as JSON"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the client may be gone
}

// clip bounds a text that came from outside before it goes into a message or the log.
func clip(s string) string {
	const most = 256
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func methodNotAllowed(r *http.Request) error {
	return &StatusError{
		Status: http.StatusMethodNotAllowed,
		Err:    writ.Errorf(writ.CodeInvalid, "%s cannot be done on %s", clip(r.Method), clip(r.URL.Path)),
	}
}
