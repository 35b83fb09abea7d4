// Package cfn is the CloudFormation template: read it from JSON or YAML, write
// it with stable bytes, resolve its intrinsics.
//
// A template's values are string, bool, Number, nil, []any and *[Object].
package cfn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
)

// Number is a JSON number as it was written.
type Number = json.Number

// Object is a map that keeps its keys in the order they were first set.
type Object struct {
	keys   []string
	values map[string]any
}

// Obj makes an object from key, value, key, value, ... It panics on an odd
// count or a key that is not a string, which only a fault in the caller can cause.
func Obj(pairs ...any) *Object {
	o := &Object{}
	for i := 0; i < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// Set sets key to value; a new key goes last.
func (o *Object) Set(key string, value any) {
	if o.values == nil {
		o.values = map[string]any{}
	}
	if _, ok := o.values[key]; !ok {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

// Delete removes key.
func (o *Object) Delete(key string) {
	if _, ok := o.values[key]; ok {
		delete(o.values, key)
		o.keys = slices.DeleteFunc(o.keys, func(k string) bool { return k == key })
	}
}

// Get gives the value of key and whether it is there. A nil object is empty.
func (o *Object) Get(key string) (any, bool) {
	if o == nil {
		return nil, false
	}
	v, ok := o.values[key]
	return v, ok
}

// Text gives the value of key when it is a string, else "".
func (o *Object) Text(key string) string {
	v, _ := o.Get(key)
	s, _ := v.(string)
	return s
}

// Object gives the value of key when it is an object, else nil.
func (o *Object) Object(key string) *Object {
	v, _ := o.Get(key)
	child, _ := v.(*Object)
	return child
}

// List gives the value of key when it is a list, else nil.
func (o *Object) List(key string) []any {
	v, _ := o.Get(key)
	l, _ := v.([]any)
	return l
}

// Len gives the number of keys.
func (o *Object) Len() int {
	if o == nil {
		return 0
	}
	return len(o.keys)
}

// Keys gives the keys in order.
func (o *Object) Keys() []string {
	if o == nil {
		return nil
	}
	return slices.Clone(o.keys)
}

// All goes through the pairs in order.
func (o *Object) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		if o == nil {
			return
		}
		for _, k := range o.keys {
			if !yield(k, o.values[k]) {
				return
			}
		}
	}
}

// MarshalJSON writes the pairs in order, without escaping <, > and &.
func (o *Object) MarshalJSON() ([]byte, error) {
	if o == nil {
		return []byte("null"), nil
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := encode(&b, k); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := encode(&b, o.values[k]); err != nil {
			return nil, fmt.Errorf("key %q: %w", k, err)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func encode(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // Encode ends with a newline
	return nil
}

// Format gives the JSON text of v with two spaces of indent and a final
// newline: the same value gives the same bytes.
func Format(v any) ([]byte, error) {
	var compact, pretty bytes.Buffer
	if err := encode(&compact, v); err != nil {
		return nil, err
	}
	if err := json.Indent(&pretty, compact.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	pretty.WriteByte('\n')
	return pretty.Bytes(), nil
}
