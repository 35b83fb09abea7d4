package topology

import (
	"cmp"
	"slices"
	"strings"

	"github.com/writ-dev/writ/asl"
)

var (
	machineModes  = []string{"Express", "Standard"}
	loggingLevels = []string{"ALL", "ERROR", "FATAL", "OFF"}
)

// checkStates checks the machine's settings and what its calls name, and writes
// the definition with the topology's names in it.
func (p *reader) checkStates(t *Topology) {
	s := t.States
	if s == nil {
		return
	}
	if s.Mode != "" && !slices.ContainsFunc(machineModes, func(m string) bool { return strings.EqualFold(m, s.Mode) }) {
		p.suggest(p.add(p.spot(s.Pos, "mode"), "unknown mode %s of the state machine", quoted(s.Mode)), s.Mode, machineModes, "the modes are ")
	}
	if s.Logging != "" && !slices.Contains(loggingLevels, s.Logging) {
		p.suggest(p.add(p.spot(s.Pos, "logging"), "unknown logging %s of the state machine", quoted(s.Logging)), s.Logging, loggingLevels, "the levels are ")
	}
	if s.Machine == nil {
		return
	}
	c := newChecker(p.problems, t)
	c.collectQuietly()
	c.references(p.aslRoot)
	for i := range s.Calls {
		call := &s.Calls[i]
		call.Own = c.stateTarget(s.Machine, &s.Machine.Calls[call.Call], call.Target)
		if call.Own {
			rename(s.Machine.Calls[call.Call], call.Target)
		} else {
			call.Target.Name = asWritten(s.Machine.Calls[call.Call], call.Target)
		}
	}
	c.buses(s.Machine)
	p.doubts(s)
	slices.SortStableFunc(s.Machine.Warnings, func(a, b asl.Warning) int {
		return cmp.Or(a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col)
	})
	s.JSON = p.aslRoot.JSON()
}

// references checks each ${functions.NAME.arn} of the definition. Other ${…}
// are AWS's or the user's own.
func (c *checker) references(v *asl.Value) {
	if v.Kind == asl.Scalar && strings.Contains(v.Text, "${") {
		for _, text := range unescaped(v.Text) {
			section, _, _ := splitReference(text)
			if section == "imports" {
				c.add(v.Pos, "a state machine has no imports").WithHint("call a function here that the import is for")
			} else if _, ours := referenceSections[section]; ours {
				c.reference(text, v.Pos)
			}
		}
	}
	for _, e := range v.Entries {
		c.references(e.Value)
	}
	for _, item := range v.Items {
		c.references(item)
	}
}

// collectQuietly gathers names; what is wrong with them was said before.
func (c *checker) collectQuietly() {
	real := c.problems
	c.problems = newProblems()
	c.collect()
	c.problems = real
}

// stateTarget reports whether a call's target is of this topology. A name that
// is not is taken to be the full name of something elsewhere, as in AWS, unless
// it looks misspelt.
func (c *checker) stateTarget(m *asl.Machine, call *asl.Call, target Target) bool {
	switch target.Kind {
	case KindState:
		if target.Name == c.t.Name {
			return true
		}
	default:
		if c.known[Target{Kind: target.Kind, Name: target.Name}] {
			return true
		}
	}
	if foreignName(target.Name) || c.broken(target.Kind, target.Name) || target.Kind == KindEvent || target.Kind == KindParameter || target.Kind == KindSecret {
		return false
	}
	if !plainWord.MatchString(target.Name) { // a URL, an ARN
		return false
	}
	if near := near(target.Name, c.names[target.Kind]); near != "" {
		c.missing(target.Pos, target.Kind, target.Name, c.names[target.Kind], "")
		return false
	}
	m.Warnings = append(m.Warnings, asl.Warning{
		State: call.State, Pos: target.Pos,
		Text: "there is no " + string(target.Kind) + " " + quoted(target.Name) + " in this topology, so the machine's role may not call it",
	})
	return false
}

