// Package openfga holds the cases that OpenFGA's own servers are tested with, as
// store tests for anything that decides. README.md names source and licence.
package openfga

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/openfga"
)

//go:embed data/*.yaml
var data embed.FS

// Case is one stage of a test as a store: its model, its tuples, and questions. The
// questions of Refused must get no for an answer, or an empty list, or an error.
type Case struct {
	Name    string
	Store   *openfga.Store
	Refused map[int]bool // by index in Store.Tests[0].Questions
}

type (
	file struct {
		Tests []struct {
			Name   string  `yaml:"name"`
			Stages []stage `yaml:"stages"`
		} `yaml:"tests"`
	}
	stage struct {
		Model       string      `yaml:"model"`
		Tuples      []tuple     `yaml:"tuples"`
		Checks      []assertion `yaml:"checkAssertions"`
		ListObjects []assertion `yaml:"listObjectsAssertions"`
		ListUsers   []assertion `yaml:"listUsersAssertions"`
	}
	tuple struct {
		User      string `yaml:"user"`
		Relation  string `yaml:"relation"`
		Object    string `yaml:"object"`
		Condition *struct {
			Name    string         `yaml:"name"`
			Context map[string]any `yaml:"context"`
		} `yaml:"condition"`
	}
	assertion struct {
		Name        string         `yaml:"name"`
		Tuple       tuple          `yaml:"tuple"`
		Request     request        `yaml:"request"`
		Contextual  []tuple        `yaml:"contextualTuples"`
		Context     map[string]any `yaml:"context"`
		Expectation any            `yaml:"expectation"`
		ErrorCode   int            `yaml:"errorCode"`
	}
	request struct {
		User     string   `yaml:"user"`
		Type     string   `yaml:"type"`
		Relation string   `yaml:"relation"`
		Object   string   `yaml:"object"`
		Filters  []string `yaml:"filters"`
	}
)

// inlineExpression marks models whose tuples bring conditions of their own, an experimental feature of OpenFGA
// 1.22. Writ has no such tuples: a condition is part of the model, where it was validated.
const inlineExpression = "with $expression"

// Cases reads all cases but those of inline expressions.
func Cases() ([]Case, error) {
	names, err := fs.Glob(data, "data/*.yaml")
	if err != nil {
		return nil, err
	}
	var all []Case
	for _, name := range names {
		text, err := data.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var f file
		if err := yaml.Unmarshal(text, &f); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, t := range f.Tests {
			if strings.Contains(t.Stages[0].Model, inlineExpression) {
				continue
			}
			var before []openfga.PlacedTuple
			for i, s := range t.Stages {
				c, err := s.at(fmt.Sprintf("%s/%d", t.Name, i), before)
				if err != nil {
					return nil, err
				}
				before = slices.Clone(c.Store.Tuples)
				for i := range before {
					before[i].Old = true
				}
				all = append(all, c)
			}
		}
	}
	return all, nil
}

// at makes a stage a case; tuples of the stages before stay.
func (s stage) at(name string, before []openfga.PlacedTuple) (Case, error) {
	c := Case{Name: name, Refused: map[int]bool{}}
	doc, err := openfga.Parse(name, []byte(s.Model))
	if err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	c.Store = &openfga.Store{Name: name, Document: doc, Tuples: append([]openfga.PlacedTuple(nil), before...)}
	for _, t := range s.Tuples {
		tuple, err := t.authz()
		if err != nil {
			return c, fmt.Errorf("%s: %w", name, err)
		}
		c.Store.Tuples = append(c.Store.Tuples, openfga.PlacedTuple{Tuple: tuple})
	}
	test := openfga.Test{Name: name}
	for kind, list := range map[string][]assertion{"check": s.Checks, "list_objects": s.ListObjects, "list_users": s.ListUsers} {
		for _, a := range list {
			q, err := a.question(kind)
			if err != nil {
				return c, fmt.Errorf("%s: %w", name, err)
			}
			c.Refused[len(test.Questions)] = a.ErrorCode != 0
			test.Questions = append(test.Questions, q)
		}
	}
	c.Store.Tests = []openfga.Test{test}
	return c, nil
}

func (a assertion) question(kind string) (openfga.Question, error) {
	q := openfga.Question{Kind: kind, Context: a.Context}
	for _, t := range a.Contextual {
		tuple, err := t.authz()
		if err != nil {
			return q, err
		}
		q.Extra = append(q.Extra, tuple)
	}
	switch kind {
	case "check":
		q.User, q.Relation, q.Object = a.Tuple.User, a.Tuple.Relation, a.Tuple.Object
		q.Allowed = a.Expectation == true
		return q, nil
	case "list_objects":
		q.User, q.Relation, q.Object = a.Request.User, a.Request.Relation, a.Request.Type
	case "list_users":
		q.User, q.Relation, q.Object = a.Request.Filters[0], a.Request.Relation, a.Request.Object
	}
	if list, ok := a.Expectation.([]any); ok {
		for _, item := range list {
			q.Listed = append(q.Listed, fmt.Sprint(item))
		}
	}
	return q, nil
}

func (t tuple) authz() (authz.Tuple, error) {
	out := authz.Tuple{Relation: t.Relation}
	var err error
	if out.Object, err = authz.ParseEntity(t.Object); err != nil {
		return out, err
	}
	if out.Subject, err = authz.ParseHolder(t.User); err != nil {
		return out, err
	}
	if t.Condition != nil {
		out.Condition, out.Params = t.Condition.Name, t.Condition.Context
	}
	return out, nil
}

// Run asks the engine in this process. A question that OpenFGA refuses to answer
// passes when check says no, and when a list holds none but those that check allows.
func (c Case) Run() []openfga.Result {
	results := c.Store.Run()
	for i := range results {
		if r := &results[i]; c.Refused[i] {
			r.Want = "refused"
			r.Passed = r.Err != nil || r.Got == "false" || r.Question.Kind != "check" && c.certain(r)
		}
	}
	return results
}

// certain asks check about each item of a list.
func (c Case) certain(r *openfga.Result) bool {
	items := strings.Split(strings.Trim(r.Got, "[]"), ", ")
	store := openfga.Store{Document: c.Store.Document, Tuples: c.Store.Tuples, Tests: []openfga.Test{{}}}
	for _, item := range items {
		if item == "" {
			continue
		}
		q := r.Question
		q.Kind, q.Allowed = "check", true
		if r.Question.Kind == "list_objects" {
			q.Object = item
		} else {
			q.User = item
		}
		store.Tests[0].Questions = append(store.Tests[0].Questions, q)
	}
	return !slices.ContainsFunc(store.Run(), func(r openfga.Result) bool { return !r.Passed })
}
