package guard

import (
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/topology"
)

// mostAuthorizers is how many an API may have.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
const mostAuthorizers = 10

// RESTStage is the one stage of a REST API that Writ makes.
const RESTStage = "prod"

// plan groups the routes whose answers may be kept, and notes the others.
func (s *Set) plan(t *topology.Topology, g *Guard, known bool) {
	room := groupsFor(t, g)
	if room < 1 {
		s.note("authorizer", g.Authorizer.Name, g.Authorizer.Pos, "its API has so many authorizers that none is left for answers which are kept: an API takes ten")
		return
	}
	o := gateway.PlanOptions{Groups: room, Stage: RESTStage}
	if g.API == topology.APIHTTP {
		// The route is in the key, so that one simple answer never counts for two routes.
		o.Simple, o.RouteInKey, o.Stage = true, true, "$default"
		g.Config.RouteInKey = true
	}
	planned := gateway.Plan(g.Config.Routes, o)
	g.Config.Routes = planned.Routes
	for _, r := range planned.Routes {
		g.Groups = max(g.Groups, r.Group)
	}
	for _, alone := range planned.Alone {
		r := g.routes[alone.Route]
		if r.Authorize != nil { // else it is denied, and that was said
			reason := alone.Reason
			if alone.Cause == gateway.CauseContext && !known {
				reason = "the policy that decides is not known here, and may look at the context of a request"
			}
			s.note("route", topology.RouteName(r), r.Pos, "its answers are not kept: "+reason)
		}
	}
}

// groupsFor gives how many groups of an authorizer fit beside all that the API has.
func groupsFor(t *topology.Topology, g *Guard) int {
	declared, others := map[string]bool{}, map[string]bool{}
	for _, r := range t.Routes {
		switch {
		case r.API != g.API || r.Authorizer == "" || r.Authorizer == "iam":
		case topology.AuthorizerOf(t, r) != nil:
			declared[r.Authorizer] = true
		default:
			others[r.Authorizer] = true
		}
	}
	// Each declared one may need one that keeps nothing.
	return (mostAuthorizers - len(others) - len(declared)) / max(len(declared), 1)
}
