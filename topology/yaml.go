package topology

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/writ-dev/writ"
)

// converter makes nodes of the YAML library's tree.
type converter struct {
	problems *problems
	src      *source
	// path is where the file lies, "" when no other file may be read.
	path    string
	parents []string // the files that include this one, and itself
	anchors map[string]ast.Node
	active  map[string]bool
	budget  *int
	stopped bool
	// outer is the outermost alias being followed, the one to blame for size.
	outer writ.Position
}

// readYAML parses a file's text; nil when it cannot, with the problem noted.
// With a path, !include tags are followed.
func (p *problems) readYAML(text []byte, file, path string) *node {
	budget := maxNodes
	return p.readYAMLWithin(text, file, path, nil, &budget)
}

func (p *problems) readYAMLWithin(text []byte, file, path string, parents []string, budget *int) *node {
	if len(text) > maxFileBytes {
		e := p.add(writ.Position{File: file}, "the file is larger than 1 MiB")
		e.Code = writ.CodeTooLarge
		return nil
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if strings.HasSuffix(file, ".json") {
		// A tab may indent JSON but not YAML; inside a JSON string it cannot stand.
		text = bytes.ReplaceAll(text, []byte("\t"), []byte(" "))
	}
	src := newSource(file, text)
	p.sources[file] = src
	for i, line := range src.lines {
		if !utf8.ValidString(line) {
			p.add(src.at(i+1, 1), "the file is not UTF-8 text")
			return nil
		}
	}
	if len(src.lines) > maxLines {
		p.add(src.at(maxLines, 1), "the file has more than %d lines", maxLines).Code = writ.CodeTooLarge
		return nil
	}
	if line, deep := tooDeep(text); deep {
		p.add(src.at(line, 1), "the file nests deeper than %d levels", maxDepth)
		return nil
	}
	doc, ok := p.parseDocument(text, src)
	if !ok {
		return nil
	}
	c := &converter{
		problems: p, src: src, path: path, parents: append(slices.Clone(parents), path),
		anchors: map[string]ast.Node{}, active: map[string]bool{}, budget: budget,
	}
	n := c.convert(doc, src.at(1, 1), 0)
	if c.stopped {
		return nil
	}
	return n
}

// parseDocument gives the one document of the file, nil when it is empty.
func (p *problems) parseDocument(text []byte, src *source) (body ast.Node, ok bool) {
	file, err := parseSafely(text)
	if err != nil {
		p.syntaxError(err, src)
		return nil, false
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			p.add(tokenPosition(src, doc.Body.GetToken()), "the file holds more than one YAML document").
				WithHint("take the --- line out; one file is one topology")
			return nil, false
		}
		body = doc.Body
	}
	return body, true
}

// parseSafely keeps a fault of the YAML library from ending the program.
func parseSafely(text []byte) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be read as YAML (%v)", r)
		}
	}()
	tokens := lexer.Tokenize(string(text))
	depth := 0
	for _, t := range tokens { // tooDeep can be misled by brackets in quotes and comments
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth = max(depth-1, 0)
		}
		if depth > maxDepth {
			return nil, fmt.Errorf("the file nests deeper than %d levels", maxDepth)
		}
	}
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

func (p *problems) syntaxError(err error, src *source) {
	at, message := src.at(1, 1), ""
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) { // its Error() would print the whole file
		at, message = tokenPosition(src, syntax.Token), syntax.Message
	} else {
		message = err.Error()
	}
	message, _, _ = strings.Cut(message, "\n")
	if opened, what := src.unclosed(); what != "" && !strings.Contains(src.line(opened.Line), ": {{") && before(opened, at) {
		p.add(opened, "broken YAML: the %s is not closed", what).
			WithHint("it is opened here; add the closing one where its text or its list of keys ends")
		return
	}
	e := p.add(at, "broken YAML: %s", message)
	if strings.Contains(src.line(at.Line), ": {{") {
		e.Hint = "put a value that starts with {{ in quotes; without them { starts a map"
	} else if strings.HasPrefix(strings.TrimLeft(src.line(at.Line), " "), "\t") || strings.Contains(message, "tab") {
		e.Hint = "indent with spaces; YAML does not allow tabs"
	} else if m := missingSpace.FindStringSubmatch(src.line(at.Line)); m != nil {
		e.Hint = "a space is missing after the colon: " + m[1] + ": " + m[2]
	} else {
		e.Hint = "check the indentation, the quotes and the brackets here and on the line above"
	}
}

// missingSpace is a line whose key and value are one word to YAML.
var missingSpace = regexp.MustCompile(`^[ -]*([a-z_]+):([^\s:/][^\s]*)\s*$`)

func tokenPosition(src *source, t *token.Token) writ.Position {
	if t == nil || t.Position == nil {
		return src.at(1, 1)
	}
	return src.at(t.Position.Line, t.Position.Column)
}

