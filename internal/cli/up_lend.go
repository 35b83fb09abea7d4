package cli

import (
	"time"

	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// lendPolicy makes a key that may only ask, for the authorizers of this run. It is stored nowhere.
func (u *up) lendPolicy() error {
	if u.policy == nil || len(u.policy.spaces) == 0 {
		return nil
	}
	sp := u.policy.spaces[0]
	token, key, err := server.NewKey(sp.env, "authorizers of this run", server.Ask, u.sh.now(), time.Time{})
	if err != nil {
		return err
	}
	u.policy.server.Lend(sp.project, sp.env, key)
	u.policyKey = token
	return nil
}

// lentVariables are the URL of the policy server, for the functions of this topology, and its key for authorizers that ask it. Other
// authorizers get neither: they take variables at their word.
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
	switch {
	case f.Authorizer == nil:
		return map[string]string{"WRIT_SERVER_URL": u.policy.url()}
	case asksServer(f.Authorizer):
		return map[string]string{"WRIT_SERVER_URL": u.policy.url(), lentKey: u.policyKey}
	}
	return nil
}
