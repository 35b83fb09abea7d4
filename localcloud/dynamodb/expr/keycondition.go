package expr

import (
	"strings"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

// KeyCondition is one condition on one key attribute.
type KeyCondition struct {
	Attribute string
	// Operator is = < <= > >= between or begins_with.
	Operator string
	// Values are one, or two for between.
	Values []item.Value
}

// Matches reports whether a key's value meets the condition.
func (k KeyCondition) Matches(v item.Value) bool {
	switch k.Operator {
	case "=":
		return v.Equal(k.Values[0])
	case "between":
		return ordered(k.Values[0], "<=", v) && ordered(v, "<=", k.Values[1])
	case "begins_with":
		return beginsWith(v, k.Values[0])
	default:
		return ordered(v, k.Operator, k.Values[0])
	}
}

// KeyConditions reads a KeyConditionExpression.
func (s *Scope) KeyConditions(text string) ([]KeyCondition, error) {
	c, err := s.Condition("KeyConditionExpression", text)
	if err != nil {
		return nil, err
	}
	var out []KeyCondition
	if err := c.root.keyConditions(&out); err != nil {
		return nil, err
	}
	return out, nil
}

func keyError(format string, args ...string) error {
	for _, a := range args {
		format = strings.Replace(format, "%", a, 1)
	}
	return item.Error(format)
}

// keyConditions takes a condition apart into conditions on keys.
func (n *node) keyConditions(out *[]KeyCondition) error {
	const inCondition = "Invalid condition in KeyConditionExpression: "
	op := n.op
	if op == "call" {
		op = n.args[0].fn
	}
	switch op {
	case "and":
		if err := n.left.keyConditions(out); err != nil {
			return err
		}
		return n.right.keyConditions(out)
	case "or", "not", "in", "<>":
		return keyError("Invalid operator used in KeyConditionExpression: %", strings.ToUpper(op))
	case "attribute_exists", "attribute_not_exists", "attribute_type", "contains":
		return keyError("Invalid operator used in KeyConditionExpression: %", op)
	}
	args := n.args
	if n.op == "call" {
		args = n.args[0].args
	}
	if (op == "between" || op == "begins_with") && args[0].path == nil {
		name := op
		if op == "between" {
			name = "BETWEEN"
		}
		return keyError(inCondition+"% operator must have the key attribute as its first operand", name)
	}
	k := KeyCondition{Operator: op}
	at := -1
	for i, a := range args {
		switch {
		case a.fn != "":
			return item.Error("KeyConditionExpressions cannot contain nested operations")
		case a.path == nil:
			k.Values = append(k.Values, a.value)
		case at >= 0:
			return item.Error(inCondition + "Multiple attribute names used in one condition")
		case len(a.path) > 1:
			return item.Error("KeyConditionExpressions cannot have conditions on nested attributes")
		default:
			at, k.Attribute = i, a.path[0].Name
		}
	}
	if at < 0 {
		return item.Error(inCondition + "No key attribute specified")
	}
	if at == 1 { // :v < key
		k.Operator = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[op]
	}
	for _, other := range *out {
		if other.Attribute == k.Attribute {
			return item.Error("Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key")
		}
	}
	*out = append(*out, k)
	return nil
}
