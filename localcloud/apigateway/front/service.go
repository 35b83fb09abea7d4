package front

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/localcloud/apigateway/direct"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
)

// Roles takes on the roles of integrations.
type Roles interface {
	AssumeForService(ctx context.Context, r session.ServiceRole) (session.Credentials, gate.Caller, error)
}

// Service is a call of an AWS service that an HTTP API makes without a function.
type Service struct {
	*direct.Integration
	// Role is the ARN of the role that API Gateway calls as.
	Role string
}

// callService calls the service behind the route as the integration's role,
// and answers with the service's answer.
func (x *exchange) callService(i Integration) {
	log := x.Log.With("route", x.in.Match.Route.Key, "action", i.Service.Action(), "role", i.Service.Role)
	call, err := i.Service.Call(x.mapped())
	if err != nil {
		// Users report a Bad Request of AWS here; it is not documented.
		log.Error("the request does not have what the integration needs", "error", err)
		x.fail(badRequest)
		return
	}
	if call.Caller, err = x.takeOn(i.Service.Role); err != nil {
		// Documented for functions ("Troubleshooting issues with HTTP API Lambda
		// integrations"), not for services.
		log.Error("the role cannot be taken on", "error", err)
		x.fail(cannotRun)
		return
	}
	call.Account, call.Region, call.Secure, call.UserAgent = x.Account, x.Region, true, Principal
	reply, err := x.invoke(call, i.Timeout)
	switch {
	case errors.Is(err, context.Canceled):
		x.w.status = 499 // the client went away: nobody reads an answer
		return
	case errors.Is(err, context.DeadlineExceeded):
		log.Error("the service did not answer in time", "seconds", i.Timeout.Seconds())
		x.fail(timedOut)
		return
	case err != nil:
		log.Error("the service refused the call", "error", err)
		x.fail(refused(err))
		return
	}
	contentType, body, err := i.Service.Answer(call, reply)
	if err != nil {
		log.Error("the service's answer cannot be passed on", "error", err)
		x.fail(cannotRun)
		return
	}
	x.w.Header().Set("Content-Type", contentType)
	x.write(http.StatusOK, body)
}

// takeOn makes a session of a role. Its trust policy sees the route's ARN as
// aws:SourceArn, as a function's policy does; AWS does not document what it
// sends there.
func (x *exchange) takeOn(role string) (gate.Caller, error) {
	return x.assume(role, x.executeARN())
}

// sessionName names API Gateway's sessions. AWS does not document its own name
// for them: no policy should hang on it.
const sessionName = "BackplaneAssumeRoleSession"

// refused is the answer where the service refuses a call. AWS does not document
// it: users report 403 for a role that may not do what the integration does. The
// service's own words stay in the log.
func refused(err error) failure {
	var known *gate.Error
	if !errors.As(err, &known) {
		return cannotRun
	}
	status := known.Status
	switch {
	case strings.HasPrefix(known.Code, "AccessDenied"):
		return forbidden
	case status == 0:
		return badRequest
	case status >= http.StatusInternalServerError:
		return cannotRun
	}
	return failure{status: status, body: `{"message":"` + http.StatusText(status) + `"}`}
}

// mapped is the request as the values of parameters see it.
func (x *exchange) mapped() *direct.Request {
	m := x.in.Match
	return &direct.Request{
		Header: eventHeaders(x.r, x.in.SourceIP, x.in.TraceID), Query: parseQuery(x.r.URL.RawQuery), Path: m.Vars, Body: x.in.Body,
		Context: x.variable, Stage: m.Stage.Variables,
	}
}

// variable gives a variable of $context: those of "Customize HTTP API access
// logs", and of a REST API's own, that are known before the integration answers.
func (x *exchange) variable(name string) (string, bool) {
	if member, ok := strings.CutPrefix(name, "authorizer."); ok {
		if x.in.Authorized == nil {
			return "", false
		}
		return x.in.Authorized.Variable(member)
	}
	m := x.in.Match
	if m.Stage.Kind == REST {
		switch name {
		case "requestId":
			return x.in.RequestID, true
		case "path":
			return m.Prefix + m.Path, true
		case "resourceId":
			return m.Route.ResourceID, true
		case "resourcePath":
			return m.Route.Path, true
		}
	}
	value, ok := map[string]string{
		"accountId":          x.Account,
		"apiId":              m.Stage.APIID,
		"domainName":         hostname(x.r.Host),
		"domainPrefix":       domainPrefix(x.r.Host),
		"extendedRequestId":  x.in.ExtendedID,
		"httpMethod":         x.r.Method,
		"identity.sourceIp":  x.in.SourceIP,
		"identity.userAgent": x.r.UserAgent(),
		"path":               decodePath(m.Prefix + m.Path),
		"protocol":           x.r.Proto,
		"requestId":          x.in.ExtendedID, // one id for both, as in a function's event
		"requestTime":        x.in.Time.UTC().Format(requestTime),
		"requestTimeEpoch":   strconv.FormatInt(x.in.Time.UnixMilli(), 10),
		"routeKey":           m.Route.Key,
		"stage":              m.Stage.Name,
	}[name]
	return value, ok
}
