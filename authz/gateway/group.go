package gateway

import "github.com/writ-dev/writ"

// groupsOf gathers the groups of a configuration, and refuses those whose kept answers could be wrong.
func groupsOf(routes []*route, simple, routeInKey bool) (map[int]*group, error) {
	groups := map[int]*group{}
	for _, r := range routes {
		if r.Group == 0 {
			continue
		}
		g := groups[r.Group]
		if g == nil {
			g = &group{number: r.Group}
			groups[r.Group] = g
		}
		_, reason := mayShare(r, simple)
		if reason == "" {
			reason = g.conflict(r, simple, routeInKey)
		}
		if reason != "" {
			return nil, writ.Errorf(writ.CodeInvalid, "route %s cannot be in group %d: %s", r.name(), r.Group, reason).
				At(r.Position, "").WithHint("let Plan make the groups, or take group 0, which is never kept")
		}
		g.add(r)
	}
	return groups, nil
}

// uniform reports whether all routes of the group ask the same.
func (g *group) uniform() bool {
	for _, r := range g.routes {
		if r.ask.words != g.routes[0].ask.words {
			return false
		}
	}
	return true
}
