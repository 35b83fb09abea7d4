package cfn

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// Bounds of a template. AWS's quota is 1 MB for a template in S3.
const (
	MaxSize  = 1 << 20
	MaxDepth = 200
)

// Parse reads a template from JSON or YAML; text that starts with a brace is
// JSON. YAML's short forms (!Ref, !Sub) become the long ones. As CloudFormation
// has it, YAML aliases and merge keys are refused, and a key may stand only once.
// Errors are *writ.Error with the place in file.
func Parse(src []byte, file string) (*Template, error) {
	t := &Template{File: file, source: src, places: map[string]place{}}
	if len(src) > MaxSize {
		return nil, writ.Errorf(writ.CodeTooLarge, "template is %d bytes, over the limit of %d", len(src), MaxSize).
			At(writ.Position{File: file}, "")
	}
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	t.source = src
	if !utf8.Valid(src) {
		return nil, t.errorAt(0, 0, "template is not UTF-8 text")
	}
	trimmed := bytes.TrimLeft(src, " \t\r\n")
	if len(trimmed) == 0 {
		return nil, t.errorAt(1, 1, "template is empty")
	}
	var root any
	var err error
	if trimmed[0] == '{' || trimmed[0] == '[' {
		root, err = parseJSON(t)
	} else {
		root, err = parseYAML(t)
	}
	if err != nil {
		return nil, err
	}
	object, ok := root.(*Object)
	if !ok {
		return nil, t.errorAt(1, 1, "template must be an object at the top")
	}
	t.Root = object
	return t, nil
}

func (t *Template) errorAt(line, col int, format string, args ...any) *writ.Error {
	return writ.Errorf(writ.CodeInvalid, format, args...).
		At(writ.Position{File: t.File, Line: line, Col: col}, sourceLine(t.source, line))
}

type jsonParser struct {
	t       *Template
	decoder *json.Decoder
	// lines holds the offset of the start of every line.
	lines []int
}

func parseJSON(t *Template) (any, error) {
	p := &jsonParser{t: t, lines: []int{0}}
	for i, b := range t.source {
		if b == '\n' {
			p.lines = append(p.lines, i+1)
		}
	}
	// The token reader below forgives some faults that a whole read does not.
	var whole json.RawMessage
	if err := json.Unmarshal(t.source, &whole); err != nil {
		var syntax *json.SyntaxError
		offset := int64(len(t.source))
		if errors.As(err, &syntax) {
			offset = syntax.Offset - 1
		}
		at := p.place(offset)
		return nil, t.errorAt(int(at.line), int(at.col), "template is not valid JSON: %w", err)
	}
	p.decoder = json.NewDecoder(bytes.NewReader(t.source))
	p.decoder.UseNumber()
	return p.value(nil)
}

func (p *jsonParser) value(path []string) (any, error) {
	start := p.next()
	if len(path) > MaxDepth {
		return nil, p.errorAt(start, "template is nested more than %d levels deep", MaxDepth)
	}
	token, err := p.decoder.Token()
	if err != nil {
		return nil, p.errorAt(start, "template is not valid JSON: %w", err)
	}
	switch token {
	case json.Delim('{'):
		return p.object(path)
	case json.Delim('['):
		list := []any{}
		for p.decoder.More() {
			item := with(path, strconv.Itoa(len(list)))
			p.t.places[joinPath(item)] = p.place(p.next())
			v, err := p.value(item)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := p.decoder.Token()
		return list, err
	}
	return token, nil // string, json.Number, bool or nil
}

func (p *jsonParser) object(path []string) (any, error) {
	o := &Object{}
	for p.decoder.More() {
		start := p.next()
		token, err := p.decoder.Token()
		if err != nil {
			return nil, p.errorAt(start, "template is not valid JSON: %w", err)
		}
		key := token.(string) // a valid object has no other keys
		if _, twice := o.Get(key); twice {
			return nil, p.errorAt(start, "key %q stands twice in the same object", key)
		}
		member := with(path, key)
		p.t.places[joinPath(member)] = p.place(start)
		v, err := p.value(member)
		if err != nil {
			return nil, err
		}
		o.Set(key, v)
	}
	_, err := p.decoder.Token()
	return o, err
}

// next gives the offset at which the next token starts.
func (p *jsonParser) next() int64 {
	at := p.decoder.InputOffset()
	for at < int64(len(p.t.source)) && bytes.IndexByte([]byte(" \t\r\n:,"), p.t.source[at]) >= 0 {
		at++
	}
	return at
}

func (p *jsonParser) place(offset int64) place {
	// Binary search for the last line that starts at or before offset.
	low, high := 0, len(p.lines)
	for high-low > 1 {
		if middle := (low + high) / 2; int64(p.lines[middle]) <= offset {
			low = middle
		} else {
			high = middle
		}
	}
	start := p.lines[low]
	end := min(max(int(offset), start), len(p.t.source))
	col := 1
	if end-start < 1000 { // minified lines: counting would be quadratic, and no caret is shown
		col = utf8.RuneCount(p.t.source[start:end]) + 1
	} else {
		col = end - start + 1
	}
	return place{int32(low + 1), int32(col)}
}

func (p *jsonParser) errorAt(offset int64, format string, args ...any) *writ.Error {
	at := p.place(offset)
	return p.t.errorAt(int(at.line), int(at.col), format, args...)
}
