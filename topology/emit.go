package topology

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/writ-dev/writ"
)

// Topology gives what was made so far, or all that was done wrong as a join of
// *writ.Error. Runtimes are not filled in and code folders not looked at; [Load]
// does that.
func (a *App) Topology() (*Topology, error) { return a.collect(true) }

// collect gives the topology; without check only misuse is looked for, as Load
// then checks all at once.
func (a *App) collect(check bool) (*Topology, error) {
	t := &a.made.topology
	p := newProblems()
	p.errs = append(p.errs, a.made.problems...)
	for _, f := range t.Functions {
		p.errs = append(p.errs, f.Misuse...)
	}
	for _, s := range t.Stores {
		p.errs = append(p.errs, s.Misuse...)
	}
	t.Functions = slices.DeleteFunc(t.Functions, func(f *Function) bool { return f.Authorizer != nil })
	if check { // what is handed to writ gets them there
		addAuthorizerFunctions(t)
	}
	normalise(t)
	if check && len(p.errs) == 0 { // else the same mistakes would be told again, less well
		p.check(t)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return t, nil
}

// Emit hands the topology to writ: as JSON to the file that the environment
// variable WRIT_TOPOLOGY_OUT names, or to standard output when a person runs
// the program. If anything was done wrong it says so and ends the program with
// status 1. It is the last call of main.
func (a *App) Emit() {
	if err := a.emit(os.Getenv(OutputVariable), os.Stdout); err != nil {
		writ.WriteError(os.Stderr, err)
		os.Exit(writ.CodeOf(err).ExitStatus())
	}
}

// emit writes the topology, or what is wrong with it, to the named file or to w.
func (a *App) emit(file string, w io.Writer) error {
	t, wrong := a.collect(file == "")
	if wrong != nil {
		if file != "" {
			return errors.Join(wrong, writeFile(file, problemsOf(wrong)))
		}
		return wrong
	}
	if file != "" {
		return writeFile(file, t)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(t); err != nil {
		return fmt.Errorf("write the topology: %w", err)
	}
	return nil
}

func problemsOf(err error) emission {
	var all emission
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return emission{[]emittedProblem{{Message: err.Error()}}}
	}
	for _, one := range joined.Unwrap() {
		var e *writ.Error
		if errors.As(one, &e) {
			all.Problems = append(all.Problems, emittedProblem{e.Message, e.Hint, e.Position})
		}
	}
	return all
}

func writeFile(file string, v any) error {
	text, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the topology: %w", err)
	}
	return nil
}
