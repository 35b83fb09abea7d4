package front

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
	"github.com/writ-dev/writ/localcloud/gate"
)

// maxBody is API Gateway's limit of a request's body, in bytes.
const maxBody = 10 << 20

// Principal is who invokes functions and takes on the roles of integrations.
const Principal = "apigateway.amazonaws.com"

// Handler answers HTTP requests.
type Handler struct {
	Account, Region string
	// Table gives the routes of this moment.
	Table func() *Table
	// Do invokes functions and calls services, through the gate.
	Do gate.Doer
	// Roles is needed where a route has a [Service], or its authorizer a role.
	Roles Roles
	// Tokens verifies the tokens of authorizers that ask no function; without
	// it their routes answer 500.
	Tokens Tokens
	// Answers keeps what authorizers said; nil keeps nothing.
	Answers *authorize.Cache
	Now     func() time.Time
	Log     *slog.Logger
	// NewRequestID gives a UUID; NewExtendedID gives the id of x-amz-apigw-id
	// and Apigw-Requestid.
	NewRequestID  func() string
	NewExtendedID func() string
}

// exchange is one request under way.
type exchange struct {
	*Handler
	in Incoming
	w  *recorder
	r  *http.Request
}

// recorder remembers the status, for the log.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// ServeHTTP answers one request and logs one line for it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := h.Now()
	x := &exchange{Handler: h, r: r, w: &recorder{ResponseWriter: w, status: http.StatusOK}}
	x.in = Incoming{
		Request: r, RequestID: h.NewRequestID(), ExtendedID: h.NewExtendedID(), SourceIP: sourceIP(r),
		Account: h.Account, Time: started,
	}
	x.in.TraceID = traceID(started, x.in.RequestID)
	x.in.Match = h.Table().Find(r.Host, r.Method, r.URL.EscapedPath())
	x.serve()
	h.Log.Info("http", "method", r.Method, "path", r.URL.Path, "status", x.w.status, "ms", h.Now().Sub(started).Milliseconds())
}

func (x *exchange) serve() {
	m := x.in.Match
	if m.Stage == nil || m.NoStage {
		x.refuseNoStage()
		return
	}
	if m.ByHost && m.Stage.ClosedEndpoint {
		x.refuseClosed()
		return
	}
	if isPreflight(x.r) {
		if c := x.preflightCORS(); c != nil {
			x.setIDs()
			c.answerPreflight(x.w, x.r)
			return
		}
	}
	if m.Route == nil {
		x.fail(noRoute)
		return
	}
	if !x.allowed() {
		return
	}
	if !x.readBody() {
		return
	}
	switch i := m.Route.Integration; {
	case i.Problem != "":
		x.Log.Error("the route cannot be run here", "route", m.Route.Key, "api", m.Stage.APIID, "reason", i.Problem)
		x.fail(cannotRun)
	case i.Mock != nil:
		x.answerMock(i.Mock)
	case i.Service != nil:
		x.callService(i)
	default:
		x.callFunction(i)
	}
}

// preflightCORS gives the configuration that answers a preflight request: the
// API's own, unless a route for OPTIONS is there. Among merged APIs it is that
// of the API that would answer the announced request.
func (x *exchange) preflightCORS() *CORS {
	m := x.in.Match
	if m.Route != nil && m.Route.Method == http.MethodOptions {
		return nil
	}
	if m.Route == nil {
		announced := x.Table().Find(x.r.Host, x.r.Header.Get("Access-Control-Request-Method"), x.r.URL.EscapedPath())
		if announced.Stage != nil {
			return announced.Stage.CORS
		}
	}
	return m.Stage.CORS
}

// allowed lets a request through that needs no authorization or whose
// authorizer allows it, and refuses every other: what cannot be decided is never
// open. Where a function decides, an API's own policy only denies beforehand:
// its Allow is weighed together with the function's answer.
func (x *exchange) allowed() bool {
	stage, route := x.in.Match.Stage, x.in.Match.Route
	if stage.Policy != nil {
		d := iam.Evaluate(&iam.Request{
			Principal: iam.Principal{Kind: iam.PrincipalAnonymous}, Action: "execute-api:Invoke",
			Resource: x.requestARN(x.Account), ResourceAccount: x.Account,
			Context: x.policyKeys(),
		}, &iam.Policies{Resource: stage.Policy})
		if d.Verdict == iam.ExplicitlyDenied || d.Verdict != iam.Allowed && route.Authorization != "CUSTOM" {
			x.Log.Warn("the API's resource policy does not allow the request", "api", stage.APIID, "route", route.Key)
			x.fail(x.notAllowed())
			return false
		}
	}
	switch route.Authorization {
	case "", "NONE":
	case "AWS_IAM":
		x.Log.Warn("routes with AWS_IAM authorization are not served here yet", "api", stage.APIID, "route", route.Key)
		x.fail(notSigned)
		return false
	default:
		if !x.authorize(route.Authorizer) {
			return false
		}
	}
	if route.APIKeyRequired {
		x.Log.Warn("routes that need an API key are not served here yet", "api", stage.APIID, "route", route.Key)
		x.fail(forbidden)
		return false
	}
	return true
}

