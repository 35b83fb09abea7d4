package expr

import (
	"fmt"
	"net/netip"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// address is an IP address as a CEL value.
type address struct{ netip.Addr }

var addressType = cel.OpaqueType("ipaddress")

func (a address) ConvertToNative(t reflect.Type) (any, error) {
	if t == reflect.TypeFor[netip.Addr]() {
		return a.Addr, nil
	}
	return nil, fmt.Errorf("an ipaddress cannot become a %s", t)
}

func (a address) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.StringType:
		return types.String(a.String())
	case types.TypeType:
		return addressType
	}
	if t.TypeName() == addressType.TypeName() {
		return a
	}
	return types.NewErr("an ipaddress cannot become a %s", t.TypeName())
}

func (a address) Equal(other ref.Val) ref.Val {
	b, ok := other.(address)
	return types.Bool(ok && a.Addr == b.Addr)
}

func (a address) Type() ref.Type { return addressType }
func (a address) Value() any     { return a.Addr }

// addressFunctions are ipaddress("10.0.0.1") and a.in_cidr("10.0.0.0/8"). An IPv4
// address that is written as an IPv6 one is the IPv4 address.
func addressFunctions() []cel.EnvOption {
	return []cel.EnvOption{
		cel.Function("ipaddress", cel.Overload("ipaddress_of_string", []*cel.Type{cel.StringType}, addressType,
			cel.UnaryBinding(func(v ref.Val) ref.Val {
				text, _ := v.Value().(string)
				a, err := netip.ParseAddr(text)
				if err != nil {
					return types.NewErr("%q is not an IP address", text)
				}
				return address{a.Unmap()}
			}))),
		cel.Function("in_cidr", cel.MemberOverload("ipaddress_in_cidr", []*cel.Type{addressType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(func(a, of ref.Val) ref.Val {
				text, _ := of.Value().(string)
				prefix, err := netip.ParsePrefix(text)
				if err != nil {
					return types.NewErr("%q is not a range of IP addresses", text)
				}
				return types.Bool(prefix.Contains(a.(address).Addr))
			}))),
	}
}
