package jsonread

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/writ-dev/writ"
)

// raw reads a string. What has no escapes is a part of the text, not a copy.
func (r *Reader) raw() ([]byte, error) {
	if r.Next() != String {
		return nil, r.bad("a string is missing")
	}
	r.at++
	from, ascii := r.at, true
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == '"':
			s := r.text[from:r.at]
			if !ascii && !utf8.Valid(s) {
				return nil, r.bad("the string before it is not UTF-8")
			}
			r.at++
			return s, nil
		case c == '\\':
			return r.escaped(from)
		case c < ' ':
			return nil, r.bad("a control character stands in a string")
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, r.bad("a string has no end")
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escaped goes on with a string at its first escape.
func (r *Reader) escaped(from int) ([]byte, error) {
	out := bytes.Clone(r.text[from:r.at])
	for r.at < len(r.text) {
		c := r.text[r.at]
		switch {
		case c == '"':
			r.at++
			if !utf8.Valid(out) {
				return nil, r.bad("the string before it is not UTF-8")
			}
			return out, nil
		case c < ' ':
			return nil, r.bad("a control character stands in a string")
		case c != '\\':
			out = append(out, c)
			r.at++
		case r.at+1 < len(r.text) && r.text[r.at+1] == 'u':
			letter, err := r.unicode()
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, letter)
		case r.at+1 < len(r.text) && escapes[r.text[r.at+1]] != 0:
			out = append(out, escapes[r.text[r.at+1]])
			r.at += 2
		default:
			return nil, r.bad("an escape in a string is not known")
		}
	}
	return nil, r.bad("a string has no end")
}

// unicode reads \uXXXX, and the second half of a pair. A half alone is refused: it is no character, and
// another reader might take it for a different one.
func (r *Reader) unicode() (rune, error) {
	first, ok := r.hex(r.at)
	if !ok {
		return 0, r.bad("an escape in a string is not known")
	}
	if !utf16.IsSurrogate(first) {
		r.at += 6
		return first, nil
	}
	second, ok := r.hex(r.at + 6)
	pair := utf16.DecodeRune(first, second)
	if !ok || pair == utf8.RuneError {
		return 0, r.bad("an escape in a string is half a character")
	}
	r.at += 12
	return pair, nil
}

func (r *Reader) hex(at int) (rune, bool) {
	if at+6 > len(r.text) || r.text[at] != '\\' || r.text[at+1] != 'u' {
		return 0, false
	}
	var n rune
	for _, c := range r.text[at+2 : at+6] {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			n = n<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// Text reads a string. It shares the memory of the reader's text, which must not be changed afterwards.
func (r *Reader) Text() (string, error) {
	s, err := r.raw()
	if err != nil || len(s) == 0 {
		return "", err
	}
	return unsafe.String(&s[0], len(s)), nil
}

// number reads a number's text.
func (r *Reader) number() ([]byte, error) {
	from := r.at
	digits := func() bool {
		start := r.at
		for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
			r.at++
		}
		return r.at > start
	}
	take := func(any string) bool {
		if r.at < len(r.text) && bytes.IndexByte([]byte(any), r.text[r.at]) >= 0 {
			r.at++
			return true
		}
		return false
	}
	take("-")
	if zero := r.at; !digits() || r.text[zero] == '0' && r.at > zero+1 {
		return nil, r.bad("a number is not written as JSON has it")
	}
	if take(".") && !digits() {
		return nil, r.bad("a number is not written as JSON has it")
	}
	if take("eE") {
		take("+-")
		if !digits() {
			return nil, r.bad("a number is not written as JSON has it")
		}
	}
	return r.text[from:r.at], nil
}

// Value reads any value: nil, bool, float64, string, []any, map[string]any.
func (r *Reader) Value() (any, error) {
	switch r.Next() {
	case Object:
		return r.Map()
	case Array:
		list := []any{}
		err := r.Items(func(int) error {
			v, err := r.Value()
			list = append(list, v)
			return err
		})
		return list, err
	case String:
		return r.Text()
	case Number:
		text, err := r.number()
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseFloat(string(text), 64)
		if err != nil || math.IsInf(n, 0) {
			return nil, writ.Errorf(writ.CodeInvalid, "the number %.40s is too large", text)
		}
		return n, nil
	case True:
		return true, r.word("true")
	case False:
		return false, r.word("false")
	}
	return nil, r.Skip()
}

// Map reads an object.
func (r *Reader) Map() (map[string]any, error) {
	m := map[string]any{}
	err := r.Fields(func(name []byte) error {
		key := string(name)
		v, err := r.Value()
		m[key] = v
		return err
	})
	return m, err
}