// policyKeys are the context keys of a request that nobody signed. A Deny holds
// only where its key is there.
func (x *exchange) policyKeys() iam.Context {
	now := x.in.Time.UTC()
	keys := iam.Context{
		"aws:sourceip":              iam.One(x.in.SourceIP),
		"aws:currenttime":           iam.One(now.Format(time.RFC3339)),
		"aws:epochtime":             iam.One(strconv.FormatInt(now.Unix(), 10)),
		"aws:requestedregion":       iam.One(x.Region),
		"aws:resourceaccount":       iam.One(x.Account),
		"aws:securetransport":       iam.One("true"), // API Gateway's end points have no other
		"aws:viaawsservice":         iam.One("false"),
		"aws:principalisawsservice": iam.One("false"),
		"aws:principaltype":         iam.One("Anonymous"),
		"aws:principalaccount":      iam.One("anonymous"),
		"aws:userid":                iam.One("anonymous"),
	}
	for key, value := range map[string]string{"aws:useragent": x.r.UserAgent(), "aws:referer": x.r.Referer()} {
		if value != "" {
			keys[key] = iam.One(value)
		}
	}
	return keys
}

// readBody reads the body up to API Gateway's limit.
func (x *exchange) readBody() bool {
	body, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		x.in.Body = body
		return true
	case errors.As(err, &tooLarge):
		x.fail(tooLong)
	default:
		x.fail(badRequest)
	}
	return false
}

// callFunction invokes the function behind the route and answers with its answer.
func (x *exchange) callFunction(i Integration) {
	event, err := x.in.Event()
	if err != nil {
		x.Log.Error("the event could not be made", "error", err)
		x.fail(cannotRun)
		return
	}
	route := x.in.Match.Route.Key
	reply, err := x.invoke(x.invocation(i.FunctionARN, event), i.Timeout)
	switch {
	case errors.Is(err, context.Canceled):
		x.w.status = 499 // the client went away: nobody reads an answer
		return
	case errors.Is(err, context.DeadlineExceeded):
		x.Log.Error("the function did not answer in time", "route", route, "function", i.FunctionARN, "seconds", i.Timeout.Seconds())
		x.fail(timedOut)
		return
	case err != nil:
		x.Log.Error("the function could not be invoked", "route", route, "function", i.FunctionARN, "error", err)
		if code := gate.CodeOf(err); code == "RequestTooLargeException" || code == "RequestEntityTooLargeException" {
			x.fail(tooLong)
			return
		}
		x.fail(cannotRun)
		return
	case reply.Header.Get("X-Amz-Function-Error") != "":
		x.Log.Error("the function failed", "route", route, "function", i.FunctionARN, "error", functionError(reply.Body))
		x.fail(functionFailed)
		return
	}
	x.answer(i, reply.Body)
}

// invoke waits for a function no longer than the timeout and no longer than
// the client does. The function itself runs on, as it does on AWS.
func (x *exchange) invoke(call *gate.Call, timeout time.Duration) (*gate.Reply, error) {
	type outcome struct {
		reply *gate.Reply
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		reply, err := x.Do.Do(context.WithoutCancel(x.r.Context()), call)
		done <- outcome{reply, err}
	}()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case o := <-done:
		return o.reply, o.err
	case <-timer.C:
		return nil, context.DeadlineExceeded
	case <-x.r.Context().Done():
		return nil, context.Canceled
	}
}

// answer writes a function's answer, or the error of a malformed one.
func (x *exchange) answer(i Integration, payload []byte) {
	stage := x.in.Match.Stage
	var a *Answer
	var err error
	if stage.Kind == REST {
		a, err = ParseREST(payload)
	} else {
		a, err = ParseHTTP(payload, i.Payload)
	}
	if err == nil && a.Base64 && isBinaryType(stage.BinaryTypes, mediaType(x.r.Header.Get("Accept"))) {
		a.Body, err = base64.StdEncoding.DecodeString(string(a.Body))
	}
	if err != nil {
		x.Log.Error("the function's answer is malformed", "route", x.in.Match.Route.Key, "function", i.FunctionARN, "error", err)
		x.fail(functionFailed)
		return
	}
	header := x.w.Header()
	setAnswerHeaders(header, stage.Kind, a.Header)
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json")
		if stage.Kind == HTTP {
			header.Set("Content-Type", "text/plain;charset=UTF-8")
		}
	}
	x.write(a.Status, a.Body)
}

func (x *exchange) answerMock(m *Mock) {
	for name, value := range m.Header {
		x.w.Header().Set(name, value)
	}
	if x.w.Header().Get("Content-Type") == "" {
		x.w.Header().Set("Content-Type", "application/json")
	}
	x.write(m.Status, []byte(m.Body))
}

// write sends the response; its errors mean that the client went away.
func (x *exchange) write(status int, body []byte) {
	x.setIDs()
	if c := x.in.Match.Stage.CORS; c != nil {
		c.setHeaders(x.w.Header(), x.r)
	}
	x.w.WriteHeader(status)
	if status != http.StatusNoContent && status != http.StatusNotModified {
		_, _ = x.w.Write(body)
	}
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
