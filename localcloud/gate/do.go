package gate

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// noPermission lists the operations that AWS grants to every identified
// caller; no other call gets by without a question to IAM.
var noPermission = map[string]bool{
	"sts:GetCallerIdentity": true,
	"sts:GetSessionToken":   true,
}

// Do decides and makes a call whose Caller is already known. It fills in
// RequestID, Time, Account and Region where they are empty, and Operation and
// Vars of a REST call. A denial is an *Error with code AccessDenied or
// AccessDeniedException, as the service's protocol has it; every error is an *Error.
func (g *Gate) Do(ctx context.Context, c *Call) (*Reply, error) {
	e, err := g.find(c)
	if err != nil {
		return nil, err
	}
	return g.do(ctx, e, c)
}

// find chooses the service of a call from inside the cloud.
func (g *Gate) find(c *Call) (entry, error) {
	g.fill(c)
	candidates := g.services[c.Service]
	if len(candidates) > 1 && c.Header != nil {
		prefix, _, _ := strings.Cut(c.Header.Get("X-Amz-Target"), ".")
		if e, ok := g.targets[prefix]; ok && e.info.Name == c.Service {
			return e, nil
		}
	}
	for _, e := range candidates {
		if e.info.Route == nil || (c.Operation != "" && c.Vars != nil && len(candidates) == 1) {
			return e, nil
		}
		if operation, ok := e.info.Route(c); ok {
			c.Operation = operation
			return e, nil
		}
	}
	return entry{}, Errorf("UnknownOperationException", "The local cloud has no operation %s of service %q", c.Operation, c.Service)
}

// fill sets what a call has not said.
func (g *Gate) fill(c *Call) {
	if c.RequestID == "" {
		c.RequestID = g.cfg.NewRequestID()
	}
	if c.Time.IsZero() {
		c.Time = g.cfg.Now()
	}
	if c.Account == "" {
		c.Account = g.cfg.Account
	}
	if c.Region == "" {
		c.Region = g.cfg.Region
	}
}

// do is the one place where a service's Handle is called.
func (g *Gate) do(ctx context.Context, e entry, c *Call) (reply *Reply, err error) {
	defer func() {
		if r := recover(); r != nil {
			g.cfg.Log.Error("a service panicked", "service", c.Service, "operation", c.Operation, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			reply, err = nil, internalFailure(e.info)
		}
	}()
	if err := g.authorize(e, c); err != nil {
		return nil, err
	}
	reply, err = e.Handle(ctx, c)
	if err != nil {
		return nil, g.awsError(e.info, c, err)
	}
	if reply == nil {
		reply = &Reply{}
	}
	return reply, nil
}

// authorize lets IAM decide the call. A nil error is the only way to Handle.
func (g *Gate) authorize(e entry, c *Call) error {
	access, err := g.roleOf(e.info, c)
	if err != nil {
		return err
	}
	asks, err := e.Describe(c)
	if err != nil {
		if known := (*Error)(nil); errors.As(err, &known) {
			return known
		}
		g.cfg.Log.Error("a call could not be described, and so is denied", "service", c.Service, "operation", c.Operation, "error", err.Error())
		return denied(e.info, plainSentence(c, c.Service+":"+c.Operation, ""))
	}
	if len(asks) == 0 && !noPermission[c.Service+":"+c.Operation] {
		g.cfg.Log.Error("a call was described without a question to IAM, and so is denied", "service", c.Service, "operation", c.Operation)
		return denied(e.info, plainSentence(c, c.Service+":"+c.Operation, ""))
	}
	for i := range asks {
		if err := g.decide(e.info, c, access, &asks[i]); err != nil {
			return err
		}
	}
	return nil
}

// roleOf finds what the caller's role may do now. A session of a role that is
// gone, or was made anew since, is no longer good.
func (g *Gate) roleOf(info Info, c *Call) (RoleAccess, error) {
	if c.Caller.Kind != iam.PrincipalSession {
		return RoleAccess{}, nil
	}
	invalid := authError(info, authInvalidToken, "")
	if g.cfg.Directory == nil {
		return RoleAccess{}, invalid
	}
	access, ok := g.cfg.Directory.RoleAccess(c.Caller.RoleName)
	if !ok {
		return RoleAccess{}, invalid
	}
	if id, _, found := strings.Cut(c.Caller.UserID, ":"); found && id != access.ID {
		return RoleAccess{}, invalid
	}
	return access, nil
}

// decide asks IAM one question.
func (g *Gate) decide(info Info, c *Call, access RoleAccess, ask *Ask) error {
	if ask.Action == "" || ask.Resource == "" {
		g.cfg.Log.Error("a question to IAM has no action or no resource, and so is denied", "service", c.Service, "operation", c.Operation)
		return denied(info, plainSentence(c, c.Service+":"+c.Operation, ""))
	}
	request := &iam.Request{
		Principal: iam.Principal{
			Kind:    c.Caller.Kind,
			ARN:     c.Caller.ARN,
			Account: c.Caller.Account,
			RoleARN: access.ARN,
		},
		Action:          ask.Action,
		Resource:        ask.Resource,
		ResourceAccount: c.Account,
		WildcardOnly:    ask.Resource == "*",
		Context:         g.context(c, access, ask),
	}
	policies := &iam.Policies{
		Identity: access.Identity, Boundary: access.Boundary, Resource: ask.ResourcePolicy, BlockPublicAccess: ask.BlockPublicAccess,
	}
	if c.Caller.Kind == iam.PrincipalSession {
		session, err := g.sessions.load(c.Caller.SessionPolicies)
		if err != nil {
			g.cfg.Log.Error("a session policy could not be read, and so the call is denied", "error", err.Error())
			return denied(info, plainSentence(c, ask.Action, ask.Resource))
		}
		policies.Session = session
		if c.Caller.RoleName != g.cfg.DeveloperRole || g.cfg.DeveloperRole == "" {
			policies.SCPs = *g.scps.Load()
		}
	}
	decision := iam.Evaluate(request, policies)
	verdict := Verdict{Call: c, Ask: *ask, Request: request, Decision: decision, Policies: policies}
	if decision.Verdict != iam.Allowed {
		if verdict.Message = decision.Sentence(request); verdict.Message == "" || c.Caller.Kind == iam.PrincipalAnonymous {
			verdict.Message = plainSentence(c, ask.Action, ask.Resource)
		}
	}
	if g.cfg.OnVerdict != nil {
		g.cfg.OnVerdict(verdict)
	}
	if decision.Verdict != iam.Allowed {
		return denied(info, verdict.Message)
	}
	return nil
}

// plainSentence is AWS's denial without a reason, for calls that never came to
// a decision.
func plainSentence(c *Call, action, resource string) string {
	if c.Caller.Kind == iam.PrincipalAnonymous {
		return "Access Denied"
	}
	text := "User: " + c.Caller.ARN + " is not authorized to perform: " + action
	if resource != "" && resource != "*" {
		text += " on resource: " + resource
	}
	return text
}

// awsError makes an *Error of whatever a service returned.
func (g *Gate) awsError(info Info, c *Call, err error) *Error {
	if known := (*Error)(nil); errors.As(err, &known) {
		return known
	}
	g.cfg.Log.Error("a service failed", "service", c.Service, "operation", c.Operation, "error", err.Error())
	failure := internalFailure(info)
	if code := writ.CodeOf(err); code != writ.CodeInternal {
		failure.Message = err.Error()
	}
	return failure
}
