package cli

import (
	"time"

	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// lendPolicy makes a key that may only ask, for the functions of this run. It is stored nowhere.
func (u *up) lendPolicy() error {
	if u.policy == nil || len(u.policy.spaces) == 0 {
		return nil
	}
	sp := u.policy.spaces[0]
	token, key, err := server.NewKey(sp.env, "functions of this run", server.Read, u.sh.now(), time.Time{})
	if err != nil {
		return err
	}
	u.policy.server.Lend(sp.project, sp.env, key)
	u.policyKey = token
	return nil
}

// lentVariables are the URL and the key of the policy server, for the functions of this topology. An authorizer
// gets them when it asks a Writ server: it takes variables at their word.
func (u *up) lentVariables(function string) map[string]string {
	systems := u.running.Load()
	if u.policyKey == "" || systems == nil {
		return nil
	}
	for _, s := range *systems {
		for _, f := range s.topology.Functions {
			if synth.FunctionName(s.topology, f.Name, s.sandbox) == function {
				return u.lentTo(f)
			}
		}
	}
	return nil
}

func (u *up) lentTo(f *topology.Function) map[string]string {
	if f.Authorizer != nil && !asksServer(f.Authorizer) {
		return nil
	}
	return map[string]string{"WRIT_SERVER_URL": u.policy.url(), lentKey: u.policyKey}
}
