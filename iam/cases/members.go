package cases

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// part is a value in a line, or a member with its key.
type part struct {
	key   string
	keyAt int
	value []byte
	at    int // the value's place in the line, from 0
}

// members splits the text of a JSON object into its members without decoding
// their values, which is what makes reading many cases quick. A key that is
// there twice is an error: which of the two counts would be a guess.
func (p part) members() ([]part, error) {
	s := splitter{text: p.value, base: p.at}
	if err := s.open('{', "an object"); err != nil {
		return nil, err
	}
	list := make([]part, 0, 16)
	var more map[string]bool // the keys beyond the first few, which are quicker looked through
	twice := func(key string) bool {
		return more[key] || slices.ContainsFunc(list[:min(len(list), few)], func(m part) bool { return m.key == key })
	}
	for !s.closes('}', len(list)) {
		m := part{keyAt: s.base + s.i}
		var err error
		if m.key, err = (part{value: s.value()}).string(); err != nil || s.next() != ':' {
			return nil, s.fail(m.keyAt-s.base, "a key and a colon must stand here")
		}
		if twice(m.key) {
			return nil, s.fail(m.keyAt-s.base, "the key %q is there twice", m.key)
		}
		s.i++
		s.next()
		m.at = s.base + s.i
		if m.value = s.value(); len(m.value) == 0 {
			return nil, s.fail(s.i, "a value must stand here")
		}
		list = append(list, m)
		if len(list) > few {
			if more == nil {
				more = map[string]bool{}
			}
			more[m.key] = true
		}
	}
	return list, s.end()
}

const few = 32

// elements splits the text of a JSON list.
func (p part) elements() ([]part, error) {
	s := splitter{text: p.value, base: p.at}
	if err := s.open('[', "a list"); err != nil {
		return nil, err
	}
	var list []part
	for !s.closes(']', len(list)) {
		e := part{at: s.base + s.i}
		if e.value = s.value(); len(e.value) == 0 {
			return nil, s.fail(s.i, "a value must stand here")
		}
		list = append(list, e)
	}
	return list, s.end()
}

// decode decodes a whole value.
func (p part) decode(into any, what string) error {
	if err := json.Unmarshal(p.value, into); err != nil {
		return at(p.at, "this must be %s", what)
	}
	return nil
}

// string decodes a string, the common plain ones without a decoder.
func (p part) string() (string, error) {
	v := p.value
	if n := len(v); n >= 2 && v[0] == '"' && bytes.IndexByte(v, '\\') < 0 && plain(v[1:n-1]) {
		return string(v[1 : n-1]), nil
	}
	var s *string
	if err := p.decode(&s, "a string"); err != nil || s == nil {
		return "", at(p.at, "this must be a string")
	}
	return *s, nil
}

func plain(text []byte) bool {
	for _, b := range text {
		if b < 0x20 {
			return false
		}
	}
	return utf8.Valid(text)
}

// strings decodes a list of strings.
func (p part) strings() ([]string, error) {
	elements, err := p.elements()
	if err != nil {
		return nil, err
	}
	list := make([]string, len(elements))
	for i, e := range elements {
		if list[i], err = e.string(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (p part) isNull() bool { return string(p.value) == "null" }

// at is an error at a place in the line, from 0.
func at(i int, format string, args ...any) *writ.Error {
	e := writ.Errorf(writ.CodeInvalid, format, args...)
	e.Position.Col = i + 1
	return e
}

// splitter walks over JSON text. It knows where values end, and leaves it to
// whoever decodes them to find what is wrong inside.
type splitter struct {
	text []byte
	base int
	i    int
	done bool
}

func (s *splitter) fail(i int, format string, args ...any) error {
	return at(s.base+i, format, args...)
}

// next goes to the next byte that is not white space and gives it, 0 at the end.
func (s *splitter) next() byte {
	for ; s.i < len(s.text); s.i++ {
		switch s.text[s.i] {
		case ' ', '\t', '\r', '\n':
		default:
			return s.text[s.i]
		}
	}
	return 0
}

func (s *splitter) open(bracket byte, what string) error {
	if s.next() != bracket {
		return s.fail(s.i, "this must be %s", what)
	}
	s.i++
	return nil
}

// closes reports whether the list or object ends here, and else steps over the
// comma. Whatever is wrong comes out in end, or as a value that is not there.
func (s *splitter) closes(bracket byte, have int) bool {
	b := s.next()
	if b == bracket {
		s.i++
		s.done = true
		return true
	}
	if have == 0 {
		return b == 0
	}
	if b != ',' {
		return true
	}
	s.i++
	s.next()
	return false
}

func (s *splitter) end() error {
	if !s.done {
		return s.fail(min(s.i, len(s.text)), "a comma or the end of this object or list is missing")
	}
	if s.next() != 0 {
		return s.fail(s.i, "more text follows")
	}
	return nil
}

// value steps over one value and gives its text, empty when there is none.
func (s *splitter) value() []byte {
	start := s.i
	for depth := 0; s.i < len(s.text); {
		switch s.text[s.i] {
		case '"':
			s.quoted()
		case '{', '[':
			depth++
			s.i++
			continue
		case '}', ']':
			if depth == 0 {
				return s.text[start:s.i]
			}
			depth--
			s.i++
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return s.text[start:s.i]
			}
			s.i++
			continue
		default:
			s.i++
			continue
		}
		if depth == 0 {
			return s.text[start:s.i]
		}
	}
	return s.text[start:s.i]
}

// quoted steps over a string.
func (s *splitter) quoted() {
	for s.i++; s.i < len(s.text); {
		n := bytes.IndexByte(s.text[s.i:], '"')
		if n < 0 {
			s.i = len(s.text)
			return
		}
		s.i += n + 1
		escapes := 0
		for j := s.i - 2; s.text[j] == '\\'; j-- {
			escapes++
		}
		if escapes%2 == 0 {
			return
		}
	}
}