// convert makes a node of n; at is its place when it has no token of its own.
func (c *converter) convert(n ast.Node, at writ.Position, depth int) *node {
	*c.budget--
	if c.stopped || *c.budget < 0 || depth > maxDepth {
		c.stop(at, depth)
		return &node{pos: at, end: at, src: c.src}
	}
	if n == nil {
		return &node{pos: at, end: at, src: c.src}
	}
	if t := n.GetToken(); t != nil && n.Type() != ast.NullType {
		at = tokenPosition(c.src, t)
	}
	out := &node{kind: scalarNode, pos: at, end: at, src: c.src}
	switch n := n.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
		out.kind = nullNode
	case *ast.MappingNode:
		c.mapping(out, n, depth)
	case *ast.MappingValueNode:
		c.mapping(out, &ast.MappingNode{BaseNode: n.BaseNode, Start: n.Start, Values: []*ast.MappingValueNode{n}}, depth)
	case *ast.SequenceNode:
		c.sequence(out, n, depth)
	case *ast.AnchorNode:
		return c.anchor(n, at, depth)
	case *ast.AliasNode:
		return c.alias(n, at, depth)
	case *ast.TagNode:
		return c.tag(n, at, depth)
	case *ast.LiteralNode:
		out.quoted = true
		if n.Value != nil {
			out.text = n.Value.Value
		}
		out.end = c.src.at(at.Line+strings.Count(out.text, "\n"), 1)
	case *ast.StringNode:
		out.text = n.Value
		out.quoted = n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
	default:
		out.text = n.GetToken().Value
	}
	return out
}

// stop notes once that the file is larger than it looks.
func (c *converter) stop(at writ.Position, depth int) {
	if c.stopped {
		return
	}
	c.stopped = true
	if depth > maxDepth {
		c.problems.add(at, "the file nests deeper than %d levels", maxDepth)
		return
	}
	if !c.outer.IsZero() {
		at = c.outer
	}
	c.problems.add(at, "the file holds more than %d values once its aliases are followed", maxNodes).
		WithHint("write the part out instead of referring to it again and again")
}

func (c *converter) mapping(out *node, n *ast.MappingNode, depth int) {
	out.kind, out.flow = mapNode, n.IsFlowStyle
	out.entries = make([]entry, 0, len(n.Values))
	var merged []entry
	index := make(map[string]int, len(n.Values))
	for i, v := range n.Values {
		keyPos := out.pos
		if v.Key != nil {
			keyPos = keyPosition(c.src, v.Key)
		}
		if i == 0 && !out.flow {
			out.pos = keyPos
		}
		value := c.convert(v.Value, c.src.at(keyPos.Line, keyPos.Col), depth+1)
		if v.Key != nil && v.Key.IsMergeKey() {
			out.moved = true
			merged = append(merged, c.mergeEntries(value)...)
			continue
		}
		key := keyText(v.Key)
		if first, twice := index[key]; twice {
			c.problems.add(keyPos, "%s is written twice", key).
				WithHint("first written at %s; keep one of the two", place(out.entries[first].pos))
			continue
		}
		index[key] = len(out.entries)
		out.entries = append(out.entries, entry{key, keyPos, value})
	}
	for _, e := range merged {
		if _, have := index[e.key]; !have {
			index[e.key] = len(out.entries)
			out.entries = append(out.entries, e)
		}
	}
	c.endOf(out, n.End)
}

func (c *converter) sequence(out *node, n *ast.SequenceNode, depth int) {
	out.kind, out.flow = listNode, n.IsFlowStyle
	for _, v := range n.Values {
		out.items = append(out.items, c.convert(v, out.pos, depth+1))
	}
	c.endOf(out, n.End)
}

// endOf sets where a collection ends: its closing bracket, or by indentation.
func (c *converter) endOf(out *node, closing *token.Token) {
	if out.flow {
		if closing != nil {
			out.end = tokenPosition(c.src, closing)
		}
		return
	}
	indent, list := out.pos.Col-2, false
	if out.kind == listNode {
		indent, list = out.pos.Col-1, true
	}
	out.end = c.src.at(c.src.blockEnd(out.pos.Line, indent, list), 1)
}

// mergeEntries gives what a merge key brings in: a map's entries, or those of
// several maps.
func (c *converter) mergeEntries(value *node) []entry {
	if value.kind == listNode {
		var all []entry
		for _, item := range value.items {
			all = append(all, c.mergeEntries(item)...)
		}
		return all
	}
	if value.kind != mapNode {
		c.problems.add(value.pos, "<< needs a map to merge, this is %s", value.kind)
	}
	return value.entries
}

func (c *converter) anchor(n *ast.AnchorNode, at writ.Position, depth int) *node {
	name := nameOf(n.Name)
	c.active[name] = true
	out := c.convert(n.Value, at, depth+1)
	delete(c.active, name)
	c.anchors[name] = n.Value
	return out
}

func (c *converter) alias(n *ast.AliasNode, at writ.Position, depth int) *node {
	name := nameOf(n.Value)
	target, known := c.anchors[name]
	switch {
	case c.active[name]:
		c.problems.add(at, "*%s refers to itself", name)
	case !known:
		c.problems.add(at, "*%s refers to an anchor that is not above it", name)
	default:
		if c.outer.IsZero() {
			c.outer = at
			defer func() { c.outer = writ.Position{} }()
		}
		out := c.convert(target, at, depth+1)
		out.moved = true
		return out
	}
	return &node{pos: at, end: at, src: c.src}
}

func nameOf(n ast.Node) string {
	if n == nil || n.GetToken() == nil {
		return ""
	}
	return n.GetToken().Value
}

// keyText gives a key as written, without its quotes.
func keyText(key ast.MapKeyNode) string {
	switch k := key.(type) {
	case *ast.StringNode:
		return k.Value
	case *ast.MappingKeyNode:
		if s, ok := k.Value.(*ast.StringNode); ok {
			return s.Value
		}
		return nameOf(k.Value)
	case nil:
		return ""
	}
	return nameOf(key)
}

func keyPosition(src *source, key ast.MapKeyNode) writ.Position {
	return tokenPosition(src, key.GetToken())
}
