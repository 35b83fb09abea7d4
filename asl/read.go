package asl

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// maxNameLength is AWS's bound on a state's name, in characters.
const maxNameLength = 80

// Read reads a definition. The machine is nil when the errors, each a
// *writ.Error with a place, leave nothing to read.
func Read(root *Value) (*Machine, []*writ.Error) {
	r := &reader{machine: &Machine{}, names: map[string]writ.Position{}}
	if root == nil || root.Kind != Map {
		at := writ.Position{}
		if root != nil {
			at = root.Pos
		}
		r.fail(at, "a state machine is a map with StartAt and States")
		return nil, r.errs
	}
	r.scope("the state machine", root, rootFields)
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	return r.machine, nil
}

// reader reads one machine.
type reader struct {
	machine *Machine
	errs    []*writ.Error
	// names are where the states' names stand: they are unique in the machine.
	names map[string]writ.Position
}

func (r *reader) fail(at writ.Position, format string, args ...any) *writ.Error {
	e := writ.Errorf(writ.CodeInvalid, format, args...)
	e.Position = at
	r.errs = append(r.errs, e)
	return e
}

func (r *reader) warn(state string, at writ.Position, text string) {
	r.machine.Warnings = append(r.machine.Warnings, Warning{State: state, Text: text, Pos: at})
}

var (
	rootFields   = []string{"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"}
	branchFields = []string{"Comment", "QueryLanguage", "StartAt", "States", "ProcessorConfig"}
)

// scope reads the states of a machine, a branch or a map: they lead to one
// another and to no others.
func (r *reader) scope(what string, v *Value, fields []string) {
	if v.Kind != Map {
		r.fail(v.Pos, "%s must be a map with StartAt and States", what)
		return
	}
	r.fields("", what, v, fields)
	list, ok := v.entry("States")
	if !ok || list.Value.Kind != Map || len(list.Value.Entries) == 0 {
		if !misspelt(v, "States", fields) {
			r.fail(v.Pos, "%s has no states", what).WithHint("add  States:  with a state in it")
		}
		return
	}
	states := list.Value.Entries
	start, ok := v.entry("StartAt")
	switch {
	case ok && !has(states, start.Value.text()):
		r.unknownState(start.Value, "StartAt of "+what, states)
	case !ok && !misspelt(v, "StartAt", fields):
		r.fail(v.Pos, "%s does not say where it starts", what).WithHint("add  StartAt: %s", states[0].Key)
	}
	for _, e := range states {
		r.state(e, states)
	}
	r.graph(what, list.Pos, start.Value.text(), states)
}

func has(states []Entry, name string) bool {
	return slices.ContainsFunc(states, func(e Entry) bool { return e.Key == name })
}

func keys(entries []Entry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Key)
	}
	return all
}

// unknownState notes a name that is no state of its scope.
func (r *reader) unknownState(v *Value, what string, states []Entry) {
	e := r.fail(v.Pos, "%s is %s, and there is no such state here", what, quote(short(v.text())))
	if near := nearest(v.text(), keys(states)); near != "" {
		e.Hint = "did you mean " + near + "?"
		return
	}
	if len(states) <= 20 {
		e.Hint = "the states are " + strings.Join(keys(states), ", ")
	}
}

// required are the fields that a state or a machine cannot do without.
var required = []string{"StartAt", "States", "Type", "Next", "End", "Resource", "Branches", "Choices", "ItemProcessor"}

// fields checks that a map's keys are ones the language has. An unknown one is
// an error where a field that is needed was likely meant, and a doubt where not.
func (r *reader) fields(state, what string, v *Value, known []string) {
	for _, e := range v.Entries {
		if slices.Contains(known, e.Key) {
			continue
		}
		near := meant(e.Key, known)
		if near != "" && v.Get(near) == nil && (strings.EqualFold(near, e.Key) || slices.Contains(required, near)) {
			r.fail(e.Pos, "unknown field %s of %s", quote(short(e.Key)), what).WithHint("did you mean %s?", near)
			continue
		}
		r.warn(state, e.Pos, "the field "+short(e.Key)+" of "+what+" is not in the States Language; AWS may refuse it")
	}
}

// misspelt reports whether a map holds what was likely meant as the field.
func misspelt(v *Value, field string, known []string) bool {
	return slices.ContainsFunc(v.Entries, func(e Entry) bool {
		return !slices.Contains(known, e.Key) && meant(e.Key, known) == field
	})
}

// meant gives the field that a key was likely meant as.
func meant(key string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(k, key) {
			return k
		}
	}
	return nearest(key, known)
}

// nearest bounds the work that a hint may cost.
func nearest(word string, known []string) string {
	if len(word) > 2*maxNameLength || len(known) > 500 {
		return ""
	}
	return writ.Nearest(word, known)
}

// short cuts a name to a length that fits a line.
func short(name string) string {
	if utf8.RuneCountInString(name) <= maxNameLength {
		return name
	}
	return string([]rune(name)[:maxNameLength]) + "..."
}
