package tree

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/writ-dev/writ"
)

// parse makes the tree.
func (f *File) parse(text string, b *Bounds, tag Tag) {
	parsed, err := parseSafely(text)
	if err != nil {
		f.syntax(err)
		return
	}
	var body ast.Node
	for _, doc := range parsed.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			_ = f.Problem(f.place(doc.Body.GetToken()), "the file holds more than one YAML document").WithHint("take the --- line out; one file is one document")
			return
		}
		body = doc.Body
	}
	c := &converter{f: f, bounds: b, tagged: tag, anchors: map[string]ast.Node{}, active: map[string]bool{}}
	f.Root = c.convert(body, f.at(1, 1), 0)
	if c.stopped {
		f.Root = nil
	}
}

// parseSafely keeps a fault of the YAML library from ending the program.
func parseSafely(text string) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be read as YAML (%v)", r)
		}
	}()
	tokens := lexer.Tokenize(text)
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
	return parser.Parse(joinColons(tokens), 0, parser.AllowDuplicateMapKey())
}

func (f *File) syntax(err error) {
	at, message := f.at(1, 1), ""
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) { // its Error() would print the whole file, and take minutes for a long line
		at, message = f.place(syntax.Token), syntax.Message
	} else {
		message = err.Error()
	}
	message, _, _ = strings.Cut(message, "\n")
	if opened, what := f.unclosed(); what != "" && !strings.Contains(f.Line(opened), ": {{") && before(opened, at) {
		_ = f.Problem(opened, "broken YAML: the %s is not closed", what).
			WithHint("it is opened here; add the closing one where its text or its list of keys ends")
		return
	}
	e, line := f.Problem(at, "broken YAML: %s", message), f.Line(at)
	if strings.Contains(line, ": {{") {
		e.Hint = "put a value that starts with {{ in quotes; without them { starts a map"
	} else if strings.HasPrefix(strings.TrimLeft(line, " "), "\t") || strings.Contains(message, "tab") {
		e.Hint = "indent with spaces; YAML does not allow tabs"
	} else if m := missingSpace.FindStringSubmatch(line); m != nil {
		e.Hint = "a space is missing after the colon: " + m[1] + ": " + m[2]
	} else {
		e.Hint = "check the indentation, the quotes and the brackets here and on the line above"
	}
}

// missingSpace is a line whose key and value are one word to YAML.
var missingSpace = regexp.MustCompile(`^[ -]*([a-z_]+):([^\s:/][^\s]*)\s*$`)

func (f *File) place(t *token.Token) writ.Position {
	if t == nil || t.Position == nil {
		return f.at(1, 1)
	}
	return f.at(t.Position.Line, t.Position.Column)
}

// converter makes nodes of the YAML library's tree.
type converter struct {
	f       *File
	bounds  *Bounds
	tagged  Tag
	anchors map[string]ast.Node
	active  map[string]bool
	stopped bool
	// outer is the outermost alias being followed, the one to blame for size.
	outer writ.Position
}

// nothing is the value that is not written.
func nothing(at writ.Position) *Node { return &Node{Pos: at, Start: at, End: at} }

// convert makes a node of n; at is its place when it has no token of its own.
func (c *converter) convert(n ast.Node, at writ.Position, depth int) *Node {
	c.bounds.read++
	switch {
	case c.stopped || n == nil:
		return nothing(at)
	case depth > maxDepth:
		c.stopped = true
		c.f.Problem(at, "the file nests deeper than %d levels", maxDepth)
		return nothing(at)
	case c.bounds.read > c.bounds.Values:
		c.stopped = true
		if !c.outer.IsZero() {
			at = c.outer
		}
		_ = c.f.Problem(at, "the file holds more than %d values once its aliases are followed", c.bounds.Values).
			WithHint("write the part out instead of referring to it again and again")
		return nothing(at)
	}
	if t := n.GetToken(); t != nil && n.Type() != ast.NullType {
		at = c.f.place(t)
	}
	out := nothing(at)
	out.Kind = Scalar
	switch n := n.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
		out.Kind = Null
	case *ast.MappingNode:
		c.mapping(out, n, depth)
	case *ast.MappingValueNode:
		c.mapping(out, &ast.MappingNode{BaseNode: n.BaseNode, Start: n.Start, Values: []*ast.MappingValueNode{n}}, depth)
	case *ast.SequenceNode:
		out.Kind, out.Flow = List, n.IsFlowStyle
		for _, v := range n.Values {
			out.Items = append(out.Items, c.convert(v, at, depth+1))
		}
		c.closed(out, n.End)
	case *ast.AnchorNode:
		return c.anchor(n, at, depth)
	case *ast.AliasNode:
		return c.alias(n, at, depth)
	case *ast.TagNode:
		return c.tag(n, at, depth)
	case *ast.LiteralNode:
		c.block(out, n)
	case *ast.StringNode:
		out.Text, out.Raw = n.Value, n.Value
		if out.Quoted = n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType; out.Quoted {
			out.Pos.Col++
		}
	default:
		out.Text = n.GetToken().Value
		out.Raw = out.Text
	}
	return out
}

