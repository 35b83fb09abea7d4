package topology

import (
	"cmp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// End is one end of an edge.
type End struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
}

// Edge is one thing that may act on another.
type Edge struct {
	// Source acts on Target. A route's name is "GET /pets" (with a trailing
	// " (rest)" on a REST API), a schedule's and a state machine's their own.
	Source End `json:"source"`
	Target End `json:"target"`
	// Access is the verb, in the words of [Verbs] for the target's kind, or for
	// the kind of what is imported. These
	// are not among them: consume with a queue or a stream as the source
	// (the function reads it), authorize with a route or the mutations as the source,
	// startAndWait of a state machine on another, and IAM's name of the one
	// action ("dynamodb:PutItem") of a resolver on a table or of a state.
	Access string `json:"access"`
	// Drawn is false for a grant, true for an edge that follows from naming
	// the target.
	Drawn bool          `json:"drawn,omitempty"`
	Pos   writ.Position `json:"pos,omitzero"`
}

// Edges gives every edge of one namespace, sorted; those of t.Nodes are their own.
func Edges(t *Topology) []Edge {
	var all []Edge
	draw := func(source End, target Target, access string) {
		all = append(all, Edge{Source: source, Target: End{target.Kind, target.Name}, Access: access, Drawn: true, Pos: target.Pos})
	}
	for _, f := range t.Functions {
		source := End{KindFunction, f.Name}
		for _, target := range f.Targets {
			draw(source, target, drawnAccess(target.Kind, false))
		}
		if f.DeadLetter != nil {
			draw(source, *f.DeadLetter, "send")
		}
		for _, g := range f.Grants {
			all = append(all, Edge{Source: source, Target: End{g.Kind, g.Name}, Access: g.Access, Pos: g.Pos})
		}
	}
	for _, i := range t.Imports {
		for _, user := range t.Users(i) {
			for _, access := range i.Access {
				all = append(all, Edge{Source: End{KindFunction, user.Name}, Target: End{KindImport, i.Name}, Access: access, Pos: user.Pos})
			}
		}
	}
	for _, r := range t.Routes {
		source := End{KindRoute, RouteName(r)}
		if r.Target.Name != "" {
			draw(source, r.Target, drawnAccess(r.Target.Kind, !r.Async))
		}
		if r.Authorizer != "" && !contains(builtinAuthorizers, r.Authorizer) {
			draw(source, Target{Kind: KindFunction, Name: r.Authorizer, Pos: r.Pos}, "authorize")
		}
	}
	for _, q := range t.Queues {
		if q.Target != nil {
			draw(End{KindQueue, q.Name}, *q.Target, "consume")
		}
	}
	for _, s := range t.Streams {
		if s.Target != nil {
			draw(End{KindStream, s.Name}, *s.Target, "consume")
		}
	}
	for _, topic := range t.Topics {
		for _, target := range topic.Targets {
			draw(End{KindTopic, topic.Name}, target, drawnAccess(target.Kind, false))
		}
	}
	for _, s := range t.Stores {
		for _, n := range s.Notify {
			draw(End{KindStore, s.Name}, n.Target, drawnAccess(n.Target.Kind, false))
		}
	}
	for _, e := range t.Events {
		if e.DeadLetter != nil {
			draw(End{KindEvent, e.Name}, *e.DeadLetter, "send")
		}
		for _, target := range e.Targets {
			draw(End{KindEvent, e.Name}, target, drawnAccess(target.Kind, false))
		}
	}
	for _, ch := range t.Channels {
		for _, target := range ch.Targets {
			draw(End{KindChannel, ch.Name}, target, drawnAccess(target.Kind, false))
		}
	}
	for _, pool := range t.Pools {
		for _, trigger := range pool.Triggers {
			draw(End{KindPool, pool.Name}, trigger.Target, "invoke")
		}
	}
	if s := t.States; s != nil {
		for _, call := range s.Calls {
			draw(End{KindState, t.Name}, call.Target, stateAccess(s.Machine.Calls[call.Call]))
		}
	}
	for _, s := range t.Schedules {
		if s.Target != nil {
			draw(End{KindSchedule, s.Name}, *s.Target, drawnAccess(s.Target.Kind, false))
		}
	}
	if m := t.Mutations; m != nil {
		for _, r := range m.Resolvers {
			if r.Target.Name != "" {
				draw(End{KindMutation, r.Name}, r.Target, resolverAccess(r.Target.Kind))
			}
		}
		if m.Authorizer != "" && !contains(builtinAuthorizers, m.Authorizer) {
			draw(End{KindMutation, t.Name}, Target{Kind: KindFunction, Name: m.Authorizer, Pos: m.Pos}, "authorize")
		}
	}
	slices.SortStableFunc(all, func(a, b Edge) int {
		return cmp.Or(strings.Compare(string(a.Source.Kind), string(b.Source.Kind)), strings.Compare(a.Source.Name, b.Source.Name),
			strings.Compare(string(a.Target.Kind), string(b.Target.Kind)), strings.Compare(a.Target.Name, b.Target.Name),
			strings.Compare(a.Access, b.Access))
	})
	return all
}

// ResolverAction is the one action of a resolver on a table: it puts the
// arguments as an item.
const ResolverAction = "dynamodb:PutItem"

func resolverAccess(kind Kind) string {
	if kind == KindStore {
		return ResolverAction
	}
	return drawnAccess(kind, true)
}

// RouteName is how a route is called in edges and notices: "GET /pets".
func RouteName(r *Route) string {
	name := r.Method + " " + r.Path
	if r.API == APIREST {
		name += " (rest)"
	}
	return name
}

// drawnAccess is what an edge allows that only names its target.
func drawnAccess(kind Kind, sync bool) string {
	switch kind {
	case KindFunction:
		return "invoke"
	case KindEvent:
		return "putEvents"
	case KindQueue:
		return "send"
	case KindChannel, KindTopic:
		return "publish"
	case KindMutation:
		return "mutate"
	case KindState:
		if sync {
			return "startSync"
		}
		return "start"
	}
	return ""
}
