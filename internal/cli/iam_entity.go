package cli

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam/inventory"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// actingKinds are the words for what acts with a role of its own, beside
// functions: KIND:NAME, or KIND where a topology has one.
var actingKinds = map[string]topology.Kind{
	"state": topology.KindState, "states": topology.KindState, "event": topology.KindEvent, "route": topology.KindRoute, "routes": topology.KindRoute,
	"schedule": topology.KindSchedule, "schedules": topology.KindSchedule, "mutation": topology.KindMutation, "channel": topology.KindChannel,
}

// acting finds the roles of what a name like "states", "event:Placed" or
// "mutation:startJob" means; known are all such names that have a role.
func (w *world) acting(name string) (found []*inventory.Principal, known []string) {
	word, entity, _ := strings.Cut(name, ":")
	kind, asked := actingKinds[word]
	for _, s := range w.systems {
		for _, role := range actingRoles(s.topology) {
			p := w.inv.Principal(synth.PrincipalRoleName(s.topology, role.kind, role.role, s.sandbox))
			if p == nil {
				continue
			}
			known = append(known, role.text())
			alone := role.name == "" && (entity == "" || entity == s.topology.Name)
			if asked && role.kind == kind && (alone || role.name != "" && role.name == entity) && !slices.Contains(found, p) {
				found = append(found, p)
			}
		}
	}
	return found, known
}

// actingRole is one entity that acts: its name in the topology, "" for the one
// of its kind, and the name that its role has.
type actingRole struct {
	kind       topology.Kind
	name, role string
}

func (r actingRole) text() string {
	if r.name == "" {
		return string(r.kind)
	}
	return string(r.kind) + ":" + r.name
}

// actingRoles lists what may act; a data source of AppSync acts for all
// resolvers or channels that call one thing.
func actingRoles(t *topology.Topology) []actingRole {
	all := []actingRole{{topology.KindState, "", ""}, {topology.KindRoute, "", ""}, {topology.KindSchedule, "", ""}}
	for _, e := range t.Events {
		all = append(all, actingRole{topology.KindEvent, e.Name, e.Name})
	}
	if t.Mutations != nil {
		for _, r := range t.Mutations.Resolvers {
			all = append(all, actingRole{topology.KindMutation, r.Name, synth.DataSourceRole(r.Target)})
		}
	}
	for _, ch := range t.Channels {
		for _, to := range ch.Targets {
			all = append(all, actingRole{topology.KindChannel, ch.Name, synth.DataSourceRole(to)})
		}
	}
	return all
}

// entityARN gives the ARN that a word like "states", "mutation:startJob" or
// "channel:news" stands for, "" when it names nothing.
func (w *world) entityARN(name string) []string {
	word, entity, _ := strings.Cut(name, ":")
	var found []string
	for _, s := range w.systems {
		switch t := s.topology; {
		case (word == "state" || word == "states") && t.States != nil && (entity == "" || entity == t.Name):
			found = append(found, w.arnOf(synth.StateMachineName(t, s.sandbox), "AWS::StepFunctions::StateMachine"))
		case word == "mutation" && t.Mutations != nil && slices.ContainsFunc(t.Mutations.Resolvers, func(r topology.Resolver) bool { return r.Name == entity }):
			if api := w.ofType(s.stack, "AWS::AppSync::GraphQLApi"); api != "" {
				found = append(found, api+"/types/Mutation/fields/"+entity)
			}
		case word == "channel" && slices.ContainsFunc(t.Channels, func(c *topology.Channel) bool { return c.Name == entity }):
			if api := w.ofType(s.stack, "AWS::AppSync::Api"); api != "" {
				found = append(found, api+"/channelNamespace/"+entity)
			}
		}
	}
	return found
}

// ofType gives the ARN of a stack's one resource of a type.
func (w *world) ofType(stack, resourceType string) string {
	for _, r := range w.inv.Resources {
		if r.Stack == stack && r.Type == resourceType {
			return r.ARN
		}
	}
	return ""
}
