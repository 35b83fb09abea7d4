package value

import (
	"fmt"
	"net/netip"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Address is an IP address as a CEL value.
type Address struct{ netip.Addr }

// AddressType is the type of addresses.
var AddressType = cel.OpaqueType("ipaddress")

// ConvertToNative gives a netip.Addr.
func (a Address) ConvertToNative(t reflect.Type) (any, error) {
	if t == reflect.TypeFor[netip.Addr]() {
		return a.Addr, nil
	}
	return nil, fmt.Errorf("an ipaddress cannot become a %s", t)
}

// ConvertToType gives the text, the type, or the address.
func (a Address) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.StringType:
		return types.String(a.String())
	case types.TypeType:
		return AddressType
	}
	if t.TypeName() == AddressType.TypeName() {
		return a
	}
	return types.NewErr("an ipaddress cannot become a %s", t.TypeName())
}

// Equal compares with another address.
func (a Address) Equal(other ref.Val) ref.Val {
	b, ok := other.(Address)
	return types.Bool(ok && a.Addr == b.Addr)
}

// Type is [AddressType].
func (a Address) Type() ref.Type { return AddressType }

// Value is a netip.Addr.
func (a Address) Value() any { return a.Addr }

// AddressFunctions are ipaddress("10.0.0.1") and a.in_cidr("10.0.0.0/8"). An IPv4
// address that is written as an IPv6 one is the IPv4 address.
func AddressFunctions() []cel.EnvOption {
	return []cel.EnvOption{
		cel.Function("ipaddress", cel.Overload("ipaddress_of_string", []*cel.Type{cel.StringType}, AddressType,
			cel.UnaryBinding(func(v ref.Val) ref.Val {
				text, _ := v.Value().(string)
				a, err := netip.ParseAddr(text)
				if err != nil {
					return types.NewErr("%q is not an IP address", text)
				}
				return Address{a.Unmap()}
			}))),
		cel.Function("in_cidr", cel.MemberOverload("ipaddress_in_cidr", []*cel.Type{AddressType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(func(a, of ref.Val) ref.Val {
				text, _ := of.Value().(string)
				prefix, err := netip.ParsePrefix(text)
				if err != nil {
					return types.NewErr("%q is not a range of IP addresses", text)
				}
				return types.Bool(prefix.Contains(a.(Address).Addr))
			}))),
	}
}
