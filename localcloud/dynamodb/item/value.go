// Package item is DynamoDB's data: attribute values and items, their JSON, the
// compact bytes they are stored as, their size, and the bytes that sort as keys do.
package item

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/dynamodb/number"
)

// Type is the type of an attribute value.
type Type byte

// The types. Invalid marks a value that could be decoded but breaks a rule;
// its Text says which one.
const (
	Invalid Type = iota
	S
	N
	B
	SS
	NS
	BS
	M
	L
	Null
	Bool
)

var typeNames = [...]string{"", "S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"}

// String gives the name of the type on the wire.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return ""
}

// TypeOf gives the type of a name on the wire, Invalid for anything else.
func TypeOf(name string) Type {
	if i := slices.Index(typeNames[:], name); i > 0 {
		return Type(i)
	}
	return Invalid
}

// Scalar reports whether the type can be a key: S, N or B.
func (t Type) Scalar() bool { return t == S || t == N || t == B }

// Set reports whether the type is a set.
func (t Type) Set() bool { return t == SS || t == NS || t == BS }

// Element is the type of a set's elements.
func (t Type) Element() Type { return t - SS + S }

// Value is one attribute value. Values are shared; they are not changed once made.
type Value struct {
	Type Type
	// Bool is the value of a BOOL.
	Bool bool
	// Text is the text of an S, the bytes of a B, and the number.Number of an
	// N, so that all three compare as strings do.
	Text string
	// Set holds the elements of a set, as in Text, sorted and without duplicates.
	Set []string
	// List is the value of an L.
	List []Value
	// Map is the value of an M.
	Map Item
}

// Item is a set of attributes by name.
type Item map[string]Value

// Error is a rule of DynamoDB that a request breaks, in AWS's words; the
// service answers it as a ValidationException.
type Error string

// Error gives the message.
func (e Error) Error() string { return string(e) }

// Getter gives attributes by name: an [Item] or a [Raw].
type Getter interface {
	Get(name string) (Value, bool)
}

// Get gives the attribute called name.
func (it Item) Get(name string) (Value, bool) {
	v, ok := it[name]
	return v, ok
}

// String makes an S.
func String(s string) Value { return Value{Type: S, Text: s} }

// Number makes an N.
func Number(n number.Number) Value { return Value{Type: N, Text: string(n)} }

// Int makes an N.
func Int(n int) Value { return Number(number.FromInt(n)) }

// Binary makes a B.
func Binary(b []byte) Value { return Value{Type: B, Text: string(b)} }

// Number gives the number of an N.
func (v Value) Number() number.Number { return number.Number(v.Text) }

// Equal reports whether two values are the same: type and content.
func (v Value) Equal(w Value) bool {
	if v.Type != w.Type {
		return false
	}
	switch v.Type {
	case Bool:
		return v.Bool == w.Bool
	case Null:
		return true
	case SS, NS, BS:
		return slices.Equal(v.Set, w.Set)
	case L:
		return slices.EqualFunc(v.List, w.List, Value.Equal)
	case M:
		return v.Map.Equal(w.Map)
	default:
		return v.Text == w.Text
	}
}

// Equal reports whether two items have the same attributes.
func (it Item) Equal(other Item) bool {
	if len(it) != len(other) {
		return false
	}
	for name, v := range it {
		if w, ok := other[name]; !ok || !v.Equal(w) {
			return false
		}
	}
	return true
}

// Compare orders two values of the same scalar type; ok is false for others.
func (v Value) Compare(w Value) (order int, ok bool) {
	if v.Type != w.Type || !v.Type.Scalar() {
		return 0, false
	}
	return strings.Compare(v.Text, w.Text), true
}

// Clone copies v with all that it holds.
func (v Value) Clone() Value {
	switch v.Type {
	case L:
		list := make([]Value, len(v.List))
		for i, e := range v.List {
			list[i] = e.Clone()
		}
		v.List = list
	case M:
		v.Map = v.Map.Clone()
	}
	return v
}

// Clone copies the item with all that it holds.
func (it Item) Clone() Item {
	if it == nil {
		return nil
	}
	out := make(Item, len(it))
	for name, v := range it {
		out[name] = v.Clone()
	}
	return out
}

// Names gives the names of the attributes, sorted.
func (it Item) Names() []string {
	names := make([]string, 0, len(it))
	for name := range it {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Contains reports whether a set has an element.
func (v Value) Contains(element string) bool {
	_, found := slices.BinarySearch(v.Set, element)
	return found
}
