package process

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	apiRoot        = "/2018-06-01/runtime/"
	invocationRoot = apiRoot + "invocation/"
)

// serve is the Runtime API of one process.
func (in *instance) serve(w http.ResponseWriter, r *http.Request) {
	if r.Host != in.host || fromBrowser(r) {
		apiError(w, http.StatusForbidden, "Forbidden", "this address belongs to a function's process")
		return
	}
	path := r.URL.Path
	switch {
	case r.Method == http.MethodGet && path == invocationRoot+"next":
		in.serveNext(w, r)
	case r.Method == http.MethodPost && path == apiRoot+"init/error":
		in.serveInitError(w, r)
	case r.Method == http.MethodPost && strings.HasPrefix(path, invocationRoot):
		id, verb, _ := strings.Cut(path[len(invocationRoot):], "/")
		switch verb {
		case "response":
			in.serveResponse(w, r, id)
		case "error":
			in.serveError(w, r, id)
		default:
			apiError(w, http.StatusNotFound, "NotFound", "no such resource of the Runtime API")
		}
	default:
		apiError(w, http.StatusNotFound, "NotFound", "no such resource of the Runtime API")
	}
}

// fromBrowser recognises a web page that talks to loopback ports. A request for
// an image has no Origin; every browser sends one of the others with it. No
// runtime sends any of them.
func fromBrowser(r *http.Request) bool {
	for _, name := range []string{"Origin", "Referer", "Sec-Fetch-Site"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return strings.HasPrefix(r.UserAgent(), "Mozilla/")
}

func apiError(w http.ResponseWriter, status int, errorType, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A process that has gone away does not need the answer.
	_, _ = fmt.Fprintf(w, `{"errorMessage":%q,"errorType":%q}`, message, errorType)
}

var accepted = []byte("{\"status\":\"OK\"}\n")

func writeAccepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(accepted)))
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(accepted) // a process that has gone away does not need it
}

// serveNext ends the invocation before and holds the request until there is a new one.
func (in *instance) serveNext(w http.ResponseWriter, r *http.Request) {
	if !in.quiet() {
		apiError(w, http.StatusForbidden, "InvalidStateTransition", "the invocation before has no response yet")
		return
	}
	for {
		select {
		case inv := <-in.pending:
			if !inv.phase.CompareAndSwap(phaseWaiting, phaseDelivered) {
				continue // withdrawn
			}
			in.deliver(w, inv)
			return
		case <-r.Context().Done():
			return
		case <-in.dead:
			return
		}
	}
}

// quiet settles the invocation before; false when it was not answered.
func (in *instance) quiet() bool {
	in.mu.Lock()
	inv := in.current
	if inv != nil && !inv.answered.Load() {
		in.mu.Unlock()
		return false
	}
	in.current = nil
	var status string
	if inv != nil {
		status = inv.fault
	}
	if in.st == stateStarting {
		in.st, in.initTook = stateReady, max(time.Since(in.born), 1)
		in.initDone.Stop()
	}
	leaving, parked := in.leaving, in.parked
	in.parked = false
	in.mu.Unlock()
	if inv != nil {
		inv.timer.Stop()
		in.out.drain()
		in.endLines(inv, time.Since(inv.started), status)
	}
	if leaving {
		in.kill(killedIdle)
	} else if parked {
		in.pool.release(in)
	}
	return true
}

// deliver hands an event to the process. The function's time starts here.
func (in *instance) deliver(w http.ResponseWriter, inv *invocation) {
	in.mu.Lock()
	inv.started = time.Now()
	inv.deadline = in.now().Add(in.spec.Timeout)
	inv.init, in.initTook = firstInit(in.initTook), warmInit
	in.current = inv
	inv.timer = time.AfterFunc(in.spec.Timeout, func() { in.timedOut(inv) })
	in.mu.Unlock()
	in.out.drain()
	in.out.own(inv)
	in.out.say("START RequestId: " + inv.RequestID + " Version: " + in.spec.Version)

	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(inv.Payload)))
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.RequestID)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", inv.InvokedARN)
	if inv.TraceID != "" {
		h.Set("Lambda-Runtime-Trace-Id", inv.TraceID)
	}
	if inv.ClientContext != "" {
		h.Set("Lambda-Runtime-Client-Context", inv.ClientContext)
	}
	// When the process is gone, watch settles the invocation.
	_, _ = w.Write(inv.Payload)
}

