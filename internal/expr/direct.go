package expr

import (
	"fmt"
	"net/netip"
	"regexp"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/writ-dev/writ"
)

// op says what a node of direct code does.
type op uint8

const (
	opLiteral op = iota
	opPath       // the value of a slot
	opKey        // the value of a key of a map: user.city.name
	opHas        // has(slot)
	opHasKey     // has(user.city.name)
	opAnd
	opOr
	opNot
	opChoose // a ? b : c
	opEqual
	opUnequal
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opIn     // in a value
	opInList // in a list that is written out, of which an item is not a literal
	opStartsWith
	opEndsWith
	opContains
	opMatches
	opInCIDR
	opSize
	opInstance
	opExists
	opAll
	opLocal // the variable of an exists or all
)

// node is an operation of direct code with its operands. Its errors are made when
// it is compiled, so that a run allocates nothing.
type node struct {
	op      op
	a, b, c *node
	items   []*node // opInList
	slot    *slot
	literal any
	key     string
	local   int // opLocal, opExists, opAll: which variable
	pattern *regexp.Regexp
	wrong   *writ.Error // values that the operation does not fit
	notBool *writ.Error // a result that is not true or false
	costly  *writ.Error
}

// builder compiles direct code. It gives nil for what only cel-go can run.
type builder struct {
	p      *Program
	costly *writ.Error
	locals []string // the variables of the quantifiers around
}

func (p *Program) compileDirect() *node {
	b := &builder{p: p, costly: p.tooCostly()}
	return b.node(p.checked.NativeRep().Expr())
}

func (b *builder) node(e ast.Expr) *node {
	n := b.make(e)
	if n == nil {
		return nil
	}
	at := b.p.placeOf(e.ID())
	n.costly = b.costly
	n.wrong = b.p.problem(at, n.complaint())
	n.notBool = b.p.problem(at, n.text()+" is not true or false")
	return n
}

func (b *builder) make(e ast.Expr) *node {
	if n := b.item(e); n != nil {
		return n
	}
	if s, presence := b.p.path(e); s != nil {
		switch {
		case s.declared != nil:
			return nil // an object as a whole
		case presence:
			return &node{op: opHas, slot: s}
		}
		return &node{op: opPath, slot: s}
	}
	switch e.Kind() {
	case ast.LiteralKind:
		if v, ok := literal(e.AsLiteral()); ok {
			return &node{op: opLiteral, literal: v}
		}
	case ast.ListKind:
		if items, ok := b.literals(e); ok {
			return &node{op: opLiteral, literal: items}
		}
	case ast.SelectKind:
		sel := e.AsSelect()
		n := &node{op: opKey, a: b.node(sel.Operand()), key: sel.FieldName()}
		if sel.IsTestOnly() {
			n.op = opHasKey
		}
		return whole(n, n.a)
	case ast.CallKind:
		return b.call(e.AsCall())
	case ast.ComprehensionKind:
		return b.quantifier(e.AsComprehension())
	}
	return nil
}

// whole gives n if all of its operands could be compiled.
func whole(n *node, operands ...*node) *node {
	for _, o := range operands {
		if o == nil {
			return nil
		}
	}
	return n
}

var binary = map[string]op{
	operators.LogicalAnd: opAnd, operators.LogicalOr: opOr,
	operators.Equals: opEqual, operators.NotEquals: opUnequal,
	operators.Less: opLess, operators.LessEquals: opLessEqual,
	operators.Greater: opGreater, operators.GreaterEquals: opGreaterEqual,
}

var methods = map[string]op{"startsWith": opStartsWith, "endsWith": opEndsWith, "contains": opContains}

func (b *builder) call(call ast.CallExpr) *node {
	name, args := call.FunctionName(), call.Args()
	if call.IsMemberFunction() {
		args = append([]ast.Expr{call.Target()}, args...)
	}
	if o, ok := binary[name]; ok && len(args) == 2 {
		n := &node{op: o, a: b.node(args[0]), b: b.node(args[1])}
		return whole(n, n.a, n.b)
	}
	if o, ok := methods[name]; ok && len(args) == 2 {
		n := &node{op: o, a: b.node(args[0]), b: b.node(args[1])}
		return whole(n, n.a, n.b)
	}
	switch {
	case name == operators.LogicalNot:
		n := &node{op: opNot, a: b.node(args[0])}
		return whole(n, n.a)
	case name == operators.Conditional:
		n := &node{op: opChoose, a: b.node(args[0]), b: b.node(args[1]), c: b.node(args[2])}
		return whole(n, n.a, n.b, n.c)
	case name == operators.In:
		return b.in(args)
	case name == "size" && len(args) == 1:
		n := &node{op: opSize, a: b.node(args[0])}
		return whole(n, n.a)
	case name == "instance" && len(args) == 2:
		n := &node{op: opInstance, a: b.node(args[0]), b: b.node(args[1])}
		return whole(n, n.a, n.b)
	case name == "matches" && len(args) == 2:
		return b.matches(args)
	case name == "in_cidr" && len(args) == 2:
		return b.inCIDR(args)
	case name == operators.Index && args[1].Kind() == ast.LiteralKind:
		key, ok := args[1].AsLiteral().(types.String)
		if !ok {
			return nil
		}
		n := &node{op: opKey, a: b.node(args[0]), key: string(key)}
		return whole(n, n.a)
	case len(args) == 1 && args[0].Kind() == ast.LiteralKind:
		return constant(name, args[0].AsLiteral())
	}
	return nil
}

