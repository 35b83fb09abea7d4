// Package wire reads and writes the JSON of DynamoDB's protocol: strictly, as
// AWS does, with AWS's words for what is wrong, and without a detour through
// generic maps.
package wire

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Error is what AWS calls a SerializationException: the body is not JSON, or a
// member has the wrong JSON type.
type Error struct {
	// Message is AWS's; empty when the body is not JSON at all.
	Message string
}

// Error gives the message.
func (e *Error) Error() string {
	if e.Message == "" {
		return "the body is not JSON"
	}
	return e.Message
}

// Kind is the JSON type of the value that comes next.
type Kind byte

// The JSON types. Invalid stands for anything else, the end of input included.
const (
	Invalid Kind = iota
	Null
	True
	False
	Number
	String
	Array
	Object
)

// maxDepth bounds how deep a body may nest; DynamoDB's own limit of 32 levels
// of attributes takes two levels of JSON each.
const maxDepth = 256

// Decoder reads one body from front to back.
type Decoder struct {
	data  []byte
	at    int
	depth int
}

// NewDecoder reads data, which must not change meanwhile.
func NewDecoder(data []byte) *Decoder { return &Decoder{data: data} }

var errSyntax = &Error{}

// Next says what comes next, without reading it.
func (d *Decoder) Next() Kind {
	d.space()
	if d.at >= len(d.data) {
		return Invalid
	}
	switch c := d.data[d.at]; {
	case c == '"':
		return String
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == 't':
		return True
	case c == 'f':
		return False
	case c == 'n':
		return Null
	case c == '-' || c >= '0' && c <= '9':
		return Number
	}
	return Invalid
}

// End checks that nothing follows.
func (d *Decoder) End() error {
	if d.space(); d.at < len(d.data) {
		return errSyntax
	}
	return nil
}

func (d *Decoder) space() {
	for d.at < len(d.data) {
		switch d.data[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

// take reads c if it comes next.
func (d *Decoder) take(c byte) bool {
	d.space()
	if d.at < len(d.data) && d.data[d.at] == c {
		d.at++
		return true
	}
	return false
}

// Object reads an object, calling member for each key; member reads the value.
func (d *Decoder) Object(member func(key string) error) error {
	return d.nested('{', '}', func() error {
		key, err := d.Text()
		if err != nil {
			return err
		}
		if !d.take(':') {
			return errSyntax
		}
		return member(key)
	})
}

// Array reads an array, calling element for each element, which reads it.
func (d *Decoder) Array(element func() error) error {
	return d.nested('[', ']', element)
}

func (d *Decoder) nested(open, end byte, each func() error) error {
	if d.depth++; d.depth > maxDepth || !d.take(open) {
		return errSyntax
	}
	defer func() { d.depth-- }()
	if d.take(end) {
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		if d.take(end) {
			return nil
		}
		if !d.take(',') {
			return errSyntax
		}
	}
}

// Literal reads true, false or null.
func (d *Decoder) Literal() error {
	d.space()
	for _, word := range []string{"true", "false", "null"} {
		if rest := d.data[d.at:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
			d.at += len(word)
			return nil
		}
	}
	return errSyntax
}

// Number reads a number and gives its text.
func (d *Decoder) Number() (string, error) {
	d.space()
	start := d.at
	for d.at < len(d.data) {
		switch c := d.data[d.at]; {
		case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
			d.at++
			continue
		}
		break
	}
	text := string(d.data[start:d.at])
	if _, err := strconv.ParseFloat(text, 64); err != nil && !isRange(err) {
		return "", errSyntax
	}
	return text, nil
}

func isRange(err error) bool {
	e, ok := err.(*strconv.NumError) // strconv gives it unwrapped
	return ok && e.Err == strconv.ErrRange
}

// Text reads a string.
func (d *Decoder) Text() (string, error) {
	if !d.take('"') {
		return "", errSyntax
	}
	start := d.at
	for d.at < len(d.data) {
		switch c := d.data[d.at]; {
		case c == '"':
			s := d.data[start:d.at]
			d.at++
			return validUTF8(s), nil
		case c == '\\':
			return d.escaped(start)
		case c < 0x20:
			return "", errSyntax
		}
		d.at++
	}
	return "", errSyntax
}

func validUTF8(s []byte) string {
	if utf8.Valid(s) {
		return string(s)
	}
	return string([]rune(string(s)))
}

// escaped reads on in a string that has escapes.
func (d *Decoder) escaped(start int) (string, error) {
	out := append([]byte(nil), d.data[start:d.at]...)
	for d.at < len(d.data) {
		c := d.data[d.at]
		d.at++
		switch {
		case c == '"':
			return validUTF8(out), nil
		case c < 0x20:
			return "", errSyntax
		case c != '\\':
			out = append(out, c)
			continue
		}
		if d.at >= len(d.data) {
			return "", errSyntax
		}
		c = d.data[d.at]
		d.at++
		switch c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, ok := d.unicode()
			if !ok {
				return "", errSyntax
			}
			out = utf8.AppendRune(out, r)
		default:
			return "", errSyntax
		}
	}
	return "", errSyntax
}

// unicode reads the digits of \uXXXX, and the second half of a surrogate pair.
func (d *Decoder) unicode() (rune, bool) {
	r, ok := d.hex4()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	if d.at+1 < len(d.data) && d.data[d.at] == '\\' && d.data[d.at+1] == 'u' {
		before := d.at
		d.at += 2
		low, ok := d.hex4()
		if !ok {
			return 0, false
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, true
		}
		d.at = before
	}
	return utf8.RuneError, true
}

func (d *Decoder) hex4() (rune, bool) {
	if d.at+4 > len(d.data) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(d.data[d.at:d.at+4]), 16, 16)
	if err != nil {
		return 0, false
	}
	d.at += 4
	return rune(n), true
}

// Skip reads any value and forgets it.
func (d *Decoder) Skip() error {
	switch d.Next() {
	case Object:
		return d.Object(func(string) error { return d.Skip() })
	case Array:
		return d.Array(d.Skip)
	case String:
		_, err := d.Text()
		return err
	case Number:
		_, err := d.Number()
		return err
	case True, False, Null:
		return d.Literal()
	}
	return errSyntax
}
