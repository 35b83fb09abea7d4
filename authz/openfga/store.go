package openfga

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// Store is a store test file: a model, tuples, and what should follow from them.
type Store struct {
	Name     string
	Document *Document
	Tuples   []PlacedTuple
	Tests    []Test
}

// PlacedTuple is a tuple with where it is written.
type PlacedTuple struct {
	authz.Tuple
	Position writ.Position
	// Old says that it was written under an earlier model: this one is not asked whether it takes it.
	Old    bool
	source string
}

// Test is one named test, with tuples that are only its own.
type Test struct {
	Name, Description string
	Tuples            []PlacedTuple
	Questions         []Question
}

// Question is one assertion.
type Question struct {
	// Kind is check, list_objects or list_users.
	Kind string
	// User, Object and Relation are what the file says; of list_objects Object is
	// a type, of list_users User is a filter: type or type#relation.
	User, Relation, Object string
	Context                map[string]any
	// Extra are tuples that count for this question alone.
	Extra    []authz.Tuple
	Allowed  bool     // what check should give
	Listed   []string // what the others should give
	Position writ.Position
	source   string
}

// storeReader reads a store file and what it names.
type storeReader struct {
	dir  string
	read func(name string) ([]byte, error)
}

// ReadStore reads a store test file. read gives the files that it names, by
// their paths beside it (model_file, tuple_file, tuple_files).
func ReadStore(file string, text []byte, read func(name string) ([]byte, error)) (*Store, error) {
	top, err := readYAML(file, text)
	if err != nil {
		return nil, err
	}
	r := storeReader{dir: path.Dir(file), read: read}
	keys, err := top.known("name", "model", "model_file", "tuples", "tuple_file", "tuple_files", "tests")
	if err != nil {
		return nil, err
	}
	s := &Store{}
	if s.Name, err = keys["name"].text(); err != nil {
		return nil, err
	}
	if s.Document, err = r.model(top, keys); err != nil {
		return nil, err
	}
	if s.Tuples, err = r.tuples(keys); err != nil {
		return nil, err
	}
	tests, err := keys["tests"].items()
	if err != nil {
		return nil, err
	}
	for _, item := range tests {
		t, err := r.test(item)
		if err != nil {
			return nil, err
		}
		s.Tests = append(s.Tests, t)
	}
	return s, nil
}

func (r storeReader) model(top value, keys map[string]value) (*Document, error) {
	inline, named := keys["model"], keys["model_file"]
	switch {
	case !inline.empty() && !named.empty():
		return nil, named.errorf("a store has a model or a model_file, not both")
	case !inline.empty():
		text, err := inline.text()
		if err != nil {
			return nil, err
		}
		d, err := Parse(top.file.Name, []byte(text))
		return d, inline.shift(err)
	case !named.empty():
		name, err := named.text()
		if err != nil {
			return nil, err
		}
		text, err := r.open(named, name)
		if err != nil {
			return nil, err
		}
		file := path.Join(r.dir, name)
		if path.Base(name) == "fga.mod" {
			return ReadModules(file, text, func(n string) ([]byte, error) { return r.open(named, path.Join(path.Dir(name), n)) })
		}
		return Parse(file, text)
	}
	return nil, top.errorf("the store has no model").WithHint("add  model: |  or  model_file: model.fga")
}

func (r storeReader) open(v value, name string) ([]byte, error) {
	text, err := r.read(name)
	if err != nil {
		return nil, v.errorf("%s cannot be read: %v", name, err)
	}
	return text, nil
}

// tuples gathers the tuples that stand inline and in files.
func (r storeReader) tuples(keys map[string]value) ([]PlacedTuple, error) {
	out, err := readTuples(keys["tuples"])
	if err != nil {
		return nil, err
	}
	var names []value
	if one := keys["tuple_file"]; !one.empty() {
		names = append(names, one)
	}
	more, err := keys["tuple_files"].items()
	if err != nil {
		return nil, err
	}
	for _, v := range append(names, more...) {
		name, err := v.text()
		if err != nil {
			return nil, err
		}
		text, err := r.open(v, name)
		if err != nil {
			return nil, err
		}
		file := path.Join(r.dir, name)
		read, err := tupleFile(file, text)
		if err != nil {
			return nil, err
		}
		out = append(out, read...)
	}
	return out, nil
}

