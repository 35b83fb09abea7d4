package item

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/dynamodb/number"
	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
)

const (
	errNoType    = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
	errManyTypes = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
	errNullFalse = "One or more parameter values were invalid: Null attribute value types must have the value of true"
	invalidValue = "One or more parameter values were invalid: "
)

// UnmarshalWire reads an item.
func (it *Item) UnmarshalWire(d *wire.Decoder) error {
	switch d.Next() {
	case wire.Object:
	case wire.Array:
		return &wire.Error{Message: "Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"}
	default:
		return &wire.Error{Message: "Unexpected field type"}
	}
	*it = make(Item, 8)
	return d.Object(func(name string) error {
		if d.Next() == wire.Null {
			return d.Literal()
		}
		var v Value
		if err := v.UnmarshalWire(d); err != nil {
			return err
		}
		(*it)[name] = v
		return nil
	})
}

// UnmarshalWire reads an attribute value. Wrong JSON types are *wire.Error; a
// value that breaks a rule of DynamoDB is kept as Invalid for [Value.Check].
func (v *Value) UnmarshalWire(d *wire.Decoder) error {
	switch d.Next() {
	case wire.Object:
	case wire.Array:
		return &wire.Error{Message: "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"}
	default:
		return &wire.Error{Message: "Unexpected value type in payload"}
	}
	types, problem := 0, ""
	err := d.Object(func(key string) error {
		t := TypeOf(key)
		if t == Invalid {
			return d.Skip()
		}
		if d.Next() == wire.Null {
			return d.Literal()
		}
		types++
		*v = Value{Type: t}
		if err := v.decodeBody(d); err != nil {
			return err
		}
		if v.Type == Invalid && problem == "" {
			problem = v.Text
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case problem != "":
		*v = Value{Text: problem}
	case types == 0:
		*v = Value{Text: errNoType}
	case types > 1:
		*v = Value{Text: errManyTypes}
	}
	return nil
}

// decodeBody reads what stands after the type's name.
func (v *Value) decodeBody(d *wire.Decoder) error {
	var err error
	switch v.Type {
	case S:
		v.Text, err = d.DecodeString()
	case N:
		if v.Text, err = d.DecodeString(); err == nil {
			v.parseNumber()
		}
	case B:
		var data []byte
		data, err = d.DecodeBlob()
		v.Text = string(data)
	case Bool:
		v.Bool, err = d.DecodeBool()
	case Null:
		var is bool
		if is, err = d.DecodeBool(); err == nil && !is {
			*v = Value{Text: errNullFalse}
		}
	case SS, NS, BS:
		return v.decodeSet(d)
	case L:
		v.List = []Value{}
		err = array(d, func() error {
			var e Value
			if err := e.UnmarshalWire(d); err != nil {
				return err
			}
			v.List = append(v.List, e)
			return nil
		})
	case M:
		err = v.Map.UnmarshalWire(d)
	}
	return err
}

// array reads a list, with AWS's words when it is something else.
func array(d *wire.Decoder, element func() error) error {
	switch d.Next() {
	case wire.Array:
		return d.Array(element)
	case wire.Object:
		return &wire.Error{Message: "Start of structure or map found where not expected"}
	default:
		return &wire.Error{Message: "Unexpected field type"}
	}
}

func (v *Value) parseNumber() {
	n, err := number.Parse(v.Text)
	if err != nil {
		*v = Value{Text: err.Error()}
		return
	}
	v.Text = string(n)
}

func (v *Value) decodeSet(d *wire.Decoder) error {
	v.Set = []string{}
	err := array(d, func() error {
		e := Value{Type: v.Type.Element()}
		if v.Type == Invalid {
			return d.Skip()
		}
		if err := e.decodeBody(d); err != nil {
			return err
		}
		if e.Type == Invalid {
			*v = e
			return nil
		}
		v.Set = append(v.Set, e.Text)
		return nil
	})
	if err != nil || v.Type == Invalid {
		return err
	}
	if len(v.Set) == 0 {
		*v = Value{Text: invalidValue + map[Type]string{
			SS: "An string set  may not be empty", NS: "An number set  may not be empty", BS: "Binary sets should not be empty",
		}[v.Type]}
		return nil
	}
	given := v.Set
	v.Set = slices.Clone(given)
	slices.Sort(v.Set)
	if len(slices.Compact(slices.Clone(v.Set))) < len(given) {
		*v = Value{Text: duplicates(v.Type, given)}
	}
	return nil
}

// duplicates writes the members as AWS does: sorted up to the first repeat,
// then as they were given.
func duplicates(t Type, given []string) string {
	if t == NS {
		return invalidValue + "Input collection contains duplicates."
	}
	repeat := 1
	for slices.Index(given[:repeat], given[repeat]) < 0 {
		repeat++
	}
	order := slices.Clone(given)
	slices.Sort(order[:repeat])
	between, after := ", ", "] contains duplicates."
	if t == BS {
		between, after = ",", "]of type BS contains duplicates."
	}
	shown := make([]string, len(order))
	for i, e := range order {
		shown[i] = string(appendScalar(nil, t.Element(), e))
	}
	return invalidValue + "Input collection [" + strings.Join(shown, between) + after
}

// AppendWire appends the JSON of the item, its attributes sorted by name.
func (it Item) AppendWire(b []byte) []byte {
	b = append(b, '{')
	for i, name := range it.Names() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(wire.AppendString(b, name), ':')
		b = it[name].AppendWire(b)
	}
	return append(b, '}')
}

// MarshalJSON gives the same as AppendWire.
func (it Item) MarshalJSON() ([]byte, error) { return it.AppendWire(nil), nil }

// AppendWire appends the JSON of the value: {"S":"a"}.
func (v Value) AppendWire(b []byte) []byte {
	b = append(b, '{', '"')
	b = append(b, v.Type.String()...)
	b = append(b, '"', ':')
	switch v.Type {
	case S, N, B:
		b = appendScalar(b, v.Type, v.Text)
	case Bool:
		b = appendBool(b, v.Bool)
	case Null:
		b = append(b, "true"...)
	case SS, NS, BS:
		b = append(b, '[')
		for i, e := range v.Set {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendScalar(b, v.Type.Element(), e)
		}
		b = append(b, ']')
	case L:
		b = append(b, '[')
		for i, e := range v.List {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.AppendWire(b)
		}
		b = append(b, ']')
	case M:
		b = v.Map.AppendWire(b)
	}
	return append(b, '}')
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, "true"...)
	}
	return append(b, "false"...)
}

func appendScalar[T ~string | ~[]byte](b []byte, t Type, text T) []byte {
	switch t {
	case N:
		b = append(b, '"')
		b = number.Number(text).AppendText(b)
		return append(b, '"')
	case B:
		return wire.AppendBlob(b, text)
	default:
		return wire.AppendString(b, text)
	}
}
