package expr

import (
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"strconv"
	"time"
)

// convert makes a value that came from JSON what its declaration says: times,
// durations and addresses are strings there, and integers are numbers or, beyond
// 2^53, strings. A value of another type stays as it is where the type only
// says what to expect (bool, string, number, list, any), and is an error elsewhere.
func convert(v any, to Type) (any, error) {
	switch given := v.(type) {
	case json.Number:
		v = plainNumber(given)
	case *Text:
		if given.is(to.Kind) {
			return given.value, nil
		}
		v = given.source
	}
	switch to.Kind {
	case KindInt:
		return toInt(v)
	case KindUint:
		return toUint(v)
	case KindDouble:
		return toDouble(v)
	case KindNumber:
		return toNumber(v), nil
	case KindTime:
		return toTime(v)
	case KindDuration:
		return toDuration(v)
	case KindIP:
		return toAddress(v)
	case KindList, KindMap:
		return toItems(v, to)
	default:
		return v, nil
	}
}

// plainNumber gives an int64, or a float64 that is infinite for what none holds.
func plainNumber(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	f, err := n.Float64()
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN() // not written by a JSON decoder
	}
	return f
}

func toInt(v any) (any, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case int:
		return int64(v), nil
	case uint64:
		if v <= math.MaxInt64 {
			return int64(v), nil
		}
	case float64:
		if v == math.Trunc(v) && v >= -1<<63 && v < 1<<63 {
			return int64(v), nil
		}
	case string:
		if i, err := strconv.ParseInt(v, 10, 64); err == nil {
			return i, nil
		}
	}
	return nil, errors.New("is not an int")
}

func toUint(v any) (any, error) {
	switch v := v.(type) {
	case uint64:
		return v, nil
	case int64:
		if v >= 0 {
			return uint64(v), nil
		}
	case int:
		if v >= 0 {
			return uint64(v), nil
		}
	case float64:
		if v == math.Trunc(v) && v >= 0 && v < 1<<64 {
			return uint64(v), nil
		}
	case string:
		if u, err := strconv.ParseUint(v, 10, 64); err == nil {
			return u, nil
		}
	}
	return nil, errors.New("is not a uint")
}

func toDouble(v any) (any, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int64:
		return float64(v), nil
	case int:
		return float64(v), nil
	case uint64:
		return float64(v), nil
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return f, nil
		}
	}
	return nil, errors.New("is not a number")
}

// toNumber makes whole numbers doubles where that loses nothing, so that
// arithmetic sees one type however the number was stored.
func toNumber(v any) any {
	const exact = 1<<53 - 1
	switch n := v.(type) {
	case int64:
		if -exact <= n && n <= exact {
			return float64(n)
		}
	case int:
		if -exact <= n && n <= exact {
			return float64(n)
		}
	case uint64:
		if n <= exact {
			return float64(n)
		}
	}
	return v
}

func toTime(v any) (any, error) {
	switch v := v.(type) {
	case time.Time:
		return v, nil
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return t, nil
		}
	}
	return nil, errors.New("is not a timestamp")
}

func toDuration(v any) (any, error) {
	switch v := v.(type) {
	case time.Duration:
		return v, nil
	case string:
		if d, err := time.ParseDuration(v); err == nil {
			return d, nil
		}
	}
	return nil, errors.New("is not a duration")
}

func toAddress(v any) (any, error) {
	switch v := v.(type) {
	case netip.Addr:
		return v.Unmap(), nil
	case string:
		if a, err := netip.ParseAddr(v); err == nil {
			return a.Unmap(), nil
		}
	}
	return nil, errors.New("is not an ipaddress")
}

// toItems converts what is in a list or map, where its type needs that.
func toItems(v any, to Type) (any, error) {
	elem := to.elem()
	if !elem.converts() {
		return v, nil
	}
	switch v := v.(type) {
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			converted, err := convert(item, elem)
			if err != nil {
				return nil, errors.New("has an item that " + err.Error())
			}
			items[i] = converted
		}
		return items, nil
	case map[string]any:
		items := make(map[string]any, len(v))
		for key, item := range v {
			converted, err := convert(item, elem)
			if err != nil {
				return nil, errors.New("has a value that " + err.Error())
			}
			items[key] = converted
		}
		return items, nil
	}
	return v, nil
}

// converts reports whether values of the type differ from how JSON has them.
func (t Type) converts() bool {
	switch t.Kind {
	case KindInt, KindUint, KindDouble, KindTime, KindDuration, KindIP:
		return true
	case KindList, KindMap:
		return t.elem().converts()
	}
	return false
}
