package openfga

import (
	"errors"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/tree"
)

// value is a node of a YAML or JSON file, which is read until the first mistake.
type value struct {
	file *tree.File
	node *tree.Node
}

// readYAML gives the top of a file; JSON is YAML too.
func readYAML(file string, text []byte) (value, error) {
	f := tree.Read(text, writ.Position{File: file, Line: 1, Col: 1})
	if err := f.Err(); err != nil {
		return value{}, err
	}
	if f.Root.Empty() {
		return value{}, writ.Errorf(writ.CodeInvalid, "%s is empty", file)
	}
	return value{f, f.Root}, nil
}

func (v value) at() writ.Position { return v.node.Pos }

func (v value) errorf(format string, args ...any) *writ.Error {
	return v.problem(v.node.Pos, format, args...)
}

func (v value) problem(at writ.Position, format string, args ...any) *writ.Error {
	return writ.Errorf(writ.CodeInvalid, format, args...).At(at, v.file.Line(at))
}

// entries gives the keys of a mapping in order. Nothing at all is an empty mapping.
func (v value) entries() ([]tree.Entry, error) {
	if v.node.Empty() {
		return nil, nil
	}
	if v.node.Kind != tree.Map {
		return nil, v.errorf("keys with values should stand here, this is %s", v.node.Kind)
	}
	return v.node.Entries, nil
}

// known gives the values of a mapping by key, and complains about a key that is
// not one of names. A key that is not there has an empty value.
func (v value) known(names ...string) (map[string]value, error) {
	all, err := v.entries()
	if err != nil {
		return nil, err
	}
	out := map[string]value{}
	for _, name := range names {
		out[name] = value{v.file, nil}
	}
	for _, e := range all {
		if !slices.Contains(names, e.Key) {
			bad := v.problem(e.Pos, "%q is no key that is known here", tree.Short(e.Key))
			bad.Hint = likely(e.Key, names)
			return nil, bad
		}
		out[e.Key] = value{v.file, e.Value}
	}
	return out, nil
}

func (v value) empty() bool { return v.node.Empty() }

// items gives the items of a sequence; nothing at all is an empty one.
func (v value) items() ([]value, error) {
	if v.node.Empty() {
		return nil, nil
	}
	if v.node.Kind != tree.List {
		return nil, v.errorf("a list should stand here, this is %s", v.node.Kind)
	}
	var out []value
	for _, item := range v.node.Items {
		out = append(out, value{v.file, item})
	}
	return out, nil
}

// text gives a scalar as text; empty for nothing.
func (v value) text() (string, error) {
	if v.node.Empty() {
		return "", nil
	}
	if v.node.Kind != tree.Scalar {
		return "", v.errorf("a text should stand here, this is %s", v.node.Kind)
	}
	return v.node.Text, nil
}

// texts gives a list of texts.
func (v value) texts() ([]string, error) {
	items, err := v.items()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, item := range items {
		s, err := item.text()
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (v value) boolean() (bool, error) {
	if b, ok := v.node.Value().(bool); ok {
		return b, nil
	}
	return false, v.errorf("true or false should stand here")
}

// object gives a mapping of any values.
func (v value) object() (map[string]any, error) {
	if v.node.Empty() {
		return nil, nil
	}
	m, ok := v.node.Value().(map[string]any)
	if !ok {
		return nil, v.errorf("keys with values should stand here")
	}
	return m, nil
}

// shift moves the places of errors in the text of a block to where it stands in
// the file: all of its lines but the first keep their columns.
func (v value) shift(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, v.shift(e))
		}
		return errors.Join(all...)
	}
	e, ok := err.(*writ.Error)
	if !ok || e.Position.IsZero() {
		return err
	}
	at := e.Position
	if at.Line == 1 {
		at.Col += v.node.Pos.Col - 1
	}
	at.Line += v.node.Pos.Line - 1
	return e.At(at, v.file.Line(at))
}

// moduleNames reads an fga.mod file: the names of the files of a modular model.
func moduleNames(file string, text []byte) ([]string, error) {
	top, err := readYAML(file, text)
	if err != nil {
		return nil, err
	}
	keys, err := top.known("schema", "contents")
	if err != nil {
		return nil, err
	}
	if schema, err := keys["schema"].text(); err != nil || schema != "1.2" && schema != "" {
		return nil, top.errorf("a modular model has  schema: '1.2'")
	}
	if keys["contents"].empty() {
		return nil, top.errorf("an fga.mod file lists the files of the model under contents")
	}
	items, err := keys["contents"].items()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, item := range items {
		name, err := item.text()
		if err != nil {
			return nil, err
		}
		if strings.Contains(name, "..") || strings.HasPrefix(name, "/") || strings.Contains(name, `\`) || !strings.HasSuffix(name, ".fga") {
			return nil, item.errorf("%q does not name a .fga file below the fga.mod file", name)
		}
		if slices.Contains(names, name) {
			return nil, item.errorf("%s is listed twice", name)
		}
		names = append(names, name)
	}
	return names, nil
}