// closed notes the closing bracket of a value in brackets.
func (c *converter) closed(out *Node, bracket *token.Token) {
	if out.Flow && bracket != nil {
		out.End = c.f.place(bracket)
	}
}

// tag gives what the value of a tag stands for. That of a text says only that it is one.
func (c *converter) tag(n *ast.TagNode, at writ.Position, depth int) *Node {
	name := n.Start.Value
	value := c.convert(n.Value, at, depth+1)
	switch {
	case name == "!!str":
		value.Quoted = true
	case c.tagged != nil:
		return c.tagged(name, value, at)
	default:
		c.f.Problem(at, "%s is not understood here", Short(name))
	}
	return value
}

// block reads text behind | or >. A column of a line of it is one of the file.
func (c *converter) block(out *Node, n *ast.LiteralNode) {
	out.Quoted = true
	if n.Value == nil {
		return
	}
	first := out.Pos.Line - c.f.start.Line + 1 // the index of the line below
	out.Raw = n.Value.Value
	out.End = c.f.at(first+strings.Count(out.Raw, "\n"), 1)
	for first < len(c.f.lines) && strings.TrimSpace(c.f.lines[first]) == "" {
		first++
	}
	out.Text = strings.TrimRight(n.Value.Value, "\n")
	if first >= len(c.f.lines) {
		return
	}
	line := c.f.lines[first]
	indent := len(line) - len(strings.TrimLeft(line, " "))
	out.Pos = c.f.at(first+1, indent+1)
	out.Text = strings.ReplaceAll(strings.TrimLeft(out.Text, "\n"), "\n", "\n"+strings.Repeat(" ", indent+c.f.start.Col-1))
}

func (c *converter) mapping(out *Node, n *ast.MappingNode, depth int) {
	out.Kind, out.Flow = Map, n.IsFlowStyle
	out.Entries = make([]Entry, 0, len(n.Values))
	var merged []Entry
	index := make(map[string]int, len(n.Values))
	for i, v := range n.Values {
		at := out.Pos
		if v.Key != nil {
			at = c.f.place(v.Key.GetToken())
		}
		if i == 0 {
			out.Pos = at
			if !out.Flow {
				out.Start, out.End = at, at
			}
		}
		value := c.convert(v.Value, at, depth+1)
		if v.Key != nil && v.Key.IsMergeKey() {
			out.Moved = true
			merged = append(merged, c.merge(value)...)
			continue
		}
		key := keyText(v.Key)
		if first, twice := index[key]; twice {
			e := c.f.Problem(at, "%s is written twice", Short(key))
			e.Code = writ.CodeConflict
			_ = e.WithHint("first written at %s; keep one of the two", Place(out.Entries[first].Pos))
			continue
		}
		index[key] = len(out.Entries)
		out.Entries = append(out.Entries, Entry{key, at, value})
	}
	for _, e := range merged {
		if _, have := index[e.Key]; !have {
			index[e.Key] = len(out.Entries)
			out.Entries = append(out.Entries, e)
		}
	}
	c.closed(out, n.End)
}

// Place names another place in a hint, without the directories of this machine.
func Place(at writ.Position) string {
	if filepath.IsAbs(filepath.FromSlash(at.File)) {
		at.File = path.Base(at.File)
	}
	return at.String()
}

// merge gives what a merge key brings in: a map's entries, or those of several maps.
func (c *converter) merge(value *Node) []Entry {
	if value.Kind == List {
		var all []Entry
		for _, item := range value.Items {
			all = append(all, c.merge(item)...)
		}
		return all
	}
	if value.Kind != Map {
		c.f.Problem(value.Pos, "<< needs a map to merge, this is %s", value.Kind)
	}
	return value.Entries
}

func (c *converter) anchor(n *ast.AnchorNode, at writ.Position, depth int) *Node {
	name := tokenText(n.Name)
	c.active[name] = true
	out := c.convert(n.Value, at, depth+1)
	delete(c.active, name)
	c.anchors[name] = n.Value
	return out
}

func (c *converter) alias(n *ast.AliasNode, at writ.Position, depth int) *Node {
	name := tokenText(n.Value)
	target, known := c.anchors[name]
	switch {
	case c.active[name]:
		c.f.Problem(at, "*%s refers to itself", Short(name))
	case !known:
		c.f.Problem(at, "*%s refers to an anchor that is not above it", Short(name))
	default:
		if c.outer.IsZero() {
			c.outer = at
			defer func() { c.outer = writ.Position{} }()
		}
		out := c.convert(target, at, depth+1)
		out.Moved = true
		return out
	}
	return nothing(at)
}

func tokenText(n ast.Node) string {
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
		return tokenText(k.Value)
	case nil:
		return ""
	}
	return tokenText(key)
}
