package iam

import (
	"fmt"
	"slices"
	"strings"
)

// resourceNote says why a resource does not match where it is easily overlooked.
func (s *statement) resourceNote(q *query, wanted []string) string {
	if q.wildcardOnly && !s.notResource {
		return fmt.Sprintf("%s has no resource level: only \"*\" matches", q.action)
	}
	if s.notResource || len(wanted) == 0 {
		return ""
	}
	if note := variableNote(wanted, q, s.variables); note != "" {
		return note
	}
	found := q.resource.text
	for _, w := range wanted {
		switch {
		case strings.EqualFold(w, found):
			return "they differ only in case"
		case strings.TrimSuffix(w, "/*") == found && w != found:
			return "this names what is inside, not the thing itself"
		case strings.HasPrefix(found, w+"/") && strings.HasPrefix(w, "arn:"):
			return "this names the thing itself, not what is inside"
		case strings.HasPrefix(found, w+":") && strings.HasPrefix(w, "arn:"):
			return "this names the unqualified ARN only"
		}
	}
	return arnNote(wanted[0], q)
}

// arnNote names the first part of one ARN that differs.
func arnNote(wanted string, q *query) string {
	w, ok := splitARN(wanted)
	found, isARN := q.resource.split()
	if !ok || !isARN {
		return ""
	}
	for i, part := range [...]string{1: "partition", 2: "service", 3: "region", 4: "account"} {
		if part != "" && w.part(i) != found.part(i) && !strings.ContainsAny(w.part(i), "*?$") {
			return fmt.Sprintf("the %s is %q, not %q", part, found.part(i), w.part(i))
		}
	}
	return ""
}

// note says why a condition does not hold where it is easily overlooked.
func (c *condition) note(src *ConditionElement, q *query) string {
	value, there := q.context[c.key]
	variables := ""
	if c.takesVariables() || !c.variables {
		variables = variableNote(src.Values, q, c.variables)
	}
	switch {
	case c.family == familyUnknown:
		return src.Operator + " is no operator: it never matches"
	case c.family == familyNull:
		return ""
	case !there:
		return "the request does not have this key"
	case variables != "":
		return variables
	case value.Multi && c.set == setNone:
		return "the key has several values: only ForAllValues: or ForAnyValue: can match it"
	case c.family == familyString && !c.negated && slices.ContainsFunc(src.Values, isGlob):
		return "* and ? are wildcards only in StringLike"
	case !c.negated && (c.family == familyString || c.family == familyLike || c.family == familyARN) && equalButForCase(src.Values, value.Values):
		return "they differ only in case"
	}
	return ""
}

func isGlob(s string) bool { return strings.ContainsAny(s, "*?") && !strings.Contains(s, "${") }

func equalButForCase(wanted, found []string) bool {
	for _, w := range wanted {
		for _, f := range found {
			if w != f && strings.EqualFold(w, f) {
				return true
			}
		}
	}
	return false
}
