// Package guard says what stands before the routes of a topology: for each declared authorizer the configuration that its
// function decides by, which of its answers API Gateway may keep, and what a user ought to know of it.
package guard

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/topology"
)

// Words are those of the policy that an authorizer asks.
type Words interface {
	// Types are the types of resources.
	Types() []string
	// Subjects are the types that callers may have.
	Subjects() []string
	// Actions are those of a type.
	Actions(resourceType string) []string
	// ReadsContext: an answer may depend on the context of the request.
	ReadsContext(resourceType, action string) bool
}

// Guard is a declared authorizer that routes use.
type Guard struct {
	Authorizer *topology.Authorizer
	API        topology.APIKind
	// Config is for the function: all routes, in the order of the topology, with their groups.
	Config gateway.Config
	// Groups is how many groups of routes share kept answers. Each, and group 0 where it has routes, is an authorizer
	// of the API.
	Groups int
	// routes are those of Config, by the same index.
	routes []*topology.Route
}

// Group gives the number of the group that a route is in, from 1; 0: its answers are not kept.
func (g *Guard) Group(r *topology.Route) int {
	if i := slices.Index(g.routes, r); i >= 0 {
		return g.Config.Routes[i].Group
	}
	return 0
}

// Alone reports whether a route is in no group, and so needs an authorizer that keeps nothing.
func (g *Guard) Alone() bool {
	return slices.ContainsFunc(g.Config.Routes, func(r gateway.Route) bool { return r.Group == 0 })
}

// Note is something about routes that is no mistake, and that their writer ought to know.
type Note struct {
	// Kind is the topology's word for it: "route", "authorizer".
	Kind string        `json:"kind"`
	Name string        `json:"name"`
	Pos  writ.Position `json:"pos,omitzero"`
	Why  string        `json:"why"`
}

// Set is what stands before the routes of one topology.
type Set struct {
	// Guards are sorted by the names of their authorizers.
	Guards []*Guard
	Notes  []Note
}

// Of gives the guard of a route, nil where it has no declared authorizer.
func (s *Set) Of(r *topology.Route) *Guard {
	if s == nil {
		return nil
	}
	for _, g := range s.Guards {
		if g.Authorizer.Name == r.Authorizer {
			return g
		}
	}
	return nil
}

// Read gathers what stands before the routes of a topology, without those of its nodes. words are those of the policy
// that is asked; nil when it is not known. Errors are *writ.Error with places, joined when there are several.
func Read(t *topology.Topology, words Words) (*Set, error) {
	s := &Set{}
	var errs []error
	for _, a := range sortedByName(t.Authorizers) {
		routes := routesOf(t, a)
		if len(routes) == 0 {
			s.note("authorizer", a.Name, a.Pos, "no route uses it, and it is not made")
			continue
		}
		known := words
		if a.Decide.Kind == topology.DecidePermit || strings.HasPrefix(a.Decide.URL, "s3://") {
			known = nil // another policy decides
		}
		g, err := s.guard(t, a, routes, known)
		if err != nil {
			errs = append(errs, err...)
			continue
		}
		s.Guards = append(s.Guards, g)
	}
	slices.SortStableFunc(s.Notes, func(a, b Note) int { return compare(a.Pos, b.Pos) })
	slices.SortStableFunc(errs, func(a, b error) int { return compare(positionOf(a), positionOf(b)) })
	if len(errs) == 1 {
		return nil, errs[0]
	}
	return s, errors.Join(errs...)
}

// compare orders places as they stand in files.
func compare(a, b writ.Position) int {
	return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Col-b.Col)
}

func positionOf(err error) writ.Position {
	var e *writ.Error
	if errors.As(err, &e) {
		return e.Position
	}
	return writ.Position{}
}

func sortedByName(list []*topology.Authorizer) []*topology.Authorizer {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *topology.Authorizer) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func routesOf(t *topology.Topology, a *topology.Authorizer) []*topology.Route {
	var routes []*topology.Route
	for _, r := range t.Routes {
		if r.Authorizer == a.Name {
			routes = append(routes, r)
		}
	}
	slices.SortStableFunc(routes, func(a, b *topology.Route) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	return routes
}

func (s *Set) note(kind, name string, pos writ.Position, why string) {
	s.Notes = append(s.Notes, Note{kind, name, pos, why})
}

// guard makes the configuration of one authorizer.
func (s *Set) guard(t *topology.Topology, a *topology.Authorizer, routes []*topology.Route, words Words) (*Guard, []error) {
	g := &Guard{Authorizer: a, API: routes[0].API, routes: routes}
	g.Config = gateway.Config{
		Subject:  gateway.SubjectMapping{Type: a.Subject.Type, ID: gateway.Template(a.Subject.ID), Properties: a.Subject.Properties},
		FailMode: gateway.FailMode(a.Fail), Timeout: duration(a.Timeout), TTL: duration(a.Keep),
		Simple: g.API == topology.APIHTTP, Debug: a.Debug,
	}
	var errs []error
	for _, r := range routes {
		route := gateway.Route{Method: r.Method, Path: Path(r), Ask: asked(r)}
		if route.Ask != nil {
			route.Ask.Context = readsContext(r, words)
		}
		if err := checkRoute(r, route); err != nil {
			errs = append(errs, err)
		} else if err := checkWords(r, words); err != nil {
			errs = append(errs, err)
		}
		g.Config.Routes = append(g.Config.Routes, route)
		if r.Authorize == nil {
			s.note("route", topology.RouteName(r), r.Pos, "it has no authorize, so that authorizer "+a.Name+" lets nobody in")
		}
	}
	if err := checkAuthorizer(a, g.Config); err != nil {
		errs = append(errs, err)
	} else if err := checkSubject(a, words); err != nil {
		errs = append(errs, err)
	}
	if len(errs) == 0 && g.Config.TTL > 0 {
		s.plan(t, g, words != nil)
	}
	return g, errs
}

// duration reads what the topology has checked.
func duration(text string) gateway.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return gateway.Duration(d)
}

// Path is a route's path as the API has it: a REST API has none that ends in a slash.
func Path(r *topology.Route) string {
	switch {
	case r.API == topology.APIREST:
		return "/" + strings.Trim(r.Path, "/")
	case r.Path == "/$default":
		return "$default"
	}
	return r.Path
}

func asked(r *topology.Route) *gateway.Ask {
	if r.Authorize == nil {
		return nil
	}
	return &gateway.Ask{
		Action: gateway.Template(r.Authorize.Action), Resource: gateway.Template(r.Authorize.Resource), Tenant: gateway.Template(r.Authorize.Tenant),
		Signed: r.Authorize.Signed, Mapping: r.Authorize.Mapping,
	}
}
