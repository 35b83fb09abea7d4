package expr

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// run is one evaluation of direct code.
type run struct {
	from Source
	left int // steps that may still be taken
	// locals are the items that quantifiers are at.
	locals [maxLocals]any
}

// test runs a node that must give true or false. An error on one side of && and
// || yields to the other side where that alone decides, as in CEL.
func (r *run) test(n *node) (bool, error) {
	switch n.op {
	case opAnd, opOr:
		decides := n.op == opOr
		a, err := r.test(n.a)
		if err == nil && a == decides {
			return decides, nil
		}
		b, second := r.test(n.b)
		switch {
		case second == nil && b == decides:
			return decides, nil
		case err != nil:
			return false, err
		case second != nil:
			return false, second
		}
		return !decides, nil
	case opNot:
		a, err := r.test(n.a)
		return !a && err == nil, err
	case opChoose:
		a, err := r.test(n.a)
		switch {
		case err != nil:
			return false, err
		case a:
			return r.test(n.b)
		default:
			return r.test(n.c)
		}
	case opHas:
		v, ok := r.from.Value(n.slot.variable, n.slot.Field)
		if !ok {
			return false, nil
		}
		_, err := n.given(v)
		return err == nil, err
	case opHasKey:
		a, err := r.value(n.a)
		if err != nil {
			return false, err
		}
		return n.has(a)
	case opExists, opAll:
		return r.quantify(n)
	case opLiteral, opPath, opKey, opSize, opLocal, opInstance:
		v, err := r.value(n)
		if err != nil {
			return false, err
		}
		holds, ok := v.(bool)
		if !ok {
			return false, n.notBool
		}
		return holds, nil
	default:
		return r.compare(n)
	}
}

// compare runs the operations on two values.
func (r *run) compare(n *node) (bool, error) {
	a, err := r.value(n.a)
	if err != nil {
		return false, err
	}
	switch n.op {
	case opInList:
		return r.inList(n, a)
	case opMatches:
		text, ok := a.(string)
		if !ok {
			return false, n.wrong
		}
		if !r.spend(len(text)) {
			return false, n.costly
		}
		return n.pattern.MatchString(text), nil
	case opInCIDR:
		ip, ok := a.(netip.Addr)
		if !ok {
			return false, n.wrong
		}
		return n.literal.(netip.Prefix).Contains(ip), nil
	}
	b, err := r.value(n.b)
	if err != nil {
		return false, err
	}
	switch n.op {
	case opEqual, opUnequal:
		same := r.equal(a, b)
		if r.left < 0 {
			return false, n.costly
		}
		return same == (n.op == opEqual), nil
	case opIn:
		return r.in(n, a, b)
	case opStartsWith, opEndsWith, opContains:
		return r.strings(n, a, b)
	}
	if text, ok := a.(string); ok && !r.spend(len(text)/64) {
		return false, n.costly
	}
	order, ok := compare(a, b)
	switch {
	case !ok && unordered(a, b):
		return false, nil
	case !ok:
		return false, n.wrong
	}
	switch n.op {
	case opLess:
		return order < 0, nil
	case opLessEqual:
		return order <= 0, nil
	case opGreater:
		return order > 0, nil
	default:
		return order >= 0, nil
	}
}

func (r *run) strings(n *node, a, b any) (bool, error) {
	text, ok := a.(string)
	part, also := b.(string)
	switch {
	case !ok || !also:
		return false, n.wrong
	case !r.spend(len(part) / 64):
		return false, n.costly
	case n.op == opStartsWith:
		return strings.HasPrefix(text, part), nil
	case n.op == opEndsWith:
		return strings.HasSuffix(text, part), nil
	case !r.spend(len(text) / 10):
		return false, n.costly
	}
	return strings.Contains(text, part), nil
}

func (r *run) inList(n *node, a any) (bool, error) {
	found := false
	for _, item := range n.items {
		v, err := r.value(item)
		if err != nil {
			return false, err
		}
		found = found || r.equal(a, v)
	}
	if r.left < 0 {
		return false, n.costly
	}
	return found, nil
}

func (r *run) in(n *node, a, b any) (bool, error) {
	switch b := b.(type) {
	case []any:
		if a, ok := a.(string); ok {
			return r.inStrings(n, a, b)
		}
		for i := range b {
			if r.equal(a, settled(b[i])) {
				return true, nil
			}
			if !r.spend(1) {
				return false, n.costly
			}
		}
		return false, nil
	case map[string]any:
		if key, ok := a.(string); ok {
			_, found := b[key]
			return found, nil
		}
	}
	container, ok := value(b).(traits.Container)
	if !ok {
		return false, n.wrong
	}
	found, ok := container.Contains(value(a)).(types.Bool)
	if !ok {
		return false, n.wrong
	}
	return bool(found), nil
}

