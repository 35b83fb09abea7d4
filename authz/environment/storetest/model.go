// Package storetest holds every [environment.Store] to one contract, and gives
// tests of environments a small model to work with.
package storetest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
)

// Document is a model of a line for each type: "document: viewer editor" declares
// relations that users may have.
type Document string

// Source is a stored model of these lines.
func Source(lines string) authz.Source { return authz.Source{Format: "lines", Text: lines} }

// Plain is a model with documents and folders.
const Plain = "document: viewer editor\nfolder: viewer"

// Parse implements environment.Config.Parse.
func Parse(s authz.Source) (environment.Document, error) {
	if s.Format != "lines" {
		return nil, writ.Errorf(writ.CodeInvalid, "no format %q", s.Format)
	}
	return Document(s.Text), nil
}

// Model implements [environment.Document].
func (d Document) Model() (*authz.Model, error) {
	m := &authz.Model{Types: []authz.Type{{Name: "user"}}}
	for line := range strings.Lines(string(d)) {
		name, relations, ok := strings.Cut(line, ":")
		if !ok {
			return nil, writ.Errorf(writ.CodeInvalid, "no colon in %q", line)
		}
		t := authz.Type{Name: name}
		for _, r := range strings.Fields(relations) {
			t.Relations = append(t.Relations, authz.Relation{
				Name: r, Subjects: []authz.SubjectType{{Type: "user"}}, Rewrite: authz.Direct{},
			})
		}
		m.Types = append(m.Types, t)
	}
	return m, nil
}

// Config is an environment of the plain model over a store, with a clock that ticks
// a second each time it is read.
func Config(s environment.Store) environment.Config {
	return environment.Config{Store: s, Parse: Parse, Now: Clock(), Initial: Source(Plain)}
}

// Clock gives moments a second apart. It is for one goroutine at a time, as plans of writes are.
func Clock() func() time.Time {
	var ticks int64
	return func() time.Time {
		ticks++
		return time.Unix(1_800_000_000+ticks, 0).UTC()
	}
}

// Put is a write of tuples in their text form.
func Put(tuples ...string) environment.Write {
	return environment.Write{
		Actor: writ.Subject{Type: "user", ID: "tester"}, Kind: "tuples.write", Subject: tuples[0],
		Plan: func(*environment.State) ([]authz.Change, error) {
			var changes []authz.Change
			for _, text := range tuples {
				t, err := authz.ParseTuple(text)
				if err != nil {
					return nil, err
				}
				changes = append(changes, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}})
			}
			return changes, nil
		},
	}
}

// Change is a write of given changes.
func Change(changes ...authz.Change) environment.Write {
	return environment.Write{
		Actor: writ.Subject{Type: "user", ID: "tester"}, Kind: "test", Subject: "test",
		Plan: func(*environment.State) ([]authz.Change, error) { return slices.Clone(changes), nil },
	}
}

// Facts is all that a state holds but its keys, in order, as JSON.
func Facts(s *environment.State) []string {
	lines := []string{"model " + s.Source.Text}
	add := func(v any) {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		lines = append(lines, string(text))
	}
	for _, t := range s.Snapshot.Model().Types {
		s.Snapshot.Records(t.Name, "", func(r authz.Record) bool { add(r); return true })
	}
	s.Snapshot.Tuples(authz.TupleFilter{}, func(t authz.Tuple) bool { add(t); return true })
	return lines
}

// sorted puts what Load gave in an order that does not depend on the store.
func sorted(changes []authz.Change) []string {
	var lines []string
	for _, c := range changes {
		text, err := json.Marshal(c)
		if err != nil {
			panic(err)
		}
		lines = append(lines, string(text))
	}
	slices.SortFunc(lines, cmp.Compare)
	return lines
}
