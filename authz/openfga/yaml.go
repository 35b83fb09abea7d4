package openfga

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	yamlparser "github.com/goccy/go-yaml/parser"

	"github.com/writ-dev/writ"
)

// document is a YAML file with its text, so that errors can point into it.
type document struct {
	file  string
	lines lines
}

// value is a node of a document.
type value struct {
	*document
	node ast.Node
}

// readYAML gives the top of the only document in a text; JSON is YAML too.
func readYAML(file string, text []byte) (value, error) {
	d := &document{file: file, lines: linesOf(text)}
	if len(text) > MaxSize*8 {
		return value{}, writ.Errorf(writ.CodeTooLarge, "%s is over %d bytes", file, MaxSize*8)
	}
	f, err := yamlparser.ParseBytes(text, 0)
	if err != nil {
		return value{}, d.syntax(err)
	}
	for _, doc := range f.Docs {
		if doc.Body != nil {
			return value{d, doc.Body}, nil
		}
	}
	return value{}, writ.Errorf(writ.CodeInvalid, "%s is empty", file)
}

// syntax takes the place out of an error of the YAML parser.
func (d *document) syntax(err error) error {
	var at writ.Position
	var e *yaml.SyntaxError
	message := err.Error()
	if errors.As(err, &e) {
		message, at = e.Message, d.place(e.Token.Position.Line, e.Token.Position.Column)
	}
	return writ.Errorf(writ.CodeInvalid, "the file is no YAML: %s", message).At(at, d.lines.at(at))
}

func (d *document) place(line, col int) writ.Position {
	return writ.Position{File: d.file, Line: line, Col: col}
}

func (v value) at() writ.Position {
	n := v.node
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if n == nil || n.GetToken() == nil {
		return writ.Position{File: v.file}
	}
	p := n.GetToken().Position
	return v.place(p.Line, p.Column)
}

func (v value) errorf(format string, args ...any) *writ.Error {
	at := v.at()
	return writ.Errorf(writ.CodeInvalid, format, args...).At(at, v.lines.at(at))
}

// entry is a key with its value.
type entry struct {
	key   string
	keyAt value
	value value
}

// entries gives the keys of a mapping in order. Nothing at all is an empty mapping.
func (v value) entries() ([]entry, error) {
	var pairs []*ast.MappingValueNode
	switch n := unwrapped(v.node).(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	case *ast.NullNode, nil:
		return nil, nil
	default:
		return nil, v.errorf("keys with values should stand here")
	}
	var out []entry
	for _, p := range pairs {
		out = append(out, entry{p.Key.GetToken().Value, value{v.document, p.Key}, value{v.document, p.Value}})
	}
	return out, nil
}

// known is entries that complains about a key that is not one of names.
func (v value) known(names ...string) (map[string]value, error) {
	all, err := v.entries()
	if err != nil {
		return nil, err
	}
	out := map[string]value{}
	for _, e := range all {
		if !contains(names, e.key) {
			bad := e.keyAt.errorf("%q is no key that is known here", e.key)
			bad.Hint = likely(e.key, names)
			return nil, bad
		}
		out[e.key] = e.value
	}
	return out, nil
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// items gives the items of a sequence; nothing at all is an empty one.
func (v value) items() ([]value, error) {
	switch n := unwrapped(v.node).(type) {
	case *ast.SequenceNode:
		var out []value
		for _, item := range n.Values {
			out = append(out, value{v.document, item})
		}
		return out, nil
	case *ast.NullNode, nil:
		return nil, nil
	}
	return nil, v.errorf("a list should stand here")
}

// text gives a scalar as text; empty for nothing.
func (v value) text() (string, error) {
	switch n := unwrapped(v.node).(type) {
	case nil, *ast.NullNode:
		return "", nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.StringNode:
		return n.Value, nil
	case ast.ScalarNode:
		return n.GetToken().Value, nil
	}
	return "", v.errorf("a text should stand here")
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
	if n, ok := unwrapped(v.node).(*ast.BoolNode); ok {
		return n.Value, nil
	}
	return false, v.errorf("true or false should stand here")
}

// plain gives any value as JSON has it: numbers are float64.
func (v value) plain() (any, error) {
	if v.node == nil {
		return nil, nil
	}
	var out any
	if err := yaml.NodeToValue(v.node, &out); err != nil {
		return nil, v.errorf("the value cannot be read")
	}
	return jsonValue(out), nil
}

func jsonValue(v any) any {
	switch v := v.(type) {
	case uint64:
		return float64(v)
	case int64:
		return float64(v)
	case int:
		return float64(v)
	case []any:
		for i := range v {
			v[i] = jsonValue(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = jsonValue(v[k])
		}
	}
	return v
}

// object gives a mapping of any values.
func (v value) object() (map[string]any, error) {
	p, err := v.plain()
	if err != nil || p == nil {
		return nil, err
	}
	m, ok := p.(map[string]any)
	if !ok {
		return nil, v.errorf("keys with values should stand here")
	}
	return m, nil
}

// unwrapped looks behind anchors and tags.
func unwrapped(n ast.Node) ast.Node {
	switch t := n.(type) {
	case *ast.AnchorNode:
		return unwrapped(t.Value)
	case *ast.TagNode:
		return unwrapped(t.Value)
	}
	return n
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
	if schema, err := keys["schema"].textOr("1.2"); err != nil || schema != "1.2" {
		return nil, top.errorf("a modular model has  schema: '1.2'")
	}
	contents, ok := keys["contents"]
	if !ok {
		return nil, top.errorf("an fga.mod file lists the files of the model under contents")
	}
	items, err := contents.items()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, item := range items {
		name, err := item.text()
		if err != nil {
			return nil, err
		}
		if name == "" || strings.Contains(name, "..") || strings.HasPrefix(name, "/") || strings.Contains(name, `\`) || !strings.HasSuffix(name, ".fga") {
			return nil, item.errorf("%q does not name a .fga file below the fga.mod file", name)
		}
		if contains(names, name) {
			return nil, item.errorf("%s is listed twice", name)
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, contents.errorf("the model has no files")
	}
	return names, nil
}

// textOr is text with a value for a key that is not there.
func (v value) textOr(otherwise string) (string, error) {
	if v.node == nil {
		return otherwise, nil
	}
	return v.text()
}
