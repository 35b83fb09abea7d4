package openfga

import "github.com/writ-dev/writ"

// definition reads the right side of one `define`.
type definition struct {
	*parser
	rel *relDef
	// direct says that a list in brackets may stand here: only once, and first.
	direct bool
}

// expression reads operands joined by one operator: `or`s, `and`s, or one `but not`.
func (d *definition) expression(depth int) (node, error) {
	if depth > maxNesting {
		return node{}, d.errorf(d.word.at, "more than %d parentheses stand inside each other", maxNesting)
	}
	first, err := d.operand(depth)
	if err != nil {
		return node{}, err
	}
	d.direct = false
	switch at := d.word.at; d.word.text {
	case "or":
		return d.chain("or", opOr, first, depth)
	case "and":
		return d.chain("and", opAnd, first, depth)
	case "but":
		if err := d.advance(); err != nil {
			return node{}, err
		}
		if err := d.expect("not", `"not"`); err != nil {
			return node{}, err
		}
		minus, err := d.operand(depth)
		return node{op: opButNot, of: []node{first, minus}, at: at}, err
	}
	return first, nil
}

// chain reads the further operands of one operator.
func (d *definition) chain(operator string, as op, first node, depth int) (node, error) {
	n := node{op: as, of: []node{first}, at: first.at}
	for d.word.text == operator {
		if err := d.advance(); err != nil {
			return node{}, err
		}
		next, err := d.operand(depth)
		if err != nil {
			return node{}, err
		}
		n.of = append(n.of, next)
	}
	return n, nil
}

// operand reads a list in brackets, a group in parentheses, `name` or `name from name`.
func (d *definition) operand(depth int) (node, error) {
	at := d.word.at
	switch d.word.text {
	case "[":
		if !d.direct {
			return node{}, d.errorf(at, "a list in brackets stands only at the beginning of a definition, and once")
		}
		d.direct = false
		return node{op: opThis, at: at}, d.subjects()
	case "(":
		if err := d.advance(); err != nil {
			return node{}, err
		}
		n, err := d.expression(depth + 1)
		if err != nil {
			return node{}, err
		}
		return n, d.expectClose()
	case "or", "and", "but":
		return node{}, d.unexpected("a relation")
	}
	w, err := d.name("a relation")
	if err != nil {
		return node{}, err
	}
	if ok, err := d.take("from"); err != nil || !ok {
		return node{op: opComputed, relation: w.text, at: at}, err
	}
	from, err := d.name("a relation")
	return node{op: opFrom, relation: w.text, tupleset: from.text, at: at}, err
}

func (d *definition) expectClose() error {
	ok, err := d.take(")")
	if err == nil && !ok {
		return d.unexpected("a closing parenthesis").
			WithHint("or, and, but not do not mix without parentheses: a or (b and c)")
	}
	return err
}

// subjects reads `[user, user:*, group#member with condition]`.
func (d *definition) subjects() error {
	if err := d.advance(); err != nil {
		return err
	}
	for {
		s, err := d.subject()
		if err != nil {
			return err
		}
		d.rel.subjects = append(d.rel.subjects, s)
		if ok, err := d.take(","); err != nil {
			return err
		} else if ok {
			continue
		}
		if d.word.text != "]" {
			return d.unexpected("a comma or a closing bracket")
		}
		return d.advance()
	}
}

func (d *definition) subject() (subjectDef, error) {
	s := subjectDef{at: d.word.at}
	w, err := d.name("a type")
	if err != nil {
		return s, err
	}
	s.kind = w.text
	switch d.word.text {
	case ":":
		if err := d.advance(); err != nil {
			return s, err
		}
		s.everyone = true
		if err := d.expect("*", "an asterisk"); err != nil {
			return s, err
		}
	case "#":
		if err := d.advance(); err != nil {
			return s, err
		}
		r, err := d.name("a relation")
		if err != nil {
			return s, err
		}
		s.relation = r.text
	}
	if ok, err := d.take("with"); err != nil || !ok {
		return s, err
	}
	c, err := d.name("the name of a condition")
	s.condition = c.text
	return s, err
}

// condition reads `condition name(a: type, b: list<type>) { CEL }`.
func (p *parser) condition(s *source) error {
	if err := p.advance(); err != nil {
		return err
	}
	w, err := p.name("the name of a condition")
	if err != nil {
		return err
	}
	c := condDef{name: w.text, at: w.at}
	if err := p.expect("(", "an opening parenthesis"); err != nil {
		return err
	}
	for p.word.text != ")" {
		param, err := p.param()
		if err != nil {
			return err
		}
		c.params = append(c.params, param)
		if ok, err := p.take(","); err != nil {
			return err
		} else if !ok && p.word.text != ")" {
			return p.unexpected("a comma or a closing parenthesis")
		}
	}
	if err := p.advance(); err != nil {
		return err
	}
	if p.word.text != "{" {
		return p.unexpected("an opening brace")
	}
	// The lexer stands just after the brace: the word ahead is the brace itself.
	c.bodyAt = p.lex.position()
	text, closed := p.lex.body()
	if !closed {
		return p.errorf(p.word.at, "the brace of condition %s is never closed", c.name)
	}
	c.expression = text
	s.conds = append(s.conds, c)
	return p.advance()
}

func (p *parser) param() (paramDef, error) {
	w, err := p.name("the name of a parameter")
	if err != nil {
		return paramDef{}, err
	}
	d := paramDef{name: w.text, at: w.at}
	if err := p.expect(":", "a colon and the type"); err != nil {
		return d, err
	}
	k, err := p.name("a type")
	if err != nil {
		return d, err
	}
	d.kind = k.text
	if d.kind != "list" && d.kind != "map" {
		return d, nil
	}
	if err := p.expect("<", `"<" and the type of the items`); err != nil {
		return d, err
	}
	item, err := p.name("a type")
	if err != nil {
		return d, err
	}
	if item.text == "list" || item.text == "map" {
		return d, writ.Errorf(writ.CodeInvalid, "a %s cannot hold a %s", d.kind, item.text).At(item.at, p.lines.at(item.at))
	}
	d.item = item.text
	return d, p.expect(">", `">"`)
}
