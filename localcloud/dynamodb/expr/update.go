package expr

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

// Update is a parsed UpdateExpression.
type Update struct {
	actions []action
	paths   []Path
}

// action is one change: set, remove, add or delete.
type action struct {
	section string
	path    Path
	value   operand
}

var updatePriority = []finding{
	findOperators, findReserved, findUnknownFunction, findSection, findName, findValue, findPath,
	findOverlap, findConflict, findOperand, findFunction,
}

// Update reads an UpdateExpression.
func (s *Scope) Update(text string) (*Update, error) {
	u := &Update{}
	err := s.parse("UpdateExpression", text, []string{"SET", "REMOVE", "ADD", "DELETE"}, updatePriority, func(p *parser) {
		seen := map[string]bool{}
		for p.failed == nil && (len(seen) == 0 || p.peek().kind != tokenEnd) {
			p.section(u, seen)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, a := range u.actions {
		u.paths = append(u.paths, a.path)
	}
	// New list elements are appended in the order of their indexes, and
	// removals run from the back, so that indexes mean the elements before the update.
	slices.SortStableFunc(u.actions, func(a, b action) int {
		if a.last() != b.last() {
			return map[bool]int{false: -1, true: 1}[a.last()]
		}
		order := comparePaths(a.path, b.path)
		if a.last() {
			order = -order
		}
		return order
	})
	return u, nil
}

func (a action) last() bool { return a.section == "REMOVE" || a.section == "DELETE" }

// Paths gives the paths that the update changes.
func (u *Update) Paths() []Path { return u.paths }

// Reads gives all paths that the update changes or reads.
func (u *Update) Reads() []Path {
	all := slices.Clone(u.paths)
	for _, a := range u.actions {
		a.value.visit(func(p Path) { all = append(all, p) })
	}
	return all
}

// SetType is the type that the update is known to give a top-level attribute,
// Invalid when it is not known.
func (u *Update) SetType(name string) item.Type {
	for _, a := range u.actions {
		if len(a.path) == 1 && a.path[0].Name == name && a.section != "REMOVE" {
			return a.value.known
		}
	}
	return item.Invalid
}

// section reads one SET, REMOVE, ADD or DELETE with its actions.
func (p *parser) section(u *Update, seen map[string]bool) {
	t := p.peek()
	name := strings.ToUpper(t.text)
	if t.kind != tokenWord || !p.isKeyword(t) {
		p.fail()
		return
	}
	p.next()
	if seen[name] {
		p.found.note(findSection, "The \"%s\" section can only be used once in an update expression;", name)
	}
	seen[name] = true
	for p.failed == nil {
		path, ok := p.path()
		if !ok {
			p.fail()
			return
		}
		a := action{section: name, path: path}
		switch name {
		case "SET":
			if p.expect("=") {
				a.value = p.sum()
			}
		case "ADD", "DELETE":
			if p.peek().kind != tokenValue {
				p.fail()
				return
			}
			a.value = p.placeholderValue()
			p.checkSetOperand(name, a.value)
		}
		if p.failed != nil {
			return
		}
		before := make([]Path, len(u.actions))
		for i, other := range u.actions {
			before[i] = other.path
		}
		p.overlaps(before, path)
		u.actions = append(u.actions, a)
		if !p.symbol(",") {
			return
		}
	}
}

// sum reads the right side of a SET: an operand, or two with + or -.
func (p *parser) sum() operand {
	left := p.updateOperand()
	for _, op := range []string{"+", "-"} {
		if p.failed == nil && p.symbol(op) {
			p.count()
			o := operand{fn: op, args: []operand{left, p.updateOperand()}}
			if p.failed == nil {
				o.known = p.checkUpdateFunction(o)
			}
			return o
		}
	}
	return left
}

func (p *parser) updateOperand() operand {
	t := p.peek()
	switch {
	case p.symbol("("):
		o := p.sum()
		p.expect(")")
		return o
	case t.kind == tokenValue:
		return p.placeholderValue()
	case p.isCall():
		p.next()
		p.next()
		o := p.call(t.text, p.updateOperand)
		if p.failed == nil {
			o.known = p.checkUpdateFunction(o)
		}
		return o
	}
	path, ok := p.path()
	if !ok {
		p.fail()
	}
	return operand{path: path}
}

// checkUpdateFunction notes what is wrong with a function, + or -, and gives the type of its result.
func (p *parser) checkUpdateFunction(o operand) item.Type {
	want := map[string]item.Type{"if_not_exists": item.Invalid, "list_append": item.L, "+": item.N, "-": item.N}
	t, ok := want[o.fn]
	switch {
	case !ok:
		p.found.note(findUnknownFunction, "Invalid function name; function: %s", o.fn)
		return item.Invalid
	case len(o.args) != 2:
		p.wrongCount(findFunction, o)
		return t
	case o.fn == "if_not_exists":
		if o.args[0].path == nil {
			p.found.note(findFunction, "Operator or function requires a document path; operator or function: %s", o.fn)
		}
		return item.Invalid // it may be the old value, of any type
	}
	for _, a := range o.args {
		if got := a.literal(); got != item.Invalid && got != t {
			p.wrongType(findFunction, o.fn, got.String())
		}
	}
	return t
}

var longTypeNames = map[item.Type]string{
	item.S: "STRING", item.N: "NUMBER", item.B: "BINARY", item.Null: "NULL", item.Bool: "BOOLEAN", item.L: "LIST", item.M: "MAP",
}

// checkSetOperand notes a value that ADD or DELETE cannot take.
func (p *parser) checkSetOperand(section string, o operand) {
	long := longTypeNames[o.value.Type]
	if long == "" || section == "ADD" && o.value.Type == item.N {
		return
	}
	p.found.note(findOperand, "Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: ALLOWED_FOR_%s_OPERAND",
		section, long, section)
}
