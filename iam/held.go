package iam

import (
	"fmt"
	"slices"
)

// Held is a condition of a statement that matched, and on what it holds.
type Held struct {
	Operator, Key string
	// Wanted are the values as written; Resolved is what they are in this
	// request, nil where they hold no variable.
	Wanted, Resolved []string
	// Found is empty for a context key that the request does not have.
	Found []string
	// Note says why the condition holds where that is easily overlooked: a key
	// that is absent under a negated operator, under …IfExists, ForAllValues over
	// nothing, a wildcard that is none.
	Note string
}

// Held gives the conditions on which a statement matched a request. It is nil
// for a statement without conditions, and for a Match that was made by hand.
func (m Match) Held(req *Request) []Held {
	if m.compiled == nil {
		return nil
	}
	var list []Held
	for i := range m.compiled.conditions {
		c := &m.compiled.conditions[i]
		src := c.source
		h := Held{Operator: src.Operator, Key: src.Key, Wanted: src.Values, Found: req.Context[c.key].Values, Note: c.heldNote(src, req.Context)}
		h.Resolved = c.resolved(src.Values, req.Context)
		list = append(list, h)
	}
	return list
}

// String says what was wanted and found, and why that holds.
func (h Held) String() string {
	wanted, found := h.Wanted, few(h.Found)
	if len(h.Resolved) > 0 {
		wanted = h.Resolved
	}
	if len(h.Found) == 0 {
		found = "not in the request"
	}
	text := fmt.Sprintf("the condition %s on %s: wanted %s, found %s", h.Operator, h.Key, few(wanted), found)
	if h.Note != "" {
		text += " (" + h.Note + ")"
	}
	return text
}

// heldNote says why a condition holds where it is easily overlooked.
func (c *condition) heldNote(src *ConditionElement, ctx Context) string {
	value := ctx[c.key]
	absent := len(value.Values) == 0
	switch {
	case c.family == familyNull && absent:
		return "holds because the request does not have this key"
	case c.family == familyNull:
		return "holds because the request has this key"
	case c.set == setAll && absent:
		return "holds because the request does not have this key: ForAllValues holds over nothing"
	case absent && c.ifExists:
		return "holds because the request does not have this key, as IfExists has it"
	case absent && c.negated:
		return "holds because the request does not have this key: " + src.Operator + " is negated, and what is absent differs from everything"
	case c.family == familyString && c.negated && slices.ContainsFunc(src.Values, isGlob):
		return "* and ? are wildcards only in StringNotLike: here they are compared as they stand"
	case c.negated && (c.family == familyString || c.family == familyLike || c.family == familyARN) && equalButForCase(src.Values, value.Values):
		return "holds because they differ in case"
	}
	return ""
}