// tupleFile reads tuples in YAML, JSON, lines of JSON or CSV, by the ending of the name.
func tupleFile(file string, text []byte) ([]PlacedTuple, error) {
	switch path.Ext(file) {
	case ".csv":
		return csvTuples(file, text)
	case ".jsonl":
		var out []PlacedTuple
		for i, line := range linesOf(text) {
			if strings.TrimSpace(line) == "" {
				continue
			}
			v, err := readYAML(file, []byte(strings.Repeat("\n", i)+line))
			if err != nil {
				return nil, err
			}
			t, err := readTuple(v)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
		}
		return out, nil
	}
	v, err := readYAML(file, text)
	if err != nil {
		return nil, err
	}
	return readTuples(v)
}

func readTuples(v value) ([]PlacedTuple, error) {
	items, err := v.items()
	if err != nil {
		return nil, err
	}
	var out []PlacedTuple
	for _, item := range items {
		t, err := readTuple(item)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// readTuple reads {user, relation, object, condition: {name, context}}.
func readTuple(v value) (PlacedTuple, error) {
	keys, err := v.known("user", "relation", "object", "condition")
	if err != nil {
		return PlacedTuple{}, err
	}
	parts := map[string]string{}
	for _, name := range []string{"user", "relation", "object"} {
		if parts[name], err = keys[name].text(); err != nil {
			return PlacedTuple{}, err
		}
		if parts[name] == "" {
			return PlacedTuple{}, v.errorf("the tuple has no %s", name)
		}
	}
	t, err := tupleOf(parts["user"], parts["relation"], parts["object"])
	if err != nil {
		return PlacedTuple{}, v.errorf("%v", err)
	}
	if c := keys["condition"]; !c.empty() {
		inner, err := c.known("name", "context")
		if err != nil {
			return PlacedTuple{}, err
		}
		if t.Condition, err = inner["name"].text(); err != nil {
			return PlacedTuple{}, err
		}
		if t.Params, err = inner["context"].object(); err != nil {
			return PlacedTuple{}, err
		}
	}
	at := v.at()
	return PlacedTuple{Tuple: t, Position: at, source: v.file.Line(at)}, nil
}

func tupleOf(user, relation, object string) (authz.Tuple, error) {
	o, err := authz.ParseEntity(object)
	if err != nil {
		return authz.Tuple{}, err
	}
	h, err := authz.ParseHolder(user)
	return authz.Tuple{Object: o, Relation: relation, Subject: h}, err
}

var csvColumns = []string{"user_type", "user_id", "user_relation", "relation", "object_type", "object_id", "condition_name", "condition_context"}

// csvTuples reads a table whose first line names its columns.
func csvTuples(file string, text []byte) ([]PlacedTuple, error) {
	all := linesOf(text)
	r := csv.NewReader(strings.NewReader(string(text)))
	r.TrimLeadingSpace = true
	header, err := r.Read()
	fail := func(format string, args ...any) error {
		line, _ := r.FieldPos(0)
		at := writ.Position{File: file, Line: max(1, line), Col: 1}
		return writ.Errorf(writ.CodeInvalid, format, args...).At(at, lines(all).at(at))
	}
	if err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "%s has no line that names its columns", file)
	}
	column := map[string]int{}
	for i, name := range header {
		if !slices.Contains(csvColumns, name) {
			return nil, fail("column %q is not known", name)
		}
		column[name] = i
	}
	var out []PlacedTuple
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, writ.Errorf(writ.CodeInvalid, "%s: %v", file, err)
		}
		get := func(name string) string {
			if i, ok := column[name]; ok {
				return row[i]
			}
			return ""
		}
		t := authz.Tuple{
			Object: authz.Entity{Type: get("object_type"), ID: get("object_id")}, Relation: get("relation"),
			Subject: authz.Holder{
				Entity:   authz.Entity{Type: get("user_type"), ID: get("user_id")},
				Relation: get("user_relation"),
			},
			Condition: get("condition_name"),
		}
		if context := get("condition_context"); context != "" {
			if err := json.Unmarshal([]byte(context), &t.Params); err != nil {
				return nil, fail("the condition_context is no JSON object")
			}
		}
		line, _ := r.FieldPos(0)
		at := writ.Position{File: file, Line: line, Col: 1}
		out = append(out, PlacedTuple{Tuple: t, Position: at, source: lines(all).at(at)})
	}
}
