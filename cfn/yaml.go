package cfn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/writ-dev/writ"
)

// shortForms are CloudFormation's YAML tags and the keys that they stand for
// (CloudFormation template reference, "Intrinsic functions").
var shortForms = map[string]string{
	"!Ref": "Ref", "!Condition": "Condition", "!And": "Fn::And", "!Base64": "Fn::Base64", "!Cidr": "Fn::Cidr",
	"!Equals": "Fn::Equals", "!FindInMap": "Fn::FindInMap", "!GetAtt": "Fn::GetAtt", "!GetAZs": "Fn::GetAZs",
	"!If": "Fn::If", "!ImportValue": "Fn::ImportValue", "!Join": "Fn::Join", "!Length": "Fn::Length",
	"!Not": "Fn::Not", "!Or": "Fn::Or", "!Select": "Fn::Select", "!Split": "Fn::Split", "!Sub": "Fn::Sub",
	"!ToJsonString": "Fn::ToJsonString", "!Transform": "Fn::Transform", "!Contains": "Fn::Contains",
}

type yamlParser struct {
	t *Template
	// stand is what stands for a colon inside a word in the text that the YAML
	// reader gets.
	stand string
}

// hideColons replaces the colons inside words (AWS::Region, arn:aws:s3:::x) by
// a letter of another kind: in flow collections the YAML reader takes some of
// them for the end of a key. Where YAML has a colon end a key, white space or
// a flow indicator follows, or a quoted key stands before.
func (p *yamlParser) hideColons(src []byte) []byte {
	letter := '\uE000'
	for bytes.ContainsRune(src, letter) {
		letter++
	}
	p.stand = string(letter)
	out := make([]byte, 0, len(src)+len(src)/16)
	inWord := false // the byte before belongs to a word
	for i, b := range src {
		if b == ':' && inWord && i+1 < len(src) && bytes.IndexByte([]byte(" \t\r\n,[]{}\"'"), src[i+1]) < 0 {
			out = append(out, p.stand...)
			continue
		}
		inWord = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
		out = append(out, b)
	}
	return out
}

// text puts the colons back.
func (p *yamlParser) text(s string) string { return strings.ReplaceAll(s, p.stand, ":") }

func parseYAML(t *Template) (value any, err error) {
	p := &yamlParser{t: t}
	if line := tooDeep(t.source); line > 0 {
		return nil, t.errorAt(line, 1, "template is nested more than %d levels deep", MaxDepth)
	}
	if bytes.Count(t.source, []byte("\n")) > maxYAMLLines {
		return nil, t.errorAt(maxYAMLLines, 1, "template has more than %d lines of YAML", maxYAMLLines).
			WithHint("write a template of this size as JSON")
	}
	defer func() {
		// The reader panics on some malformed texts.
		if r := recover(); r != nil {
			value, err = nil, t.errorAt(1, 1, "template is not valid YAML")
		}
	}()
	tokens := lexer.Tokenize(string(p.hideColons(t.source)))
	if line := tooDeepFlow(tokens); line > 0 {
		return nil, t.errorAt(line, 1, "template is nested more than %d levels deep", MaxDepth)
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, p.syntaxError(err)
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			return nil, p.errorAt(doc.Body, "template holds more than one YAML document")
		}
		body = doc.Body
	}
	return p.value(body, nil)
}

// maxYAMLLines bounds the keys of one map: the YAML reader's time grows with
// their square.
const maxYAMLLines = 20_000

// tooDeepFlow is tooDeep for brackets that are brackets: those in quotes and
// comments, which tooDeep counts as well, must not close any.
func tooDeepFlow(tokens token.Tokens) (line int) {
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth = max(depth-1, 0)
		}
		if depth > MaxDepth {
			return t.Position.Line
		}
	}
	return 0
}

// tooDeep gives the first line that nests deeper than any template may, before
// a recursive reader meets it. It counts brackets wherever they stand.
func tooDeep(src []byte) (line int) {
	depth, line := 0, 1
	for len(src) > 0 {
		text, rest, _ := bytes.Cut(src, []byte("\n"))
		dashes := bytes.Count(text, []byte("- ")) + bytes.Count(text, []byte("? "))
		if lead := bytes.TrimLeft(text, " -?\t"); len(text)-len(lead) > 2*MaxDepth && dashes > MaxDepth {
			return line
		}
		for _, b := range text {
			switch b {
			case '[', '{':
				depth++
			case ']', '}':
				depth = max(depth-1, 0)
			}
			if depth > 4*MaxDepth {
				return line
			}
		}
		src = rest
		line++
	}
	return 0
}

func (p *yamlParser) syntaxError(err error) error {
	var located interface {
		GetMessage() string
		GetToken() *token.Token
	}
	if errors.As(err, &located) {
		line, col := 0, 0
		if tk := located.GetToken(); tk != nil && tk.Position != nil {
			line, col = tk.Position.Line, tk.Position.Column
		}
		return p.t.errorAt(line, col, "template is not valid YAML: %s", p.text(located.GetMessage()))
	}
	return p.t.errorAt(1, 1, "template is not valid YAML: %s", p.text(err.Error()))
}

