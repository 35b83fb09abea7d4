package roles

import "github.com/writ-dev/writ/topology"

// GlobalNames are the names that the account's role for a kind of entity may
// have, in the order in which they are looked for. tc's page and tc's program
// differ in two of them; both are taken.
func GlobalNames(kind topology.Kind) []string {
	switch kind {
	case topology.KindEvent, topology.KindSchedule: // to tc a schedule is an event
		return []string{"tc-base-event-role"}
	case topology.KindRoute:
		return []string{"tc-base-route-role", "tc-base-api-role"}
	case topology.KindMutation, topology.KindChannel: // both are AppSync's
		return []string{"tc-base-mutation-role", "tc-base-appsync-role"}
	case topology.KindState:
		return []string{"tc-base-sfn-role"}
	}
	return []string{"tc-base-lambda-role"}
}

// fileKinds are the names of policy files that speak for a kind of entity.
// Where there is no file for schedules, that for events speaks, as with tc.
var fileKinds = map[string]topology.Kind{
	"function": topology.KindFunction, "event": topology.KindEvent, "route": topology.KindRoute, "mutation": topology.KindMutation,
	"state": topology.KindState, "sfn": topology.KindState, "schedule": topology.KindSchedule, "channel": topology.KindChannel,
}

// unusedNames are files of tc for what Writ does not have.
var unusedNames = map[string]bool{"microvm": true}

// Kinds are the kinds of entity that act, and so have roles.
var Kinds = []topology.Kind{
	topology.KindFunction, topology.KindEvent, topology.KindRoute, topology.KindSchedule,
	topology.KindMutation, topology.KindChannel, topology.KindState,
}
