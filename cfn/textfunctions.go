package cfn

import (
	"bytes"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
)

// sub works out Fn::Sub; with unknown parts it becomes a join of its pieces.
func (r *Resolver) sub(arg any, path []string) (any, error) {
	text, own, ok := subArgument(arg)
	if !ok {
		return nil, r.template.Errorf(path, "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string")
	}
	pieces, err := parseSub(text)
	if err != nil {
		return nil, r.template.Errorf(path, "%w", err)
	}
	var parts []any
	for _, piece := range pieces {
		if piece.name == "" {
			parts = append(parts, piece.text)
			continue
		}
		v, err := r.subVariable(piece.name, own, path)
		if err != nil {
			return nil, err
		}
		parts = append(parts, v)
	}
	return r.concat(parts, path)
}

func (r *Resolver) subVariable(name string, own *Object, path []string) (any, error) {
	if v, ok := own.Get(name); ok {
		return r.eval(v, with(path, "1", name))
	}
	// Written as the call that it stands for, so that an unknown one is kept.
	if id, attribute, ok := strings.Cut(name, "."); ok {
		return r.call("Fn::GetAtt", []any{id, attribute}, path)
	}
	return r.call("Ref", name, path)
}

func (r *Resolver) join(arg any, path []string) (any, error) {
	list, _ := arg.([]any)
	if len(list) != 2 {
		return nil, r.template.Errorf(path, "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.")
	}
	delimiter, ok := list[0].(string)
	if !ok {
		return nil, r.template.Errorf(path, "Template error: the delimiter of Fn::Join must be a string")
	}
	v, err := r.eval(list[1], with(path, "1"))
	if err != nil {
		return nil, err
	}
	items, isList := v.([]any)
	if !isList {
		if HasIntrinsic(v) {
			return []any{delimiter, v}, errUnknown
		}
		return nil, r.template.Errorf(path, "Template error: the second parameter of Fn::Join must be a list")
	}
	var parts []any
	for i, item := range items {
		if i > 0 {
			parts = append(parts, delimiter)
		}
		parts = append(parts, item)
	}
	return r.concat(parts, path)
}

// concat joins parts: text when all are known, else {"Fn::Join": ["", parts]}
// with known neighbours joined and joins inside flattened.
func (r *Resolver) concat(parts []any, path []string) (any, error) {
	var flat []any
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			r.written += literal.Len()
			flat = append(flat, literal.String())
			literal.Reset()
		}
	}
	var add func(parts []any) error
	add = func(parts []any) error {
		for _, part := range parts {
			if text, ok := scalarText(part); ok {
				literal.WriteString(text)
				continue
			}
			name, arg, isCall := Intrinsic(part)
			if !isCall {
				return r.template.Errorf(path, "Template error: %s needs text, got %s", path[len(path)-1], kindOf(part))
			}
			if inner, ok := arg.([]any); ok && name == "Fn::Join" && len(inner) == 2 && inner[0] == "" {
				if items, ok := inner[1].([]any); ok {
					if err := add(items); err != nil {
						return err
					}
					continue
				}
			}
			flush()
			flat = append(flat, part)
		}
		return nil
	}
	if err := add(parts); err != nil {
		return nil, err
	}
	if r.written += literal.Len(); r.written > maxWritten {
		return nil, r.template.Errorf(path, "the template resolves to more than %d bytes of text", maxWritten)
	}
	if len(flat) == 0 {
		return literal.String(), nil
	}
	flush()
	if len(flat) == 1 {
		return flat[0], nil
	}
	return Obj("Fn::Join", []any{"", flat}), nil
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case []any:
		return "a list"
	case *Object:
		return "an object"
	case noValue:
		return NoValue
	}
	return "a value"
}