func (p *yamlParser) errorAt(n ast.Node, format string, args ...any) *writ.Error {
	at := nodePlace(n)
	return p.t.errorAt(int(at.line), int(at.col), format, args...)
}

func nodePlace(n ast.Node) place {
	if n == nil {
		return place{1, 1}
	}
	tk := n.GetToken()
	switch n := n.(type) {
	case *ast.MappingValueNode:
		tk = n.Key.GetToken()
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			tk = n.Values[0].Key.GetToken()
		}
	}
	if tk == nil || tk.Position == nil {
		return place{1, 1}
	}
	return place{int32(tk.Position.Line), int32(tk.Position.Column)}
}

func (p *yamlParser) value(n ast.Node, path []string) (any, error) {
	if len(path) > MaxDepth {
		return nil, p.errorAt(n, "template is nested more than %d levels deep", MaxDepth)
	}
	switch n := n.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return nil, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return number(n), nil
	case *ast.StringNode:
		return p.text(n.Value), nil
	case *ast.LiteralNode:
		return p.text(n.Value.Value), nil
	case *ast.MappingNode:
		return p.mapping(n.Values, path)
	case *ast.MappingValueNode:
		return p.mapping([]*ast.MappingValueNode{n}, path)
	case *ast.SequenceNode:
		list := make([]any, 0, len(n.Values))
		for i, item := range n.Values {
			member := with(path, strconv.Itoa(i))
			p.t.places[joinPath(member)] = nodePlace(item)
			v, err := p.value(item, member)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case *ast.TagNode:
		return p.tagged(n, path)
	case *ast.AnchorNode, *ast.AliasNode:
		return nil, p.errorAt(n, "YAML aliases are not allowed in CloudFormation templates").
			WithHint("write the value out; `aws cloudformation package` does it too")
	}
	return nil, p.errorAt(n, "template may not hold a YAML %s", n.Type())
}

// number keeps a number as it was written where JSON can write it so too. What
// looks like a number but would lose digits, such as the account id
// 012345678901, stays text.
func number(n ast.Node) any {
	text := n.GetToken().Value
	if i, ok := n.(*ast.IntegerNode); ok && strings.HasPrefix(strings.ToLower(strings.TrimLeft(text, "+-")), "0x") {
		return Number(fmt.Sprint(i.Value))
	}
	if json.Valid([]byte(text)) {
		return Number(text)
	}
	return text
}

func (p *yamlParser) mapping(pairs []*ast.MappingValueNode, path []string) (any, error) {
	o := &Object{}
	for _, pair := range pairs {
		if pair.Key.IsMergeKey() {
			return nil, p.errorAt(pair.Key, "YAML merge keys are not allowed in CloudFormation templates")
		}
		key, err := p.key(pair.Key)
		if err != nil {
			return nil, err
		}
		if _, twice := o.Get(key); twice {
			return nil, p.errorAt(pair.Key, "key %q stands twice in the same object", key)
		}
		member := with(path, key)
		p.t.places[joinPath(member)] = nodePlace(pair.Key)
		v, err := p.value(pair.Value, member)
		if err != nil {
			return nil, err
		}
		o.Set(key, v)
	}
	return o, nil
}

// key gives the text of a key; a number or a word such as true is taken as written.
func (p *yamlParser) key(n ast.Node) (string, error) {
	switch n := n.(type) {
	case *ast.StringNode:
		return p.text(n.Value), nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return n.GetToken().Value, nil
	case *ast.MappingKeyNode:
		return p.key(n.Value)
	}
	return "", p.errorAt(n, "a key must be text")
}

func (p *yamlParser) tagged(n *ast.TagNode, path []string) (any, error) {
	tag := p.text(n.Start.Value)
	switch tag {
	case "!!str", "!":
		if s, ok := n.Value.(ast.ScalarNode); ok {
			if text, ok := s.(*ast.StringNode); ok {
				return p.text(text.Value), nil
			}
			if text, ok := s.(*ast.LiteralNode); ok {
				return p.text(text.Value.Value), nil
			}
			return p.text(s.GetToken().Value), nil
		}
		return nil, p.errorAt(n, "tag !!str must stand before text")
	case "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq":
		return p.value(n.Value, path)
	}
	key, ok := shortForms[tag]
	if !ok {
		e := p.errorAt(n, "tag %s is not known", tag)
		var tags []string
		for known := range shortForms {
			tags = append(tags, known)
		}
		if near := writ.Nearest(tag, tags); near != "" {
			return nil, e.WithHint("did you mean %s?", near)
		}
		return nil, e
	}
	member := with(path, key)
	p.t.places[joinPath(member)] = nodePlace(n)
	v, err := p.value(n.Value, member)
	if err != nil {
		return nil, err
	}
	if text, isText := v.(string); isText && key == "Fn::GetAtt" {
		id, attribute, ok := strings.Cut(text, ".")
		if !ok {
			return nil, p.errorAt(n, "!GetAtt must name a resource and an attribute: !GetAtt Table.Arn")
		}
		v = []any{id, attribute}
	}
	return Obj(key, v), nil
}
