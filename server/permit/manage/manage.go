// Package manage serves the part of Permit's management API that is about the schema: resources,
// roles, relations, condition sets, rules, proxy configs. They are parts of the environment's policy
// (package schema); every change of it is validated against the facts before it counts.
package manage

import (
	"encoding/json"

	"github.com/writ-dev/writ/server/permit/wire"
)

// call is a request with the ways in which this package reads the policy.
type call struct{ *wire.Call }

// draft is a change of the policy while it is planned.
type draft struct {
	*call
	*wire.Draft
}

type route struct {
	pattern string
	handle  func(*call) error
}

func (c *call) write(kind, subject string, plan func(*draft) error) error {
	return c.Call.Write(kind, subject, func(d *wire.Draft) error {
		if err := plan(&draft{c, d}); err != nil {
			return err
		}
		if s, edited := d.Edited(); edited {
			return c.unambiguous(s)
		}
		return nil
	})
}

// Routes are the calls, relative to the schema of an environment.
func Routes() []wire.Route {
	return exported(resourceRoutes(), actionRoutes(), relationRoutes(), roleRoutes(), resourceRoleRoutes(), setRoutes())
}

// FactRoutes are those that Permit counts among the facts.
func FactRoutes() []wire.Route { return exported(ruleRoutes(), proxyRoutes()) }

func exported(groups ...[]route) []wire.Route {
	var all []wire.Route
	for _, routes := range groups {
		for _, r := range routes {
			all = append(all, wire.Route{Pattern: r.pattern, Handle: func(c *wire.Call) error { return r.handle(&call{c}) }})
		}
	}
	return all
}

// unmarshal reads a part of a body.
func unmarshal(raw json.RawMessage, v any) error { return wire.Unmarshal(raw, v) }