// inStrings is the most frequent of them: a name in a list of names.
func (r *run) inStrings(n *node, a string, b []any) (bool, error) {
	for i := range b {
		text, ok := b[i].(string)
		if ok && text == a || !ok && r.equal(a, settled(b[i])) {
			return true, nil
		}
	}
	if !r.spend(len(b)) {
		return false, n.costly
	}
	return false, nil
}

// value runs any node.
func (r *run) value(n *node) (any, error) {
	switch n.op {
	case opPath:
		v, ok := r.from.Value(n.slot.variable, n.slot.Field)
		if !ok {
			return nil, n.slot.missing
		}
		if !n.slot.converts {
			switch v.(type) {
			case string, float64, bool, int64, []any:
				return v, nil
			}
		}
		return n.given(v)
	case opLiteral:
		return n.literal, nil
	case opLocal:
		return r.locals[n.local], nil
	}
	return r.derive(n)
}

// derive runs what makes a value of other values.
func (r *run) derive(n *node) (any, error) {
	switch n.op {
	case opKey:
		a, err := r.value(n.a)
		if err != nil {
			return nil, err
		}
		v, ok, err := n.lookup(a)
		if err == nil && !ok {
			err = n.wrong
		}
		return v, err
	case opSize:
		a, err := r.value(n.a)
		if err != nil {
			return nil, err
		}
		if text, ok := a.(string); ok && !r.spend(len(text)/8) {
			return nil, n.costly
		}
		return n.size(a)
	case opInstance:
		return r.instance(n)
	case opChoose:
		a, err := r.test(n.a)
		switch {
		case err != nil:
			return nil, err
		case a:
			return r.value(n.b)
		default:
			return r.value(n.c)
		}
	default:
		holds, err := r.test(n)
		return holds, err
	}
}

// instance gives the attributes of another object.
func (r *run) instance(n *node) (any, error) {
	a, err := r.value(n.a)
	if err != nil {
		return nil, err
	}
	b, err := r.value(n.b)
	if err != nil {
		return nil, err
	}
	from, ok := r.from.(Instances)
	kind, isText := a.(string)
	key, isKey := b.(string)
	if !ok || !isText || !isKey {
		return nil, n.wrong
	}
	attributes, ok := from.Instance(kind, key)
	switch {
	case !ok:
		return nil, n.wrong
	case !r.spend(1 + len(attributes)):
		return nil, n.costly
	}
	return attributes, nil
}

// given makes a value that a Source gave one of those that the operations know.
func (n *node) given(v any) (any, error) {
	if n.slot.converts {
		kind := n.slot.kind
		if f, ok := v.(float64); ok && kind.Kind == KindInt && isExact(f) {
			return v, nil // compares as the int does
		}
		var err error
		if v, err = convert(v, kind); err != nil {
			return nil, n.wrong
		}
	}
	v = settled(v)
	if _, bad := v.(unreadable); bad {
		return nil, n.wrong
	}
	return v, nil
}

// lookup gives a key of a map; what is not a map has no keys.
func (n *node) lookup(v any) (any, bool, error) {
	if m, ok := v.(map[string]any); ok {
		item, found := m[n.key]
		return settled(item), found, nil
	}
	m, ok := value(v).(traits.Mapper)
	if !ok {
		return nil, false, n.wrong
	}
	item, found := m.Find(types.String(n.key))
	if !found {
		return nil, false, nil
	}
	return settled(item), true, nil
}

// has is the presence test of a key. As in CEL, what has no keys has not this one;
// a list has indices and is an error.
func (n *node) has(v any) (bool, error) {
	switch v := v.(type) {
	case map[string]any:
		_, found := v[n.key]
		return found, nil
	case []any:
		return false, n.wrong
	case ref.Val:
		switch v := v.(type) {
		case traits.Mapper:
			_, found := v.Find(types.String(n.key))
			return found, nil
		case traits.Lister:
			return false, n.wrong
		}
	}
	return false, nil
}

func (n *node) size(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return int64(utf8.RuneCountInString(v)), nil
	case []any:
		return int64(len(v)), nil
	case map[string]any:
		return int64(len(v)), nil
	case ref.Val:
		if sizer, ok := v.(traits.Sizer); ok {
			return sizer.Size().Value(), nil
		}
	}
	return nil, n.wrong
}

func (r *run) spend(steps int) bool {
	r.left -= steps
	return r.left >= 0
}
