package item

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
)

// Raw is an item as it is stored: its size, then for each attribute, sorted by
// name, the name, the type and the value, each with its length before it, so
// that one attribute can be found, or the whole be written as JSON, without
// decoding the rest. Bytes that [Item.Raw] did not make give wrong answers but
// never a panic.
type Raw []byte

// Raw encodes the item.
func (it Item) Raw() Raw {
	b := binary.AppendUvarint(make([]byte, 0, 64), uint64(it.Size()))
	return appendAttributes(b, it)
}

func appendAttributes(b []byte, it Item) []byte {
	for _, name := range it.Names() {
		b = appendText(b, name)
		b = appendStored(b, it[name])
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendStored appends type, length, value. Containers have a length of four
// bytes, which is filled in afterwards.
func appendStored(b []byte, v Value) []byte {
	b = append(b, byte(v.Type))
	switch v.Type {
	case S, N, B:
		return appendText(b, v.Text)
	case Bool:
		if v.Bool {
			return append(b, 1, 1)
		}
		return append(b, 1, 0)
	case SS, NS, BS, L, M:
	default:
		return append(b, 0)
	}
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	switch v.Type {
	case L:
		for _, e := range v.List {
			b = appendStored(b, e)
		}
	case M:
		b = appendAttributes(b, v.Map)
	default:
		for _, e := range v.Set {
			b = appendText(b, e)
		}
	}
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start-4)) // #nosec G115 -- an item is at most a few MB
	return b
}

// Size is the size of the item as DynamoDB counts it.
func (r Raw) Size() int {
	n, _ := binary.Uvarint(r)
	return int(n) // #nosec G115 -- see appendStored
}

// attributes is the part after the size.
func (r Raw) attributes() []byte {
	_, n := binary.Uvarint(r)
	return r[max(n, 0):]
}

// text reads a length and as many bytes.
func text(b []byte) (s, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, false
	}
	return b[used : used+int(n)], b[used+int(n):], true
}

// stored reads a type and the bytes of its value.
func stored(b []byte) (t Type, body, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, nil, false
	}
	t, b = Type(b[0]), b[1:]
	switch t {
	case SS, NS, BS, L, M:
		if len(b) < 4 {
			return 0, nil, nil, false
		}
		n := uint64(binary.LittleEndian.Uint32(b))
		if n > uint64(len(b)-4) {
			return 0, nil, nil, false
		}
		return t, b[4 : 4+n], b[4+n:], true
	}
	body, rest, ok = text(b)
	return t, body, rest, ok
}

// each goes through attributes as they are stored; whole is name, type and value together.
func each(b []byte, visit func(name []byte, t Type, body, whole []byte) (more bool)) bool {
	for len(b) > 0 {
		name, after, ok := text(b)
		if !ok {
			return false
		}
		t, body, rest, ok := stored(after)
		if !ok {
			return false
		}
		if !visit(name, t, body, b[:len(b)-len(rest)]) {
			return true
		}
		b = rest
	}
	return true
}

// Get decodes one attribute.
func (r Raw) Get(name string) (found Value, ok bool) {
	each(r.attributes(), func(n []byte, t Type, body, _ []byte) bool {
		if string(n) == name {
			found, ok = decodeStored(t, body)
		}
		return string(n) < name
	})
	return found, ok
}

var errStored = errors.New("a stored item is damaged")

// Item decodes the whole.
func (r Raw) Item() (Item, error) {
	it, ok := decodeAttributes(r.attributes())
	if !ok {
		return nil, errStored
	}
	return it, nil
}

func decodeAttributes(b []byte) (Item, bool) {
	it := make(Item, 8)
	good := true
	whole := each(b, func(name []byte, t Type, body, _ []byte) bool {
		it[string(name)], good = decodeStored(t, body)
		return good
	})
	return it, whole && good
}

func decodeStored(t Type, body []byte) (Value, bool) {
	v := Value{Type: t}
	ok := true
	switch t {
	case S, N, B:
		v.Text = string(body)
	case Bool:
		v.Bool = len(body) == 1 && body[0] == 1
	case Null:
	case SS, NS, BS:
		for len(body) > 0 && ok {
			var e []byte
			if e, body, ok = text(body); ok {
				v.Set = append(v.Set, string(e))
			}
		}
	case L:
		v.List = []Value{}
		for len(body) > 0 && ok {
			var et Type
			var inner []byte
			if et, inner, body, ok = stored(body); ok {
				var e Value
				e, ok = decodeStored(et, inner)
				v.List = append(v.List, e)
			}
		}
	case M:
		v.Map, ok = decodeAttributes(body)
	default:
		ok = false
	}
	return v, ok
}

// Only gives the item with none but the named attributes; names is sorted.
func (r Raw) Only(names []string) Raw {
	kept := make([]byte, 0, len(r))
	size := 0
	each(r.attributes(), func(name []byte, t Type, body, whole []byte) bool {
		if _, ok := slices.BinarySearchFunc(names, string(name), compareNames); ok {
			kept = append(kept, whole...)
			v, _ := decodeStored(t, body)
			size += len(name) + v.Size()
		}
		return true
	})
	return append(binary.AppendUvarint(nil, uint64(size)), kept...)
}

func compareNames(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// AppendWire appends the item's JSON, straight from its stored bytes.
func (r Raw) AppendWire(b []byte) []byte { return appendAttributesJSON(b, r.attributes()) }

// MarshalJSON gives the same as AppendWire.
func (r Raw) MarshalJSON() ([]byte, error) { return r.AppendWire(nil), nil }

func appendAttributesJSON(b, attributes []byte) []byte {
	b = append(b, '{')
	first := true
	each(attributes, func(name []byte, t Type, body, _ []byte) bool {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(wire.AppendString(b, name), ':')
		b = appendStoredJSON(b, t, body)
		return true
	})
	return append(b, '}')
}

func appendStoredJSON(b []byte, t Type, body []byte) []byte {
	b = append(b, '{', '"')
	b = append(b, t.String()...)
	b = append(b, '"', ':')
	switch t {
	case S, N, B:
		b = appendScalar(b, t, body)
	case Bool:
		b = appendBool(b, len(body) == 1 && body[0] == 1)
	case Null:
		b = append(b, "true"...)
	case SS, NS, BS:
		b = appendListJSON(b, body, func(b, body []byte) ([]byte, []byte, bool) {
			e, rest, ok := text(body)
			return appendScalar(b, t.Element(), e), rest, ok
		})
	case L:
		b = appendListJSON(b, body, func(b, body []byte) ([]byte, []byte, bool) {
			et, inner, rest, ok := stored(body)
			return appendStoredJSON(b, et, inner), rest, ok
		})
	case M:
		b = appendAttributesJSON(b, body)
	}
	return append(b, '}')
}

func appendListJSON(b, body []byte, element func(b, body []byte) (out, rest []byte, ok bool)) []byte {
	b = append(b, '[')
	for first := true; len(body) > 0; first = false {
		if !first {
			b = append(b, ',')
		}
		var ok bool
		if b, body, ok = element(b, body); !ok {
			break
		}
	}
	return append(b, ']')
}
