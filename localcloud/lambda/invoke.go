package lambda

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/lambda/process"
)

// The largest payloads in bytes, "Lambda quotas".
const (
	maxSyncPayload  = 6 << 20
	maxAsyncPayload = 1 << 20
)

func (s *Service) invoke(ctx context.Context, c *gate.Call, in *input) (*gate.Reply, error) {
	fn, err := s.need(in)
	if err != nil {
		return nil, err
	}
	event, err := s.event(c, in)
	if err != nil {
		return nil, err
	}
	switch kind := c.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
	case "Event":
		if len(event.Payload) > maxAsyncPayload {
			return nil, payloadTooLarge(maxAsyncPayload)
		}
		if err := s.async.put(in, event); err != nil {
			return nil, err
		}
		return &gate.Reply{Status: 202, Header: http.Header{"X-Amz-Executed-Version": {fn.record.Version}}}, nil
	case "DryRun":
		return &gate.Reply{Status: 204, Header: http.Header{"X-Amz-Executed-Version": {fn.record.Version}}}, nil
	default:
		return nil, constraint("invocationType", kind, "Member must satisfy enum value set: [Event, RequestResponse, DryRun]")
	}
	res, fn, err := s.run(ctx, in, event)
	if err != nil {
		return nil, err
	}
	h := http.Header{
		"Content-Type":           {"application/json"},
		"X-Amz-Executed-Version": {fn.record.Version},
		"X-Amzn-Trace-Id":        {event.TraceID},
	}
	if res.Error != "" {
		h["X-Amz-Function-Error"] = []string{res.Error}
	}
	if event.WantLog {
		h["X-Amz-Log-Result"] = []string{base64.StdEncoding.EncodeToString(res.Log)}
	}
	return &gate.Reply{Status: 200, Header: h, Body: res.Payload}, nil
}

// run runs an event on the function as it stands, also when the function is
// replaced meanwhile. It gives the function that ran it, or should have; nil
// when it is gone.
func (s *Service) run(ctx context.Context, in *input, e process.Event) (process.Result, *function, error) {
	for {
		fn, err := s.need(in)
		if err != nil {
			return process.Result{}, nil, err
		}
		if e := fn.enter(); e != nil {
			return process.Result{}, fn, e
		}
		res, err := fn.pool.Invoke(ctx, e)
		fn.leave()
		if errors.Is(err, process.ErrRetired) {
			continue
		}
		if err != nil {
			err = s.platformError(fn, err)
		}
		return res, fn, err
	}
}

// platformError is the API error of an invocation that could not be made.
func (s *Service) platformError(fn *function, err error) error {
	var role *process.RoleError
	switch {
	case errors.As(err, &role):
		s.cfg.Log.Info("a function's role cannot be assumed", "function", fn.record.Name, "role", fn.record.Role, "error", role.Err)
		return failure(403, "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.")
	case errors.Is(err, process.ErrBusy):
		return throttled("ConcurrentInvocationLimitExceeded")
	case errors.Is(err, process.ErrClosed):
		return &gate.Error{Code: "ServiceException", Message: "The local cloud is stopping.", Status: 500, Fields: map[string]any{"Type": "Service"}}
	}
	return fmt.Errorf("invoke %s: %w", fn.record.Name, err)
}

func payloadTooLarge(limit int) *gate.Error {
	return failure(413, "RequestEntityTooLargeException", "Request must be smaller than %d bytes for the InvokeFunction operation", limit)
}

// event reads an invocation's input from the call.
func (s *Service) event(c *gate.Call, in *input) (process.Event, error) {
	e := process.Event{
		RequestID: c.RequestID, InvokedARN: s.functionARN(in.name, in.qualifier), Payload: c.Body,
		TraceID: c.Header.Get("X-Amzn-Trace-Id"), WantLog: c.Header.Get("X-Amz-Log-Type") == "Tail",
	}
	if len(e.Payload) > maxSyncPayload {
		return e, payloadTooLarge(maxSyncPayload)
	}
	if len(e.Payload) == 0 {
		e.Payload = []byte("{}")
	} else if !json.Valid(e.Payload) {
		var v any
		return e, failure(400, "InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json: %s", json.Unmarshal(e.Payload, &v))
	}
	if text := c.Header.Get("X-Amz-Client-Context"); text != "" {
		decoded, err := base64.StdEncoding.DecodeString(text)
		if err != nil || !json.Valid(decoded) || len(text) > 3583 {
			return e, failure(400, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
		}
		e.ClientContext = string(decoded)
	}
	var err error
	if e.RequestID == "" {
		if e.RequestID, err = s.uuid(); err != nil {
			return e, err
		}
	}
	if e.TraceID == "" {
		e.TraceID, err = s.traceID()
	}
	return e, err
}

// traceID makes an X-Ray trace header that is not sampled.
func (s *Service) traceID() (string, error) {
	var b [20]byte
	if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	h := hex.EncodeToString(b[:])
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", s.cfg.Now().Unix(), h[:24], h[24:]), nil
}
