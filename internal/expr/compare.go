package expr

import (
	"cmp"
	"math"
	"net/netip"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// settled leaves the values that the operations know as they are and makes the
// rest, such as an int or a []string, one of them or a value of cel-go.
func settled(v any) any {
	switch v := v.(type) {
	case nil, string, bool, float64, int64, uint64, []any, map[string]any, time.Time, time.Duration:
		return v
	case netip.Addr:
		if v.Is4In6() {
			return v.Unmap()
		}
		return v
	case *Text:
		return v.source
	}
	switch v := (adapter{}).NativeToValue(v).(type) {
	case types.Int:
		return int64(v)
	case types.Uint:
		return uint64(v)
	case types.Double:
		return float64(v)
	case types.String:
		return string(v)
	case types.Bool:
		return bool(v)
	case types.Null:
		return nil
	case types.Timestamp:
		return v.Time
	case types.Duration:
		return v.Duration
	case address:
		return v.Addr
	default:
		return v
	}
}

// isExact reports whether a double is a whole number that an int compares with exactly.
func isExact(v float64) bool {
	return v == math.Trunc(v) && math.Abs(v) < 1<<53
}

// equal is CEL's: values of different types are not equal, except that numbers
// compare by what they count; NaN equals nothing.
func (r *run) equal(a, b any) bool {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return ok && r.spend(len(b)/64) && a == b
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	case float64, int64, uint64:
		order, ok := compareNumbers(a, b)
		return ok && order == 0
	case nil:
		return b == nil
	case time.Time:
		b, ok := b.(time.Time)
		return ok && a.Equal(b)
	case time.Duration:
		b, ok := b.(time.Duration)
		return ok && a == b
	case netip.Addr:
		b, ok := b.(netip.Addr)
		return ok && a == b
	case []any:
		if b, ok := b.([]any); ok {
			return r.equalLists(a, b)
		}
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			return r.equalMaps(a, b)
		}
	}
	return types.Equal(value(a), value(b)) == types.True
}

func (r *run) equalLists(a, b []any) bool {
	if len(a) != len(b) || !r.spend(len(a)) {
		return false
	}
	for i := range a {
		if !r.equal(settled(a[i]), settled(b[i])) {
			return false
		}
	}
	return true
}

func (r *run) equalMaps(a, b map[string]any) bool {
	if len(a) != len(b) || !r.spend(len(a)) {
		return false
	}
	for key, item := range a {
		other, ok := b[key]
		if !ok || !r.equal(settled(item), settled(other)) {
			return false
		}
	}
	return true
}

// compare orders two values. ok is false when they have no order.
func compare(a, b any) (order int, ok bool) {
	switch a := a.(type) {
	case float64, int64, uint64:
		return compareNumbers(a, b)
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(a, b), true
		}
		return 0, false
	case bool:
		if b, ok := b.(bool); ok {
			return order3(!a && b, a == b), true
		}
		return 0, false
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b), true
		}
		return 0, false
	case time.Duration:
		if b, ok := b.(time.Duration); ok {
			return cmp.Compare(a, b), true
		}
		return 0, false
	case ref.Val:
		comparer, ok := a.(traits.Comparer)
		if !ok {
			return 0, false
		}
		order, ok := comparer.Compare(value(b)).(types.Int)
		return int(order), ok
	}
	return 0, false
}

// unordered reports whether a comparison is false, and no error, because of NaN.
func unordered(a, b any) bool {
	if a, ok := a.(float64); ok && math.IsNaN(a) {
		return true
	}
	if b, ok := b.(float64); !ok || !math.IsNaN(b) {
		return false
	}
	switch a := a.(type) {
	case float64, int64, uint64, string, bool, time.Time, time.Duration:
		return true
	case ref.Val:
		return a.Type().HasTrait(traits.ComparerType)
	}
	return false
}

func order3(less, same bool) int {
	switch {
	case less:
		return -1
	case same:
		return 0
	}
	return 1
}

// compareNumbers orders numbers as CEL does: an int beside a double is rounded to
// one, unless the double is beyond all ints. NaN has no order.
func compareNumbers(a, b any) (int, bool) {
	switch a := a.(type) {
	case float64:
		switch b := b.(type) {
		case float64:
			return order3(a < b, a == b), a == a && b == b
		case int64:
			return doubleInt(a, b), a == a
		case uint64:
			return doubleUint(a, b), a == a
		}
	case int64:
		switch b := b.(type) {
		case float64:
			return -doubleInt(b, a), b == b
		case int64:
			return cmp.Compare(a, b), true
		case uint64:
			return intUint(a, b), true
		}
	case uint64:
		switch b := b.(type) {
		case float64:
			return -doubleUint(b, a), b == b
		case int64:
			return -intUint(b, a), true
		case uint64:
			return cmp.Compare(a, b), true
		}
	}
	return 0, false
}

func doubleInt(a float64, b int64) int {
	switch {
	case a < math.MinInt64:
		return -1
	case a > math.MaxInt64:
		return 1
	}
	return order3(a < float64(b), a == float64(b))
}

func doubleUint(a float64, b uint64) int {
	switch {
	case a < 0:
		return -1
	case a > math.MaxUint64:
		return 1
	}
	return order3(a < float64(b), a == float64(b))
}

func intUint(a int64, b uint64) int {
	if a < 0 || b > math.MaxInt64 {
		return -1
	}
	return cmp.Compare(a, int64(b))
}
