package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// mostNested is how deep objects and lists of an event may be nested.
const mostNested = 32

// readObject reads one JSON object in which no name stands twice: two readers could take a different
// one of them. Names are told apart by case, unlike encoding/json does with structs.
func readObject(text []byte) (map[string]any, error) {
	if !utf8.Valid(text) || !json.Valid(text) {
		return nil, errors.New("is not JSON")
	}
	r := jsonReader{text: string(text)}
	v, err := r.value(0)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("is not a JSON object")
	}
	return o, nil
}

// jsonReader reads a text that is known to be valid JSON. Texts without escapes are parts of it, and no copies.
type jsonReader struct {
	text string
	at   int
}

// next is the byte that comes after white space.
func (r *jsonReader) next() byte {
	for {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return c
		}
	}
}

// skip goes over a byte that is there, and white space before it.
func (r *jsonReader) skip() { r.next(); r.at++ }

func (r *jsonReader) value(depth int) (any, error) {
	if depth > mostNested {
		return nil, fmt.Errorf("is nested deeper than %d levels", mostNested)
	}
	switch r.next() {
	case '{':
		return r.object(depth)
	case '[':
		return r.list(depth)
	case '"':
		return r.quoted()
	}
	start := r.at
	for r.at < len(r.text) && !strings.ContainsRune(" \t\n\r,]}", rune(r.text[r.at])) {
		r.at++
	}
	switch word := r.text[start:r.at]; word {
	case "null":
		return nil, nil
	case "true", "false":
		return word == "true", nil
	default:
		return json.Number(word), nil
	}
}

func (r *jsonReader) quoted() (string, error) {
	start := r.at
	escapes := false
	for r.at++; r.text[r.at] != '"'; r.at++ {
		if r.text[r.at] == '\\' {
			escapes = true
			r.at++
		}
	}
	r.at++
	if !escapes {
		return r.text[start+1 : r.at-1], nil
	}
	var s string
	if err := json.Unmarshal([]byte(r.text[start:r.at]), &s); err != nil {
		return "", errors.New("is not JSON")
	}
	return s, nil
}

func (r *jsonReader) list(depth int) (any, error) {
	list := []any{}
	r.skip()
	for r.next() != ']' {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if r.next() == ',' {
			r.at++
		}
	}
	r.at++
	return list, nil
}

func (r *jsonReader) object(depth int) (any, error) {
	o := map[string]any{}
	r.skip()
	for r.next() != '}' {
		name, err := r.quoted()
		if err != nil {
			return nil, err
		}
		if _, twice := o[name]; twice {
			return nil, fmt.Errorf("has the name %.100q twice", name)
		}
		r.skip() // the colon
		if o[name], err = r.value(depth + 1); err != nil {
			return nil, err
		}
		if r.next() == ',' {
			r.at++
		}
	}
	r.at++
	return o, nil
}

// members reads members of objects of an event and keeps the first thing that is wrong. A member that
// is not there and one that is null are the same.
type members struct{ err error }

func (m *members) wrong(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
}

func (m *members) text(o map[string]any, name string) string {
	switch v := o[name].(type) {
	case nil:
	case string:
		return v
	default:
		m.wrong("has a member %s that is not a string", name)
	}
	return ""
}

// needed is text for a member that must be there.
func (m *members) needed(o map[string]any, name string) string {
	text := m.text(o, name)
	if text == "" {
		m.wrong("has no %s", name)
	}
	return text
}

func (m *members) object(o map[string]any, name string) map[string]any {
	switch v := o[name].(type) {
	case nil:
	case map[string]any:
		return v
	default:
		m.wrong("has a member %s that is not an object", name)
	}
	return nil
}

func (m *members) texts(o map[string]any, name string) map[string]string {
	var texts map[string]string
	for key, v := range m.object(o, name) {
		text, ok := v.(string)
		if !ok {
			m.wrong("has a value in %s that is not a string", name)
		}
		if texts == nil {
			texts = map[string]string{}
		}
		texts[key] = text
	}
	return texts
}

func (m *members) list(v any, name string) []string {
	all, ok := v.([]any)
	if !ok && v != nil {
		m.wrong("has a value in %s that is not a list", name)
	}
	var list []string
	for _, v := range all {
		text, ok := v.(string)
		if !ok {
			m.wrong("has a list in %s of other things than strings", name)
		}
		list = append(list, text)
	}
	return list
}

func (m *members) lists(o map[string]any, name string) map[string][]string {
	var lists map[string][]string
	for key, v := range m.object(o, name) {
		if lists == nil {
			lists = map[string][]string{}
		}
		lists[key] = m.list(v, name)
	}
	return lists
}
