package expr

import (
	"strings"
)

// Condition is a parsed condition or filter.
type Condition struct {
	root  *node
	paths []Path
}

// node is one part of a condition: and, or, not, a comparison or a function.
type node struct {
	op          string // and or not = <> < <= > >= between in call
	left, right *node
	args        []operand
	// bare marks an operand that is no condition by itself.
	bare bool
	// parens marks a condition that stands in parentheses.
	parens bool
}

var conditionKeywords = []string{"AND", "OR", "NOT", "BETWEEN", "IN"}

var conditionPriority = []finding{
	findOperators, findParens, findUnknownFunction, findMisusedFunction, findReserved, findPath, findCondition,
}

// Condition reads a condition or filter; param is the request's name of it.
func (s *Scope) Condition(param, text string) (*Condition, error) {
	c := &Condition{}
	err := s.parse(param, text, conditionKeywords, conditionPriority, func(p *parser) {
		c.root = p.or()
		if p.failed == nil {
			p.whole(c.root)
		}
	})
	if err != nil {
		return nil, err
	}
	c.root.visit(func(path Path) { c.paths = append(c.paths, path) })
	return c, nil
}

// Paths gives all paths that the condition uses.
func (c *Condition) Paths() []Path { return c.paths }

func (n *node) visit(see func(Path)) {
	if n == nil {
		return
	}
	n.left.visit(see)
	n.right.visit(see)
	for _, a := range n.args {
		a.visit(see)
	}
}

// whole makes sure that n is a condition, not a mere operand.
func (p *parser) whole(n *node) {
	if n == nil || p.failed != nil {
		return
	}
	if n.bare {
		if n.args[0].fn == "" {
			p.fail()
			return
		}
		p.found.note(findMisusedFunction, "The function is not allowed to be used this way in an expression; function: %s", n.args[0].fn)
	}
}

func (p *parser) or() *node {
	left := p.and()
	for p.failed == nil && p.keyword("OR") {
		p.whole(left)
		right := p.and()
		p.whole(right)
		left = &node{op: "or", left: left, right: right}
	}
	return left
}

func (p *parser) and() *node {
	left := p.not()
	for p.failed == nil && p.keyword("AND") {
		p.whole(left)
		right := p.not()
		p.whole(right)
		left = &node{op: "and", left: left, right: right}
	}
	return left
}

func (p *parser) not() *node {
	if !p.keyword("NOT") {
		return p.primary()
	}
	inner := p.not()
	p.whole(inner)
	return &node{op: "not", left: inner}
}

// primary reads a condition in parentheses, a comparison or a function.
func (p *parser) primary() *node {
	var first operand
	if p.symbol("(") {
		inner := p.or()
		if inner != nil && inner.parens {
			p.found.note(findParens, "The expression has redundant parentheses;")
		}
		if !p.expect(")") {
			return inner
		}
		if !inner.bare || !p.comparatorNext() {
			inner.parens = true
			return inner
		}
		first = inner.args[0]
	} else {
		if !p.operandNext() {
			p.fail()
			return &node{}
		}
		first = p.operand()
	}
	if p.failed != nil {
		return &node{}
	}
	n := p.comparison(first)
	if p.failed == nil {
		p.settle()
	}
	return n
}

func (p *parser) comparatorNext() bool {
	t := p.peek()
	if t.kind == tokenWord {
		return strings.EqualFold(t.text, "BETWEEN") || strings.EqualFold(t.text, "IN")
	}
	return t.kind == tokenSymbol && strings.Contains(" = <> < <= > >= ", " "+t.text+" ")
}

func (p *parser) operandNext() bool {
	t := p.peek()
	return t.kind == tokenName || t.kind == tokenValue || t.kind == tokenWord && !p.isKeyword(t)
}

// operand reads a path, a value, a function, or one of them in parentheses.
func (p *parser) operand() operand {
	t := p.peek()
	switch {
	case p.symbol("("):
		if t := p.peek(); t.kind == tokenSymbol && t.text == "(" {
			p.found.note(findParens, "The expression has redundant parentheses;")
		}
		o := p.operand()
		p.expect(")")
		return o
	case t.kind == tokenValue:
		return p.placeholderValue()
	case p.isCall():
		name := p.next().text
		p.next()
		o := p.call(name, p.operand)
		if p.failed == nil {
			o.known = p.checkFunction(o)
		}
		return o
	}
	path, ok := p.path()
	if !ok {
		p.fail()
	}
	return operand{path: path}
}

// comparison reads what follows the first operand.
func (p *parser) comparison(first operand) *node {
	n := &node{args: []operand{first}}
	switch t := p.peek(); {
	case p.keyword("BETWEEN"):
		n.op = "between"
		n.args = append(n.args, p.operand())
		if p.failed == nil && !p.keyword("AND") {
			p.fail()
		}
		if p.failed == nil {
			n.args = append(n.args, p.operand())
		}
	case p.keyword("IN"):
		n.op = "in"
		if !p.expect("(") {
			return n
		}
		n.args = append(n.args, p.call("IN", p.operand).args...)
		p.operators--
	case p.comparatorNext():
		p.next()
		n.op = t.text
		n.args = append(n.args, p.operand())
	case first.fn != "" && first.fn != "size":
		n.op = "call"
		return n
	default:
		n.bare = true
		return n
	}
	p.count()
	if p.failed == nil {
		p.checkComparison(n)
	}
	return n
}

// settle keeps the most important error of one comparison, the first that has any.
func (p *parser) settle() {
	if err := p.found.first([]finding{findPlaceholder, findOperandCount, findDistinct, findFunction}); err != nil {
		p.found.note(findCondition, "%s", err.Error())
	}
}
