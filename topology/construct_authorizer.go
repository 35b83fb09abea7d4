package topology

import "slices"

// AuthorizerProps are the properties of an authorizer; zero fields take the defaults.
type AuthorizerProps struct {
	// Identity are those whose tokens are taken; at least one is needed.
	Identity []TokenIssuer
	Subject  AuthorizerSubject
	// Decide says who decides; zero is the server that `writ up` runs.
	Decide Decide
	// Secret is the key of a server, or the token of a Permit PDP.
	Secret *Secret
	// Fail is "deny" or "error", Timeout and Keep lengths of time: see [Authorizer].
	Fail, Timeout, Keep string
	Debug               bool
	// Architecture is "arm64" or "x86_64"; "" is arm64.
	Architecture string
}

// Authorizer declares an authorizer, which routes name as their Guard. Writ makes its function.
func (s *Scope) Authorizer(id string, props AuthorizerProps) *Authorizer {
	at := callerPosition()
	a := &Authorizer{
		Name: s.claim(id, "authorizer"), Identity: slices.Clone(props.Identity), Subject: props.Subject, Decide: props.Decide,
		Fail: props.Fail, Timeout: props.Timeout, Keep: props.Keep, Debug: props.Debug, Architecture: props.Architecture, Pos: at,
	}
	for i := range a.Identity {
		a.Identity[i].Pos = at
	}
	a.Subject.Pos, a.Decide.Pos = at, at
	if props.Secret != nil {
		a.Decide.Secret, a.Decide.SecretPos = props.Secret.Name, at
	}
	s.made.topology.Authorizers = append(s.made.topology.Authorizers, a)
	return a
}

// Pool makes a Cognito user pool without triggers.
func (s *Scope) Pool(id string) *Pool {
	pool := &Pool{Name: s.claim(id, "pool"), Pos: callerPosition()}
	s.made.topology.Pools = append(s.made.topology.Pools, pool)
	return pool
}
