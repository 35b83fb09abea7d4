package dynamodb

import (
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

const (
	maxHashKey  = 2048
	maxSortKey  = 1024
	maxItemSize = 400 * 1024

	errKeySchema = item.Error("The provided key element does not match the schema")
)

// check gives the rule that a value breaks as part of a key.
func (a keyAttribute) checkSize(v item.Value, hash bool) error {
	switch {
	case a.kind == item.N:
		return nil
	case v.Text == "":
		return invalidf("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", emptyKind(a.kind), a.name)
	case hash && len(v.Text) > maxHashKey:
		return item.Error(invalidParameter + "Size of hashkey has exceeded the maximum size limit of2048 bytes")
	case !hash && len(v.Text) > maxSortKey:
		return item.Error(invalidParameter + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

func emptyKind(t item.Type) string {
	if t == item.B {
		return "binary"
	}
	return "string"
}

// check gives the rule that a Key breaks: it has the key attributes and no others.
func (k key) check(it item.Item) error {
	parts := k.attributes()
	if len(it) != len(parts) {
		return errKeySchema
	}
	for _, a := range parts {
		if v, ok := it[a.name]; !ok || v.Type != a.kind {
			return errKeySchema
		}
	}
	for i, a := range parts {
		if err := a.checkSize(it[a.name], i == 0); err != nil {
			return err
		}
	}
	return nil
}

// checkItem gives the rule that an item breaks with its keys.
func (t *table) checkItem(it item.Item) error {
	for i, a := range t.key.attributes() {
		v, ok := it[a.name]
		switch {
		case !ok:
			return invalidf(invalidParameter+"Missing the key %s in the item", a.name)
		case v.Type != a.kind:
			return invalidf(invalidParameter+"Type mismatch for key %s expected: %s actual: %s", a.name, a.kind, v.Type)
		}
		if err := a.checkSize(v, i == 0); err != nil {
			return err
		}
	}
	return t.checkIndexKeys(it, nil)
}

// checkIndexKeys gives the rule that an item breaks with the keys of indexes.
// known gives the type that an update is known to set; nil when all are known.
func (t *table) checkIndexKeys(it item.Item, known func(string) item.Type) error {
	for _, x := range t.indexes {
		for i, a := range x.key.attributes() {
			v, ok := it[a.name]
			if !ok {
				continue
			}
			switch {
			case v.Type == a.kind:
			case known != nil && known(a.name) == item.Invalid:
				return item.Error("The update expression attempted to update the secondary index key to unsupported type")
			default:
				return invalidf(invalidParameter+"Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", a.name, a.kind, v.Type, x.IndexName)
			}
			if a.kind != item.N && v.Text == "" {
				return invalidf("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s", emptyKind(a.kind), x.IndexName, a.name)
			}
			if err := a.checkSize(v, i == 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkNested gives an error when paths lead into a key, which is a scalar.
func (t *table) checkNested(nested []string) error {
	const rule = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
	for _, name := range nested {
		for _, k := range t.key.names() {
			if k == name {
				return item.Error(rule + "Key: " + name)
			}
		}
		for _, x := range t.indexes {
			for _, k := range x.key.names() {
				if k == name {
					return item.Error(rule + "IndexKey: " + name)
				}
			}
		}
	}
	return nil
}

// bytes gives the bytes that an item lies under: they sort by the hash of the
// partition key, then by the key. The item must have the key.
func (k key) bytes(it item.Getter) []byte {
	v, _ := it.Get(k.hash.name)
	b := item.AppendPartition(make([]byte, 0, 64), v.Text)
	if k.hasSort() {
		v, _ = it.Get(k.sort.name)
		b = item.AppendKeyPart(b, v.Text)
	}
	return b
}

// entry gives the bytes of an item's entry in the index, nil when it is not in
// it, as when it lacks one of the index's key attributes.
func (x *index) entry(it item.Getter, primary []byte) []byte {
	for _, a := range x.key.attributes() {
		if v, ok := it.Get(a.name); !ok || v.Type != a.kind {
			return nil
		}
	}
	return append(x.key.bytes(it), primary...)
}

// pick gives the attributes of the key, and those of a further key, from an item.
func (k key) pick(it item.Getter, further key) item.Item {
	out := item.Item{}
	for _, name := range append(k.names(), further.names()...) {
		if v, ok := it.Get(name); ok && name != "" {
			out[name] = v
		}
	}
	return out
}
