package lint

import (
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/iam"
)

// contradiction finds conditions of a statement that no request fulfils
// together, and says why; nil when it finds none.
func contradiction(s *statement) (*iam.ConditionElement, string) {
	for i := range s.Conditions {
		a := &s.Conditions[i]
		for j := range s.Conditions {
			b := &s.Conditions[j]
			if !sameKey(a.Key, b.Key) {
				continue
			}
			if i < j && excludes(a, b, s.variables) {
				return b, fmt.Sprintf("%s and %s on %s exclude each other", a.Operator, b.Operator, b.Key)
			}
			if i != j && excludesAbsent(a, b) {
				return b, fmt.Sprintf("%s says that %s is absent, and %s needs a value", a.Operator, b.Key, b.Operator)
			}
		}
	}
	for i := range s.Conditions {
		if e := &s.Conditions[i]; emptyWindow(s, e.Key) {
			return e, "the bounds on " + e.Key + " leave no value"
		}
	}
	return nil, ""
}

// excludesAbsent: Null "true" with a test that needs a value.
func excludesAbsent(null, test *iam.ConditionElement) bool {
	if parseOperator(null.Operator).base != "null" || !hasFold(null.Values, "true") || hasFold(null.Values, "false") {
		return false
	}
	o := parseOperator(test.Operator)
	if o.base == "null" {
		return hasFold(test.Values, "false") && !hasFold(test.Values, "true")
	}
	return o.known && o.needsValue()
}

// maxValuePairs bounds the values that are compared with each other; beyond it
// nothing is found.
const maxValuePairs = 1 << 16

// excludes reports whether two conditions on one key have no value in common.
func excludes(a, b *iam.ConditionElement, variables bool) bool {
	x, y := parseOperator(a.Operator), parseOperator(b.Operator)
	if len(a.Values) == 0 || len(b.Values) == 0 {
		return false
	}
	if excludesNegated(a, b, x, y) || excludesNegated(b, a, y, x) {
		return true
	}
	if !x.single() || !y.single() || x.family() != y.family() || len(a.Values)*len(b.Values) > maxValuePairs {
		return false
	}
	apart := func(string, string) bool { return false }
	switch {
	case exactText(x) && exactText(y):
		apart = func(v, w string) bool { return apartText(v, w, x, y, variables) }
	case x.base == "bool":
		apart = func(v, w string) bool {
			return isBool(v) && isBool(w) && !strings.EqualFold(v, w)
		}
	case x.family() == "arn":
		apart = func(v, w string) bool {
			return disjointARN(arnTokens(v, variables, 0), arnTokens(w, variables, 0))
		}
	case x.base == "ipaddress":
		apart = apartNetworks
	}
	return all(a.Values, func(v string) bool {
		return all(b.Values, func(w string) bool { return apart(v, w) })
	})
}

func isBool(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") }

// exactText: operators that compare with regard to case.
func exactText(o operator) bool { return o.base == "stringequals" || o.base == "stringlike" }

func apartText(v, w string, x, y operator, variables bool) bool {
	p, okP := syntax{wildcards: x.base == "stringlike", variables: variables}.read(v)
	q, okQ := syntax{wildcards: y.base == "stringlike", variables: variables}.read(w)
	return okP && okQ && disjoint(p, q)
}

// excludesNegated: a test for some texts, and one against all of them.
func excludesNegated(a, not *iam.ConditionElement, x, y operator) bool {
	if !x.single() || !y.known || y.set != "" || slices.ContainsFunc(a.Values, isVariable) || slices.ContainsFunc(not.Values, isVariable) {
		return false
	}
	return x.base == "stringequals" && y.base == "stringnotequals" && allIn(a.Values, not.Values)
}

func apartNetworks(v, w string) bool {
	a, okA := network(v)
	b, okB := network(w)
	return okA && okB && !a.Overlaps(b)
}

func network(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

// emptyWindow reports whether the bounds that a statement sets on a key, by
// numbers or by dates, leave nothing between them.
func emptyWindow(s *statement, key string) bool {
	var numbers, dates window
	for i := range s.Conditions {
		e := &s.Conditions[i]
		o := parseOperator(e.Operator)
		if !sameKey(e.Key, key) || !o.single() {
			continue
		}
		switch o.family() {
		case "numeric":
			numbers.narrow(o, e.Values, parseNumber)
		case "date":
			dates.narrow(o, e.Values, parseDate)
		}
	}
	return numbers.empty() || dates.empty()
}

// window is the range of values that is left; nil is no bound.
type window struct {
	low, high             *big.Rat
	lowStrict, highStrict bool
}

// narrow applies one condition, whose values are alternatives: the loosest counts.
func (w *window) narrow(o operator, values []string, parse func(string) (*big.Rat, bool)) {
	var least, most *big.Rat
	for _, v := range values {
		n, ok := parse(v)
		if !ok {
			return // not understood: no bound
		}
		if least == nil || n.Cmp(least) < 0 {
			least = n
		}
		if most == nil || n.Cmp(most) > 0 {
			most = n
		}
	}
	if least == nil {
		return
	}
	relation := strings.TrimPrefix(strings.TrimPrefix(o.base, "numeric"), "date")
	if relation == "equals" || strings.HasPrefix(relation, "greater") {
		w.raise(least, relation == "greaterthan")
	}
	if relation == "equals" || strings.HasPrefix(relation, "less") {
		w.lower(most, relation == "lessthan")
	}
}

func (w *window) raise(n *big.Rat, strict bool) {
	if w.low == nil || n.Cmp(w.low) > 0 {
		w.low, w.lowStrict = n, strict
	} else if n.Cmp(w.low) == 0 {
		w.lowStrict = w.lowStrict || strict
	}
}

func (w *window) lower(n *big.Rat, strict bool) {
	if w.high == nil || n.Cmp(w.high) < 0 {
		w.high, w.highStrict = n, strict
	} else if n.Cmp(w.high) == 0 {
		w.highStrict = w.highStrict || strict
	}
}

func (w *window) empty() bool {
	if w.low == nil || w.high == nil {
		return false
	}
	order := w.low.Cmp(w.high)
	return order > 0 || order == 0 && (w.lowStrict || w.highStrict)
}

// plainNumber leaves out what could be read in more than one way.
var plainNumber = regexp.MustCompile(`^-?[0-9]{1,30}(\.[0-9]{1,30})?$`)

func parseNumber(s string) (*big.Rat, bool) {
	if !plainNumber.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// parseDate reads the full form of a date in ISO 8601 only.
func parseDate(s string) (*big.Rat, bool) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return nil, false
	}
	return new(big.Rat).SetInt64(t.Unix()), t.Nanosecond() == 0
}
