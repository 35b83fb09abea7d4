// Package jsonread reads JSON of callers in one pass, without building what is not
// asked for: RFC 8259 to the letter, in bounds of nesting, and no name twice in an object, since two
// readers could take a different one of them.
package jsonread

import (
	"bytes"
	"unicode"

	"github.com/writ-dev/writ"
)

// MaxDepth is how deep arrays and objects may be nested.
const MaxDepth = 64

// Kind is what a value is, by its first character.
type Kind byte

// The kinds of values; None is the end of the text or what begins no value.
const (
	None   Kind = 0
	Object Kind = '{'
	Array  Kind = '['
	String Kind = '"'
	Number Kind = '0'
	True   Kind = 't'
	False  Kind = 'f'
	Null   Kind = 'n'
)

// String names the kind as messages do.
func (k Kind) String() string {
	switch k {
	case Object:
		return "an object"
	case Array:
		return "an array"
	case String:
		return "a string"
	case Number:
		return "a number"
	case True, False:
		return "a boolean"
	case Null:
		return "null"
	}
	return "nothing"
}

// Reader stands at one place of a text.
type Reader struct {
	text  []byte
	at    int
	depth int
	folds bool // names that differ in case alone are the same
}

// New gives a reader at the start of a text, which must not be changed as long as strings of it are used.
func New(text []byte) *Reader { return &Reader{text: text} }

// Validate reports what is wrong with a text that ought to be one JSON value.
func Validate(text []byte) error {
	r := Reader{text: text}
	if err := r.Skip(); err != nil {
		return err
	}
	return r.End()
}

// ValidateFolded is Validate for a text that encoding/json will put into structs. It
// takes "Tenant" and even "\u017fubject" for a field's name, so two names that fold to one are one
// name twice. The objects in which callers choose the names may have both.
func ValidateFolded(text []byte) error {
	r := Reader{text: text, folds: true}
	if err := r.Skip(); err != nil {
		return err
	}
	return r.End()
}

// chosen reports whether the object of this name has names that callers choose.
func chosen(name []byte) bool {
	switch string(name) {
	case "attributes", "context", "properties", "conditions", "actions", "roles", "relations", "headers":
		return true
	}
	return false
}

func (r *Reader) bad(what string) error {
	line, col := r.place()
	if r.at >= len(r.text) {
		return writ.Errorf(writ.CodeInvalid, "the body is not JSON: it ends at line %d, column %d, where %s", line, col, what)
	}
	return writ.Errorf(writ.CodeInvalid, "the body is not JSON: line %d, column %d: %s", line, col, what)
}

func (r *Reader) place() (line, col int) {
	before := r.text[:min(r.at, len(r.text))]
	return 1 + bytes.Count(before, []byte{'\n'}), len(before) - bytes.LastIndexByte(before, '\n')
}

func (r *Reader) space() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// Next is the kind of the value that comes.
func (r *Reader) Next() Kind {
	r.space()
	if r.at >= len(r.text) {
		return None
	}
	switch c := r.text[r.at]; c {
	case '{', '[', '"', 't', 'f', 'n':
		return Kind(c)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return Number
	}
	return None
}

// End reports what comes after the last value, if something does.
func (r *Reader) End() error {
	if r.space(); r.at < len(r.text) {
		return r.bad("something follows the value")
	}
	return nil
}

func (r *Reader) enter() error {
	if r.depth++; r.depth > MaxDepth {
		line, col := r.place()
		return writ.Errorf(writ.CodeInvalid, "the body is nested deeper than the %d levels that are allowed, at line %d, column %d", MaxDepth, line, col)
	}
	r.at++
	return nil
}

// separator takes the comma or the end of an object or array.
func (r *Reader) separator(end byte, first bool) (more bool, err error) {
	r.space()
	switch {
	case r.at < len(r.text) && r.text[r.at] == end:
		r.at++
		r.depth--
		return false, nil
	case first:
		return true, nil
	case r.at < len(r.text) && r.text[r.at] == ',':
		r.at++
		return true, nil
	}
	return false, r.bad("a comma or the end of the " + Kind(end - 2).String()[len("an "):] + " is missing")
}

// Fields reads an object. f is called before each value, with the name, and must read it;
// the name is valid until then.
func (r *Reader) Fields(f func(name []byte) error) error {
	if r.Next() != Object {
		return r.bad("an object is missing")
	}
	if err := r.enter(); err != nil {
		return err
	}
	seen := names{folds: r.folds}
	for first := true; ; first = false {
		more, err := r.separator('}', first)
		if err != nil || !more {
			return err
		}
		if r.Next() != String {
			return r.bad("the name of a field is missing")
		}
		name, err := r.raw()
		if err != nil {
			return err
		}
		if seen.twice(name) {
			line, col := r.place()
			return writ.Errorf(writ.CodeInvalid, "the field %q is given twice, the second time at line %d, column %d", Brief(string(name)), line, col)
		}
		if r.space(); r.at >= len(r.text) || r.text[r.at] != ':' {
			return r.bad("a colon is missing")
		}
		r.at++
		if err := f(name); err != nil {
			return err
		}
	}
}

// Items reads an array. f is called before each value and must read it.
func (r *Reader) Items(f func(i int) error) error {
	if r.Next() != Array {
		return r.bad("an array is missing")
	}
	if err := r.enter(); err != nil {
		return err
	}
	for i := 0; ; i++ {
		more, err := r.separator(']', i == 0)
		if err != nil || !more {
			return err
		}
		if err := f(i); err != nil {
			return err
		}
	}
}

// Skip reads a value and forgets it.
func (r *Reader) Skip() error {
	switch r.Next() {
	case Object:
		return r.Fields(func(name []byte) error {
			folds := r.folds
			r.folds = folds && !chosen(name)
			err := r.Skip()
			r.folds = folds
			return err
		})
	case Array:
		return r.Items(func(int) error { return r.Skip() })
	case String:
		_, err := r.raw()
		return err
	case Number:
		_, err := r.number()
		return err
	case True:
		return r.word("true")
	case False:
		return r.word("false")
	case Null:
		return r.word("null")
	}
	return r.bad("a value is missing")
}

// Span reads a value and gives its text, which is part of the reader's.
func (r *Reader) Span() ([]byte, error) {
	r.space()
	from := r.at
	if err := r.Skip(); err != nil {
		return nil, err
	}
	return r.text[from:r.at], nil
}

func (r *Reader) word(w string) error {
	if len(r.text)-r.at < len(w) || string(r.text[r.at:r.at+len(w)]) != w {
		return r.bad("a value is missing")
	}
	r.at += len(w)
	return nil
}

// names notes the names of an object's fields.
type names struct {
	few   [8][]byte
	n     int
	many  map[string]bool
	folds bool
}

// text is what a name is known by. Folding is that of encoding/json: all letters that are one
// but for their case have the same smallest one.
func (s *names) text(name []byte) string {
	if !s.folds {
		return string(name)
	}
	return string(bytes.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name))
}

func (s *names) same(a, b []byte) bool {
	return bytes.Equal(a, b) || s.folds && bytes.EqualFold(a, b)
}

// twice notes a name and reports whether it was there.
func (s *names) twice(name []byte) bool {
	if s.many != nil {
		text := s.text(name)
		was := s.many[text]
		s.many[text] = true
		return was
	}
	for _, known := range s.few[:s.n] {
		if s.same(known, name) {
			return true
		}
	}
	if s.n < len(s.few) {
		s.few[s.n] = name
		s.n++
		return false
	}
	s.many = map[string]bool{s.text(name): true}
	for _, known := range s.few {
		s.many[s.text(known)] = true
	}
	return false
}
