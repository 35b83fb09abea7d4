// Package pattern is the language of EventBridge's event patterns: which events
// a rule is for.
//
// The language is that of the EventBridge User Guide, "Creating Amazon
// EventBridge event patterns" and "Comparison operators for use in event
// patterns". What the guide leaves open is as in Event Ruler, AWS's published
// matcher: fields that meet in one array must meet in the same element of it.
package pattern

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// The bounds of a pattern.
const (
	MaxBytes = 4096 // a pattern's text; 2048 on AWS unless raised
	maxOr    = 1000 // the alternatives that $or multiplies to
	maxDepth = 64   // how deep patterns and events nest
)

// Pattern is a compiled pattern. It is immutable.
type Pattern struct {
	any []*node // one of them must match
}

// node is what is asked of one value of an event.
type node struct {
	path   []string // from the event's root
	tests  []test   // one of them must hold; nil asks for nothing
	absent bool     // or the field may be absent
	below  map[string]*node
}

// Parse compiles a pattern.
func Parse(text []byte) (*Pattern, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("it is longer than %d bytes", MaxBytes)
	}
	v, err := decode(text)
	if err != nil {
		return nil, err
	}
	root, ok := v.(map[string]any)
	if !ok || len(root) == 0 {
		return nil, fmt.Errorf("it must be an object that is not empty")
	}
	any, err := objects(nil, root)
	if err != nil {
		return nil, err
	}
	return &Pattern{any}, nil
}

// MatchJSON decodes an event and matches it.
func (p *Pattern) MatchJSON(event []byte) (bool, error) {
	v, err := decode(event)
	if err != nil {
		return false, err
	}
	return p.Match(v), nil
}

// decode reads JSON whose numbers stay text and which does not nest too deep.
func decode(text []byte) (any, error) {
	if depth(text) > maxDepth {
		return nil, fmt.Errorf("it nests deeper than %d levels", maxDepth)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("it is not JSON: there is something after the first value")
	}
	return v, nil
}

// depth counts brackets outside of texts.
func depth(text []byte) (most int) {
	now, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			most = max(most, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return most
}

// Match says whether an event matches: JSON as encoding/json decodes it into
// an any, with json.Number.
func (p *Pattern) Match(event any) bool {
	m := &matching{root: event}
	for _, one := range p.any {
		if one.match(event, m) {
			return true
		}
	}
	return false
}

// matching is one event being matched. What is absent of it is looked up once.
type matching struct {
	root   any
	absent map[*node]bool
}

func (m *matching) lacks(n *node) bool {
	absent, known := m.absent[n]
	if !known {
		if m.absent == nil {
			m.absent = map[*node]bool{}
		}
		absent = !present(m.root, n.path)
		m.absent[n] = absent
	}
	return absent
}

// match says whether v, which is nil where there is nothing, is as asked.
func (n *node) match(v any, m *matching) bool {
	if list, ok := v.([]any); ok {
		if len(list) == 0 {
			return n.match(missing{}, m)
		}
		for _, item := range list {
			if n.match(item, m) {
				return true
			}
		}
		return false
	}
	if n.tests != nil && !n.holds(v, m) {
		return false
	}
	object, _ := v.(map[string]any)
	for key, child := range n.below {
		inner, ok := object[key]
		if !ok {
			inner = missing{}
		}
		if !child.match(inner, m) {
			return false
		}
	}
	return true
}

// missing stands for a value that is not there; null is one that is.
type missing struct{}

func (n *node) holds(v any, m *matching) bool {
	if n.absent && m.lacks(n) {
		return true
	}
	switch v.(type) {
	case missing, map[string]any:
		return false
	}
	for _, t := range n.tests {
		if t.holds(v) {
			return true
		}
	}
	return false
}

// present says whether anything but an object is at a path, in whichever
// element of the arrays on the way.
func present(v any, path []string) bool {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if present(item, path) {
				return true
			}
		}
		return false
	case map[string]any:
		if len(path) == 0 {
			return false
		}
		inner, ok := v[path[0]]
		return ok && present(inner, path[1:])
	}
	return len(path) == 0
}

// Texts gives the texts that a field must be equal to, as far as the pattern
// says so plainly: nil when another alternative or test may admit more.
func (p *Pattern) Texts(path ...string) []string {
	var out []string
	for _, n := range p.any {
		for _, key := range path {
			if n = n.below[key]; n == nil {
				return nil
			}
		}
		if n.absent || len(n.tests) == 0 {
			return nil
		}
		for _, t := range n.tests {
			exact, ok := t.(equal)
			text, isText := exact.value.(string)
			if !ok || !isText {
				return nil
			}
			out = append(out, text)
		}
	}
	return out
}
