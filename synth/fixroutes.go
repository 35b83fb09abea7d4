package synth

import (
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// RouteEdge gives the route, of t or a node of t, because of which the role of
// an HTTP API may make a call: "route POST /mail -> queue mail", and where it
// stands. A route is its own grant: where the call is denied all the same, the
// route is not deployed as it stands, or its statement was changed since.
func RouteEdge(t *topology.Topology, sandbox, roleName, action, resourceARN string) (edge string, pos writ.Position, ok bool) {
	for _, n := range t.Nodes {
		if edge, pos, ok = RouteEdge(n, sandbox, roleName, action, resourceARN); ok {
			return edge, pos, true
		}
	}
	if PrincipalRoleName(t, topology.KindRoute, "", sandbox) != roleName {
		return "", writ.Position{}, false
	}
	for _, r := range t.Routes {
		if r.Target.Kind != topology.KindFunction && drawn[entity(r.Target.Kind)].holds(action, formSelf) && isTarget(t, sandbox, r.Target, resourceARN) {
			return routeEdge(r), r.Target.Pos, true
		}
	}
	return "", writ.Position{}, false
}

func routeEdge(r *topology.Route) string {
	return "route " + routeText(r) + " -> " + string(r.Target.Kind) + " " + r.Target.Name
}

// isTarget reports whether an ARN is that of a queue, or of the bus of an event.
func isTarget(t *topology.Topology, sandbox string, to topology.Target, resourceARN string) bool {
	if to.Kind == topology.KindEvent {
		for _, e := range t.Events {
			if e.Name == to.Name && e.Bus == "" {
				return strings.HasSuffix(resourceARN, ":event-bus/default")
			} else if e.Name == to.Name {
				to = topology.Target{Kind: topology.KindBus, Name: e.Bus}
				break
			}
		}
	}
	for _, x := range things(t, sandbox) {
		if x.kind == to.Kind && x.name == to.Name {
			return x.is(resourceARN)
		}
	}
	return false
}
