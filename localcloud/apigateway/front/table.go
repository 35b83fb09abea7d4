package front

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// pathSelector begins a path that names its API and stage:
// /_aws/execute-api/{apiId}/{stage}/...
const pathSelector = "/_aws/execute-api/"

// Table holds all routes that answer, most specific first. It is immutable.
type Table struct {
	// stages are in the order of preference: newest API first.
	stages []*tableStage
	merged []entry
}

type tableStage struct {
	*Stage
	entries []entry
}

type entry struct {
	stage   *Stage
	route   *Route
	pattern Pattern
	order   int
}

// NewTable compiles the routes of stages. Routes whose path cannot be parsed
// are left out and reported in problems.
func NewTable(stages []*Stage) (t *Table, problems []error) {
	t = &Table{}
	sorted := slices.Clone(stages)
	slices.SortStableFunc(sorted, func(a, b *Stage) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.APIID, b.APIID), strings.Compare(a.Name, b.Name))
	})
	for order, stage := range sorted {
		s := &tableStage{Stage: stage}
		for i := range stage.Routes {
			route := &stage.Routes[i]
			pattern, err := ParsePattern(route.Path)
			if err != nil {
				problems = append(problems, fmt.Errorf("API %s, route %s: %w", stage.APIID, route.Key, err))
				continue
			}
			s.entries = append(s.entries, entry{stage: stage, route: route, pattern: pattern, order: order})
		}
		if !stage.Named {
			t.merged = append(t.merged, s.entries...)
		}
		slices.SortStableFunc(s.entries, compareEntries)
		t.stages = append(t.stages, s)
	}
	slices.SortStableFunc(t.merged, compareEntries)
	return t, problems
}

// compareEntries puts the entry that answers first: the more specific path,
// then a method over ANY, then the newer API.
func compareEntries(a, b entry) int {
	return cmp.Or(
		strings.Compare(a.pattern.rank, b.pattern.rank),
		compareBool(a.route.Method == "ANY", b.route.Method == "ANY"),
		cmp.Compare(a.order, b.order),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Match is what answers a request.
type Match struct {
	// Stage is nil when no API is meant.
	Stage *Stage
	// Route is nil when the API has no such route.
	Route *Route
	// Vars are the path variables, escaped as they came.
	Vars map[string]string
	// Path is the escaped path without the stage.
	Path string
	// Prefix is what stood before Path: "/prod", or "" when the stage was not in the path.
	Prefix string
	// NoStage says that an API was named which has no such stage.
	NoStage bool
	// ByHost says that the request's host named the API.
	ByHost bool
}

// Find gives what answers a request of a method to an escaped path at a host.
func (t *Table) Find(host, method, path string) Match {
	if rest, ok := strings.CutPrefix(path, pathSelector); ok {
		apiID, rest, _ := strings.Cut(rest, "/")
		stage, rest, _ := strings.Cut(rest, "/")
		if stage == "%24default" {
			stage = Default
		}
		for _, s := range t.stages {
			if s.APIID == apiID && s.Name == stage {
				return s.find(method, "/"+rest, true)
			}
		}
		return Match{NoStage: true, Path: path, Stage: t.anyStage(apiID)}
	}
	if apiID, rest, ok := strings.Cut(host, "."); ok && strings.HasPrefix(rest, "execute-api.") {
		m := t.findNamed(apiID, method, path)
		m.ByHost = true
		return m
	}
	m := Match{Path: path}
	for _, s := range t.stages {
		if !s.Named {
			m.Stage = s.Stage
			break
		}
	}
	if e, vars, ok := first(t.merged, method, path); ok {
		m.Stage, m.Route, m.Vars = e.stage, e.route, vars
	}
	return m
}

// findNamed looks in the API that a host named: its stage is the first part
// of the path, or the stage $default, which has none.
func (t *Table) findNamed(apiID, method, path string) Match {
	name, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	var unprefixed *tableStage
	for _, s := range t.stages {
		switch {
		case s.APIID != apiID:
		case s.Name == Default:
			unprefixed = s
		case s.Name == name:
			return s.find(method, "/"+rest, true)
		}
	}
	if unprefixed != nil {
		return unprefixed.find(method, path, false)
	}
	return Match{NoStage: true, Path: path, Stage: t.anyStage(apiID)}
}

func (t *Table) anyStage(apiID string) *Stage {
	for _, s := range t.stages {
		if s.APIID == apiID {
			return s.Stage
		}
	}
	return nil
}

func (s *tableStage) find(method, path string, prefixed bool) Match {
	m := Match{Stage: s.Stage, Path: path}
	if prefixed && s.Name != Default {
		m.Prefix = "/" + s.Name
	}
	if e, vars, ok := first(s.entries, method, path); ok {
		m.Route, m.Vars = e.route, vars
	}
	return m
}

// first gives the first of the sorted entries that matches.
func first(entries []entry, method, path string) (e entry, vars map[string]string, ok bool) {
	strict := splitPath(path)
	loose := strict.trimSlash()
	for _, e := range entries {
		if e.route.Method != method && e.route.Method != "ANY" {
			continue
		}
		if e.stage.Kind == REST {
			if e.pattern.match(loose) {
				return e, e.pattern.vars(loose.raw), true
			}
			continue
		}
		if e.pattern.match(strict) {
			return e, e.pattern.vars(strict.decoded), true
		}
	}
	return entry{}, nil, false
}
