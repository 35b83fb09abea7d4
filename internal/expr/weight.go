package expr

import (
	"reflect"

	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types/ref"
)

// weight counts what is in a value: its items, at all depths, and its text by
// eight bytes. It stops counting when it is over the limit.
func weight(v any, limit int) int {
	switch v := v.(type) {
	case string:
		return 1 + len(v)/8
	case *Text:
		return 1 + len(v.source)/8
	case []any:
		n := 1
		for i := 0; i < len(v) && n <= limit; i++ {
			n += weight(v[i], limit-n)
		}
		return n
	case map[string]any:
		n := 1
		for key, item := range v {
			if n += 1 + len(key)/8; n > limit {
				break
			}
			n += weight(item, limit-n)
		}
		return n
	case []ref.Val:
		n := 1
		for i := 0; i < len(v) && n <= limit; i++ {
			n += weight(v[i].Value(), limit-n)
		}
		return n
	case map[ref.Val]ref.Val:
		n := 1
		for key, item := range v {
			if n += weight(key.Value(), limit-n); n > limit {
				break
			}
			n += weight(item.Value(), limit-n)
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

// prices are the costs of calls that cel-go counts too low: it takes what is in a
// nested list for one item.
type prices struct{}

// CallCost gives the cost of a call that was made; nil leaves it to cel-go.
func (prices) CallCost(function, _ string, args []ref.Val, _ ref.Val) *uint64 {
	var cost int
	switch {
	case (function == operators.Equals || function == operators.NotEquals) && len(args) == 2:
		cost = weight(args[0].Value(), maxCost)
		cost = min(cost, weight(args[1].Value(), cost))
	case function == operators.In && len(args) == 2:
		if cost = weight(args[1].Value(), maxCost); !isList(args[1].Value()) {
			return nil
		}
	case function == "matches" && len(args) == 2:
		text, _ := args[0].Value().(string)
		cost = len(text)
	case len(args) == 2 && isOrder[function]:
		text, _ := args[0].Value().(string)
		cost = 1 + len(text)/64
	case len(args) == 1 && readsAll[function]:
		cost = weight(args[0].Value(), maxCost)
	default:
		return nil
	}
	counted := uint64(cost)
	return &counted
}

// readsAll are functions that go through a text which cel-go prices as one step.
var readsAll = map[string]bool{
	"size": true, "bytes": true, "string": true, "int": true, "uint": true, "double": true, "bool": true,
	"timestamp": true, "duration": true, "ipaddress": true,
}

var isOrder = map[string]bool{operators.Less: true, operators.LessEquals: true, operators.Greater: true, operators.GreaterEquals: true}

func isList(v any) bool { return reflect.ValueOf(v).Kind() == reflect.Slice }