func (b *builder) in(args []ast.Expr) *node {
	n := &node{op: opIn, a: b.node(args[0])}
	if n.b = b.node(args[1]); n.b != nil || n.a == nil || args[1].Kind() != ast.ListKind {
		return whole(n, n.a, n.b)
	}
	n.op = opInList
	for _, item := range args[1].AsList().Elements() {
		n.items = append(n.items, b.node(item))
	}
	if len(args[1].AsList().OptionalIndices()) > 0 {
		return nil
	}
	return whole(n, n.items...)
}

func (b *builder) matches(args []ast.Expr) *node {
	n := &node{op: opMatches, a: b.node(args[0])}
	if n.a == nil || args[1].Kind() != ast.LiteralKind {
		return nil
	}
	pattern, _ := args[1].AsLiteral().Value().(string)
	var err error
	if n.pattern, err = regexp.Compile(pattern); err != nil {
		return nil
	}
	return n
}

func (b *builder) inCIDR(args []ast.Expr) *node {
	n := &node{op: opInCIDR, a: b.node(args[0])}
	if n.a == nil || args[1].Kind() != ast.LiteralKind {
		return nil
	}
	text, _ := args[1].AsLiteral().Value().(string)
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return nil
	}
	n.literal = prefix
	return n
}

// constant gives the value of timestamp("…"), duration("…") and ipaddress("…").
func constant(name string, of ref.Val) *node {
	text, ok := of.(types.String)
	if !ok {
		return nil
	}
	switch name {
	case "timestamp":
		if t, ok := text.ConvertToType(types.TimestampType).(types.Timestamp); ok {
			return &node{op: opLiteral, literal: t.Time}
		}
	case "duration":
		if d, ok := text.ConvertToType(types.DurationType).(types.Duration); ok {
			return &node{op: opLiteral, literal: d.Duration}
		}
	case "ipaddress":
		if a, err := netip.ParseAddr(string(text)); err == nil {
			return &node{op: opLiteral, literal: a.Unmap()}
		}
	}
	return nil
}

func literal(v ref.Val) (any, bool) {
	switch v := v.(type) {
	case types.Null:
		return nil, true
	case types.Bool, types.Int, types.Uint, types.Double, types.String:
		return v.Value(), true
	}
	return nil, false
}

// literals gives a list of literals as a value.
func (b *builder) literals(e ast.Expr) ([]any, bool) {
	l := e.AsList()
	items := make([]any, 0, l.Size())
	for _, item := range l.Elements() {
		n := b.node(item)
		if n == nil || n.op != opLiteral {
			return nil, false
		}
		items = append(items, n.literal)
	}
	return items, len(l.OptionalIndices()) == 0
}

// complaint says what is wrong when a value does not fit the operation.
func (n *node) complaint() string {
	switch n.op {
	case opEqual, opUnequal, opLess, opLessEqual, opGreater, opGreaterEqual:
		return n.a.text() + " and " + n.b.text() + " have no order: their types differ or are not ordered"
	case opPath, opHas:
		return n.slot.Path.String() + " is not " + article(n.slot.kind.String())
	case opKey, opHasKey:
		return n.a.text() + " has no key " + quote(n.key)
	case opIn:
		return n.b.text() + " is not a list or map"
	case opStartsWith, opEndsWith, opContains:
		return n.a.text() + " and " + n.b.text() + " must both be strings"
	case opMatches:
		return n.a.text() + " is not a string"
	case opInCIDR:
		return n.a.text() + " is not an ipaddress"
	case opSize:
		return n.a.text() + " has no size"
	case opInstance:
		return n.text() + " gives nothing: there is no such object, or none can be read here"
	case opExists, opAll:
		return n.a.text() + " is not a list or map"
	default:
		return "the condition has a value of a type that it does not fit"
	}
}

// text names an operand in a message.
func (n *node) text() string {
	switch n.op {
	case opPath:
		return n.slot.Path.String()
	case opKey:
		return n.a.text() + "." + n.key
	case opInstance:
		return "instance(" + n.a.text() + ", " + n.b.text() + ")"
	case opLocal:
		return n.key
	case opLiteral:
		switch v := n.literal.(type) {
		case nil:
			return "null"
		case string:
			return quote(v)
		case bool, int64, uint64, float64:
			return fmt.Sprint(v)
		}
		return "the value"
	default:
		return "the value"
	}
}
