// Package value knows the values that conditions work on: how what came from JSON becomes a time or an
// address, how values compare, what they weigh, and how cel-go is shown them.
package value

// Kind sorts values.
type Kind uint8

// The kinds of values. Any is checked when it runs.
const (
	KindAny Kind = iota
	KindBool
	KindInt
	KindUint
	KindNumber // int or double, as JSON has them: compares with both
	KindDouble
	KindString
	KindTime
	KindDuration
	KindIP
	KindList
	KindMap
	KindObject // a map of attributes, some of which may be declared
)

// Type is the type of a value. Elem is that of a list's items or a map's values.
type Type struct {
	Kind Kind
	Elem *Type
}

// Item is the type of what is in a list or map.
func (t Type) Item() Type {
	if t.Elem == nil {
		return Type{}
	}
	return *t.Elem
}

// String is the type in words: "list of string".
func (t Type) String() string {
	switch t.Kind {
	case KindList, KindMap:
		if t.Elem == nil || t.Elem.Kind == KindAny {
			return t.Kind.String()
		}
		return t.Kind.String() + " of " + t.Elem.String()
	default:
		return t.Kind.String()
	}
}

// String is the kind in words.
func (k Kind) String() string {
	switch k {
	case KindBool:
		return "bool"
	case KindInt:
		return "int"
	case KindUint:
		return "uint"
	case KindNumber:
		return "number"
	case KindDouble:
		return "double"
	case KindString:
		return "string"
	case KindTime:
		return "timestamp"
	case KindDuration:
		return "duration"
	case KindIP:
		return "ipaddress"
	case KindList:
		return "list"
	case KindMap, KindObject:
		return "map"
	default:
		return "any value"
	}
}
