package gateway

import (
	"time"

	"github.com/writ-dev/writ"
)

// Config is what an authorizer decides by. As JSON it is the file authorizer.json beside the binary, which
// `writ synth` writes from the `authorizers:` of a topology.
type Config struct {
	Routes []Route `json:"routes"`
	// Subject says whom the policy knows the caller as.
	Subject SubjectMapping `json:"subject,omitzero"`
	// FailMode says what becomes of a request that no decision could be got for.
	FailMode FailMode `json:"failMode,omitempty"`
	// Timeout bounds a decision with all its tries; 0 is 2 s. API Gateway itself waits 10 s.
	Timeout Duration `json:"timeout,omitzero"`
	// TTL is how long API Gateway keeps answers for routes of a cached group; 0: nothing is kept.
	TTL Duration `json:"ttl,omitzero"`
	// Debug passes the reasons of a decision on to what is behind the gateway. They may hold attributes of people.
	Debug bool `json:"debug,omitempty"`
	// UsageKey is a template for the API key that counts in a usage plan, "{claims.plan_key}". REST APIs alone.
	UsageKey Template `json:"usageKey,omitempty"`
}

// Route is a route of the API and what it asks.
type Route struct {
	// Method is upper case; ANY for all that no other route of the path has.
	Method string `json:"method"`
	// Path is as API Gateway writes it: "/documents/{id}", "/{proxy+}", "$default".
	Path string `json:"path"`
	// Ask is nil where the route asks nothing yet: then it is denied.
	Ask *Ask `json:"ask,omitempty"`
	// Group is the number of the cached group that the route is in, from 1; 0: an answer counts for one request.
	Group int `json:"group,omitempty"`
	// Position is where the topology has it, for reasons.
	Position writ.Position `json:"position,omitzero"`
}

// Ask is a question in templates: `{action: read, resource: "document:{id}", tenant: "{claims.org}"}`.
type Ask struct {
	// Action is empty for that of the method: GET and HEAD read, POST create, PUT and PATCH update,
	// DELETE delete; another method must name one.
	Action Template `json:"action,omitempty"`
	// Resource is TYPE or TYPE:ID. Empty together with Signed.
	Resource Template `json:"resource,omitempty"`
	Tenant   Template `json:"tenant,omitempty"`
	// Signed lets every caller pass whose identity holds, without asking the policy.
	Signed bool `json:"signed,omitempty"`
	// Mapping asks Permit's URL mapping rules instead: a rule that fits says action and resource type.
	Mapping bool `json:"mapping,omitempty"`
}

// Template is text with parts in braces: {NAME} or {path.NAME} a parameter of the path, {query.NAME},
// {header.NAME}, {claims.NAME} (a claim of the verified token; dots lead into objects), {stage.NAME} a stage
// variable, {method}. A part that has no value, or none that is a string, number or boolean, refuses the request; so does
// a value that is empty or longer than 512 bytes. Braces are doubled to stand for themselves.
type Template string

// SubjectMapping is how a caller becomes a subject.
type SubjectMapping struct {
	// Type is "user" when empty.
	Type string `json:"type,omitempty"`
	// ID is "{claims.sub}" when empty; for API keys and certificates their own name.
	ID Template `json:"id,omitempty"`
	// Properties are attributes of the subject: name in the policy -> claim. Nothing else of a token reaches the policy.
	Properties map[string]string `json:"properties,omitempty"`
}

// FailMode is what becomes of a request when no decision could be got.
type FailMode string

// Both keep the caller out: FailDeny as 403, FailError as 500, which tells monitoring that the policy cannot be asked.
const (
	FailDeny  FailMode = "deny"
	FailError FailMode = "error"
)

// Duration is a time.Duration that is written as in "800ms".
type Duration time.Duration
