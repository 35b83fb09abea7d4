package expr

import (
	"fmt"
	"slices"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

// The conditions of requests from before there were expressions: Expected,
// QueryFilter, ScanFilter, KeyConditions. See the Developer Guide, "Legacy
// conditional parameters".

const invalidParameter = "One or more parameter values were invalid: "

// Comparison is an element of QueryFilter, ScanFilter and KeyConditions.
type Comparison struct {
	ComparisonOperator string
	AttributeValueList []item.Value
}

// ExpectedAttributeValue is an element of Expected.
type ExpectedAttributeValue struct {
	Value              *item.Value
	Exists             *bool
	ComparisonOperator string
	AttributeValueList []item.Value
}

// Legacy is a parsed set of legacy conditions.
type Legacy struct {
	any        bool // OR rather than AND
	conditions []comparison
}

type comparison struct {
	attribute string
	Comparison
}

// legacyArguments is how many values an operator takes; -1 is one or more.
var legacyArguments = map[string]int{
	"NULL": 0, "NOT_NULL": 0, "EQ": 1, "NE": 1, "LE": 1, "LT": 1, "GE": 1, "GT": 1,
	"CONTAINS": 1, "NOT_CONTAINS": 1, "BEGINS_WITH": 1, "IN": -1, "BETWEEN": 2,
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// NewFilter checks a QueryFilter, ScanFilter or KeyConditions.
func NewFilter(conditions map[string]Comparison, operator string) (*Legacy, error) {
	l := &Legacy{any: operator == "OR"}
	for _, name := range sortedNames(conditions) {
		c := comparison{name, conditions[name]}
		if err := c.check(); err != nil {
			return nil, err
		}
		l.conditions = append(l.conditions, c)
	}
	return l, nil
}

// NewExpected checks an Expected.
func NewExpected(expected map[string]ExpectedAttributeValue, operator string) (*Legacy, error) {
	l := &Legacy{any: operator == "OR"}
	for _, name := range sortedNames(expected) {
		c, err := expected[name].comparison(name)
		if err == nil {
			err = c.check()
		}
		if err != nil {
			return nil, err
		}
		l.conditions = append(l.conditions, c)
	}
	return l, nil
}

// comparison writes an expectation as a comparison.
func (e ExpectedAttributeValue) comparison(name string) (comparison, error) {
	c := comparison{attribute: name, Comparison: Comparison{e.ComparisonOperator, e.AttributeValueList}}
	fail := func(format string, args ...any) (comparison, error) {
		return c, item.Error(invalidParameter + fmt.Sprintf(format, args...) + " for Attribute: " + name)
	}
	if e.Value != nil && e.AttributeValueList != nil {
		return fail("Value and AttributeValueList cannot be used together")
	}
	if e.Value != nil {
		c.AttributeValueList = []item.Value{*e.Value}
	}
	if e.ComparisonOperator != "" {
		needs := e.ComparisonOperator != "NULL" && e.ComparisonOperator != "NOT_NULL"
		switch {
		case e.Exists != nil:
			return fail("Exists and ComparisonOperator cannot be used together")
		case needs && e.Value == nil && e.AttributeValueList == nil:
			return fail("Value or AttributeValueList must be used with ComparisonOperator: %s", e.ComparisonOperator)
		}
		return c, nil
	}
	exists := e.Exists == nil || *e.Exists
	switch {
	case e.AttributeValueList != nil:
		return fail("AttributeValueList can only be used with a ComparisonOperator")
	case exists && e.Value == nil:
		shown := "null"
		if e.Exists != nil {
			shown = "true"
		}
		return fail("Value must be provided when Exists is %s", shown)
	case !exists && e.Value != nil:
		return fail("Value cannot be used when Exists is false")
	case !exists:
		c.ComparisonOperator = "NULL"
	default:
		c.ComparisonOperator = "EQ"
	}
	return c, nil
}

// check gives the first rule that a comparison breaks.
func (c comparison) check() error {
	count, ok := legacyArguments[c.ComparisonOperator]
	if !ok {
		return item.Error(fmt.Sprintf("1 validation error detected: Value '%s' at 'comparisonOperator' failed to satisfy constraint: Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]", c.ComparisonOperator))
	}
	for _, v := range c.AttributeValueList {
		if err := v.Check(); err != nil {
			return err
		}
	}
	n := len(c.AttributeValueList)
	if count >= 0 && n != count || count < 0 && n == 0 {
		return item.Error(invalidParameter + "Invalid number of argument(s) for the " + c.ComparisonOperator + " ComparisonOperator")
	}
	for _, v := range c.AttributeValueList {
		if v.Type != c.AttributeValueList[0].Type {
			return item.Error(invalidParameter + "AttributeValues inside AttributeValueList must be of same type")
		}
		allowed := v.Type.Scalar()
		switch c.ComparisonOperator {
		case "EQ", "NE":
			allowed = true
		case "BEGINS_WITH":
			allowed = v.Type == item.S || v.Type == item.B
		}
		if !allowed {
			return item.Error(invalidParameter + "ComparisonOperator " + c.ComparisonOperator + " is not valid for " + v.Type.String() + " AttributeValue type")
		}
	}
	if c.ComparisonOperator == "BETWEEN" && ordered(c.AttributeValueList[1], "<", c.AttributeValueList[0]) {
		return item.Error("The BETWEEN condition was provided a range where the lower bound is greater than the upper bound")
	}
	return nil
}

// Attributes gives the names of the attributes in the conditions, sorted.
func (l *Legacy) Attributes() []string {
	names := make([]string, len(l.conditions))
	for i, c := range l.conditions {
		names[i] = c.attribute
	}
	return names
}

// Paths gives the attributes as paths.
func (l *Legacy) Paths() []Path { return Attributes(l.Attributes()...).Paths() }

// Matches reports whether an item meets all conditions, or one of them when
// the request says OR.
func (l *Legacy) Matches(it item.Getter) bool {
	for _, c := range l.conditions {
		if c.matches(it) == l.any {
			return l.any
		}
	}
	return !l.any || len(l.conditions) == 0
}

var legacyOrder = map[string]string{"LE": "<=", "LT": "<", "GE": ">=", "GT": ">"}

func (c comparison) matches(it item.Getter) bool {
	v, ok := it.Get(c.attribute)
	switch c.ComparisonOperator {
	case "NULL":
		return !ok
	case "NOT_NULL":
		return ok
	}
	w := c.AttributeValueList[0]
	switch c.ComparisonOperator {
	case "EQ":
		return ok && v.Equal(w)
	case "NE":
		return !ok || !v.Equal(w)
	case "CONTAINS":
		return ok && contains(v, w)
	case "NOT_CONTAINS":
		return !ok || !contains(v, w)
	case "BEGINS_WITH":
		return ok && beginsWith(v, w)
	case "IN":
		return ok && slices.ContainsFunc(c.AttributeValueList, v.Equal)
	case "BETWEEN":
		return ok && ordered(w, "<=", v) && ordered(v, "<=", c.AttributeValueList[1])
	default:
		return ok && ordered(v, legacyOrder[c.ComparisonOperator], w)
	}
}

// KeyConditions gives the comparisons as conditions on keys. Operators that
// keys do not have keep their legacy name.
func (l *Legacy) KeyConditions() []KeyCondition {
	names := map[string]string{"EQ": "=", "LE": "<=", "LT": "<", "GE": ">=", "GT": ">", "BETWEEN": "between", "BEGINS_WITH": "begins_with"}
	out := make([]KeyCondition, len(l.conditions))
	for i, c := range l.conditions {
		op := names[c.ComparisonOperator]
		if op == "" {
			op = c.ComparisonOperator
		}
		out[i] = KeyCondition{c.attribute, op, c.AttributeValueList}
	}
	return out
}

// AttributeValueUpdate is an element of AttributeUpdates.
type AttributeValueUpdate struct {
	Action string
	Value  *item.Value
}

// AttributeUpdates is a parsed AttributeUpdates.
type AttributeUpdates struct {
	names   []string
	updates map[string]AttributeValueUpdate
}

// NewAttributeUpdates checks an AttributeUpdates.
func NewAttributeUpdates(updates map[string]AttributeValueUpdate) (*AttributeUpdates, error) {
	u := &AttributeUpdates{names: sortedNames(updates), updates: updates}
	for _, name := range u.names {
		if err := updates[name].check(); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (u AttributeValueUpdate) check() error {
	if u.Action != "" && u.Action != "PUT" && u.Action != "ADD" && u.Action != "DELETE" {
		return item.Error(fmt.Sprintf("1 validation error detected: Value '%s' at 'attributeUpdates.member.action' failed to satisfy constraint: Member must satisfy enum value set: [ADD, PUT, DELETE]", u.Action))
	}
	if u.Value == nil {
		if u.Action != "DELETE" {
			return item.Error(invalidParameter + "Only DELETE action is allowed when no attribute value is specified")
		}
		return nil
	}
	if err := u.Value.Check(); err != nil {
		return err
	}
	t := u.Value.Type
	switch {
	case u.Action == "DELETE" && !t.Set():
		return item.Error(invalidParameter + "DELETE action with value is not supported for the type " + t.String())
	case u.Action == "ADD" && !t.Set() && t != item.L && t != item.N:
		return item.Error(invalidParameter + "ADD action is not supported for the type " + t.String())
	}
	return nil
}

// Paths gives the attributes that are changed.
func (u *AttributeUpdates) Paths() []Path { return Attributes(u.names...).Paths() }

// Reads gives the same as Paths.
func (u *AttributeUpdates) Reads() []Path { return u.Paths() }

// SetType is the type that an attribute is given, Invalid when it is removed.
func (u *AttributeUpdates) SetType(name string) item.Type {
	if v := u.updates[name].Value; v != nil {
		return v.Type
	}
	return item.Invalid
}

// Apply changes the item, as [Update.Apply] does.
func (u *AttributeUpdates) Apply(it item.Item) error {
	for _, name := range u.names {
		update := u.updates[name]
		old, exists := it[name]
		var v item.Value
		keep, err := false, error(nil)
		switch {
		case update.Value == nil:
		case update.Action == "ADD":
			v, keep, err = add(old, exists, *update.Value, errTypeMismatch)
		case update.Action == "DELETE":
			v, keep, err = subtract(old, exists, *update.Value, errTypeMismatch)
		default:
			v, keep = *update.Value, true
		}
		switch {
		case err != nil:
			return err
		case keep:
			it[name] = v
		default:
			delete(it, name)
		}
	}
	return nil
}
