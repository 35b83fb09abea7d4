package gateway

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/strictjson"
)

// Config is what an authorizer decides by. As JSON it is the file authorizer.json beside the binary, which
// `writ synth` writes from the `authorizers:` of a topology.
type Config struct {
	Routes []Route `json:"routes"`
	// Subject says whom the policy knows the caller as.
	Subject SubjectMapping `json:"subject,omitzero"`
	// FailMode says what becomes of a request that no decision could be got for; empty is FailDeny.
	FailMode FailMode `json:"failMode,omitempty"`
	// Timeout bounds a decision with all its tries, whatever Identify and Check do with their context; 0 is 2 s. API Gateway itself waits 10 s.
	Timeout Duration `json:"timeout,omitzero"`
	// TTL is how long API Gateway keeps answers for routes of a cached group, an hour at most; 0: nothing is kept.
	TTL Duration `json:"ttl,omitzero"`
	// Simple says that events of format 2.0 are answered with isAuthorized, and not with a policy. An event does
	// not tell; the authorizer of the API has the same setting (EnableSimpleResponses).
	Simple bool `json:"simple,omitempty"`
	// RouteInKey says that $context.routeKey is one of the identity sources of the authorizers of cached groups, so that a
	// simple answer that is kept counts for one route.
	RouteInKey bool `json:"routeInKey,omitempty"`
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
	// Position is where the topology has it, for errors.
	Position writ.Position `json:"position,omitzero"`
}

// Ask is a question in templates: `{action: read, resource: "document:{id}", tenant: "{claims.org}"}`.
type Ask struct {
	// Action is empty for that of the method: GET and HEAD read, POST create, PUT and PATCH update,
	// DELETE delete; another method must name one.
	Action Template `json:"action,omitempty"`
	// Resource is TYPE or TYPE:ID, where TYPE has no parts in braces. Empty together with Signed or Mapping.
	Resource Template `json:"resource,omitempty"`
	// Tenant may not use {header.NAME} or {query.NAME}: a caller would choose the tenant to be judged in.
	Tenant Template `json:"tenant,omitempty"`
	// Signed lets every caller pass whose identity holds, without asking the policy.
	Signed bool `json:"signed,omitempty"`
	// Mapping asks Permit's URL mapping rules instead: a rule that fits says action and resource type.
	Mapping bool `json:"mapping,omitempty"`
	// Context: the answer may depend on the context of the request (ip, method, path, time), since a rule of the policy
	// reads it or nobody knows the policy. Then no answer is kept.
	Context bool `json:"context,omitempty"`
}

// Template is text with parts in braces: {NAME} or {path.NAME} a parameter of the path, {query.NAME},
// {header.NAME}, {claims.NAME} (a claim of the verified token; dots lead into objects), {stage.NAME} a stage
// variable, {method}. A part that has no value, or none that is a string, a whole number that fits int64 or a boolean, refuses
// the request; so do a boolean in a tenant or a subject's ID, {claims.email} and {claims.phone_number} that are not verified, a claim
// that is there both by its whole name and in an object, a value that is empty, longer than 512 bytes or has control characters, and a header or query parameter that is given
// twice. Two parts need text between them, and no value but the last may hold that text: otherwise two
// different requests could ask the same. Braces are doubled to stand for themselves.
type Template string

// SubjectMapping is how a caller becomes a subject.
type SubjectMapping struct {
	// Type is "user" when empty.
	Type string `json:"type,omitempty"`
	// ID is of claims alone, "{claims.sub}", and gets the prefix of the token's issuer. Empty, and for API keys and certificates, it is what package identity
	// calls the caller: of a token `sub`, unless its issuer says otherwise, with the issuer's prefix.
	ID Template `json:"id,omitempty"`
	// Properties are attributes of the subject: name in the policy -> claim. Nothing else of a token reaches the policy.
	// A claim that a token does not have is left out.
	Properties map[string]string `json:"properties,omitempty"`
}

// FailMode is what becomes of a request when no decision could be got.
type FailMode string

// Both keep the caller out: FailDeny as 403, FailError as 500, which tells monitoring that the policy cannot be asked.
// On a route of a cached group it is always 500: API Gateway keeps no errors, and would keep a 403 longer than the failure lasts.
const (
	FailDeny  FailMode = "deny"
	FailError FailMode = "error"
)

// Duration is a time.Duration that is written as in "800ms".
type Duration time.Duration

// MarshalText writes it as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it as time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return writ.Errorf(writ.CodeInvalid, "%q is not a length of time", text).WithHint("write it as 800ms or 5m")
	}
	*d = Duration(v)
	return nil
}

// mostConfig bounds what ReadConfig reads, in bytes.
const mostConfig = 4 << 20

// ReadConfig reads authorizer.json. A name that it does not know, or one that comes twice, is a CodeInvalid error.
func ReadConfig(text []byte) (Config, error) {
	if len(text) > mostConfig {
		return Config{}, writ.Errorf(writ.CodeTooLarge, "the configuration has %d bytes, more than %d", len(text), mostConfig)
	}
	if _, err := strictjson.Object(text); err != nil {
		return Config{}, writ.Errorf(writ.CodeInvalid, "the configuration %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var c Config
	if err := d.Decode(&c); err != nil {
		return Config{}, writ.Errorf(writ.CodeInvalid, "the configuration cannot be read: %w", err)
	}
	return c, nil
}
