package expr

import (
	"reflect"

	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types/ref"

	"github.com/writ-dev/writ/internal/expr/value"
)

// prices are the costs of calls that cel-go counts too low: it takes what is in a
// nested list for one item.
type prices struct{}

// CallCost gives the cost of a call that was made; nil leaves it to cel-go.
func (prices) CallCost(function, _ string, args []ref.Val, _ ref.Val) *uint64 {
	var cost int
	switch {
	case (function == operators.Equals || function == operators.NotEquals) && len(args) == 2:
		cost = value.Weight(args[0].Value(), maxCost)
		cost = min(cost, value.Weight(args[1].Value(), cost))
	case function == operators.In && len(args) == 2:
		if cost = value.Weight(args[1].Value(), maxCost); !isList(args[1].Value()) {
			return nil
		}
	case function == "matches" && len(args) == 2:
		text, _ := args[0].Value().(string)
		cost = len(text)
	case len(args) == 2 && isOrder[function]:
		text, _ := args[0].Value().(string)
		cost = 1 + len(text)/64
	case len(args) == 1 && readsAll[function]:
		cost = value.Weight(args[0].Value(), maxCost)
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
