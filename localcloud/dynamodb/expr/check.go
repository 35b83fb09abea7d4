package expr

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

// conditionFunctions are the functions of conditions and how many arguments they take.
var conditionFunctions = map[string]int{
	"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2, "size": 1,
}

const maxIn = 100

// checkFunction notes what is wrong with a call and gives the type of its result.
func (p *parser) checkFunction(o operand) item.Type {
	count, ok := conditionFunctions[o.fn]
	if !ok {
		p.found.note(findUnknownFunction, "Invalid function name; function: %s", o.fn)
		return item.Invalid
	}
	p.checkMisused(o.args)
	if count != len(o.args) {
		p.wrongCount(findOperandCount, o)
		return item.Bool
	}
	p.checkDistinct(o.fn, o.args)
	if p.found[findPlaceholder] != nil {
		return item.Bool
	}
	switch o.fn {
	case "attribute_exists", "attribute_not_exists":
		if o.args[0].path == nil {
			p.found.note(findFunction, "Operator or function requires a document path; operator or function: %s", o.fn)
		}
	case "begins_with":
		for _, a := range o.args {
			if t := a.known; t != item.Invalid && t != item.S && t != item.B {
				p.wrongType(findFunction, o.fn, t.String())
			}
		}
	case "attribute_type":
		p.checkAttributeType(o.args[1])
	case "size":
		if t := o.args[0].known; t == item.N || t == item.Bool || t == item.Null {
			p.wrongType(findFunction, o.fn, t.String())
		}
		return item.N
	}
	return item.Bool
}

func (p *parser) wrongCount(kind finding, o operand) {
	p.found.note(kind, "Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", o.fn, len(o.args))
}

func (p *parser) wrongType(kind finding, function, t string) {
	p.found.note(kind, "Incorrect operand type for operator or function; operator or function: %s, operand type: %s", function, t)
}

func (p *parser) checkAttributeType(o operand) {
	switch t := o.known; {
	case t == item.Invalid:
		p.wrongType(findFunction, "attribute_type", "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
	case t != item.S:
		p.wrongType(findFunction, "attribute_type", t.String())
	case item.TypeOf(o.value.Text) == item.Invalid:
		p.found.note(findFunction, "Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", o.value.Text)
	}
}

// checkMisused notes functions other than size as operands.
func (p *parser) checkMisused(args []operand) {
	for _, a := range args {
		if a.fn != "" && a.fn != "size" {
			p.found.note(findMisusedFunction, "The function is not allowed to be used this way in an expression; function: %s", a.fn)
		}
	}
}

func (p *parser) checkDistinct(operator string, args []operand) {
	if len(args) == 2 && args[0].path != nil && args[1].path != nil && args[0].path.equal(args[1].path) {
		p.found.note(findDistinct, "The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s", operator, args[0].path)
	}
}

// checkComparison notes what is wrong with a comparison.
func (p *parser) checkComparison(n *node) {
	p.checkMisused(n.args)
	switch n.op {
	case "in":
		if len(n.args)-1 > maxIn {
			p.found.note(findOperandCount, "The IN operator is provided with too many operands; number of operands: %d", len(n.args)-1)
		}
		return
	case "between":
	default:
		p.checkDistinct(n.op, n.args)
	}
	if n.op == "=" || n.op == "<>" || p.found[findPlaceholder] != nil {
		return
	}
	for _, a := range n.args {
		if t := a.literal(); t != item.Invalid && !t.Scalar() {
			p.found.note(findFunction, "Incorrect operand type for operator or function; operator or function: %s, operand type: %s", strings.ToUpper(n.op), t)
		}
	}
	if n.op == "between" {
		p.checkBounds(n.args[1], n.args[2])
	}
}

func (p *parser) checkBounds(low, high operand) {
	a, b := low.literal(), high.literal()
	if a == item.Invalid || b == item.Invalid {
		return
	}
	problem := ""
	if a != b {
		problem = "same data type for lower and upper bounds"
	} else if order, ok := low.value.Compare(high.value); ok && order > 0 {
		problem = "upper bound to be greater than or equal to lower bound"
	}
	if problem != "" {
		p.found.note(findFunction, "The BETWEEN operator requires %s; lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s",
			problem, shown(low.value), shown(high.value))
	}
}

// shown writes a scalar as AWS does in messages: {S:a}.
func shown(v item.Value) string {
	text := string(v.AppendWire(nil))
	return strings.ReplaceAll(text, `"`, "")
}

// reserved reports whether a word cannot stand as an attribute name.
func reserved(word string) bool {
	_, found := slices.BinarySearch(reservedWords, strings.ToUpper(word))
	return found
}
