package tree

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/writ-dev/writ"
)

// parse makes the tree.
func (f *File) parse(text string) {
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
			_ = f.Problem(f.place(doc.Body.GetToken()), "the file holds more than one YAML document").WithHint("take the --- line out")
			return
		}
		body = doc.Body
	}
	c := &converter{f: f, anchors: map[string]ast.Node{}, active: map[string]bool{}, budget: maxNodes}
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
	at, message := f.at(1, 1), err.Error()
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) { // its Error() would print the whole file
		at, message = f.place(syntax.Token), syntax.Message
	}
	message, _, _ = strings.Cut(message, "\n")
	e := f.Problem(at, "broken YAML: %s", message)
	e.Hint = "check the indentation, the quotes and the brackets here and on the line above"
	if strings.Contains(message, "tab") || strings.HasPrefix(strings.TrimLeft(f.Line(at), " "), "\t") {
		e.Hint = "indent with spaces; YAML does not allow tabs"
	}
}

func (f *File) place(t *token.Token) writ.Position {
	if t == nil || t.Position == nil {
		return f.at(1, 1)
	}
	return f.at(t.Position.Line, t.Position.Column)
}

// converter makes nodes of the YAML library's tree.
type converter struct {
	f       *File
	anchors map[string]ast.Node
	active  map[string]bool
	budget  int
	stopped bool
}

func (c *converter) stop(at writ.Position, format string, args ...any) {
	if !c.stopped {
		c.stopped = true
		c.f.Problem(at, format, args...)
	}
}

// convert makes a node of n; at is its place when it has no token of its own.
func (c *converter) convert(n ast.Node, at writ.Position, depth int) *Node {
	c.budget--
	switch {
	case c.stopped || n == nil:
		return &Node{Pos: at}
	case depth > maxDepth:
		c.stop(at, "the file nests deeper than %d levels", maxDepth)
		return &Node{Pos: at}
	case c.budget < 0:
		c.stop(at, "the file holds more than %d values once its aliases are followed", maxNodes)
		return &Node{Pos: at}
	}
	if t := n.GetToken(); t != nil && n.Type() != ast.NullType {
		at = c.f.place(t)
	}
	out := &Node{Kind: Scalar, Pos: at}
	switch n := n.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
		out.Kind = Null
	case *ast.MappingNode:
		c.mapping(out, n.Values, depth)
	case *ast.MappingValueNode:
		c.mapping(out, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out.Kind = List
		for _, v := range n.Values {
			out.Items = append(out.Items, c.convert(v, at, depth+1))
		}
	case *ast.AnchorNode:
		return c.anchor(n, at, depth)
	case *ast.AliasNode:
		return c.alias(n, at, depth)
	case *ast.TagNode:
		c.f.Problem(at, "%s is not understood here", Short(n.GetToken().Value))
		return c.convert(n.Value, at, depth+1)
	case *ast.LiteralNode:
		c.block(out, n)
	case *ast.StringNode:
		out.Text = n.Value
		if out.Quoted = n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType; out.Quoted {
			out.Pos.Col++
		}
	default:
		out.Text = n.GetToken().Value
	}
	return out
}

// block reads text behind | or >. A column of a line of it is one of the file.
func (c *converter) block(out *Node, n *ast.LiteralNode) {
	out.Quoted = true
	if n.Value == nil {
		return
	}
	first := out.Pos.Line - c.f.start.Line + 1 // the index of the line below
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

func (c *converter) mapping(out *Node, values []*ast.MappingValueNode, depth int) {
	out.Kind = Map
	var merged []Entry
	index := make(map[string]int, len(values))
	for i, v := range values {
		at := out.Pos
		if v.Key != nil {
			at = c.f.place(v.Key.GetToken())
		}
		if i == 0 {
			out.Pos = at
		}
		value := c.convert(v.Value, at, depth+1)
		if v.Key != nil && v.Key.IsMergeKey() {
			merged = append(merged, c.merge(value)...)
			continue
		}
		key := keyText(v.Key)
		if first, twice := index[key]; twice {
			e := c.f.Problem(at, "%s is written twice", Short(key))
			e.Code = writ.CodeConflict
			_ = e.WithHint("first written at %s; keep one of the two", out.Entries[first].Pos)
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
}

// merge gives what a merge key brings in: a map's entries, or those of several maps.
func (c *converter) merge(value *Node) []Entry {
	if value.Kind == List {
		var all []Entry
		for _, item := range value.Items {
			all = append(all, item.Entries...)
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
		return c.convert(target, at, depth+1)
	}
	return &Node{Pos: at}
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
