package expr

import (
	"fmt"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

// operand is a path, a value, or a function (or + and -) of operands.
type operand struct {
	path  Path
	value item.Value // when path and fn are empty
	fn    string
	args  []operand
	known item.Type // the type of the result where it is known beforehand
}

// literal is the type of a plain value, Invalid for anything else.
func (o operand) literal() item.Type {
	if o.path == nil && o.fn == "" {
		return o.value.Type
	}
	return item.Invalid
}

// placeholderValue reads a :value.
func (p *parser) placeholderValue() operand {
	t := p.next()
	v, ok := p.scope.values[t.text]
	if !ok {
		err := fmt.Sprintf("An expression attribute value used in expression is not defined; attribute value: %s", t.text)
		p.found.note(findValue, "%s", err)
		p.found.note(findPlaceholder, "%s", err)
	}
	p.scope.usedValues[t.text] = true
	return operand{value: v, known: v.Type}
}

// call reads the arguments of a function whose name and "(" are read.
func (p *parser) call(name string, argument func() operand) operand {
	o := operand{fn: name}
	p.count()
	for p.failed == nil {
		o.args = append(o.args, argument())
		if p.failed != nil || p.symbol(")") {
			break
		}
		p.expect(",")
	}
	return o
}

// maxOperators is how many operators and functions one expression may have.
const maxOperators = 300

func (p *parser) count() {
	if p.operators++; p.operators > maxOperators {
		p.found.note(findOperators, "The expression contains too many operators; operator count: %d", maxOperators+1)
	}
}

// isCall reports whether a function call comes next.
func (p *parser) isCall() bool {
	t := p.peek()
	if t.kind != tokenWord || p.isKeyword(t) {
		return false
	}
	after := p.tokens[p.at+1]
	return after.kind == tokenSymbol && after.text == "("
}

// visit calls see for each path that the operand uses.
func (o operand) visit(see func(Path)) {
	if o.path != nil {
		see(o.path)
	}
	for _, a := range o.args {
		a.visit(see)
	}
}
