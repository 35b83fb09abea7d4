// Package expr compiles conditions written in CEL and runs them within bounds:
// source size, nesting, cost. Comparisons, membership and their combinations,
// which nearly all conditions are, run as direct code without allocation; the rest
// runs in cel-go, which is also what the direct code is tested against.
package expr

import (
	"sync"

	"cel.dev/cel-go/cel"

	"github.com/writ-dev/writ/internal/expr/value"
)

// Kind sorts values, Type is the type of one, and Text a text that was read beforehand: see [value].
type (
	Kind = value.Kind
	Type = value.Type
	Text = value.Text
)

// The kinds of values. Any is checked when it runs.
const (
	KindAny      = value.KindAny
	KindBool     = value.KindBool
	KindInt      = value.KindInt
	KindUint     = value.KindUint
	KindNumber   = value.KindNumber
	KindDouble   = value.KindDouble
	KindString   = value.KindString
	KindTime     = value.KindTime
	KindDuration = value.KindDuration
	KindIP       = value.KindIP
	KindList     = value.KindList
	KindMap      = value.KindMap
	KindObject   = value.KindObject
)

// The types without parts.
var (
	Any      = Type{Kind: KindAny}
	Bool     = Type{Kind: KindBool}
	Number   = Type{Kind: KindNumber}
	String   = Type{Kind: KindString}
	Time     = Type{Kind: KindTime}
	Duration = Type{Kind: KindDuration}
	Object   = Type{Kind: KindObject}
	Int      = Type{Kind: KindInt}
	Uint     = Type{Kind: KindUint}
	Double   = Type{Kind: KindDouble}
	IP       = Type{Kind: KindIP}
)

// List is a list whose items are of a type.
func List(elem Type) Type { return Type{Kind: KindList, Elem: &elem} }

// Map is a map from strings to values of a type.
func Map(elem Type) Type { return Type{Kind: KindMap, Elem: &elem} }

// Read gives a [*Text] for a text of a type that conditions would parse, and all else as it is.
func Read(v any, t Type) any { return value.Read(v, t) }

// Plain gives what [Read] was given.
func Plain(v any) any { return value.Plain(v) }

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
// The first condition that is compiled in a scope prepares it for those that follow, and so its
// variables change no more. Any number of goroutines may compile in one scope.
type Scope struct {
	Variables []Variable

	once  sync.Once
	names map[string]*slot
	env   *cel.Env
	err   error
}

// Source gives the values of variables: nil, bool, int64, uint64, float64, string,
// time.Time, time.Duration, netip.Addr, []any, map[string]any, and from Value alone *[Text]. ok is false when there is none.
type Source interface {
	// Value gives a variable, or with a field that field of an Object variable.
	Value(variable int, field string) (value any, ok bool)
	// Fields gives an Object variable whole, with all of its fields.
	Fields(variable int) map[string]any
}

// Instances is what a [Source] also has when conditions may ask for the stored
// attributes of other objects: instance("document", resource.parent).owner. ok is
// false when there is no such object.
type Instances interface {
	Instance(kind, key string) (attributes map[string]any, ok bool)
}
