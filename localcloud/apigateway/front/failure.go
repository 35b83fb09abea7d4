package front

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
)

// failure is what API Gateway itself answers.
type failure struct {
	status    int
	errorType string // x-amzn-ErrorType, REST APIs only
	body      string
	// http is the answer of an HTTP API where it differs.
	http *failure
}

// The answers of the two kinds of API, byte for byte.
var (
	noRoute = failure{
		http.StatusForbidden, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`,
		&failure{status: http.StatusNotFound, body: `{"message":"Not Found"}`},
	}
	forbidden      = failure{status: http.StatusForbidden, errorType: "ForbiddenException", body: `{"message":"Forbidden"}`}
	notSigned      = failure{http.StatusForbidden, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`, &forbidden}
	functionFailed = failure{http.StatusBadGateway, "InternalServerErrorException", `{"message": "Internal server error"}`, &internal}
	cannotRun      = failure{http.StatusInternalServerError, "InternalServerErrorException", `{"message": "Internal server error"}`, &internal}
	timedOut       = failure{
		http.StatusGatewayTimeout, "InternalServerErrorException", `{"message": "Endpoint request timed out"}`,
		&failure{status: http.StatusServiceUnavailable, body: `{"message":"Service Unavailable"}`},
	}
	tooLong = failure{
		http.StatusRequestEntityTooLarge, "RequestTooLargeException", `{"message":"Request Too Long"}`,
		&failure{status: http.StatusRequestEntityTooLarge, body: `{"message":"Request Entity Too Large"}`},
	}
	badRequest = failure{status: http.StatusBadRequest, errorType: "BadRequestException", body: `{"message":"Bad Request"}`}
	internal   = failure{status: http.StatusInternalServerError, body: `{"message":"Internal Server Error"}`}
)

// fail answers with a failure in the API's own kind.
func (x *exchange) fail(f failure) {
	if x.in.Match.Stage.Kind == HTTP {
		if f.http != nil {
			f = *f.http
		}
		f.errorType = ""
	}
	header := x.w.Header()
	header.Set("Content-Type", "application/json")
	if f.errorType != "" {
		header.Set("X-Amzn-Errortype", f.errorType)
	}
	x.write(f.status, []byte(f.body))
}

// refuseNoStage answers a request for an API or a stage that is not there.
func (x *exchange) refuseNoStage() {
	if x.in.Match.Stage != nil && x.in.Match.Stage.Kind == HTTP {
		x.fail(noRoute)
		return
	}
	x.refuseClosed()
}

func (x *exchange) refuseClosed() {
	x.w.Header().Set("Content-Type", "application/json")
	x.w.Header().Set("X-Amzn-Errortype", forbidden.errorType)
	x.w.Header().Set("X-Amzn-Requestid", x.in.RequestID)
	x.w.WriteHeader(forbidden.status)
	_, _ = x.w.Write([]byte(forbidden.body))
}

// setIDs puts in the headers that API Gateway adds to every response.
func (x *exchange) setIDs() {
	h := x.w.Header()
	if x.in.Match.Stage.Kind == HTTP {
		h.Set("Apigw-Requestid", x.in.ExtendedID)
		return
	}
	h.Set("X-Amzn-Requestid", x.in.RequestID)
	h.Set("X-Amz-Apigw-Id", x.in.ExtendedID)
	h.Set("X-Amzn-Trace-Id", x.in.TraceID)
}

// requestARN names the request itself, which execute-api:Invoke is asked for.
// The path is as routes see it: decoded, without the slashes at its end, so
// that no spelling of a path slips past a Deny.
func (x *exchange) requestARN(account string) string {
	m := x.in.Match
	path := strings.TrimRight(decodePath(m.Path), "/")
	return fmt.Sprintf("arn:aws:execute-api:%s:%s:%s/%s/%s%s", x.Region, account, m.Stage.APIID, m.Stage.Name, x.r.Method, cmp.Or(path, "/"))
}

// notAllowed is the answer where an API's resource policy does not let a request in.
func (x *exchange) notAllowed() failure {
	text := "User: anonymous is not authorized to perform: execute-api:Invoke on resource: " + x.requestARN(masked(x.Account))
	body, err := json.Marshal(map[string]string{"Message": text})
	if err != nil { // which a map of strings does not give
		return forbidden
	}
	return failure{status: http.StatusForbidden, errorType: "AccessDeniedException", body: string(body)}
}

// masked hides an account id as API Gateway does: all but its last four digits.
func masked(account string) string {
	n := max(len(account)-4, 0)
	return strings.Repeat("*", n) + account[n:]
}

// executeARN names the route in execute-api's terms; it is the source ARN
// that a function's policy sees.
func (x *exchange) executeARN() string {
	m := x.in.Match
	resource := x.r.Method + m.Route.Path
	if m.Route.Path == Default {
		resource = Default
	}
	return fmt.Sprintf("arn:aws:execute-api:%s:%s:%s/%s/%s", x.Region, x.Account, m.Stage.APIID, m.Stage.Name, resource)
}

// invocation is the call of Lambda's Invoke that API Gateway makes.
func (x *exchange) invocation(functionARN string, event []byte) *gate.Call {
	return &gate.Call{
		Service:   "lambda",
		Operation: "Invoke",
		Method:    http.MethodPost,
		Path:      "/2015-03-31/functions/" + url.PathEscape(functionARN) + "/invocations",
		Query:     url.Values{},
		Header: http.Header{
			"Content-Type":          {"application/json"},
			"X-Amz-Invocation-Type": {"RequestResponse"},
			"X-Amzn-Trace-Id":       {x.in.TraceID},
		},
		Body:   event,
		Vars:   map[string]string{"FunctionName": functionARN},
		Caller: gate.ServiceCaller(Principal, x.Account, x.executeARN()),
	}
}

// traceID makes an X-Ray trace id of a time and a UUID.
func traceID(now time.Time, id string) string {
	hex := strings.ReplaceAll(id, "-", "")
	if len(hex) < 24 {
		hex += strings.Repeat("0", 24-len(hex))
	}
	return fmt.Sprintf("Root=1-%08x-%s", now.Unix(), hex[:24])
}

// functionError tells a function's error in one short line, for the log.
func functionError(payload []byte) string {
	var e struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		return "it does not say why"
	}
	message, _, _ := strings.Cut(e.ErrorMessage, "\n")
	return strings.Trim(fmt.Sprintf("%.80s: %.100s", e.ErrorType, message), ": ")
}
