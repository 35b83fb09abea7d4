// Package strictjson reads one JSON object of a stranger's so that no two readers can take it for different things: no name
// stands twice, all is UTF-8, and nothing is nested deeper than 32 levels.
package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// mostNested is how deep objects and lists may be nested.
const mostNested = 32

// Object reads one JSON object in which no name stands twice (RFC 7519 §4 lets a reader refuse that): two readers could take
// a different one of them. Names are told apart by case, unlike encoding/json does with structs. Numbers become json.Number.
func Object(text []byte) (map[string]any, error) {
	if !utf8.Valid(text) || !json.Valid(text) {
		return nil, errors.New("is not JSON")
	}
	r := reader{text: string(text)}
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

// reader reads a text that is known to be valid JSON. Texts without escapes are parts of it, and no copies.
type reader struct {
	text string
	at   int
}

// next is the byte that comes after white space.
func (r *reader) next() byte {
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
func (r *reader) skip() { r.next(); r.at++ }

func (r *reader) value(depth int) (any, error) {
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

func (r *reader) quoted() (string, error) {
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

func (r *reader) list(depth int) (any, error) {
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

func (r *reader) object(depth int) (any, error) {
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
