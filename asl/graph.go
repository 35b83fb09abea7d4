package asl

import "github.com/writ-dev/writ"

// successors are the names that a state leads to.
func successors(state *Value) []string {
	var names []string
	note := func(v *Value) {
		if text := v.text(); text != "" {
			names = append(names, text)
		}
	}
	note(state.Get("Next"))
	note(state.Get("Default"))
	for _, list := range []string{"Catch", "Choices"} {
		if v := state.Get(list); v != nil {
			for _, item := range v.Items {
				note(item.Get("Next"))
			}
		}
	}
	return names
}

// ends reports whether an execution may end in a state.
func ends(state *Value) bool {
	kind := state.Get("Type").text()
	return kind == "Succeed" || kind == "Fail" || state.Get("End").isTrue()
}

// graph checks that a scope has an end and that each state can be reached.
func (r *reader) graph(what string, at writ.Position, start string, states []Entry) {
	byName, reached := map[string]*Value{}, map[string]bool{}
	for _, e := range states {
		byName[e.Key] = e.Value
	}
	queue := []string{start}
	terminal := false
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		if byName[name] == nil || reached[name] {
			continue
		}
		reached[name] = true
		terminal = terminal || ends(byName[name])
		queue = append(queue, successors(byName[name])...)
	}
	if len(reached) == 0 || len(r.errs) > 0 {
		return // said already, or not to be told before the rest is right
	}
	if !terminal {
		r.fail(at, "%s never ends: no state that StartAt leads to is the last", what).
			WithHint("give one  End: true , or add a state of  Type: Succeed")
	}
	for _, e := range states {
		if !reached[e.Key] {
			r.warn(e.Key, e.Pos, "no state leads to it")
		}
	}
}
