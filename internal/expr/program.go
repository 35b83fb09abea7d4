package expr

import (
	"strings"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/expr/value"
)

// Program is a compiled condition. It is immutable; any number of goroutines may run it.
type Program struct {
	source string
	at     writ.Position
	names  map[string]*slot
	uses   []use
	// checked is what cel-go made of the source: direct code and, one day, other
	// forms of the same condition are made from it.
	checked *cel.Ast
	direct  *node // nil when the condition needs cel-go
	// cel plans the condition for cel-go. That takes a third of a compilation, and few need it.
	cel func() (cel.Program, error)
}

// use is a value that a condition asks for, and the expression that first does.
type use struct {
	*slot
	id int64
}

// Compile reads a condition that gives a bool. at is where the source stands in
// the user's file; errors are *writ.Error with their place in that file.
// Lines of the source after its first are taken to begin in column 1.
func Compile(source string, scope *Scope, at writ.Position) (*Program, error) {
	if len(source) > maxSource {
		return nil, writ.Errorf(writ.CodeTooLarge, "the condition has %d bytes, at most %d are read", len(source), maxSource).At(at, "")
	}
	names, env, err := scope.environment()
	if err != nil {
		return nil, writ.Errorf(writ.CodeInternal, "conditions over these names cannot be built: %w", err)
	}
	p := &Program{source: source, at: at, names: names}
	if strings.TrimSpace(source) == "" {
		return nil, p.problem(at, "the condition is empty")
	}
	checked, issues := env.Compile(source)
	if err := issues.Err(); err != nil {
		return nil, p.rephrase(issues.Errors(), scope)
	}
	p.checked = checked
	if err := p.check(scope); err != nil {
		return nil, err
	}
	p.cel = sync.OnceValues(func() (cel.Program, error) { return plan(env, checked) })
	if p.direct = p.compileDirect(); p.direct != nil {
		return p, nil
	}
	if _, err := p.cel(); err != nil {
		return nil, p.problem(at, plain(err.Error()))
	}
	return p, nil
}

// plan uses of cel-go's optimizations only one: a set in place of a list of literals
// answers `missing in []` and some large numbers otherwise than the list does.
func plan(env *cel.Env, checked *cel.Ast) (cel.Program, error) {
	return env.Program(checked, cel.CostLimit(maxCost), cel.CostTracking(prices{}),
		cel.OptimizeRegex(interpreter.MatchesRegexOptimization))
}

// Eval runs the condition. An error says why there is no answer: a *[Missing]
// value, a wrong type, a cost over the limit. What has an error never holds and never does not hold.
func (p *Program) Eval(from Source) (bool, error) {
	if p.direct != nil {
		r := run{from: from, left: maxCost}
		return r.test(p.direct)
	}
	return p.evalCEL(from)
}

func (p *Program) evalCEL(from Source) (bool, error) {
	a := &activation{program: p, from: from, left: maxCost}
	planned, err := p.cel()
	if err != nil {
		return false, p.problem(p.at, plain(err.Error()))
	}
	out, _, err := planned.Eval(a)
	if err != nil {
		return false, p.failure(err, a)
	}
	holds, ok := out.(types.Bool)
	if !ok {
		return false, p.problem(p.at, "the condition gave a "+typeName(out.Type().TypeName())+", not true or false")
	}
	return bool(holds), nil
}

// Direct reports whether the program runs without cel-go.
func (p *Program) Direct() bool { return p.direct != nil }

// String is the source.
func (p *Program) String() string { return p.source }

// Path is a value that a condition asks for: variable "user", field "age".
type Path struct{ Variable, Field string }

// String is the path as a condition writes it.
func (p Path) String() string {
	switch {
	case p.Field == "":
		return p.Variable
	case isName(p.Field):
		return p.Variable + "." + p.Field
	default:
		return p.Variable + "[" + quote(p.Field) + "]"
	}
}

// Uses lists the values that the condition may ask for, in order of appearance,
// each once. A variable that is used whole has an empty field.
func (p *Program) Uses() []Path {
	paths := make([]Path, len(p.uses))
	for i, s := range p.uses {
		paths[i] = s.Path
	}
	return paths
}

// PlaceOf gives where in the user's file the i-th of [Program.Uses] is first named: its field, or all of it.
func (p *Program) PlaceOf(i int) writ.Position {
	u := p.uses[i]
	at := p.placeOf(u.id)
	if u.Field == "" {
		return at
	}
	// CEL's place is the dot or bracket, or that of has().
	start := p.checked.NativeRep().SourceInfo().GetStartLocation(u.id)
	lines := strings.Split(p.source, "\n")
	if n := start.Line() - 1; n >= 0 && n < len(lines) {
		rest := []rune(lines[n])
		rest = rest[min(max(start.Column(), 0), len(rest)):]
		for _, mark := range []string{".", `"`, "'"} {
			if before, _, found := strings.Cut(string(rest), mark+u.Field); found {
				at.Col += utf8.RuneCountInString(before) + 1
				break
			}
		}
	}
	return at
}

// Bound is a value as the condition saw it.
type Bound struct {
	Path
	Value any
	Found bool
}

// Values gives what Uses names, to explain an answer.
func (p *Program) Values(from Source) []Bound {
	bounds := make([]Bound, len(p.uses))
	for i, s := range p.uses {
		b := Bound{Path: s.Path}
		if s.declared != nil {
			fields := from.Fields(s.variable)
			b.Value, b.Found = fields, fields != nil
		} else {
			b.Value, b.Found = from.Value(s.variable, s.Field)
			b.Value = value.Plain(b.Value)
		}
		bounds[i] = b
	}
	return bounds
}

// Missing is the error of a condition that asked for a value that nobody gave.
type Missing struct{ Path }

func (m *Missing) Error() string { return m.Path.String() + " is not given" }
