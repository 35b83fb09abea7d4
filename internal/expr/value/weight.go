package value

import (
	"reflect"

	"cel.dev/cel-go/common/types/ref"
)

// Weight counts what is in a value: its items, at all depths, and its text by
// eight bytes. It stops counting when it is over the limit.
func Weight(v any, limit int) int {
	switch v := v.(type) {
	case string:
		return 1 + len(v)/8
	case *Text:
		return 1 + len(v.source)/8
	case []any:
		n := 1
		for i := 0; i < len(v) && n <= limit; i++ {
			n += Weight(v[i], limit-n)
		}
		return n
	case map[string]any:
		n := 1
		for key, item := range v {
			if n += 1 + len(key)/8; n > limit {
				break
			}
			n += Weight(item, limit-n)
		}
		return n
	case []ref.Val:
		n := 1
		for i := 0; i < len(v) && n <= limit; i++ {
			n += Weight(v[i].Value(), limit-n)
		}
		return n
	case map[ref.Val]ref.Val:
		n := 1
		for key, item := range v {
			if n += Weight(key.Value(), limit-n); n > limit {
				break
			}
			n += Weight(item.Value(), limit-n)
		}
		return n
	case []byte:
		return 1 + len(v)/8
	case nil, bool, float64, int64:
		return 1
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Slice || r.Kind() == reflect.Map {
		return 1 + r.Len()
	}
	return 1
}
