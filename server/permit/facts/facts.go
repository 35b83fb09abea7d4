// Package facts serves the part of Permit's management API that is about facts: users, tenants,
// resource instances, role assignments, relationship tuples. They are the environment's own records and
// tuples, so that what is written here is seen by the next decision.
package facts

import "github.com/writ-dev/writ/server/permit/wire"

// call is a request with the ways in which this package reads facts.
type call struct{ *wire.Call }

// draft is a write of facts while it is planned.
type draft struct {
	*call
	*wire.Draft
}

type route struct {
	pattern string
	handle  func(*call) error
}

func (c *call) write(kind, subject string, plan func(*draft) error) error {
	return c.Call.Write(kind, subject, func(d *wire.Draft) error { return plan(&draft{c, d}) })
}

// Routes are the calls, relative to the facts of an environment.
func Routes() []wire.Route {
	return exported(userRoutes(), tenantRoutes(), instanceRoutes(), assignmentRoutes(), tupleRoutes(), bulkRoutes())
}

// ScopeRoutes say what a key opens, relative to the API's version.
func ScopeRoutes() []wire.Route { return exported(scopeRoutes()) }

func exported(groups ...[]route) []wire.Route {
	var all []wire.Route
	for _, routes := range groups {
		for _, r := range routes {
			all = append(all, wire.Route{Pattern: r.pattern, Handle: func(c *wire.Call) error { return r.handle(&call{c}) }})
		}
	}
	return all
}
