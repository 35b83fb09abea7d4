package value

import (
	"encoding/json"
	"net/netip"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Of is a value as cel-go takes it.
func Of(v any) ref.Val {
	given := Adapter{}.NativeToValue(v)
	if u, ok := given.(Unreadable); ok {
		return u.Err
	}
	return given
}

// Unreadable stands inside of a list or map for something of a Go type that no
// condition knows. cel-go takes lists that have errors in the same place as equal;
// this equals nothing.
type Unreadable struct{ *types.Err }

// Equal is false.
func (Unreadable) Equal(ref.Val) ref.Val { return types.False }

// Type is its own.
func (Unreadable) Type() ref.Type { return unreadableType }

var unreadableType = cel.OpaqueType("unreadable")

// Adapter is cel-go's own, which knows addresses as well.
type Adapter struct{}

// NativeToValue implements cel-go's types.Adapter.
func (a Adapter) NativeToValue(v any) ref.Val {
	switch v := v.(type) {
	case netip.Addr:
		return Address{v.Unmap()}
	case []any:
		return types.NewDynamicList(a, v)
	case map[string]any:
		return types.NewStringInterfaceMap(a, v)
	case *Text:
		return types.String(v.source)
	case json.Number:
		return types.DefaultTypeAdapter.NativeToValue(plainNumber(v))
	}
	given := types.DefaultTypeAdapter.NativeToValue(v)
	if err, ok := given.(*types.Err); ok {
		return Unreadable{err}
	}
	return given
}
