package expr

import "github.com/writ-dev/writ"

// Program is a compiled condition. It is immutable; any number of goroutines may run it.
type Program struct{ source string }

// Compile reads a condition that gives a bool. at is where the source stands in
// the user's file; errors are *writ.Error with their place in that file.
func Compile(source string, scope *Scope, at writ.Position) (*Program, error) {
	return nil, writ.Errorf(writ.CodeInternal, "conditions are not built yet")
}

// Eval runs the condition. An error says why there is no answer: a *[Missing]
// value, a wrong type, a cost over the limit. What has an error never holds and never does not hold.
func (p *Program) Eval(from Source) (bool, error) {
	return false, writ.Errorf(writ.CodeInternal, "conditions are not built yet")
}

// Direct reports whether the program runs without cel-go.
func (p *Program) Direct() bool { return false }

// String is the source.
func (p *Program) String() string { return p.source }

// Path is a value that a condition asks for: variable "user", field "age".
type Path struct{ Variable, Field string }

// Uses lists the values that the condition may ask for, in order of appearance,
// each once. A variable that is used whole has an empty field.
func (p *Program) Uses() []Path { return nil }

// Bound is a value as the condition saw it.
type Bound struct {
	Path
	Value any
	Found bool
}

// Values gives what Uses names, to explain an answer.
func (p *Program) Values(from Source) []Bound { return nil }

// Missing is the error of a condition that asked for a value that nobody gave.
type Missing struct{ Path }

func (m *Missing) Error() string {
	if m.Field == "" {
		return m.Variable + " is not given"
	}
	return m.Variable + "." + m.Field + " is not given"
}
