package topology

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// Notice names one thing that is understood but not run locally yet.
type Notice struct {
	Kind string        `json:"kind"`
	Name string        `json:"name"`
	Pos  writ.Position `json:"pos,omitzero"`
	Why  string        `json:"why"`
}

// NotRun gives what [Load] understands and keeps but the local cloud does not
// run yet: state machines, mutations, channels, pages, pools, streams, keys,
// and what leads to them.
// Entities of nodes are named NODE/NAME.
func NotRun(t *Topology) []Notice {
	return notRun(t, "")
}

func notRun(t *Topology, prefix string) []Notice {
	const service = "its service is not emulated yet"
	var all []Notice
	note := func(kind, name string, pos writ.Position, why string) {
		all = append(all, Notice{Kind: kind, Name: prefix + name, Pos: pos, Why: why})
	}
	for _, f := range t.Functions {
		noteFunction(f, note)
	}
	for _, r := range t.Routes {
		if why := routeNotRun(t, r); why != "" {
			note("route", RouteName(r), r.Pos, why)
		}
	}
	for _, e := range t.Events {
		for _, target := range e.Targets {
			if target.Kind == KindState || target.Kind == KindMutation || target.Kind == KindChannel {
				note("event", e.Name+" -> "+string(target.Kind)+" "+target.Name, target.Pos, service)
			}
		}
	}
	for _, s := range t.Schedules {
		if s.Target != nil && s.Target.Kind == KindState {
			note("schedule", s.Name+" -> state "+s.Target.Name, s.Target.Pos, service)
		}
	}
	for _, ch := range t.Channels {
		note("channel", ch.Name, ch.Pos, service)
	}
	if m := t.Mutations; m != nil {
		note("mutations", t.Name, m.Pos, service)
	}
	if s := t.States; s != nil {
		note("states", t.Name, s.Pos, service)
	}
	for _, page := range t.Pages {
		note("page", page.Name, page.Pos, service)
	}
	for _, pool := range t.Pools {
		note("pool", pool.Name, pool.Pos, service)
	}
	for _, x := range t.Streams {
		note("stream", x.Name, x.Pos, service)
	}
	for _, x := range t.Keys {
		note("key", x.Name, x.Pos, service)
	}
	for _, test := range t.Tests {
		note("test", test.Name, test.Pos, "tests are not run by up")
	}
	for _, s := range []*Section{t.Policy, t.Datasets, t.Access} {
		if s != nil {
			note("section", s.Key, s.Pos, "kept as written")
		}
	}
	for _, s := range t.Others {
		note("section", s.Key, s.Pos, "kept as written")
	}
	for _, n := range t.Nodes {
		all = append(all, notRun(n, prefix+n.Name+"/")...)
	}
	return all
}

// Served says whether the local cloud answers at a route of t.
func Served(t *Topology, r *Route) bool { return routeNotRun(t, r) == "" }

// NotServed says why the local cloud does not answer at a route of t, "" when it does.
func NotServed(t *Topology, r *Route) string { return routeNotRun(t, r) }

// routeNotRun says why a route leads to nothing that the local cloud calls, ""
// when it does not.
func routeNotRun(t *Topology, r *Route) string {
	to := r.Target
	here := true
	switch to.Kind {
	case KindFunction:
	case KindQueue:
		here = slices.ContainsFunc(t.Queues, func(q *Queue) bool { return q.Name == to.Name })
	case KindEvent:
		here = slices.ContainsFunc(t.Events, func(e *Event) bool { return e.Name == to.Name })
	default:
		return "only routes to functions, queues and events are served"
	}
	switch a := AuthorizerOf(t, r); {
	case to.Name == "":
		return "it leads nowhere"
	case r.Authorizer == "cognito", a != nil && slices.ContainsFunc(a.Identity, func(i TokenIssuer) bool { return i.Cognito != "" }):
		return "it asks for tokens of a user pool, which is not run here"
	case foreignName(r.Authorizer):
		return "its authorizer belongs to another topology"
	case !here || foreignName(to.Name):
		return "its " + string(to.Kind) + " belongs to another topology"
	case to.Kind != KindFunction && r.API == APIREST:
		return "routes of a REST API are served where they lead to functions"
	}
	return ""
}

// withoutEffect are values of tc's keys that ask for what is so anyway.
var withoutEffect = []string{"zip", "Lambda", "lambda", "false", "[]", "{}"}

func noteFunction(f *Function, note func(kind, name string, pos writ.Position, why string)) {
	if f.Runtime.Provider != "" {
		note("function", f.Name, f.Pos, "it runs on "+f.Runtime.Provider+", not on Lambda")
		return
	}
	switch f.Runtime.Language {
	case LanguageGo, LanguageNode, LanguagePython, LanguageCustom, "": // "" before the code was looked at
	default:
		note("function", f.Name, f.Pos, "its runtime "+f.Runtime.Identifier+" is not run here")
	}
	for _, target := range f.Targets {
		if target.Kind == KindState || target.Kind == KindMutation || target.Kind == KindChannel {
			note("target", f.Name+" -> "+string(target.Kind)+" "+target.Name, target.Pos, "its service is not emulated yet")
		}
	}
	for _, s := range f.Others {
		if slices.Contains(withoutEffect, strings.TrimSpace(s.YAML)) {
			continue
		}
		note("function", f.Name+"."+s.Key, s.Pos, "the key is kept as written")
	}
}
