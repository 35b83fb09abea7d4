package expr

import (
	"encoding/json"
	"net/netip"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// activation gives cel-go the values of a Source, each when it is asked for.
type activation struct {
	program *Program
	from    Source
	missing *Missing // what was last asked for in vain
	left    int      // weight of the values that may still be given
}

const overCost = "cost limit exceeded" // cel-go's words for its own limit

// give makes a CEL value of what a Source gave, unless it is too large.
func (a *activation) give(s *slot, v any) ref.Val {
	if a.left -= weight(v, a.left); a.left < 0 {
		return types.NewErr(overCost)
	}
	return adapt(s, v)
}

// ResolveName gives a variable or a declared field.
func (a *activation) ResolveName(name string) (any, bool) {
	s := a.program.names[name]
	if s == nil {
		return nil, false
	}
	if s.declared != nil {
		return &object{a: a, of: s}, true
	}
	v, ok := a.from.Value(s.variable, s.Field)
	if !ok {
		a.missing = s.missing
		return nil, false
	}
	return a.give(s, v), true
}

// Parent is none: there is one level of names.
func (a *activation) Parent() interpreter.Activation { return nil }

// ResolveFunction gives the functions that need the Source.
func (a *activation) ResolveFunction(name string) (functions.LateBoundOp, bool) {
	if name != "instance" {
		return nil, false
	}
	return a.instance, true
}

func (a *activation) instance(_ string, args ...ref.Val) ref.Val {
	from, ok := a.from.(Instances)
	if !ok {
		return types.NewErr("instance() has no stored objects to read here")
	}
	if a.left < 0 { // cel-go goes on after an error
		return types.NewErr(overCost)
	}
	kind, _ := args[0].Value().(string)
	key, _ := args[1].Value().(string)
	attributes, ok := from.Instance(kind, key)
	if !ok {
		return types.NewErr("there is no object %s:%s", kind, key)
	}
	if a.left -= weight(attributes, a.left); a.left < 0 {
		return types.NewErr(overCost)
	}
	return value(attributes)
}

func instanceFunction() cel.EnvOption {
	return cel.Function("instance", cel.Overload("instance_string_string",
		[]*cel.Type{cel.StringType, cel.StringType}, cel.MapType(cel.StringType, cel.DynType), cel.LateFunctionBinding()))
}

// adapt makes a CEL value of what a Source gave for a slot.
func adapt(s *slot, v any) ref.Val {
	v, err := convert(v, s.kind)
	if err != nil {
		return types.NewErr("%s %s", s.Path, err)
	}
	return value(v)
}

func value(v any) ref.Val {
	given := adapter{}.NativeToValue(v)
	if u, ok := given.(unreadable); ok {
		return u.Err
	}
	return given
}

// unreadable stands inside of a list or map for something of a Go type that no
// condition knows. cel-go takes lists that have errors in the same place as equal;
// this equals nothing.
type unreadable struct{ *types.Err }

func (unreadable) Equal(ref.Val) ref.Val { return types.False }
func (unreadable) Type() ref.Type        { return unreadableType }

var unreadableType = cel.OpaqueType("unreadable")

// adapter is cel-go's own, which knows addresses as well.
type adapter struct{}

func (a adapter) NativeToValue(v any) ref.Val {
	switch v := v.(type) {
	case netip.Addr:
		return address{v.Unmap()}
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
		return unreadable{err}
	}
	return given
}

// object is an Object variable that asks its Source for one field at a time, and
// for all of them only when it is used whole.
type object struct {
	a  *activation
	of *slot
}

func (o *object) all() traits.Mapper {
	given := o.a.from.Fields(o.of.variable)
	fields := make(map[string]any, len(given))
	for name, v := range given {
		fields[name] = o.adapt(name, v)
	}
	return types.NewStringInterfaceMap(adapter{}, fields)
}

func (o *object) adapt(field string, v any) ref.Val {
	return o.a.give(&slot{Path: Path{o.of.Variable, field}, kind: o.of.declared.Fields[field]}, v)
}

// Find gives a field. CEL asks so for a field that is not declared, and for has().
func (o *object) Find(key ref.Val) (ref.Val, bool) {
	field, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), false
	}
	v, ok := o.a.from.Value(o.of.variable, string(field))
	if !ok {
		o.a.missing = &Missing{Path{o.of.Variable, string(field)}}
		return nil, false
	}
	return o.adapt(string(field), v), true
}

// Get is Find with an error for what is not there.
func (o *object) Get(key ref.Val) ref.Val {
	v, ok := o.Find(key)
	if !ok {
		return types.ValOrErr(v, "no such key: %v", key)
	}
	return v
}

// Contains is `"age" in user`.
func (o *object) Contains(key ref.Val) ref.Val {
	v, ok := o.Find(key)
	if v != nil && types.IsUnknownOrError(v) && !ok {
		return v
	}
	return types.Bool(ok)
}

func (o *object) Iterator() traits.Iterator                   { return o.all().Iterator() }
func (o *object) Size() ref.Val                               { return o.all().Size() }
func (o *object) Equal(other ref.Val) ref.Val                 { return o.all().Equal(unfold(other)) }
func (o *object) ConvertToNative(t reflect.Type) (any, error) { return o.all().ConvertToNative(t) }
func (o *object) ConvertToType(t ref.Type) ref.Val            { return o.all().ConvertToType(t) }
func (o *object) Type() ref.Type                              { return types.MapType }
func (o *object) Value() any                                  { return o.all().Value() }

// unfold spares the other side of a comparison from asking field by field.
func unfold(v ref.Val) ref.Val {
	if o, ok := v.(*object); ok {
		return o.all()
	}
	return v
}