// buses writes ${buses.NAME.name} in the place of the name of a bus.
func (c *checker) buses(m *asl.Machine) {
	for _, call := range m.Calls {
		for _, a := range call.Arguments {
			if strings.HasSuffix(a.Name, ".EventBusName") && a.Value != nil && c.known[Target{Kind: KindBus, Name: a.Text}] {
				a.Value.Text, a.Value.Quoted = "${buses."+a.Text+".name}", true
			}
		}
	}
}

// asWritten gives the name of something elsewhere as the definition has it.
func asWritten(call asl.Call, target Target) string {
	for _, a := range call.Arguments {
		if a.Pos == target.Pos && a.Text != "" {
			return a.Text
		}
	}
	return target.Name
}

// sections are the words for kinds in ${SECTION.NAME.arn}.
var sections = map[Kind]string{
	KindFunction: "functions", KindQueue: "queues", KindStore: "stores", KindState: "states", KindTopic: "topics",
	KindSecret: "secrets", KindParameter: "parameters", KindKey: "keys", KindStream: "streams",
}

// rename writes ${functions.NAME.arn} in the place of a name, so that the
// definition says the same however it was written.
func rename(call asl.Call, target Target) {
	attribute := "arn"
	switch {
	case target.Kind == KindQueue:
		attribute = "url"
	case target.Kind == KindStore, target.Kind == KindParameter:
		attribute = "name"
	case target.Kind == KindEvent: // a detail-type is a name, deployed or not
		return
	}
	for _, a := range call.Arguments {
		if a.Pos == target.Pos && a.Value != nil {
			if a.Name == "StreamName" {
				attribute = "name"
			}
			a.Value.Text, a.Value.Quoted = "${"+sections[target.Kind]+"."+target.Name+"."+attribute+"}", true
		}
	}
}

// doubts warns of what AWS refuses in an Express machine, and of calls whose
// target only a run can tell.
// https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
func (p *reader) doubts(s *StateMachine) {
	const express = "; AWS refuses it in an Express machine: write  mode: Standard"
	m := s.Machine
	named := map[int]bool{}
	for _, c := range s.Calls {
		named[c.Call] = true
	}
	for i, c := range m.Calls {
		if c.Pattern != asl.RequestResponse && !s.Standard() {
			m.Warnings = append(m.Warnings, asl.Warning{State: c.State, Pos: c.Pos, Text: "it waits with ." + string(c.Pattern) + express})
		}
		if _, readable := stateArguments[c.Service]; readable && !named[i] {
			m.Warnings = append(m.Warnings, asl.Warning{
				State: c.State, Pos: c.Pos,
				Text: "on what it calls " + c.Service + ":" + c.Action + " is not written here, so the machine's role may not",
			})
		}
	}
	for _, d := range m.Distributed {
		if !s.Standard() {
			m.Warnings = append(m.Warnings, asl.Warning{State: d.State, Pos: d.Pos, Text: "it is a distributed map" + express})
		}
	}
}

// Warnings gives the doubts about a topology that are no errors; those of
// t.Nodes are their own.
func Warnings(t *Topology) []Notice {
	var all []Notice
	if s := t.States; s != nil && s.Machine != nil {
		for _, w := range s.Machine.Warnings {
			name := t.Name
			if w.State != "" {
				name = w.State
			}
			all = append(all, Notice{Kind: "state", Name: name, Pos: w.Pos, Why: w.Text})
		}
	}
	all = append(all, mutationWarnings(t)...)
	return append(all, sharedEvents(t)...)
}

// sharedEvents warns of events that every sandbox of an account sees: a rule on
// the default bus starts for the events of all of them.
func sharedEvents(t *Topology) []Notice {
	var names []string
	var first *Event
	for _, e := range t.Events {
		if e.Bus == "" && len(e.Targets) > 0 && !e.DocOnly {
			if names = append(names, e.Name); first == nil {
				first = e
			}
		}
	}
	if first == nil {
		return nil
	}
	whose := "its rule is"
	if len(names) > 1 {
		whose = "their rules are"
	}
	return []Notice{{
		Kind: "event", Name: strings.Join(names, ", "), Pos: first.Pos,
		Why: whose + " on the account's default bus, where the events of all sandboxes are; a bus of their own keeps them apart:  bus: NAME , and  buses: {NAME: {}}",
	}}
}
