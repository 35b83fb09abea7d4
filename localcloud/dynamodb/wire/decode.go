package wire

import (
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// Unmarshaler reads itself.
type Unmarshaler interface {
	UnmarshalWire(*Decoder) error
}

// Unmarshal reads a body into the struct that v points to. Members are matched
// by the exact name of the field; unknown ones are passed over, and null is
// the same as absent, as on AWS. Errors are *[Error].
//
// Field types: string, *string, bool, *bool, *int64, *float64, []byte, structs and pointers to
// them, slices, maps with string keys, and [Unmarshaler].
func Unmarshal(data []byte, v any) error {
	d := NewDecoder(data)
	if err := d.value(reflect.ValueOf(v).Elem()); err != nil {
		return err
	}
	return d.End()
}

var unmarshaler = reflect.TypeFor[Unmarshaler]()

func (d *Decoder) value(v reflect.Value) error {
	next := d.Next()
	switch next {
	case Invalid:
		return errSyntax
	case Null:
		return d.Literal()
	}
	if v.CanAddr() && v.Addr().Type().Implements(unmarshaler) {
		return v.Addr().Interface().(Unmarshaler).UnmarshalWire(d)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return d.value(v.Elem())
	case reflect.String:
		s, err := d.DecodeString()
		v.SetString(s)
		return err
	case reflect.Bool:
		b, err := d.DecodeBool()
		v.SetBool(b)
		return err
	case reflect.Int64:
		n, err := d.long()
		v.SetInt(n)
		return err
	case reflect.Float64:
		return d.double(v)
	case reflect.Struct:
		return d.structure(v)
	case reflect.Slice:
		return d.list(v)
	case reflect.Map:
		return d.mapping(v)
	default:
		return fmt.Errorf("wire: cannot decode into %s", v.Type())
	}
}

// mismatch is the error for a value of JSON type got where a scalar of AWS type want is due.
func mismatch(got Kind, text, want string) error {
	switch got {
	case True:
		return &Error{"TRUE_VALUE cannot be converted to " + want}
	case False:
		return &Error{"FALSE_VALUE cannot be converted to " + want}
	case Number:
		if strings.ContainsAny(text, ".eE") {
			return &Error{"DECIMAL_VALUE cannot be converted to " + want}
		}
		return &Error{"NUMBER_VALUE cannot be converted to " + want}
	case String:
		return &Error{"STRING_VALUE cannot be converted to " + want}
	case Array:
		return &Error{"Unrecognized collection type class java.lang." + want}
	case Object:
		return &Error{"Start of structure or map found where not expected"}
	default:
		return errSyntax
	}
}

// wrong makes the mismatch of what comes next.
func (d *Decoder) wrong(want string) error {
	next, text := d.Next(), ""
	if next == Number {
		var err error
		if text, err = d.Number(); err != nil {
			return err
		}
	}
	return mismatch(next, text, want)
}

// DecodeString reads a string; anything else is an error in AWS's words.
func (d *Decoder) DecodeString() (string, error) {
	if d.Next() != String {
		return "", d.wrong("String")
	}
	return d.Text()
}

// DecodeBool reads a boolean. As on AWS the strings true, yes and 1 will do.
func (d *Decoder) DecodeBool() (bool, error) {
	switch next := d.Next(); next {
	case True, False:
		return next == True, d.Literal()
	case String:
		s, err := d.Text()
		if err != nil {
			return false, err
		}
		switch strings.ToUpper(s) {
		case "TRUE", "1", "YES":
			return true, nil
		case "FALSE", "0", "NO":
			return false, nil
		}
		return false, &Error{"Unexpected token received from parser"}
	default:
		return false, d.wrong("Boolean")
	}
}

// DecodeBlob reads a base64 string.
func (d *Decoder) DecodeBlob() ([]byte, error) {
	switch d.Next() {
	case String:
	case Array:
		return nil, &Error{"Unrecognized collection type class java.nio.ByteBuffer"}
	case Object:
		return nil, &Error{"Start of structure or map found where not expected"}
	default:
		return nil, &Error{"only base-64-encoded strings are convertible to bytes"}
	}
	text, err := d.Text()
	if err != nil {
		return nil, err
	}
	if len(text)%4 != 0 {
		return nil, &Error{fmt.Sprintf("Base64 encoded length is expected a multiple of 4 bytes but found: %d", len(text))}
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, &Error{"Invalid last non-pad Base64 character dectected"} // sic
	}
	return data, nil
}

func (d *Decoder) long() (int64, error) {
	if d.Next() != Number {
		return 0, d.wrong("Long")
	}
	text, err := d.Number()
	if err != nil {
		return 0, err
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(f) > 1<<62 {
		return 0, mismatch(Number, text, "Long")
	}
	return int64(math.Floor(f)), nil
}

func (d *Decoder) double(v reflect.Value) error {
	if d.Next() != Number {
		return d.wrong("Double")
	}
	text, err := d.Number()
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return mismatch(Number, text, "Double")
	}
	v.SetFloat(f)
	return nil
}

func (d *Decoder) structure(v reflect.Value) error {
	switch d.Next() {
	case Object:
	case Array:
		return &Error{"Unrecognized collection type class com.amazonaws.dynamodb.v20120810." + strings.ToUpper(v.Type().Name()[:1]) + v.Type().Name()[1:]}
	default:
		return &Error{"Unexpected field type"}
	}
	fields := fieldsOf(v.Type())
	return d.Object(func(key string) error {
		i, ok := fields.index[key]
		if !ok {
			return d.Skip()
		}
		return d.value(v.Field(i))
	})
}

func (d *Decoder) list(v reflect.Value) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b, err := d.DecodeBlob()
		v.SetBytes(b)
		return err
	}
	switch d.Next() {
	case Array:
	case Object:
		return &Error{"Start of structure or map found where not expected"}
	default:
		return &Error{"Unexpected field type"}
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 4))
	return d.Array(func() error {
		element := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(element); err != nil {
			return err
		}
		v.Set(reflect.Append(v, element))
		return nil
	})
}

func (d *Decoder) mapping(v reflect.Value) error {
	switch d.Next() {
	case Object:
	case Array:
		return &Error{"Unrecognized collection type java.util.Map<java.lang.String, " + javaName(v.Type().Elem()) + ">"}
	default:
		return &Error{"Unexpected field type"}
	}
	v.Set(reflect.MakeMap(v.Type()))
	return d.Object(func(key string) error {
		if d.Next() == Null {
			return d.Literal()
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(element); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key), element)
		return nil
	})
}

func javaName(t reflect.Type) string {
	if t.Kind() == reflect.String {
		return "java.lang.String"
	}
	name := t.Name()
	if name == "" {
		return "java.util.List"
	}
	return "com.amazonaws.dynamodb.v20120810." + strings.ToUpper(name[:1]) + name[1:]
}

// fields are the exported fields of a struct type, in order and by name.
type fields struct {
	index map[string]int
	names []string
	omit  []bool // by field: leave out when zero
}

var fieldCache sync.Map // reflect.Type -> *fields

func fieldsOf(t reflect.Type) *fields {
	if f, ok := fieldCache.Load(t); ok {
		return f.(*fields)
	}
	f := &fields{index: map[string]int{}, names: make([]string, t.NumField()), omit: make([]bool, t.NumField())}
	for i := range t.NumField() {
		field := t.Field(i)
		if field.PkgPath != "" {
			continue
		}
		f.index[field.Name] = i
		f.names[i] = field.Name
		f.omit[i] = field.Tag.Get("wire") != "always"
	}
	cached, _ := fieldCache.LoadOrStore(t, f)
	return cached.(*fields)
}
