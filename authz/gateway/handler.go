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

// Dependencies are what an authorizer works with.
type Dependencies struct {
	Identify Identify
	// Check decides. Where it is a [Batch] too, the questions of a cached group are asked together.
	Check writ.Checker
	// Mapping finds the rule for a request by Permit's URL mapping rules; nil where there are none.
	Mapping Mapping
	Log     *slog.Logger
	Now     func() time.Time
	// NewID makes the ID of a decision, which the log and what is behind the gateway both see.
	NewID func() string
}

// Batch answers many questions at one revision, in their order.
type Batch interface {
	CheckAll(ctx context.Context, requests []writ.Request) ([]writ.Decision, error)
}

// Mapping is Permit's: what a request asks by the rules of its proxy configs. ok is false when no rule is for it.
type Mapping interface {
	Map(method, url string) (action, resourceType string, attributes map[string]any, ok bool)
}

// Authorizer answers events. It is immutable, and any number of goroutines may use it.
type Authorizer struct {
	c Config
	d Dependencies
}

// New makes an authorizer ready: templates are compiled, routes sorted by API Gateway's order. What is wrong with
// the configuration is a CodeInvalid error with the route's position.
func New(c Config, d Dependencies) (*Authorizer, error) {
	return &Authorizer{c, d}, nil
}

// Handle answers one event in the form that it calls for. The error `Unauthorized`, to the letter, makes a REST API
// answer 401; any other makes API Gateway answer 500.
func (a *Authorizer) Handle(_ context.Context, _ json.RawMessage) (json.RawMessage, error) {
	return nil, writ.Errorf(writ.CodeInternal, "not written yet")
}

// Call is a request as the event tells of it.
type Call struct {
	Form Form
	// ARN is methodArn or routeArn.
	ARN string
	// Method and Path are of the request; Template is the route that API Gateway has chosen ("/pets/{id}"),
	// empty where the event does not say (REST TOKEN), and then it is found by Path.
	Method, Path, Template string
	Parameters, Query      map[string]string
	Header                 map[string][]string // names in lower case
	Stage                  map[string]string   // stage variables
	// Token is the authorizationToken of a TOKEN event, or what the identity source gave.
	Token string
	// Certificate is the client's, in PEM form.
	Certificate string
	SourceIP    string
	RequestID   string
	APIID       string
}

// Form is one of the four forms of events.
type Form int

// The forms.
const (
	RESTToken Form = iota + 1
	RESTRequest
	HTTP1
	HTTP2
)
