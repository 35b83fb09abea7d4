package authz

import (
	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// OfRule implements [engine.Conditions].
func (a *question) OfRule(condition int, object graph.ID) engine.Verdict {
	if !a.Charge(engine.CostOfCondition) {
		return engine.Unknown
	}
	outer := a.at
	a.at = object
	ok, err := a.c.rules[condition].Eval(a)
	a.at = outer
	return verdictOf(ok, err)
}

// OfTuple implements [engine.Conditions].
func (a *question) OfTuple(x *graph.Extra) engine.Verdict {
	condition := a.c.conditions[x.Condition]
	if condition == nil || !a.Charge(engine.CostOfCondition) {
		return engine.Unknown
	}
	a.tuple = tupleSource{a, condition, x.Params}
	if !a.tuple.complete() {
		return engine.Unknown
	}
	return verdictOf(condition.Program.Eval(&a.tuple))
}

// verdictOf is what a condition's answer comes to: an error is neither yes nor no.
func verdictOf(ok bool, err error) engine.Verdict {
	switch {
	case err != nil:
		return engine.Unknown
	case ok:
		return engine.Yes
	}
	return engine.No
}

// tupleSource gives the values of a tuple's condition: those in the tuple, then the request's context.
type tupleSource struct {
	a         *question
	condition *Condition
	params    map[string]any
}

// complete reports whether all parameters are given.
func (t *tupleSource) complete() bool {
	for i := range t.condition.Params {
		name := t.condition.Params[i].Name
		if _, ok := given(t.params, name); ok {
			continue
		}
		if _, ok := given(t.a.q.Context, name); !ok {
			return false
		}
	}
	return true
}

func (t *tupleSource) Value(variable int, field string) (any, bool) {
	p := &t.condition.Params[variable]
	v, ok := given(t.params, p.Name)
	if !ok {
		v, ok = given(t.a.q.Context, p.Name)
	}
	if !ok {
		return nil, false
	}
	if field == "" {
		return v, true
	}
	m, _ := v.(map[string]any)
	return given(m, field)
}

func (t *tupleSource) Fields(variable int) map[string]any {
	v, _ := t.Value(variable, "")
	m, _ := v.(map[string]any)
	return m
}
