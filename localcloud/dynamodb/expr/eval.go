package expr

import (
	"strings"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

// Matches reports whether an item meets the condition.
func (c *Condition) Matches(it item.Getter) bool { return c.root.matches(it) }

func (n *node) matches(it item.Getter) bool {
	switch n.op {
	case "and":
		return n.left.matches(it) && n.right.matches(it)
	case "or":
		return n.left.matches(it) || n.right.matches(it)
	case "not":
		return !n.left.matches(it)
	case "call":
		return n.args[0].holds(it)
	}
	left, ok := n.args[0].resolve(it)
	if n.op == "in" {
		return ok && n.among(left, it)
	}
	right, also := n.args[1].resolve(it)
	switch n.op {
	case "=":
		return ok && also && left.Equal(right)
	case "<>":
		return !ok || !also || !left.Equal(right)
	case "between":
		high, third := n.args[2].resolve(it)
		return ok && also && third && ordered(right, "<=", left) && ordered(left, "<=", high)
	default:
		return ok && also && ordered(left, n.op, right)
	}
}

func (n *node) among(v item.Value, it item.Getter) bool {
	for _, a := range n.args[1:] {
		if w, ok := a.resolve(it); ok && v.Equal(w) {
			return true
		}
	}
	return false
}

// ordered compares scalars of one type; values of different types have no order.
func ordered(a item.Value, op string, b item.Value) bool {
	order, ok := a.Compare(b)
	if !ok {
		return false
	}
	switch op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	default:
		return order >= 0
	}
}

// resolve gives the value of an operand of a condition.
func (o operand) resolve(it item.Getter) (item.Value, bool) {
	switch {
	case o.path != nil:
		return o.path.Resolve(it)
	case o.fn == "size":
		v, ok := o.args[0].resolve(it)
		if !ok {
			return v, false
		}
		return sizeOf(v)
	default:
		return o.value, true
	}
}

// sizeOf is the function size: characters are counted as UTF-8 bytes.
func sizeOf(v item.Value) (item.Value, bool) {
	switch v.Type {
	case item.S, item.B:
		return item.Int(len(v.Text)), true
	case item.SS, item.NS, item.BS:
		return item.Int(len(v.Set)), true
	case item.L:
		return item.Int(len(v.List)), true
	case item.M:
		return item.Int(len(v.Map)), true
	default:
		return item.Value{}, false
	}
}

// holds evaluates a function that is a condition.
func (o operand) holds(it item.Getter) bool {
	v, ok := o.args[0].resolve(it)
	switch o.fn {
	case "attribute_exists":
		return ok
	case "attribute_not_exists":
		return !ok
	}
	w, also := o.args[1].resolve(it)
	if !ok || !also {
		return false
	}
	switch o.fn {
	case "attribute_type":
		return v.Type.String() == w.Text
	case "begins_with":
		return beginsWith(v, w)
	default:
		return contains(v, w)
	}
}

func beginsWith(v, w item.Value) bool {
	return v.Type == w.Type && (v.Type == item.S || v.Type == item.B) && strings.HasPrefix(v.Text, w.Text)
}

// contains is substring for texts, membership for sets and lists.
func contains(v, w item.Value) bool {
	switch {
	case v.Type == item.S || v.Type == item.B:
		return v.Type == w.Type && strings.Contains(v.Text, w.Text)
	case v.Type.Set():
		return v.Type.Element() == w.Type && v.Contains(w.Text)
	case v.Type == item.L:
		for _, e := range v.List {
			if e.Equal(w) {
				return true
			}
		}
	}
	return false
}
