package front

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
)

// What API Gateway answers where an authorizer does not let a request in. The
// bodies and x-amzn-ErrorType of REST APIs are those that users report; the 403
// of an HTTP API says no reason.
var (
	unauthorized     = failure{status: http.StatusUnauthorized, errorType: "UnauthorizedException", body: `{"message":"Unauthorized"}`}
	deniedByPolicy   = failure{http.StatusForbidden, "AccessDeniedException", `{"Message":"User is not authorized to access this resource with an explicit deny"}`, &forbidden}
	unmatched        = failure{http.StatusForbidden, "AccessDeniedException", `{"Message":"User is not authorized to access this resource"}`, &forbidden}
	authorizerFailed = failure{http.StatusInternalServerError, "AuthorizerConfigurationException", `{"message":null}`, &internal}
	uriTooLong       = failure{status: http.StatusRequestURITooLong, body: `{"message":"Request URI too long"}`}
)

// authorize asks the route's authorizer, and answers by itself where it does
// not let the request in. Nothing of the body was read before.
func (x *exchange) authorize(a *authorize.Authorizer) bool {
	m := x.in.Match
	log := x.Log.With("api", m.Stage.APIID, "route", m.Route.Key)
	if a == nil {
		log.Error("the route's authorizer is not there")
		x.fail(authorizerFailed)
		return false
	}
	log = log.With("authorizer", cmp.Or(a.Name, a.ID))
	arn := x.authorizedARN()
	switch {
	case a.Problem != "" || a.Kind == 0:
		log.Error("the route's authorizer cannot be run here", "reason", a.Problem)
		x.fail(authorizerFailed)
		return false
	case len(arn) > authorize.MaxARN:
		log.Warn("the ARN of the request is too long for an authorizer", "bytes", len(arn))
		x.fail(uriTooLong)
		return false
	}
	identity, ok := a.Identify(x.identified())
	if !ok {
		log.Warn("the request does not have the identity that the authorizer wants")
		x.refuseIdentity(a)
		return false
	}
	if a.Kind == authorize.JWT || a.Kind == authorize.UserPools {
		return x.verify(a, authorize.Bearer(identity[0]))
	}
	started := x.Now()
	answer, kept, refusal, err := x.answerOf(a, arn, identity)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			x.w.status = 499 // the client went away: nobody reads an answer
			return false
		}
		log.Error("the authorizer did not decide", "error", err)
		x.fail(refusal)
		return false
	}
	if kept {
		log = log.With("answer", "kept from an earlier request")
	}
	x.in.Authorized, x.in.AuthorizerTime = answer, x.Now().Sub(started)
	switch answer.Decide(x.invokeRequest(arn), m.Stage.Policy) {
	case authorize.Allowed:
		return true
	case authorize.Denied:
		log.Warn("the authorizer denies the request", "resource", arn)
		x.fail(deniedByPolicy)
	default:
		log.Warn("the authorizer does not allow the request", "resource", arn)
		x.fail(unmatched)
	}
	return false
}

// answerOf gives the answer that is kept for an identity, or the function's.
func (x *exchange) answerOf(a *authorize.Authorizer, arn string, identity []string) (answer *authorize.Answer, kept bool, refusal failure, err error) {
	stage := x.in.Match.Stage
	key := authorize.NewKey(authorize.Scope{API: stage.APIID, Stage: stage.Name, Authorizer: a.ID, Version: a.Version}, identity)
	var ticket uint64
	if a.TTL > 0 {
		if answer, ticket = x.Answers.Get(key, x.Now()); answer != nil {
			return answer, true, failure{}, nil
		}
	}
	answer, refusal, err = x.ask(a, arn, identity)
	if err == nil && a.TTL > 0 {
		x.Answers.Put(key, answer, x.Now().Add(a.TTL), ticket)
	}
	return answer, false, refusal, err
}

// unauthorizedError is the one error of a function that means 401. AWS
// documents it for REST APIs only; an HTTP API answers every error with 500.
const unauthorizedError = "Unauthorized"

