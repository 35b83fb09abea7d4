package lint

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// operator is a condition operator, taken apart.
type operator struct {
	base     string // in lower case, without set and IfExists
	set      string // "", "forallvalues", "foranyvalue"
	ifExists bool
	known    bool
}

var baseOperators = func() map[string]bool {
	all := map[string]bool{}
	for _, name := range iam.OperatorNames() {
		all[strings.ToLower(name)] = true
	}
	return all
}()

func parseOperator(name string) operator {
	o := operator{base: strings.ToLower(name)}
	if set, rest, found := strings.Cut(o.base, ":"); found {
		o.set, o.base = set, rest
	}
	o.base, o.ifExists = strings.CutSuffix(o.base, "ifexists")
	o.known = baseOperators[o.base] && slices.Contains([]string{"", "forallvalues", "foranyvalue"}, o.set) && (o.base != "null" || !o.ifExists)
	return o
}

func (o operator) negated() bool { return strings.Contains(o.base, "not") }

// family is what the operator compares.
func (o operator) family() string {
	for _, f := range []string{"string", "numeric", "date", "bool", "binary", "arn", "null"} {
		if strings.HasPrefix(o.base, f) {
			return f
		}
	}
	return "ip"
}

// needsValue reports whether the condition is false for a request that does
// not have the key.
func (o operator) needsValue() bool {
	switch {
	case o.base == "null" || o.set == "forallvalues":
		return false
	case o.set == "foranyvalue":
		return true
	}
	return !o.ifExists && !o.negated()
}

// single reports whether the condition is a plain positive test of one value:
// true only when the key is there, with one value that compares as wanted.
func (o operator) single() bool {
	return o.known && o.set == "" && o.base != "null" && o.needsValue()
}

func condition(e *iam.ConditionElement) []string { return []string{"Condition", e.Operator, e.Key} }
