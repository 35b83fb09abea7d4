// Package authorize is what API Gateway's authorizers are made of, without
// HTTP: where the identity of a request stands, what the answer of a function
// means, and how long that answer is kept.
//
// The rules are those of the API Gateway Developer Guide: "Use API Gateway
// Lambda authorizers", "Output from an API Gateway Lambda authorizer" and
// "Control access to HTTP APIs with AWS Lambda authorizers". They differ
// between the two kinds of API, and where AWS says nothing the stricter
// reading is taken.
package authorize

import (
	"regexp"
	"time"
)

// Kind is the kind of an authorizer.
type Kind int

// The kinds of both APIs. The zero Kind is none and lets nobody in.
const (
	_ Kind = iota
	// Token is a REST API's TOKEN authorizer: a function that sees one header.
	Token
	// Request is a REQUEST authorizer: a function that sees the request.
	Request
	// JWT is an HTTP API's own check of a token.
	JWT
	// UserPools is a REST API's COGNITO_USER_POOLS authorizer.
	UserPools
)

// Limits of API Gateway.
const (
	// MaxARN is the longest ARN of an authorized request, in bytes; a longer
	// one is answered with 414.
	MaxARN = 1600
	// MaxResource is the longest entry of Resource in the policy of an answer,
	// in characters.
	MaxResource = 512
	// MaxResult is the longest answer of a REST API's authorizer, in bytes.
	MaxResult = 8 << 10
	// HTTPTimeout is how long an HTTP API waits for its function.
	HTTPTimeout = 10 * time.Second
	// RESTTimeout is how long a REST API waits. AWS does not document it; that
	// the timeout of the integration does not hold for it was tried in public.
	RESTTimeout = 30 * time.Second
	// DefaultTTL is how long a REST API keeps answers where nothing is said.
	DefaultTTL = 300 * time.Second
	// MaxTTL is the longest that answers may be kept.
	MaxTTL = time.Hour
)

// Authorizer is a checked authorizer, ready to run. It is immutable.
type Authorizer struct {
	ID string
	// Name is what its maker calls it, for the log.
	Name string
	// Version tells this setting of the authorizer from earlier ones.
	Version string
	Kind    Kind
	// REST tells a REST API's authorizer from an HTTP API's.
	REST bool
	// FunctionARN is asked as Role, or by the function's own policy where Role is "".
	FunctionARN string
	Role        string
	// Payload is the format of an HTTP API's event: "1.0" or "2.0".
	Payload string
	// Simple wants {"isAuthorized": bool} of an HTTP API's function instead of a policy.
	Simple bool
	// Sources are where the identity stands. All of them must be there.
	Sources []Source
	// Pattern is what a token must match, nil for anything.
	Pattern *regexp.Regexp
	// TTL is how long an answer is kept, 0 for not at all.
	TTL     time.Duration
	Timeout time.Duration
	// Issuers and Audiences are whose tokens are taken, of kinds JWT and UserPools.
	Issuers   []string
	Audiences []string
	// Problem says why the authorizer cannot run; its routes answer 500.
	Problem string
}

// Pattern compiles the validation expression of a TOKEN authorizer, which a
// token must match as a whole.
func Pattern(expression string) (*regexp.Regexp, error) {
	return regexp.Compile(`^(?:` + expression + `)$`)
}

// Identify reads the identity of a request, one value for each source. It is
// false when one is missing or empty, or a token does not match: the client
// then gets 401 and the function is not asked.
func (a *Authorizer) Identify(r *Incoming) (values []string, ok bool) {
	for _, s := range a.Sources {
		value := s.Read(r)
		if value == "" {
			return nil, false
		}
		values = append(values, value)
	}
	if a.Kind == Token && (len(values) != 1 || a.Pattern != nil && !a.Pattern.MatchString(values[0])) {
		return nil, false
	}
	return values, true
}
