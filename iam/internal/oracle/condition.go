package oracle

import (
	"strings"

	"github.com/writ-dev/writ/iam"
)

// conditionsMatch: all operators and all keys must hold.
func (e *evaluation) conditionsMatch(s *iam.Statement, variables bool) bool {
	for i := range s.Conditions {
		if !Condition(&s.Conditions[i], e.req.Context, variables) {
			return false
		}
	}
	return true
}

// Condition is one key under one operator, of the IAM User Guide, "Condition
// operators" and "Multivalued context keys".
func Condition(c *iam.ConditionElement, ctx iam.Context, variables bool) bool {
	name := lower(c.Operator)
	name, all := strings.CutPrefix(name, "forallvalues:")
	some := false
	if !all {
		name, some = strings.CutPrefix(name, "foranyvalue:")
	}
	value := ctx[lower(c.Key)]
	present := len(value.Values) > 0 // an empty set is as good as none
	if name == "null" {
		return null(c.Values, present)
	}
	name, ifExists := strings.CutSuffix(name, "ifexists")
	op, ok := operators[name]
	if !ok {
		return false
	}
	test := func(have string) bool {
		return op.test(have, c.Values, ctx, variables)
	}
	switch {
	case all:
		return !present || every(value.Values, test) || nothing(value.Values)
	case some:
		return present && anyOf(value.Values, test)
	case !present:
		return ifExists || op.negated
	case value.Multi:
		return false
	}
	return len(value.Values) == 1 && test(value.Values[0])
}

// null: "true" wants the key absent, "false" wants it there.
func null(wanted []string, present bool) bool {
	return anyOf(wanted, func(w string) bool {
		absent, ok := boolean(w)
		return ok && absent != present
	})
}

// nothing says whether a set resolves to null: no value but "".
func nothing(values []string) bool {
	return every(values, func(v string) bool { return v == "" })
}

func every(list []string, holds func(string) bool) bool {
	return !anyOf(list, func(s string) bool { return !holds(s) })
}

// operator is a row of the table: how one value of the request compares with
// one of the policy, and whether it is a Not.
type operator struct {
	negated bool
	// typed: a value that is not of the type satisfies nothing, a Not neither.
	typed func(have string) bool
	// variables: the family where the policy's values may hold variables.
	variables, wild bool
	// parts: ARNs, which are compared part by part.
	parts bool
	equal func(have string, want []token) bool
}

// test holds one value of the request against all of the policy: one must
// match; under a Not none may.
func (o operator) test(have string, wanted []string, ctx iam.Context, variables bool) bool {
	if o.typed != nil && !o.typed(have) {
		return false
	}
	met := false
	for _, w := range wanted {
		if o.negated && o.typed != nil && !o.typed(w) {
			return false
		}
		tokens := literal(w)
		if o.wild {
			tokens = literalOrWild(w)
		}
		if variables && o.variables {
			var ok bool
			if tokens, ok = expand(w, ctx, o.wild); !ok {
				continue // a variable without a value equals nothing
			}
		}
		if o.parts {
			met = met || arnLike(have, w, ctx, variables)
			continue
		}
		met = met || o.equal(have, tokens)
	}
	return met != o.negated
}

func text(tokens []token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.text)
	}
	return b.String()
}
