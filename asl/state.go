package asl

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// flowing are the fields of states that lead on, common those of all states.
var (
	common  = []string{"Type", "Comment", "QueryLanguage", "InputPath", "OutputPath", "Output", "Assign"}
	flowing = append(slices.Clone(common), "Next", "End", "Parameters", "Arguments", "ResultPath", "ResultSelector")
	caught  = append(slices.Clone(flowing), "Retry", "Catch")
)

// types are the types of states with their fields.
// https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
var types = map[string][]string{
	"Task":     append(slices.Clone(caught), "Resource", "Credentials", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"),
	"Parallel": append(slices.Clone(caught), "Branches"),
	"Map": append(slices.Clone(caught), "ItemProcessor", "Iterator", "ItemsPath", "Items", "ItemSelector", "ItemReader", "ItemBatcher",
		"ResultWriter", "MaxConcurrency", "MaxConcurrencyPath", "ToleratedFailurePercentage", "ToleratedFailurePercentagePath",
		"ToleratedFailureCount", "ToleratedFailureCountPath", "Label"),
	"Pass":    append(slices.Clone(flowing), "Result"),
	"Wait":    append(slices.Clone(flowing), "Seconds", "SecondsPath", "Timestamp", "TimestampPath"),
	"Choice":  append(slices.Clone(common), "Choices", "Default"),
	"Succeed": common,
	"Fail":    {"Type", "Comment", "QueryLanguage", "Error", "ErrorPath", "Cause", "CausePath"},
}

var typeNames = []string{"Task", "Pass", "Choice", "Parallel", "Map", "Wait", "Succeed", "Fail"}

// state reads one state; states are those of its scope.
func (r *reader) state(e Entry, states []Entry) {
	r.machine.States++
	if first, twice := r.names[e.Key]; twice {
		r.fail(e.Pos, "two states have the name %s", quote(short(e.Key))).
			WithHint("the other one is at line %d; names are unique in the whole machine", first.Line)
		return
	}
	r.names[e.Key] = e.Pos
	v := e.Value
	if n := utf8.RuneCountInString(e.Key); n == 0 || n > maxNameLength {
		r.fail(e.Pos, "the name of a state has 1 to %d characters, this has %d", maxNameLength, n)
	}
	if v == nil || v.Kind != Map {
		r.fail(e.Pos, "state %s must be a map with a Type", short(e.Key))
		return
	}
	what := "state " + short(e.Key)
	kind := v.Get("Type")
	fields, ok := types[kind.text()]
	if !ok {
		r.wrongType(e, what, kind)
		return
	}
	r.fields(e.Key, what, v, fields)
	r.leadsOn(e, what, states)
	switch kind.text() {
	case "Task":
		r.task(e.Key, what, v)
	case "Parallel":
		r.parallel(what, v)
	case "Map":
		r.mapState(e.Key, what, v)
	case "Choice":
		r.choice(what, v, states)
	}
}

func (r *reader) wrongType(e Entry, what string, kind *Value) {
	if kind == nil {
		if misspelt(e.Value, "Type", []string{"Type"}) {
			r.fields(e.Key, what, e.Value, []string{"Type"})
			return
		}
		r.fail(e.Pos, "%s has no Type", what).WithHint("the types are %s", strings.Join(typeNames, ", "))
		return
	}
	err := r.fail(kind.Pos, "unknown Type %s of %s", quote(short(kind.text())), what)
	if near := meant(kind.text(), typeNames); near != "" {
		err.Hint = "did you mean " + near + "?"
		return
	}
	err.Hint = "the types are " + strings.Join(typeNames, ", ")
}

// leadsOn checks Next, End and Catch.
func (r *reader) leadsOn(e Entry, what string, states []Entry) {
	v := e.Value
	next := v.Get("Next")
	if next != nil && !has(states, next.text()) {
		r.unknownState(next, "Next of "+what, states)
	}
	if catch := v.Get("Catch"); catch != nil {
		for _, item := range catch.Items {
			switch to := item.Get("Next"); {
			case to == nil:
				r.fail(item.Pos, "a Catch of %s does not say where to go on", what).WithHint("add  Next: STATE")
			case !has(states, to.text()):
				r.unknownState(to, "Next of a Catch of "+what, states)
			}
		}
	}
	kind := v.Get("Type").text()
	if kind == "Choice" || kind == "Succeed" || kind == "Fail" {
		return
	}
	fields := types[kind]
	switch end := v.Get("End"); {
	case next != nil && end.isTrue():
		r.fail(next.Pos, "%s has both Next and End", what).WithHint("keep one of the two")
	case next == nil && !end.isTrue() && !misspelt(v, "Next", fields) && !misspelt(v, "End", fields):
		r.fail(e.Pos, "%s leads nowhere", what).WithHint("add  Next: STATE  or  End: true")
	}
}

func (r *reader) choice(what string, v *Value, states []Entry) {
	choices := v.Get("Choices")
	if choices == nil || choices.Kind != List || len(choices.Items) == 0 {
		if !misspelt(v, "Choices", types["Choice"]) {
			r.fail(v.Pos, "%s has no Choices", what).WithHint("add  Choices:  with a condition and a Next in each")
		}
		return
	}
	for _, c := range choices.Items {
		switch to := c.Get("Next"); {
		case to == nil:
			r.fail(c.Pos, "a choice of %s does not say where to go on", what).WithHint("add  Next: STATE")
		case !has(states, to.text()):
			r.unknownState(to, "Next of a choice of "+what, states)
		}
	}
	if d := v.Get("Default"); d != nil && !has(states, d.text()) {
		r.unknownState(d, "Default of "+what, states)
	}
}

func (r *reader) parallel(what string, v *Value) {
	branches := v.Get("Branches")
	if branches == nil || branches.Kind != List || len(branches.Items) == 0 {
		if !misspelt(v, "Branches", types["Parallel"]) {
			r.fail(v.Pos, "%s has no Branches", what).WithHint("add  Branches:  a list of state machines")
		}
		return
	}
	for _, b := range branches.Items {
		r.scope("a branch of "+what, b, branchFields)
	}
}

// mapState reads a map, whose states are under ItemProcessor or, of old, Iterator.
func (r *reader) mapState(name, what string, v *Value) {
	processor := v.Get("ItemProcessor")
	if processor == nil {
		processor = v.Get("Iterator")
	}
	if processor == nil {
		if !misspelt(v, "ItemProcessor", types["Map"]) {
			r.fail(v.Pos, "%s has no ItemProcessor", what).WithHint("add  ItemProcessor:  with the states for each item")
		}
		return
	}
	r.scope("the item processor of "+what, processor, branchFields)
	if strings.EqualFold(processor.Get("ProcessorConfig").Get("Mode").text(), "DISTRIBUTED") {
		r.machine.Distributed = append(r.machine.Distributed, Distributed{State: name, Pos: v.Pos})
	}
	for _, part := range []struct {
		key string
		use Use
	}{{"ItemReader", UseReader}, {"ResultWriter", UseWriter}} {
		if p := v.Get(part.key); p != nil && p.Get("Resource") != nil {
			r.call(name, part.key+" of "+what, p, part.use)
		}
	}
}
