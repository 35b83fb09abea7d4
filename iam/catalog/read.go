package catalog

import "strings"

// reader goes through JSON text that is known to be well formed: the embedded
// data, which a test compares with encoding/json. Strings are pieces of the
// text, so that reading a service costs a tenth of decoding it.
type reader struct {
	text string
	at   int
}

// next skips to the next byte that is neither white space nor a separator.
func (r *reader) next() byte {
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n,:", r.text[r.at]) >= 0 {
		r.at++
	}
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

// word reads a string without escapes, or a number.
func (r *reader) word() string {
	if r.next() == '"' {
		start := r.at + 1
		r.at = start + strings.IndexByte(r.text[start:], '"') + 1
		return r.text[start : r.at-1]
	}
	start := r.at
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n,:]}", r.text[r.at]) < 0 {
		r.at++
	}
	return r.text[start:r.at]
}

// each calls element before every element of an array.
func (r *reader) each(element func()) {
	r.next()
	r.at++
	for r.next() != ']' {
		element()
	}
	r.at++
}

// tuple calls read once, for an array whose places are known.
func (r *reader) tuple(read func()) {
	r.next()
	r.at++
	read()
	r.next()
	r.at++
}

// members calls member before every value of an object.
func (r *reader) members(member func(name string)) {
	r.next()
	r.at++
	for r.next() != '}' {
		member(r.word())
	}
	r.at++
}

func (r *reader) words() []string {
	var all []string
	r.each(func() { all = append(all, r.word()) })
	return all
}

func (r *reader) types() map[string]Type {
	all := map[string]Type{}
	r.members(func(name string) { all[name] = Type(r.word()) })
	return all
}

// skip goes over a string, an object or an array and gives its text.
func (r *reader) skip() string {
	r.next()
	start, depth := r.at, 0
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case '"':
			for r.at++; r.text[r.at] != '"'; r.at++ {
				if r.text[r.at] == '\\' {
					r.at++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		r.at++
		if depth == 0 && (r.text[start] == '{' || r.text[start] == '[' || r.text[start] == '"') {
			break
		}
	}
	return r.text[start:r.at]
}
