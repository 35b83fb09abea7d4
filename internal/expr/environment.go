package expr

import (
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
)

// The bounds of a condition. What is over one of them is an error, never an answer.
const (
	maxSource  = 8 << 10 // bytes
	maxNodes   = 2_000
	maxNesting = 60
	maxRegex   = 500     // steps of the compiled pattern
	maxCost    = 200_000 // cel-go's units: about one for each operation and each item
)

// slot is where the value of a name comes from.
type slot struct {
	Path
	variable int
	kind     Type
	declared *Variable // of an Object that is used whole
	missing  *Missing
	converts bool // its values come from JSON in another form
}

// slots gives what each name of the scope stands for. A declared field is a name
// of its own, "user.age": CEL takes the longest name that is declared, and so
// checks the field's type.
func (s *Scope) slots() map[string]*slot {
	names := make(map[string]*slot)
	for i := range s.Variables {
		v := &s.Variables[i]
		for _, name := range []string{v.Name, v.Alias} {
			if name == "" {
				continue
			}
			whole := newSlot(Path{Variable: v.Name}, i, v.Type)
			names[name] = whole
			if v.Type.Kind != KindObject {
				continue
			}
			whole.declared = v
			for field, kind := range v.Fields {
				if isName(field) {
					names[name+"."+field] = newSlot(Path{v.Name, field}, i, kind)
				}
			}
		}
	}
	return names
}

func newSlot(p Path, variable int, kind Type) *slot {
	return &slot{Path: p, variable: variable, kind: kind, missing: &Missing{p}, converts: kind.Kind != KindNumber && kind.converts()}
}

// isName reports whether a field can be written after a dot.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && !('a' <= c|0x20 && c|0x20 <= 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// base is the language without variables. It never changes; to build it takes
// most of the time of a compilation.
var base = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.StdLib(),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.CustomTypeAdapter(adapter{}),
		cel.ParserExpressionSizeLimit(maxSource),
		cel.ParserRecursionLimit(maxNesting),
		cel.ParserErrorRecoveryLimit(1),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxRegex),
		ext.Strings(),
		instanceFunction(),
	}
	return cel.NewCustomEnv(append(options, addressFunctions()...)...)
})

// environment gives the names of the scope and the language with them.
func (s *Scope) environment() (map[string]*slot, *cel.Env, error) {
	s.once.Do(func() {
		language, err := base()
		if err != nil {
			s.err = err
			return
		}
		s.names = s.slots()
		options := make([]cel.EnvOption, 0, len(s.names))
		for name, slot := range s.names {
			options = append(options, cel.Variable(name, slot.kind.cel()))
		}
		s.env, s.err = language.Extend(options...)
	})
	return s.names, s.env, s.err
}

// cel is the type that CEL checks with. A number is dynamic for it: its equality
// would want two ints or two doubles. [checker] makes up for what is lost.
func (t Type) cel() *cel.Type {
	switch t.Kind {
	case KindBool:
		return cel.BoolType
	case KindInt:
		return cel.IntType
	case KindUint:
		return cel.UintType
	case KindDouble:
		return cel.DoubleType
	case KindString:
		return cel.StringType
	case KindTime:
		return cel.TimestampType
	case KindDuration:
		return cel.DurationType
	case KindIP:
		return addressType
	case KindList:
		return cel.ListType(t.elem().cel())
	case KindMap:
		return cel.MapType(cel.StringType, t.elem().cel())
	case KindObject:
		return cel.MapType(cel.StringType, cel.DynType)
	default:
		return cel.DynType
	}
}

// typeName gives one of CEL's types in our words.
func typeName(t string) string {
	switch t {
	case "dyn":
		return "any value"
	case "double":
		return "number"
	case "google.protobuf.Timestamp":
		return "timestamp"
	case "google.protobuf.Duration":
		return "duration"
	}
	if inner, ok := strings.CutPrefix(t, "list("); ok {
		return "list of " + typeName(strings.TrimSuffix(inner, ")"))
	}
	if strings.HasPrefix(t, "map(") {
		return "map"
	}
	return t
}
