package lint

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/iam"
)

// eachValue calls visit with every known value of a known operator.
func (s *statement) eachValue(visit func(e *iam.ConditionElement, o operator, path []string, value string)) {
	for i := range s.Conditions {
		e := &s.Conditions[i]
		o := parseOperator(e.Operator)
		if !o.known || hasUnknown(e.Key) {
			continue
		}
		for j, value := range e.Values {
			if !hasUnknown(value) {
				visit(e, o, append(condition(e), itoa(j)), value)
			}
		}
	}
}

// unreadableValue finds values that their operator cannot compare with anything.
func unreadableValue(c *checker, s *statement) {
	s.eachValue(func(e *iam.ConditionElement, o operator, path []string, value string) {
		wants, ok := s.reads(o, e.Key, value)
		if ok {
			return
		}
		message := fmt.Sprintf("%q is not %s: %s matches nothing with it", value, wants, e.Operator)
		switch family := o.family(); {
		case o.negated() && (family == "numeric" || family == "date"):
			message = fmt.Sprintf("%q is not %s: %s never holds with it", value, wants, e.Operator)
		case o.negated():
			message = fmt.Sprintf("%q is not %s: %s excepts nothing with it", value, wants, e.Operator)
		}
		hint := "write " + wants
		if isVariable(value) {
			hint = "variables are replaced under String, Arn and Bool operators only"
		}
		c.report(s, path, Error, message, hint)
	})
}

// reads reports whether an operator understands a value; wants says what it
// takes. Numbers and dates are put to the engine itself.
func (s *statement) reads(o operator, key, value string) (wants string, ok bool) {
	switch o.family() {
	case "numeric":
		return "a number", equalsItself("NumericEquals", value)
	case "date":
		return `a date such as "2026-01-31T12:00:00Z"`, equalsItself("DateEquals", value) || !isPut(key, value)
	case "bool":
		return `"true" or "false"`, isBool(value) || s.variables && isVariable(value)
	case "null":
		return `"true" or "false"`, isBool(value)
	case "binary":
		_, err := base64.StdEncoding.DecodeString(value)
		return "text in base64", err == nil
	case "ip":
		_, ok := network(value)
		return `an address or a block such as "203.0.113.0/24"`, ok
	case "arn":
		return "an ARN of six parts", arnParts(value) != nil || s.variables && isVariable(value)
	}
	return "", true
}

func equalsItself(operator, value string) bool {
	doc := &iam.Document{Statements: []iam.Statement{{
		Effect: iam.Allow, Action: []string{"*"}, Resource: []string{"*"},
		Conditions: []iam.ConditionElement{{Operator: operator, Key: "x:y", Values: []string{value}}},
	}}}
	req := &iam.Request{Principal: iam.ParsePrincipal("arn:aws:iam::111122223333:user/x"), Action: "x:Y", Resource: "*", Context: iam.Context{"x:y": iam.One(value)}}
	return iam.Decide(req, &iam.Policies{Identity: []*iam.Policy{iam.Compile(doc, iam.Origin{Type: iam.TypeIdentity})}}) == iam.Allowed
}

// isPut reports whether AWS takes a date when the policy is put; one that it
// refuses is told by invalid-policy.
func isPut(key, value string) bool {
	doc := &iam.Document{Version: iam.Version2012, Statements: []iam.Statement{{
		Effect: iam.Allow, Action: []string{"*"}, Resource: []string{"*"},
		Conditions: []iam.ConditionElement{{Operator: "DateEquals", Key: key, Values: []string{value}}},
	}}}
	return doc.Validate(iam.TypeIdentity) == nil
}

// literalWildcard finds stars under operators that compare exact text.
func literalWildcard(c *checker, s *statement) {
	s.eachValue(func(e *iam.ConditionElement, o operator, path []string, value string) {
		if o.family() != "string" || o.base == "stringlike" || o.base == "stringnotlike" {
			return
		}
		tokens, ok := syntax{wildcards: true, variables: true}.read(value)
		if !ok || !slices.ContainsFunc(tokens, func(t token) bool { return t.kind == tokenAny }) {
			return
		}
		like := "StringLike"
		if o.negated() {
			like = "StringNotLike"
		}
		severity, effect := Warning, "the statement applies to less than it seems to"
		switch {
		case o.negated() && s.isAllow():
			severity, effect = Security, "what was to be excepted is allowed"
		case o.negated():
			effect = "what was to be excepted is denied too"
		case !s.isAllow():
			severity, effect = Security, "what was to be denied is not"
		}
		c.report(s, path, severity, fmt.Sprintf("the star in %q is no wildcard under %s: %s", value, e.Operator, effect), "write "+strings.Replace(e.Operator, plainOperator(e.Operator), like, 1))
	})
}

// plainOperator is an operator without its set and IfExists, as written.
func plainOperator(name string) string {
	if _, rest, found := strings.Cut(name, ":"); found {
		name = rest
	}
	if n := len(name) - len("IfExists"); n > 0 && strings.EqualFold(name[n:], "IfExists") {
		name = name[:n]
	}
	return name
}

// expired finds statements that a date in the past has ended.
func expired(c *checker, s *statement) {
	if c.now.IsZero() {
		return
	}
	for i := range s.Conditions {
		e := &s.Conditions[i]
		o := parseOperator(e.Operator)
		isTime := strings.EqualFold(e.Key, "aws:CurrentTime") || strings.EqualFold(e.Key, "aws:EpochTime")
		if !isTime || !o.single() || !strings.HasSuffix(o.base, "lessthan") && !strings.HasSuffix(o.base, "lessthanequals") {
			continue
		}
		if all(e.Values, func(v string) bool { end, ok := moment(v); return ok && end.Before(c.now) }) && len(e.Values) > 0 {
			effect := "it allows nothing any more"
			if !s.isAllow() {
				effect = "it denies nothing any more"
			}
			c.report(s, append(condition(e), "0"), Warning, fmt.Sprintf("%s has ended on %s: %s", s.title(), quoteList(e.Values), effect), "remove the statement, or set another date")
		}
	}
}

// moment reads a date or a number of seconds since 1970.
func moment(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	n, ok := parseNumber(s)
	if !ok || !n.IsInt() || !n.Num().IsInt64() {
		return time.Time{}, false
	}
	return time.Unix(n.Num().Int64(), 0), true
}

// duplicateKey finds one key twice under one operator: names of keys ignore case.
func duplicateKey(c *checker, s *statement) {
	for i := range s.Conditions {
		for j := range i {
			a, b := &s.Conditions[j], &s.Conditions[i]
			if strings.EqualFold(a.Operator, b.Operator) && sameKey(a.Key, b.Key) && (a.Operator != b.Operator || a.Key != b.Key) {
				c.report(s, condition(b), Warning, fmt.Sprintf("%s %s is there twice, also as %s %s: both must hold", b.Operator, b.Key, a.Operator, a.Key), "the names ignore case; put the values into one list if one of them is enough")
				break
			}
		}
	}
}
