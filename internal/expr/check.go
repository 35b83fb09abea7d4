package expr

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/writ-dev/writ"
)

// checker goes once through a checked condition: it lists what is used and finds
// the mistakes that CEL's own types let through.
type checker struct {
	p     *Program
	scope *Scope
	first *writ.Error
	seen  map[Path]bool
}

func (p *Program) check(scope *Scope) error {
	if t := p.checked.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return p.problem(p.at, fmt.Sprintf("the condition gives %s, not true or false", article(typeName(t.String()))))
	}
	c := &checker{p: p, scope: scope, seen: make(map[Path]bool)}
	c.visit(p.checked.NativeRep().Expr())
	if c.first != nil {
		return c.first
	}
	return nil
}

func (c *checker) fail(id int64, message string) *writ.Error {
	e := c.p.problem(c.p.placeOf(id), message)
	if c.first == nil {
		c.first = e
	}
	return e
}

func (c *checker) visit(e ast.Expr) {
	if s, _ := c.p.path(e); s != nil {
		c.use(e, s)
		return
	}
	switch e.Kind() {
	case ast.SelectKind:
		c.visit(e.AsSelect().Operand())
	case ast.CallKind:
		call := e.AsCall()
		c.types(e, call)
		if call.IsMemberFunction() {
			c.visit(call.Target())
		}
		for _, arg := range call.Args() {
			c.visit(arg)
		}
	case ast.ListKind:
		for _, item := range e.AsList().Elements() {
			c.visit(item)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			c.visit(entry.AsMapEntry().Key())
			c.visit(entry.AsMapEntry().Value())
		}
	case ast.StructKind:
		for _, field := range e.AsStruct().Fields() {
			c.visit(field.AsStructField().Value())
		}
	case ast.ComprehensionKind:
		c.comprehension(e)
	}
}

func (c *checker) comprehension(e ast.Expr) {
	l := e.AsComprehension()
	for _, name := range []string{l.IterVar(), l.IterVar2()} {
		if c.p.names[name] != nil {
			c.fail(e.ID(), quote(name)+" is the name of something else here").WithHint("give the items of the list another name")
		}
	}
	for _, part := range []ast.Expr{l.IterRange(), l.AccuInit(), l.LoopCondition(), l.LoopStep(), l.Result()} {
		c.visit(part)
	}
}

// path gives the slot that an expression stands for: user, user.age, user["age"],
// has(user.age).
func (p *Program) path(e ast.Expr) (s *slot, presence bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return p.names[identName(e)], false
	case ast.SelectKind:
		sel := e.AsSelect()
		return p.field(sel.Operand(), sel.FieldName()), sel.IsTestOnly()
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() != operators.Index || call.Args()[1].Kind() != ast.LiteralKind {
			return nil, false
		}
		if key, ok := call.Args()[1].AsLiteral().(types.String); ok {
			return p.field(call.Args()[0], string(key)), false
		}
	}
	return nil, false
}

func identName(e ast.Expr) string {
	name := e.AsIdent()
	if len(name) > 0 && name[0] == '.' {
		return name[1:]
	}
	return name
}

func (p *Program) field(operand ast.Expr, field string) *slot {
	if operand.Kind() != ast.IdentKind {
		return nil
	}
	whole := p.names[identName(operand)]
	if whole == nil || whole.declared == nil {
		return nil
	}
	if s := p.names[whole.Variable+"."+field]; s != nil {
		return s
	}
	return newSlot(Path{whole.Variable, field}, whole.variable, whole.declared.Fields[field])
}

func (c *checker) use(e ast.Expr, s *slot) {
	if !c.seen[s.Path] {
		c.seen[s.Path] = true
		c.p.uses = append(c.p.uses, use{s, e.ID()})
	}
}

// unbounded are functions of cel-go's strings that can fill the memory in one
// call: a long text in place of each letter of a long text.
var unbounded = []string{"replace", "join", "format"}

// types finds a declared number where CEL sees any value.
func (c *checker) types(e ast.Expr, call ast.CallExpr) {
	args := call.Args()
	if slices.Contains(unbounded, call.FunctionName()) {
		c.fail(e.ID(), call.FunctionName()+"() cannot be used in a condition").WithHint("what it makes can be far larger than what it is given")
		return
	}
	switch name := call.FunctionName(); name {
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		equality := name == operators.Equals || name == operators.NotEquals
		for i := range 2 {
			number, other := c.number(args[i]), c.static(args[1-i])
			if number == nil || other == "" || other == "null" && equality {
				continue
			}
			c.fail(e.ID(), fmt.Sprintf("%s is a number and cannot be compared with %s by %s", number, article(other), operatorSymbol(name)))
			return
		}
	case operators.In:
		if number, other := c.number(args[0]), c.item(args[1]); number != nil && other != "" {
			c.fail(e.ID(), fmt.Sprintf("%s is a number and never in a list of %s", number, other))
		}
		if s, _ := c.p.path(args[1]); s != nil && s.kind.Kind == KindList && s.kind.Item().Kind == KindNumber {
			if other := c.static(args[0]); other != "" && other != "null" {
				c.fail(e.ID(), fmt.Sprintf("%s is never in %s, a list of numbers", article(other), s))
			}
		}
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo:
		for i := range 2 {
			number, other := c.number(args[i]), c.p.checked.NativeRep().GetType(args[1-i].ID()).Kind()
			if number != nil && (other == types.IntKind || other == types.UintKind) {
				c.fail(e.ID(), fmt.Sprintf("%s is a number with a fraction, and %s takes two of the same type", number, operatorSymbol(name))).
					WithHint("write 1.0 for 1, or double(n) for n")
				return
			}
		}
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional:
		for i, arg := range args {
			if number := c.number(arg); number != nil && (i == 0 || name != operators.Conditional) {
				c.fail(arg.ID(), fmt.Sprintf("%s is a number, not true or false", number))
			}
		}
	case "startsWith", "endsWith", "contains", "matches", "size", "in_cidr":
		for _, arg := range append(slices.Clone(args), call.Target()) {
			if number := c.number(arg); number != nil {
				c.fail(e.ID(), fmt.Sprintf("%s is a number and has no %s()", number, name))
			}
		}
	}
}

// number gives the slot of a declared number.
func (c *checker) number(e ast.Expr) *slot {
	if s, presence := c.p.path(e); s != nil && !presence && s.kind.Kind == KindNumber {
		return s
	}
	return nil
}

// static names the type of an expression that can never be a number; "" when it can.
func (c *checker) static(e ast.Expr) string {
	if s, presence := c.p.path(e); s != nil && !presence && (s.kind.Kind == KindNumber || s.kind.Kind == KindAny) {
		return ""
	}
	return c.notNumber(c.p.checked.NativeRep().GetType(e.ID()))
}

// item names the type of a list's items when it can never be a number.
func (c *checker) item(e ast.Expr) string {
	t := c.p.checked.NativeRep().GetType(e.ID())
	if t.Kind() != types.ListKind || len(t.Parameters()) != 1 {
		return ""
	}
	return c.notNumber(t.Parameters()[0])
}

func (c *checker) notNumber(t *cel.Type) string {
	switch t.Kind() {
	case types.BoolKind, types.StringKind, types.BytesKind, types.ListKind, types.MapKind, types.TimestampKind, types.DurationKind, types.OpaqueKind:
		return typeName(t.String())
	case types.NullTypeKind:
		return "null"
	}
	return ""
}