func (r *Resolver) selectItem(v any, path []string) (any, error) {
	args, _ := v.([]any)
	if len(args) != 2 {
		return nil, r.template.Errorf(path, "Template error: Fn::Select requires a list argument with two elements: an integer index and a list")
	}
	if HasIntrinsic(args[0]) {
		return args, errUnknown
	}
	text, _ := scalarText(args[0])
	index, err := strconv.Atoi(text)
	if err != nil {
		return nil, r.template.Errorf(path, "Template error: Fn::Select requires a list argument with a valid index, got %q", text)
	}
	if _, _, unknown := Intrinsic(args[1]); unknown {
		return args, errUnknown
	}
	list, ok := args[1].([]any)
	if !ok {
		return nil, r.template.Errorf(path, "Template error: the second parameter of Fn::Select must be a list")
	}
	if index < 0 || index >= len(list) {
		return nil, r.template.Errorf(path, "Template error: Fn::Select cannot select nonexistent value at index %d", index)
	}
	return list[index], nil
}

func (r *Resolver) split(v any, path []string) (any, error) {
	args, _ := v.([]any)
	if len(args) == 2 {
		delimiter, isText := args[0].(string)
		text, isScalar := scalarText(args[1])
		if isText && isScalar && delimiter != "" {
			list := []any{}
			for part := range strings.SplitSeq(text, delimiter) {
				list = append(list, part)
			}
			return list, nil
		}
	}
	return nil, r.template.Errorf(path, "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split")
}

func (r *Resolver) importValue(v any, path []string) (any, error) {
	name, ok := scalarText(v)
	if !ok {
		return nil, r.template.Errorf(path, "Template error: the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs")
	}
	if r.in.Import == nil {
		return nil, r.unknown(path, "No export named %s found.", name)
	}
	value, err := r.in.Import(name)
	if err != nil {
		if r.in.Partial {
			return nil, errUnknown
		}
		return nil, r.template.Errorf(path, "No export named %s found.", name)
	}
	return value, nil
}

func (r *Resolver) zones(v any) any {
	region, _ := scalarText(v)
	if region == "" {
		region = r.in.Region
	}
	list := []any{}
	if r.in.Zones != nil && region == r.in.Region {
		for _, zone := range r.in.Zones {
			list = append(list, zone)
		}
		return list
	}
	for _, letter := range "abc" {
		list = append(list, region+string(letter))
	}
	return list
}

// cidr gives count address blocks of 2^bits addresses each from a block.
func (r *Resolver) cidr(v any, path []string) (any, error) {
	fail := func(why string) (any, error) {
		return nil, r.template.Errorf(path, "Template error: Fn::Cidr: %s", why)
	}
	args, _ := v.([]any)
	if len(args) < 2 || len(args) > 3 {
		return fail("give a block, a count and the bits of a block")
	}
	var texts [3]string
	for i, arg := range args {
		texts[i], _ = scalarText(arg)
	}
	block, err := netip.ParsePrefix(texts[0])
	if err != nil {
		return fail(err.Error())
	}
	count, err := strconv.Atoi(texts[1])
	if err != nil || count < 1 || count > 256 {
		return fail("the count must be from 1 to 256")
	}
	total := block.Addr().BitLen()
	bits := 8
	if texts[2] != "" {
		if bits, err = strconv.Atoi(texts[2]); err != nil {
			return fail("the bits must be a number")
		}
	}
	prefix := total - bits
	if bits < 0 || prefix < block.Bits() || prefix-block.Bits() < 16 && count > 1<<(prefix-block.Bits()) {
		return fail("the block " + block.String() + " is too small")
	}
	base := new(big.Int).SetBytes(block.Masked().Addr().AsSlice())
	step := new(big.Int).Lsh(big.NewInt(1), uint(bits))
	list := make([]any, 0, count)
	for range count {
		raw := base.FillBytes(make([]byte, total/8))
		addr, _ := netip.AddrFromSlice(raw)
		list = append(list, netip.PrefixFrom(addr, prefix).String())
		base.Add(base, step)
	}
	return list, nil
}

// compact gives the JSON text of v on one line.
func compact(v any) (string, error) {
	var b bytes.Buffer
	if err := encode(&b, v); err != nil {
		return "", err
	}
	return b.String(), nil
}