// warmInit marks that the time of init was reported.
const warmInit time.Duration = 1

func firstInit(took time.Duration) time.Duration {
	if took == warmInit {
		return 0
	}
	return took
}

// endLines writes END and REPORT and lets those who wait for the log go on.
func (in *instance) endLines(inv *invocation, took time.Duration, status string) {
	memory := in.memory.usedMB()
	in.out.say("END RequestId: "+inv.RequestID, inv.reportLine(in.spec, took, memory, status))
	in.out.own(nil)
	inv.close()
}

// invocationFor gives the running invocation when id names it and it is not answered.
func (in *instance) invocationFor(id string) *invocation {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.current == nil || in.current.RequestID != id || in.current.answered.Load() {
		return nil
	}
	return in.current
}

func (in *instance) serveResponse(w http.ResponseWriter, r *http.Request, id string) {
	inv := in.invocationFor(id)
	if inv == nil {
		apiError(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	body, err := readBody(r)
	switch {
	case errors.Is(err, errTooLarge):
		in.refuse(inv)
		in.answer(inv, functionError("Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (%d bytes).", MaxResponse))
		apiError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", MaxResponse))
	case err != nil:
		in.answer(inv, functionError("Runtime.TruncatedResponse", "RequestId: %s Error: the response was cut off", id))
	case r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "":
		in.answer(inv, trailerError(r.Trailer))
		writeAccepted(w)
	default:
		in.answer(inv, Result{Payload: body})
		writeAccepted(w)
	}
}

// refuse notes in the log that the answer was too large, in the words of AWS's
// runtimes: the caller alone would know it.
func (in *instance) refuse(inv *invocation) {
	in.mu.Lock()
	inv.fault = errorStatus("Function.ResponseSizeTooLarge")
	in.mu.Unlock()
	in.out.drain()
	in.out.say(fmt.Sprintf(`LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413. {"errorMessage":"Exceeded maximum allowed payload size (%d bytes).","errorType":"RequestEntityTooLarge"}`, MaxResponse))
}

// trailerError is the error that a streaming response ended with.
func trailerError(trailer http.Header) Result {
	body, err := base64.StdEncoding.DecodeString(trailer.Get("Lambda-Runtime-Function-Error-Body"))
	if err != nil || len(body) == 0 {
		return functionError(trailer.Get("Lambda-Runtime-Function-Error-Type"), "the response ended with an error")
	}
	return Result{Payload: body, Error: "Unhandled"}
}

func (in *instance) serveError(w http.ResponseWriter, r *http.Request, id string) {
	inv := in.invocationFor(id)
	if inv == nil {
		apiError(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	body, err := readBody(r)
	if err != nil {
		body = functionError(orText(r.Header.Get("Lambda-Runtime-Function-Error-Type"), "Runtime.Unknown"), "the error could not be read: %s", err).Payload
	}
	in.answer(inv, Result{Payload: body, Error: "Unhandled"})
	writeAccepted(w)
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// answer gives the caller its result and makes the process available again:
// its next event may wait in pending before it asks for it.
func (in *instance) answer(inv *invocation, res Result) {
	in.out.drain()
	if !inv.claim() {
		return
	}
	in.pool.release(in)
	inv.answer <- res
}

func (in *instance) serveInitError(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil || len(body) == 0 {
		body = functionError(orText(r.Header.Get("Lambda-Runtime-Function-Error-Type"), "Runtime.Unknown"), "the function could not be initialised").Payload
	}
	in.mu.Lock()
	starting := in.st == stateStarting
	if starting {
		in.initError = body
	}
	in.mu.Unlock()
	if !starting {
		apiError(w, http.StatusForbidden, "InvalidStateTransition", "the process is initialised already")
		return
	}
	writeAccepted(w)
	// The process should exit by itself now; it is not waited for long.
	time.AfterFunc(200*time.Millisecond, func() { in.kill(killedInitError) })
}

var errTooLarge = errors.New("the body is too large")

// readBody reads a body within the bound, in one piece when its length is known.
func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > MaxResponse {
		return nil, errTooLarge
	}
	if r.ContentLength > 0 {
		body := make([]byte, r.ContentLength)
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxResponse+1))
	if err == nil && len(body) > MaxResponse {
		return nil, errTooLarge
	}
	return body, err
}
