package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/traits"

	"github.com/writ-dev/writ/internal/expr/value"
)

// maxLocals is how deep direct code nests exists and all.
const maxLocals = 3

// quantifier compiles list.exists(x, …) and list.all(x, …), which are what sets
// need: subset, superset, intersection. The other macros are cel-go's.
func (b *builder) quantifier(l ast.ComprehensionExpr) *node {
	step, start := l.LoopStep(), l.AccuInit()
	if l.HasIterVar2() || len(b.locals) == maxLocals || step.Kind() != ast.CallKind || start.Kind() != ast.LiteralKind {
		return nil
	}
	call, n := step.AsCall(), &node{local: len(b.locals)}
	switch {
	case call.FunctionName() == operators.LogicalOr && start.AsLiteral() == types.False:
		n.op = opExists
	case call.FunctionName() == operators.LogicalAnd && start.AsLiteral() == types.True:
		n.op = opAll
	default:
		return nil
	}
	if !isIdent(call.Args()[0], l.AccuVar()) || !isIdent(l.Result(), l.AccuVar()) {
		return nil
	}
	n.a = b.node(l.IterRange())
	b.locals = append(b.locals, l.IterVar())
	n.b = b.node(call.Args()[1])
	b.locals = b.locals[:len(b.locals)-1]
	return whole(n, n.a, n.b)
}

func isIdent(e ast.Expr, name string) bool {
	return e.Kind() == ast.IdentKind && e.AsIdent() == name
}

// item gives the node of a quantifier's variable.
func (b *builder) item(e ast.Expr) *node {
	if e.Kind() != ast.IdentKind {
		return nil
	}
	for i := len(b.locals) - 1; i >= 0; i-- {
		if b.locals[i] == e.AsIdent() {
			return &node{op: opLocal, local: i, key: b.locals[i]}
		}
	}
	return nil
}

// quantify runs exists and all. As with && and ||, one item that decides makes up
// for errors on others.
func (r *run) quantify(n *node) (bool, error) {
	list, err := r.value(n.a)
	if err != nil {
		return false, err
	}
	var q quantified
	switch list := list.(type) {
	case []any:
		for i := range list {
			if r.visit(n, value.Settled(list[i]), &q) {
				break
			}
		}
	case map[string]any:
		for key := range list {
			if r.visit(n, key, &q) {
				break
			}
		}
	case traits.Lister:
		r.iterate(n, list.Iterator(), &q)
	case traits.Mapper:
		r.iterate(n, list.Iterator(), &q)
	default:
		if list != "" { // cel-go takes an empty text for an empty list
			return false, n.wrong
		}
	}
	decides := n.op == opExists
	if q.done {
		return decides, nil
	}
	return !decides && q.err == nil, q.err
}

// quantified is what such a loop has found.
type quantified struct {
	done bool  // an item decided
	err  error // of the first item that had one
}

// visit tries one item and reports whether the loop is at its end.
func (r *run) visit(n *node, item any, q *quantified) bool {
	if !r.left.Spend(1) {
		q.err = n.costly
		return true
	}
	r.locals[n.local] = item
	holds, err := r.test(n.b)
	switch {
	case err == nil && holds == (n.op == opExists):
		q.done = true
	case err != nil && q.err == nil:
		q.err = err
	}
	return q.done
}

func (r *run) iterate(n *node, it traits.Iterator, q *quantified) {
	for it.HasNext() == types.True {
		if r.visit(n, value.Settled(it.Next()), q) {
			return
		}
	}
}
