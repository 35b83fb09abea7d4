package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/writ-dev/writ"
)

// exchange is a request on its way and its answer's writer.
type exchange struct {
	http.ResponseWriter
	server   *Server
	protocol *Protocol
	caller   *Caller
	id       string
	status   int
	// slot is the pool that it has a place of, nil before it has one.
	slot chan struct{}
	// share is the key of whose share it has a place, "" for none.
	share string
}

// WriteHeader notes the status for the metrics.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK { // others come before the answer
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return x.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// noStore keeps answers, which hold for one caller and one moment, out of every cache.
var noStore = []string{"no-store"}

// ServeHTTP lets a request through to its protocol, or says why not.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := s.config.Now()
	x := &exchange{ResponseWriter: w, server: s, id: requestID(r.Header.Get("X-Request-ID")), protocol: s.protocol(r.URL.Path)}
	w.Header()["X-Request-Id"] = []string{x.id}
	w.Header()["Cache-Control"] = noStore
	ctx, cancel := context.WithTimeout(r.Context(), s.config.Limits.Timeout)
	defer cancel()
	if r.Body != nil && r.Body != http.NoBody {
		boundBody(ctx, w)
	}
	r = r.WithContext(context.WithValue(ctx, exchangeKey{}, x))
	defer func() { s.metrics.request(x, s.config.Now().Sub(start)) }()
	defer func() {
		if fault := recover(); fault != nil {
			s.panicked(x, r, fault)
		}
	}()
	defer x.release()
	if err := s.pass(x, r); err != nil {
		s.fail(x, r, x, err)
		return
	}
	x.protocol.Handler.ServeHTTP(x, r)
}

// boundBody lets a body come as long as its request may take, so that who sends it byte by byte holds a slot no longer
// than others. A second later, so that it is the request's own end that ends an answer; net/http sets a new
// deadline before the next request of the connection.
func boundBody(ctx context.Context, w http.ResponseWriter) {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < wholeRequest {
		_ = http.NewResponseController(w).SetReadDeadline(end.Add(time.Second)) // what is no connection has none
	}
}

// pass checks a request against everything that has nothing to do with what it asks.
// When it gives no error a slot is taken.
func (s *Server) pass(x *exchange, r *http.Request) error {
	p := x.protocol
	if p == nil {
		return writ.Errorf(writ.CodeNotFound, "there is nothing at %s", clip(r.URL.Path))
	}
	if p.Open == nil || !p.Open(r) {
		text, err := token(r)
		if err != nil {
			return err
		}
		if x.caller, err = s.identify(text); err != nil {
			return err
		}
		need := Read
		if p.Needs != nil {
			need = p.Needs(r)
		}
		if !x.caller.May(need) {
			return writ.Errorf(writ.CodeDenied, "the API key %s has the role %s; this needs %s", x.caller.Key.ID, x.caller.Key.Role, need)
		}
	}
	limit := s.config.Limits.Body
	if x.caller == nil {
		limit = min(limit, openBody)
	} else if p.Bulk != nil && p.Bulk(r) {
		limit = s.config.Limits.BulkBody
	}
	if r.ContentLength > limit {
		return tooLong(limit)
	}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(x, r.Body, limit)
	}
	return s.occupy(x)
}

// openBody bounds the bytes of a body that comes without a key at the gate.
const openBody = 64 << 10

// occupy takes one of the slots for requests that are answered at once. The server's own
// pages take none: it can be looked at when it is full. Who has shown no key has slots apart, since
// anybody can fill these by sending a body slowly.
func (s *Server) occupy(x *exchange) error {
	if x.protocol.Name == ownName {
		return nil
	}
	slots := s.slots
	if x.caller == nil {
		slots = s.strangers
	} else {
		// With half of the slots a key can hold up nobody else's requests, however slowly it sends their bodies.
		if !s.shares.take(x.caller.Key.ID) {
			return busyKey(s.shares.most)
		}
		x.share = x.caller.Key.ID
	}
	select {
	case slots <- struct{}{}:
		x.slot = slots
		return nil
	default:
		return busy(cap(slots))
	}
}

func (x *exchange) release() {
	if x.slot != nil {
		<-x.slot
	}
	if x.share != "" {
		x.server.shares.give(x.share)
	}
}

// panicked answers after a fault of a handler: the client learns an ID, the log the rest.
func (s *Server) panicked(x *exchange, r *http.Request, fault any) {
	if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(fault)
	}
	s.log.Error("request panicked", "request_id", x.id, "method", r.Method, "path", clip(r.URL.Path), "panic", fault, "stack", string(debug.Stack()))
	if x.status != 0 {
		panic(http.ErrAbortHandler) // half an answer must not look whole
	}
	s.fail(x, r, x, writ.Errorf(writ.CodeInternal, "a handler panicked"))
}

// requestID gives the caller's own ID when it is one that may go into headers and logs, else a new one.
func requestID(given string) string {
	if given != "" && len(given) <= 128 {
		fine := true
		for i := range len(given) {
			fine = fine && given[i] > ' ' && given[i] < 0x7f
		}
		if fine {
			return given
		}
	}
	var b [12]byte
	_, _ = rand.Read(b[:]) // it does not fail
	return hex.EncodeToString(b[:])
}
