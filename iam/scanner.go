package iam

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// scanner reads JSON piece by piece as the policy grammar asks for it. There is
// no recursion over the input: what the grammar does not expect is an error at
// once, however deeply it is nested.
type scanner struct {
	src       []byte
	at        int
	line      int // of at, from 1
	lineStart int
	// column is the count of characters from lineStart to counted: lines may be long.
	column, counted int
	// keyAt is the place of the key that object has read last; its line starts at keyLine.
	keyAt   writ.Position
	keyLine int
	// places, where it is set, holds the place of every byte of src in the file
	// that src was taken out of, and of its end.
	places []writ.Position
}

func (s *scanner) skipSpace() {
	for s.at < len(s.src) {
		switch s.src[s.at] {
		case '\n':
			s.at++
			s.line++
			s.lineStart, s.counted, s.column = s.at, s.at, 0
		case ' ', '\t', '\r':
			s.at++
		default:
			return
		}
	}
}

// peek gives the first byte of the next piece, 0 at the end.
func (s *scanner) peek() byte {
	s.skipSpace()
	if s.at >= len(s.src) {
		return 0
	}
	return s.src[s.at]
}

// take consumes the byte c if it comes next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c || s.at >= len(s.src) {
		return false
	}
	s.at++
	return true
}

func (s *scanner) position() writ.Position {
	if s.places != nil {
		return s.places[min(s.at, len(s.places)-1)]
	}
	if s.counted > s.at {
		s.counted, s.column = s.lineStart, 0
	}
	s.column += utf8.RuneCount(s.src[s.counted:s.at])
	s.counted = s.at
	return writ.Position{Line: s.line, Col: s.column + 1}
}

// sourceLine is the text of the line that the scanner stands on.
func (s *scanner) sourceLine() string { return lineFrom(s.src, s.lineStart) }

// lineFrom is the line that starts at offset start, cut when it is very long.
func lineFrom(src []byte, start int) string {
	line := src[start:]
	line = line[:min(len(line), maxSourceLine)]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	return strings.ToValidUTF8(string(line), "\uFFFD")
}

// fail makes an error at the next piece.
func (s *scanner) fail(format string, args ...any) *writ.Error {
	s.skipSpace()
	return s.failHere(format, args...)
}

// what names the next piece for an error message.
func (s *scanner) what() string {
	switch c := s.peek(); {
	case s.at >= len(s.src):
		return "the end"
	case c == '"':
		return "a string"
	case c == '{':
		return "an object"
	case c == '[':
		return "a list"
	case c == 't', c == 'f':
		return "a boolean"
	case c == 'n':
		return "null"
	case c == '-', c >= '0' && c <= '9':
		return "a number"
	default:
		r, size := utf8.DecodeRune(s.src[s.at:])
		if r == utf8.RuneError && size < 2 {
			return fmt.Sprintf("the byte 0x%02x, which is not UTF-8", s.src[s.at])
		}
		return strconv.QuoteRune(r)
	}
}

// failHere makes an error at the scanner's very place, white space or not.
func (s *scanner) failHere(format string, args ...any) *writ.Error {
	return invalid(format, args...).At(s.position(), s.sourceLine())
}

// maxQuoted bounds what an error message quotes of a document, in bytes.
const maxQuoted = 256

// invalid makes an error; long texts among args are cut.
func invalid(format string, args ...any) *writ.Error {
	for i, a := range args {
		if text, ok := a.(string); ok && len(text) > maxQuoted {
			args[i] = strings.ToValidUTF8(text[:maxQuoted], "") + "…"
		}
	}
	return writ.Errorf(writ.CodeInvalid, format, args...)
}

// text reads a string.
func (s *scanner) text(name string) (string, error) {
	if s.peek() != '"' {
		return "", s.fail("%s must be a string, not %s", name, s.what())
	}
	start := s.at + 1
	for i := start; i < len(s.src); i++ {
		switch c := s.src[i]; {
		case c == '"':
			raw := s.src[start:i]
			if !utf8.Valid(raw) {
				return "", s.notUTF8(name, start)
			}
			s.at = i + 1
			return string(raw), nil
		case c == '\\':
			return s.escapedText(name)
		case c < ' ':
			s.at = i
			return "", s.failHere("a string must not hold the control character U+%04X as it is", c).WithHint("write it as an escape, such as \\n or \\u%04x", c)
		}
	}
	return "", s.fail("this string does not end")
}

var simpleEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escapedText reads a string that holds escapes.
func (s *scanner) escapedText(name string) (string, error) {
	var b strings.Builder
	i := s.at + 1
	for i < len(s.src) {
		c := s.src[i]
		switch {
		case c == '"':
			if !utf8.ValidString(b.String()) {
				return "", s.notUTF8(name, s.at+1)
			}
			s.at = i + 1
			return b.String(), nil
		case c < ' ':
			s.at = i
			return "", s.failHere("a string must not hold the control character U+%04X as it is", c).WithHint("write it as an escape, such as \\n or \\u%04x", c)
		case c != '\\':
			b.WriteByte(c)
			i++
		case i+1 < len(s.src) && simpleEscapes[s.src[i+1]] != 0:
			b.WriteByte(simpleEscapes[s.src[i+1]])
			i += 2
		default:
			r, size := unicodeEscape(s.src[i:])
			if size == 0 {
				return "", s.badEscape(i)
			}
			b.WriteRune(r)
			i += size
		}
	}
	return "", s.fail("this string does not end")
}

// notUTF8 is the error for a string whose text starts at start; it points at the first bad byte.
func (s *scanner) notUTF8(name string, start int) error {
	s.at = start
	for {
		r, size := utf8.DecodeRune(s.src[s.at:])
		if r == utf8.RuneError && size < 2 {
			return s.failHere("%s holds the byte 0x%02x, which is not UTF-8", name, s.src[s.at])
		}
		s.at += size
	}
}

// badEscape is the error for the escape at offset i.
func (s *scanner) badEscape(i int) error {
	s.at = i
	if r, ok := hex4(s.src[i:]); ok {
		return s.failHere("\\u%04x is half of a surrogate pair", r).
			WithHint("characters beyond U+FFFF are written as two escapes, the first from \\ud800 to \\udbff, the second from \\udc00 to \\udfff")
	}
	return s.failHere("this escape is not JSON").WithHint(`JSON has \" \\ \/ \b \f \n \r \t and \u with four hexadecimal digits`)
}

// unicodeEscape reads \uXXXX, or a surrogate pair of them; size 0 means that it is neither.
func unicodeEscape(src []byte) (r rune, size int) {
	first, ok := hex4(src)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(first) {
		return first, 6
	}
	second, ok := hex4(src[6:])
	if !ok {
		return 0, 0
	}
	if r = utf16.DecodeRune(first, second); r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

func hex4(src []byte) (rune, bool) {
	if len(src) < 6 || src[0] != '\\' || src[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range src[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// object reads an object and calls member for each key, with the scanner
// before the value. A key that comes twice is an error.
func (s *scanner) object(name string, member func(key string) error) error {
	if !s.take('{') {
		return s.fail("%s must be an object, not %s", name, s.what())
	}
	if s.take('}') {
		return nil
	}
	seen := map[string]bool{}
	for {
		s.skipSpace()
		place, line := s.position(), s.lineStart
		at := *s
		key, err := s.text("a key of " + name)
		if err != nil {
			return err
		}
		if seen[key] {
			return at.fail("%s has the key %q twice", name, key).WithHint("which of the two counts is not defined; take one out")
		}
		seen[key] = true
		s.keyAt, s.keyLine = place, line
		if !s.take(':') {
			return s.fail("expected ':' after the key %q, not %s", key, s.what())
		}
		if err := member(key); err != nil {
			return err
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.fail("expected ',' or '}' in %s, not %s", name, s.what())
		}
	}
}

// list reads a list and calls item before each value.
func (s *scanner) list(name string, item func() error) error {
	if !s.take('[') {
		return s.fail("%s must be a list, not %s", name, s.what())
	}
	if s.take(']') {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return s.fail("expected ',' or ']' in %s, not %s", name, s.what())
		}
	}
}
