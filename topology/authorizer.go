package topology

import (
	"slices"
)

// AuthorizerTimeoutSec is how long the function of an authorizer may take: API Gateway waits no longer.
const AuthorizerTimeoutSec = 10

// authorizerMemoryMB gives the function enough of a processor to verify a signature at once.
const authorizerMemoryMB = 512

// addAuthorizerFunctions makes the function of each declared authorizer that a route names. It is one of the topology's
// functions, so all that is said of functions holds for it: its role, its log, its names.
func addAuthorizerFunctions(t *Topology) {
	t.Functions = slices.DeleteFunc(t.Functions, func(f *Function) bool { return f.Authorizer != nil })
	for _, a := range t.Authorizers {
		taken := slices.ContainsFunc(t.Functions, func(f *Function) bool { return f.Name == a.Name })
		if taken || !slices.ContainsFunc(t.Routes, func(r *Route) bool { return r.Authorizer == a.Name }) {
			continue
		}
		f := &Function{
			Name: a.Name, Authorizer: a, Pos: a.Pos, Description: "authorizer " + a.Name + ", made by Writ",
			Runtime: Runtime{
				Language: LanguageGo, Identifier: "provided.al2023", Handler: "bootstrap",
				MemoryMB: authorizerMemoryMB, TimeoutSec: AuthorizerTimeoutSec,
			},
		}
		if a.Decide.Secret != "" {
			f.Grants = []Grant{{Kind: KindSecret, Name: a.Decide.Secret, Access: "read", Pos: a.Decide.SecretPos}}
		}
		t.Functions = append(t.Functions, f)
	}
}
