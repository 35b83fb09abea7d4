package iam

import "strings"

// family is a group of condition operators that compare in one way.
type family uint8

const (
	familyUnknown family = iota
	familyString
	familyFold // …EqualsIgnoreCase
	familyLike
	familyNumeric
	familyDate
	familyBool
	familyBinary
	familyIP
	familyARN
	familyNull
)

// relation is how numbers and dates are compared.
type relation uint8

const (
	relationEqual relation = iota
	relationLess
	relationLessEqual
	relationGreater
	relationGreaterEqual
)

type setKind uint8

const (
	setNone setKind = iota
	setAll          // ForAllValues
	setAny          // ForAnyValue
)

// operator is a condition operator, taken apart.
type operator struct {
	family   family
	relation relation
	negated  bool
	ifExists bool
	set      setKind
}

// operators holds the base operators of the IAM User Guide, "Condition
// operators", by their names in lower case.
var operators = map[string]operator{
	"stringequals":              {family: familyString},
	"stringnotequals":           {family: familyString, negated: true},
	"stringequalsignorecase":    {family: familyFold},
	"stringnotequalsignorecase": {family: familyFold, negated: true},
	"stringlike":                {family: familyLike},
	"stringnotlike":             {family: familyLike, negated: true},
	"numericequals":             {family: familyNumeric},
	"numericnotequals":          {family: familyNumeric, negated: true},
	"numericlessthan":           {family: familyNumeric, relation: relationLess},
	"numericlessthanequals":     {family: familyNumeric, relation: relationLessEqual},
	"numericgreaterthan":        {family: familyNumeric, relation: relationGreater},
	"numericgreaterthanequals":  {family: familyNumeric, relation: relationGreaterEqual},
	"dateequals":                {family: familyDate},
	"datenotequals":             {family: familyDate, negated: true},
	"datelessthan":              {family: familyDate, relation: relationLess},
	"datelessthanequals":        {family: familyDate, relation: relationLessEqual},
	"dategreaterthan":           {family: familyDate, relation: relationGreater},
	"dategreaterthanequals":     {family: familyDate, relation: relationGreaterEqual},
	"bool":                      {family: familyBool},
	"binaryequals":              {family: familyBinary},
	"ipaddress":                 {family: familyIP},
	"notipaddress":              {family: familyIP, negated: true},
	"arnequals":                 {family: familyARN},
	"arnlike":                   {family: familyARN},
	"arnnotequals":              {family: familyARN, negated: true},
	"arnnotlike":                {family: familyARN, negated: true},
	"null":                      {family: familyNull},
}

// parseOperator takes an operator's name apart; ok is false for one that AWS does not have.
func parseOperator(name string) (op operator, ok bool) {
	base := lowerASCII(name)
	set := setNone
	if rest, found := strings.CutPrefix(base, "forallvalues:"); found {
		base, set = rest, setAll
	} else if rest, found := strings.CutPrefix(base, "foranyvalue:"); found {
		base, set = rest, setAny
	}
	base, ifExists := strings.CutSuffix(base, "ifexists")
	op, ok = operators[base]
	if !ok || ifExists && op.family == familyNull {
		return operator{}, false
	}
	op.set, op.ifExists = set, ifExists
	return op, true
}

// condition is one compiled key of a Condition block.
type condition struct {
	operator
	key    string // in lower case
	values []operand
}

func compileCondition(src *ConditionElement, variables bool) condition {
	op, _ := parseOperator(src.Operator) // unknown: familyUnknown never matches
	c := condition{operator: op, key: Key(src.Key)}
	for _, v := range src.Values {
		c.values = append(c.values, compileOperand(v, op.family, variables))
	}
	return c
}

// matchesConditions reports whether all conditions hold.
func (s *statement) matchesConditions(q *query) bool {
	for i := range s.conditions {
		if !s.conditions[i].match(q.context) {
			return false
		}
	}
	return true
}

// match decides one condition on the request's context.
func (c *condition) match(ctx Context) bool {
	found := ctx[c.key]
	values := found.Values
	present := len(values) > 0
	switch {
	case c.family == familyUnknown:
		return false
	case c.family == familyNull:
		return c.matchNull(present)
	case c.set == setAll:
		return c.matchAll(values, ctx)
	case !present:
		// ForAnyValue needs a value, even with IfExists.
		return c.set == setNone && (c.ifExists || c.negated)
	case c.set == setAny:
		for _, v := range values {
			if c.test(v, ctx) {
				return true
			}
		}
		return false
	case found.Multi || len(values) > 1:
		// A key with many values needs a set operator.
		return false
	}
	return c.test(values[0], ctx)
}

// matchAll is ForAllValues: it holds for a key that is absent, and for one
// that has nothing but null values such as "".
func (c *condition) matchAll(values []string, ctx Context) bool {
	null := true
	for _, v := range values {
		null = null && v == ""
	}
	if null {
		return true
	}
	for _, v := range values {
		if !c.test(v, ctx) {
			return false
		}
	}
	return true
}

func (c *condition) matchNull(present bool) bool {
	for i := range c.values {
		if o := &c.values[i]; o.valid && o.truth != present {
			return true
		}
	}
	return false
}

// test compares one request value with all values of the policy: one of them
// has to match, or none of them when the operator is negated. Text that is no
// number, date or boolean satisfies neither.
func (c *condition) test(value string, ctx Context) bool {
	var matched bool
	switch c.family {
	case familyNumeric:
		return c.testNumbers(value)
	case familyDate:
		return c.testDates(value)
	case familyString:
		matched = c.anyPattern(value, ctx)
	case familyLike:
		matched = c.anyPattern(value, ctx)
	case familyFold:
		matched = c.anyFold(value, ctx)
	case familyBool:
		matched = c.anyBool(value, ctx)
	case familyBinary:
		matched = c.anyBinary(value)
	case familyIP:
		matched = c.anyNetwork(value)
	case familyARN:
		matched = c.anyARN(value, ctx)
	default:
		return false
	}
	return matched != c.negated
}
