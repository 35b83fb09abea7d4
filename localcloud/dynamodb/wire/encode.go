package wire

import (
	"encoding/base64"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// Appender writes itself as JSON.
type Appender interface {
	AppendWire([]byte) []byte
}

// Raw is JSON that is written as it is.
type Raw []byte

// AppendWire appends the JSON itself.
func (r Raw) AppendWire(b []byte) []byte { return append(b, r...) }

// MarshalJSON gives the JSON itself.
func (r Raw) MarshalJSON() ([]byte, error) { return r, nil }

var appender = reflect.TypeFor[Appender]()

// Marshal writes a struct as an object of its exported fields, in their order.
// A zero field is left out unless it is tagged `wire:"always"`. The types are
// those of [Unmarshal], and [Appender].
func Marshal(v any) ([]byte, error) { return appendValue(nil, reflect.ValueOf(v)) }

func appendValue(b []byte, v reflect.Value) ([]byte, error) {
	if v.Type().Implements(appender) {
		return v.Interface().(Appender).AppendWire(b), nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		return appendValue(b, v.Elem())
	case reflect.String:
		return AppendString(b, v.String()), nil
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.Int, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Float64:
		return strconv.AppendFloat(b, v.Float(), 'f', -1, 64), nil
	case reflect.Slice:
		return appendSlice(b, v)
	case reflect.Map:
		return appendMap(b, v)
	case reflect.Struct:
		return appendStruct(b, v)
	default:
		return nil, fmt.Errorf("wire: cannot encode %s", v.Type())
	}
}

func appendSlice(b []byte, v reflect.Value) ([]byte, error) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return AppendBlob(b, v.Bytes()), nil
	}
	b = append(b, '[')
	var err error
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendValue(b, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendMap(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '{')
	byName := map[string]reflect.Value{}
	for it := v.MapRange(); it.Next(); {
		byName[it.Key().String()] = it.Value()
	}
	var err error
	for i, name := range slices.Sorted(maps.Keys(byName)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendString(b, name), ':')
		if b, err = appendValue(b, byName[name]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendStruct(b []byte, v reflect.Value) ([]byte, error) {
	fields := fieldsOf(v.Type())
	b = append(b, '{')
	first := true
	var err error
	for i, name := range fields.names {
		if name == "" || fields.omit[i] && v.Field(i).IsZero() {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(AppendString(b, name), ':')
		if b, err = appendValue(b, v.Field(i)); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// AppendBlob appends data as a base64 string.
func AppendBlob[T ~string | ~[]byte](b []byte, data T) []byte {
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, []byte(data))
	return append(b, '"')
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string.
func AppendString[T ~string | ~[]byte](b []byte, s T) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xF])
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
