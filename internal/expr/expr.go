// Package expr compiles conditions written in CEL and runs them within bounds:
// source size, nesting, cost. Comparisons, membership and their combinations,
// which nearly all conditions are, run as direct code without allocation; the rest
// runs in cel-go, which is also what the direct code is tested against.
package expr

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

// The types without parts.
var (
	Any      = Type{Kind: KindAny}
	Bool     = Type{Kind: KindBool}
	Number   = Type{Kind: KindNumber}
	String   = Type{Kind: KindString}
	Time     = Type{Kind: KindTime}
	Duration = Type{Kind: KindDuration}
	Object   = Type{Kind: KindObject}
)

// Variable is one name that a condition may use.
type Variable struct {
	Name  string
	Alias string // a second name of the same; empty: none
	Type  Type
	// Fields are the declared fields of an Object. A field that is not declared
	// is of type Any.
	Fields map[string]Type
}

// Scope is what a condition may name. The index of a variable is how [Source] is asked for it.
type Scope struct{ Variables []Variable }

// Source gives the values of variables: nil, bool, int64, uint64, float64, string,
// time.Time, time.Duration, netip.Addr, []any, map[string]any. ok is false when there is none.
type Source interface {
	// Value gives a variable, or with a field that field of an Object variable.
	Value(variable int, field string) (value any, ok bool)
	// Fields gives an Object variable whole, with all of its fields.
	Fields(variable int) map[string]any
}