// ask invokes the authorizer's function.
func (x *exchange) ask(a *authorize.Authorizer, arn string, identity []string) (*authorize.Answer, failure, error) {
	event, err := x.in.authorizerEvent(a, arn, identity)
	if err != nil {
		return nil, authorizerFailed, err
	}
	call := x.invocation(a.FunctionARN, event)
	call.Caller = gate.ServiceCaller(Principal, x.Account, x.authorizerARN(a))
	if a.Role != "" {
		if call.Caller, err = x.assume(a.Role, x.authorizerARN(a)); err != nil {
			return nil, authorizerFailed, err
		}
	}
	reply, err := x.invoke(call, a.Timeout)
	if err != nil {
		return nil, authorizerFailed, err
	}
	if reply.Header.Get("X-Amz-Function-Error") != "" {
		var told struct {
			ErrorMessage string `json:"errorMessage"`
		}
		if json.Unmarshal(reply.Body, &told) == nil && told.ErrorMessage == unauthorizedError && a.REST {
			return nil, unauthorized, errors.New("the function says Unauthorized")
		}
		return nil, authorizerFailed, errors.New("the function failed: " + functionError(reply.Body))
	}
	answer, err := a.Parse(reply.Body)
	return answer, authorizerFailed, err
}

// refuseIdentity answers 401; where a token is missed, it says how to bring one.
func (x *exchange) refuseIdentity(a *authorize.Authorizer) {
	if a.Kind == authorize.JWT {
		x.w.Header().Set("Www-Authenticate", "Bearer")
	}
	x.fail(unauthorized)
}

// identified is the request as the identity sources see it.
func (x *exchange) identified() *authorize.Incoming {
	return &authorize.Incoming{
		Header: eventHeaders(x.r, x.in.SourceIP, x.in.TraceID), Query: parseQuery(x.r.URL.RawQuery), Stage: x.in.Match.Stage.Variables,
		Context: func(name string) string {
			value, _ := x.variable(name)
			return value
		},
	}
}

// invokeRequest is what the policy of an authorizer's answer is asked.
func (x *exchange) invokeRequest(arn string) *iam.Request {
	keys := x.policyKeys()
	for _, anonymous := range []string{"aws:principaltype", "aws:principalaccount", "aws:userid"} {
		delete(keys, anonymous)
	}
	return &iam.Request{
		Principal: iam.Principal{Kind: iam.PrincipalUser, Account: x.Account}, Action: "execute-api:Invoke",
		Resource: arn, ResourceAccount: x.Account, Context: keys,
	}
}

// authorizedARN names the request, which authorizers see and their policies
// are asked for. A REST API matches a path without the slashes at its end, and
// so it stands in the ARN; an HTTP API matches it as it is.
func (x *exchange) authorizedARN() string {
	m := x.in.Match
	if m.Stage.Kind == REST {
		return x.requestARN(x.Account)
	}
	return "arn:aws:execute-api:" + x.Region + ":" + x.Account + ":" + m.Stage.APIID + "/" + m.Stage.Name + "/" + x.r.Method + decodePath(m.Path)
}

// authorizerARN is the source ARN that the policy of an authorizer's function sees.
func (x *exchange) authorizerARN(a *authorize.Authorizer) string {
	return "arn:aws:execute-api:" + x.Region + ":" + x.Account + ":" + x.in.Match.Stage.APIID + "/authorizers/" + a.ID
}

// assume makes a session of a role, whose trust policy sees sourceARN as aws:SourceArn.
func (x *exchange) assume(role, sourceARN string) (gate.Caller, error) {
	if x.Roles == nil {
		return gate.Caller{}, errors.New("nothing takes on the role " + role)
	}
	_, caller, err := x.Roles.AssumeForService(x.r.Context(), session.ServiceRole{
		Principal: Principal, RoleARN: role, SessionName: sessionName, SourceARN: sourceARN, Duration: 15 * time.Minute,
	})
	return caller, err
}
