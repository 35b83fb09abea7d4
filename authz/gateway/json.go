package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := readValue(d, 0)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("is not a JSON object")
	}
	return o, nil
}

func readValue(d *json.Decoder, depth int) (any, error) {
	if depth > mostNested {
		return nil, fmt.Errorf("is nested deeper than %d levels", mostNested)
	}
	t, err := d.Token()
	if err != nil {
		return nil, errors.New("is not JSON")
	}
	switch t {
	case json.Delim('{'):
		return readMembers(d, depth)
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	return t, nil
}

func readMembers(d *json.Decoder, depth int) (any, error) {
	o := map[string]any{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, errors.New("is not JSON")
		}
		name, _ := t.(string)
		if _, twice := o[name]; twice {
			return nil, fmt.Errorf("has the name %.100q twice", name)
		}
		if o[name], err = readValue(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return o, err
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
