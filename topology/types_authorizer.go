package topology

import "github.com/writ-dev/writ"

// Authorizer stands before routes: it verifies who calls and asks a policy whether the request may pass. Writ makes
// its function.
type Authorizer struct {
	// Name is what routes call it by; its function has that name too.
	Name string `json:"name"`
	// Identity are those whose tokens are taken. At least one.
	Identity []TokenIssuer     `json:"identity"`
	Subject  AuthorizerSubject `json:"subject,omitzero"`
	Decide   Decide            `json:"decide,omitzero"`
	// Fail is "deny" or "error": what becomes of a request that no decision could be got for. "" is deny.
	Fail string `json:"fail,omitempty"`
	// Timeout bounds a decision, as in "800ms"; "" is 2 s.
	Timeout string `json:"timeout,omitempty"`
	// Keep is how long API Gateway keeps answers that are right for every request which they may be used for, as in
	// "5m"; "" keeps nothing.
	Keep string `json:"keep,omitempty"`
	// Debug passes the reasons of decisions on to what is behind the routes.
	Debug bool `json:"debug,omitempty"`
	// Architecture is "arm64" or "x86_64", in Lambda's words; "" is arm64.
	Architecture string        `json:"architecture,omitempty"`
	Pos          writ.Position `json:"pos,omitzero"`
}

// TokenIssuer is one whose tokens are taken: any issuer of OpenID Connect, or a user pool of the topology.
type TokenIssuer struct {
	// Issuer is what `iss` must be, to the letter; "" with Cognito.
	Issuer string `json:"issuer,omitempty"`
	// JWKS is the URL of the keys; "" where the issuer says.
	JWKS string `json:"jwks,omitempty"`
	// Cognito is a pool of the topology. Its ID is known when it is deployed.
	Cognito string `json:"cognito,omitempty"`
	// Audiences are those that tokens may be made for: of a pool the IDs of its clients, "" for the client that
	// Writ makes.
	Audiences []string `json:"audiences,omitempty"`
	// Use is "access" or "id": which tokens are taken. "" takes both, and is not for Cognito.
	Use string `json:"use,omitempty"`
	// SubjectPrefix is put before each subject, so that two issuers cannot mean different people by one ID.
	SubjectPrefix string        `json:"prefix,omitempty"`
	Pos           writ.Position `json:"pos,omitzero"`
}

// AuthorizerSubject is how a caller becomes a subject of the policy.
type AuthorizerSubject struct {
	// Type is "user" when "".
	Type string `json:"type,omitempty"`
	// ID is a template of claims, "{claims.sub}"; "" is what the token calls its subject.
	ID string `json:"id,omitempty"`
	// Properties are attributes of the subject: name in the policy -> claim.
	Properties map[string]string `json:"properties,omitempty"`
	Pos        writ.Position     `json:"pos,omitzero"`
	// TypePos is where the type is written.
	TypePos writ.Position `json:"typePos,omitzero"`
}

// Decide says who decides for an authorizer. The zero value is the server of `writ up`.
type Decide struct {
	// Kind is server, snapshot or permit.
	Kind DecideKind `json:"kind,omitempty"`
	// URL is of the server or the Permit PDP, or s3://BUCKET/KEY of a snapshot. "": the server that `writ up` runs, or
	// the policy of the topology shipped with the function.
	URL string `json:"url,omitempty"`
	// SHA256 is the hash of a snapshot in S3, in hexadecimal digits: who may write the bucket must not decide.
	SHA256 string `json:"sha256,omitempty"`
	// Secret is a secret of the topology: the API key of the server, or the token of the PDP.
	Secret string        `json:"secret,omitempty"`
	Pos    writ.Position `json:"pos,omitzero"`
	// SecretPos is where the secret is named.
	SecretPos writ.Position `json:"secretPos,omitzero"`
}

// DecideKind is a way to a decision.
type DecideKind string

// The ways to a decision.
const (
	DecideServer   DecideKind = "server"
	DecideSnapshot DecideKind = "snapshot"
	DecidePermit   DecideKind = "permit"
)

// Authorize is what a route asks its authorizer, in templates: {id} is a parameter of the path, {claims.org} a claim.
type Authorize struct {
	// Action is "" for that of the method: GET and HEAD read, POST create, PUT and PATCH update, DELETE delete.
	Action string `json:"action,omitempty"`
	// Resource is TYPE or TYPE:ID.
	Resource string `json:"resource,omitempty"`
	Tenant   string `json:"tenant,omitempty"`
	// Signed lets in whoever proves who they are, without asking the policy.
	Signed bool `json:"signed,omitempty"`
	// Mapping asks Permit's URL mapping rules.
	Mapping     bool          `json:"mapping,omitempty"`
	Pos         writ.Position `json:"pos,omitzero"`
	ActionPos   writ.Position `json:"actionPos,omitzero"`
	ResourcePos writ.Position `json:"resourcePos,omitzero"`
	TenantPos   writ.Position `json:"tenantPos,omitzero"`
}

// AuthorizerOf gives the declared authorizer that a route names, nil when it names none.
func AuthorizerOf(t *Topology, r *Route) *Authorizer {
	for _, a := range t.Authorizers {
		if a.Name == r.Authorizer {
			return a
		}
	}
	return nil
}
