package synth

import (
	"slices"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// entityOfTarget sorts what an edge leads to; false for what is not in this stack.
func (b *builder) entityOfTarget(to topology.Target) (entity, bool) {
	switch to.Kind {
	case topology.KindFunction:
		return entityFunction, b.functions[to.Name] != nil
	case topology.KindStore:
		s := b.stores[to.Name]
		if s == nil {
			return "", false
		}
		return entityOf(s), true
	case topology.KindEvent:
		return entityEvent, b.events[to.Name] != nil
	case topology.KindState, topology.KindMutation, topology.KindChannel:
		return entity(to.Kind), b.unreachable(to.Kind, to.Name) == ""
	}
	_, known := b.things[node{Kind: to.Kind, Name: to.Name}]
	return entity(to.Kind), known
}

// unreachable says why nothing here can reach a state machine, a mutation or a
// channel, "" when it can.
func (b *builder) unreachable(kind topology.Kind, name string) string {
	there := false
	switch kind {
	case topology.KindState: // a topology has one, whatever it is called
		there = b.t.States != nil && b.t.States.Machine != nil
	case topology.KindMutation:
		there = b.t.Mutations != nil && slices.ContainsFunc(b.t.Mutations.Resolvers, func(r topology.Resolver) bool { return r.Name == name })
	case topology.KindChannel:
		there = slices.ContainsFunc(b.t.Channels, func(c *topology.Channel) bool { return c.Name == name })
	default:
		return "edges to a " + string(kind) + " are not synthesised yet"
	}
	switch {
	case foreign(name) || !there:
		return elsewhere
	case b.o.Local:
		return NotLocal
	}
	return ""
}

// attribute gives what ${functions.NAME.arn} stands for among from's resources,
// or says why there is nothing.
func (b *builder) attribute(from node, section, name, attribute string) (value any, why string) {
	switch section {
	case "functions":
		if b.functions[name] == nil {
			return nil, "there is no function " + name
		}
		if attribute == "arn" {
			return b.functionARN(from, name, ""), ""
		}
		return FunctionName(b.t, name, b.o.Sandbox), ""
	case "stores":
		s := b.stores[name]
		if s == nil {
			return nil, "there is no store " + name
		}
		if attribute == "arn" {
			return b.resourceOf(from, entityOf(s), name, formSelf), ""
		}
		return ref(logicalID(name) + title(string(entityOf(s)))), ""
	}
	kind := thingSections[section]
	if _, known := b.things[node{Kind: kind, Name: name}]; !known {
		return nil, "there is no " + string(kind) + " " + name
	}
	return b.thingValue(kind, name, attribute, b.t.Pos), ""
}

// sent gives the source and the detail-type under which the stack itself sends
// an event, so that its rule matches: those of its pattern, its first producer,
// its name; without a producer the source is the namespace.
func (b *builder) sent(e *topology.Event) (source, detailType string) {
	source, detailType = b.t.Name, e.Name
	first := func(list []any) string {
		for _, v := range list {
			if text, ok := v.(string); ok {
				return text
			}
		}
		return ""
	}
	sources := b.rendered(e.Producers, e.Pos)
	var types []any
	if e.Pattern != "" {
		pattern, _ := b.json(e.Pattern, e.Pos).(*cfn.Object)
		sources, types = pattern.List("source"), pattern.List("detail-type")
	}
	if text := first(sources); text != "" {
		source = text
	}
	if text := first(types); text != "" {
		detailType = text
	}
	return source, detailType
}
