package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

// Identify says who sends a request. An error of code [writ.CodeAuth] is an answer of 401 (on HTTP APIs 403, which
// know no other), every other error is that of a part that failed, and goes by [Config.FailMode].
type Identify interface {
	Identify(ctx context.Context, c *Call) (identity.Caller, error)
}

// Dependencies are what an authorizer works with. Identify, Check, Now and NewID are needed.
type Dependencies struct {
	Identify Identify
	// Check decides. Where it is a [Batch] too, the questions of a cached group are asked together; where it
	// is a [Roles], what is behind the gateway is told the caller's roles.
	Check writ.Checker
	// Mapping finds the rule for a request by Permit's URL mapping rules; nil where there are none.
	Mapping Mapping
	// Log gets a line for each decision; nil: none. No line has a token in it.
	Log *slog.Logger
	Now func() time.Time
	// NewID makes the ID of a decision, which the log and what is behind the gateway both see. It has 64 bytes at most.
	NewID func() string
}

// Batch answers many questions at one revision, in their order.
type Batch interface {
	CheckAll(ctx context.Context, requests []writ.Request) ([]writ.Decision, error)
}

// Roles gives the roles that a subject has in a tenant; empty is the tenant of those who name none.
type Roles interface {
	Roles(ctx context.Context, subject writ.Subject, tenant string) ([]string, error)
}

// Mapping is Permit's: what a request asks by the rules of its proxy configs. ok is false when no rule is for it.
type Mapping interface {
	Map(method, url string) (action, resourceType string, attributes map[string]any, ok bool)
}

// Authorizer answers events. It is immutable, and any number of goroutines may use it.
type Authorizer struct {
	c Config
	d Dependencies

	table   table
	subject subjectRule
	usage   template
	timeout time.Duration
	groups  map[int]*group
}

// New makes an authorizer ready: templates are compiled, routes sorted by API Gateway's order. What is wrong with
// the configuration is a CodeInvalid error with the route's position; so are groups that [Plan] would not make, since an answer
// that is kept for one of their routes would be wrong for another.
func New(c Config, d Dependencies) (*Authorizer, error) {
	a := &Authorizer{c: c, d: d, timeout: time.Duration(c.Timeout)}
	if err := a.checkSettings(); err != nil {
		return nil, err
	}
	var err error
	if a.subject, err = compileSubject(c.Subject); err != nil {
		return nil, err
	}
	if a.usage, err = compileTemplate(c.UsageKey, nil); err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "usageKey: %w", err)
	}
	if a.usage.uses&^(fromText|fromClaims) != 0 {
		return nil, writ.Errorf(writ.CodeInvalid, "usageKey may only be made of claims: with others a caller could name the key of another")
	}
	if a.table, err = compileRoutes(c.Routes); err != nil {
		return nil, err
	}
	for _, r := range a.table.routes {
		if r.ask.mapping && d.Mapping == nil {
			return nil, writ.Errorf(writ.CodeInvalid, "route %s asks the URL mapping rules, and there are none", r.name()).At(r.Position, "")
		}
	}
	a.groups, err = groupsOf(a.table.routes, c.Simple, c.RouteInKey)
	if d.Log == nil {
		a.d.Log = slog.New(slog.DiscardHandler)
	}
	return a, err
}

// The bounds of settings. API Gateway waits 10 s for the authorizer of an HTTP API.
const (
	defaultTimeout = 2 * time.Second
	mostTimeout    = 10 * time.Second
	mostTTL        = time.Hour
)

func (a *Authorizer) checkSettings() error {
	if a.timeout == 0 {
		a.timeout = defaultTimeout
	}
	switch {
	case a.d.Identify == nil || a.d.Check == nil || a.d.Now == nil || a.d.NewID == nil:
		return writ.Errorf(writ.CodeInvalid, "an authorizer needs Identify, Check, Now and NewID")
	case a.c.FailMode != "" && a.c.FailMode != FailDeny && a.c.FailMode != FailError:
		return writ.Errorf(writ.CodeInvalid, "failMode is %q: it must be deny or error", a.c.FailMode)
	case a.timeout < 0 || a.timeout > mostTimeout:
		return writ.Errorf(writ.CodeInvalid, "timeout is %s: it must be above 0 and at most %s, which is as long as API Gateway waits", a.timeout, mostTimeout)
	case a.c.TTL < 0 || time.Duration(a.c.TTL) > mostTTL:
		return writ.Errorf(writ.CodeInvalid, "ttl is %s: API Gateway keeps answers for at most %s", time.Duration(a.c.TTL), mostTTL)
	}
	return nil
}

// Handle answers one event in the form that it calls for. The error `Unauthorized`, to the letter, makes a REST API
// answer 401; any other makes API Gateway answer 500.
//
// An event that cannot be read, or says two different things of its request, is an error.
func (a *Authorizer) Handle(ctx context.Context, event json.RawMessage) (json.RawMessage, error) {
	started := a.d.Now()
	c, err := ReadEvent(event)
	if err != nil {
		a.d.Log.ErrorContext(ctx, "the event is refused", "error", err.Error())
		return nil, err
	}
	o := a.decideInTime(ctx, c, a.table.ofEvent(c))
	answer, err := a.answer(&o)
	a.log(ctx, &o, started, err)
	return answer, err
}
