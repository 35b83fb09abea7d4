package synth

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam/observe"
	"github.com/writ-dev/writ/topology"
)

// Edges gives what a function of t may do in a sandbox and what it could be
// granted, for [observe.Suggest]: one edge for each verb on each entity. What a
// template leaves out, such as grants on state machines, is left out here too.
func Edges(t *topology.Topology, sandbox, function string) (observe.World, error) {
	i := slices.IndexFunc(t.Functions, func(f *topology.Function) bool { return f.Name == function })
	if i < 0 {
		err := writ.Errorf(writ.CodeNotFound, "there is no function %q", function)
		if near := writ.Nearest(function, names(t.Functions, functionName)); near != "" {
			err = err.WithHint("did you mean %s?", near)
		}
		return observe.World{}, err
	}
	f := t.Functions[i]
	places := locator{t: t, sandbox: sandbox, known: map[string]place{}}
	var w observe.World
	for _, d := range destinations(t) {
		for _, v := range verbs[d.entity] {
			if v.name == "streamRead" && !hasStream(t, d.name) {
				continue
			}
			e := places.edge(d, v)
			w.Offered = append(w.Offered, e)
			for _, g := range f.Grants {
				if given, ok := findVerb(d.entity, g.Access); ok && given.name == v.name && d.isMeant(g) {
					e.Position = g.Pos
					w.Granted = append(w.Granted, e)
				}
			}
		}
	}
	for _, to := range drawnTo(t, f) {
		for _, d := range destinations(t) {
			if d.entity.kind() == to.Kind && d.name == to.Name {
				e := places.edge(d, to.verb)
				e.Position, e.Drawn = to.Pos, true
				w.Granted = append(w.Granted, e)
			}
		}
	}
	for _, im := range importsOf(t, sandbox) {
		e := im.edge()
		w.Offered = append(w.Offered, e)
		if user, uses := im.user(f.Name); uses {
			e.Position = user.Pos
			w.Granted = append(w.Granted, e)
		}
	}
	log := ":log-group:" + logGroupName(FunctionName(t, function, sandbox)) + ":log-stream:"
	w.Always = func(action, resource string) bool {
		own := strings.HasPrefix(resource, "arn:") && strings.Contains(resource, log)
		return own && (action == "logs:CreateLogStream" || action == "logs:PutLogEvents")
	}
	return w, nil
}

// destinations lists all that an edge of a function of t may lead to.
func destinations(t *topology.Topology) []destination {
	var all []destination
	for _, s := range sorted(t.Stores, storeName) {
		all = append(all, destination{entity: entityOf(s), name: s.Name, pos: s.Pos})
	}
	for _, f := range sorted(t.Functions, functionName) {
		all = append(all, destination{entity: entityFunction, name: f.Name, pos: f.Pos})
	}
	for _, x := range things(t, "") {
		all = append(all, destination{entity: entity(x.kind), name: x.name, pos: x.pos})
	}
	for _, e := range t.Events {
		all = append(all, destination{entity: entityEvent, name: e.Name, pos: e.Pos})
	}
	for _, i := range t.Imports {
		all = append(all, destination{entity: entityImport, name: i.Name, pos: i.Pos})
	}
	return all
}

func hasStream(t *topology.Topology, store string) bool {
	return slices.ContainsFunc(t.Stores, func(s *topology.Store) bool { return s.Name == store && s.Table != nil && s.Table.Stream != "" })
}

// isMeant reports whether a grant leads here.
func (d destination) isMeant(g topology.Grant) bool {
	return g.Name == d.name && (g.Kind == d.entity.kind() || g.Kind == topology.KindBucket && d.entity == entityBucket)
}

// locator finds the entities of ARNs, each once. It is not for several goroutines.
type locator struct {
	t       *topology.Topology
	sandbox string
	known   map[string]place
}

// place is what a locator found.
type place struct {
	destination
	found bool
}

func (l *locator) find(resource string) place {
	p, ok := l.known[resource]
	if !ok {
		p.destination, p.found = locate(l.t, l.sandbox, resource)
		l.known[resource] = p
	}
	return p
}

func (l *locator) edge(d destination, v verb) observe.Edge {
	e := observe.Edge{Kind: string(d.entity.kind()), Name: d.name, Access: v.name}
	for _, a := range v.allow {
		e.Actions = append(e.Actions, a.actions...)
	}
	e.Holds = func(action, resource string) bool {
		if resource == string(formAny) {
			return v.holds(action, formAny)
		}
		p := l.find(resource)
		return p.found && p.entity == d.entity && p.name == d.name && v.holds(action, p.form)
	}
	return e
}

// GrantLines writes edges as lines to add under a function of t, and where; the
// summary is a remark on how to add them, or "".
func GrantLines(t *topology.Topology, function string, edges []observe.Edge) writ.Fix {
	i := slices.IndexFunc(t.Functions, func(f *topology.Function) bool { return f.Name == function })
	if i < 0 || len(edges) == 0 {
		return writ.Fix{}
	}
	var list []access
	for _, e := range edges {
		for _, d := range destinations(t) {
			if string(d.entity.kind()) == e.Kind && d.name == e.Name {
				list = append(list, access{d, e.Access})
			}
		}
	}
	fix := grantLines(t.Functions[i], list)
	fix.Summary = strings.TrimSpace(strings.TrimPrefix(fix.Summary, ":"))
	return fix
}

// GrantText writes one edge as an entry of a grants list.
func GrantText(e observe.Edge) string { return grantText(e.Kind, e.Name, e.Access) }
