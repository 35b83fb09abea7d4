package iam

import "strings"

// variable is one ${…} of a policy: a context key, or one of the literals
// ${*}, ${?} and ${$}.
type variable struct {
	key        string // in lower case
	fallback   string // the default, or the literal
	hasDefault bool
	isLiteral  bool
}

// parseVariable reads the variable that s starts with. Size 0 means that
// there is none: the text is then literal.
func parseVariable(s string) (v variable, size int) {
	if !strings.HasPrefix(s, "${") {
		return v, 0
	}
	end := closingBrace(s)
	if end < 0 {
		return v, 0
	}
	inner := s[2:end]
	if inner == "*" || inner == "?" || inner == "$" {
		return variable{isLiteral: true, fallback: inner}, end + 1
	}
	key, rest, hasDefault := strings.Cut(inner, ",")
	if hasDefault {
		rest = strings.TrimSpace(rest)
		if len(rest) < 2 || rest[0] != '\'' || rest[len(rest)-1] != '\'' {
			// Not the documented form: the variable has no value, so that it matches nothing.
			return variable{}, end + 1
		}
		v.fallback, v.hasDefault = rest[1:len(rest)-1], true
	}
	v.key = Key(strings.TrimSpace(key))
	return v, end + 1
}

// maxVariable is how long a variable may be, in bytes: more than the longest tag
// key with the longest tag value as its default. Without a bound a text full of
// opened variables would be searched to its end for each of them.
const maxVariable = 2048

// closingBrace finds the end of the variable at the start of s; a brace inside
// the quotes of a default value does not count.
func closingBrace(s string) int {
	s = s[:min(len(s), maxVariable)]
	first := strings.IndexByte(s, '}')
	if first < 0 {
		return -1
	}
	quoted := false
	for i := 2; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case s[i] == '}' && !quoted:
			return i
		}
	}
	return first
}

// resolve gives the variable's value in a request. A key with many values has
// none, and neither has the default a part in that: it is for absent keys.
func (v *variable) resolve(ctx Context) (string, bool) {
	if v.key != "" {
		if value, ok := ctx[v.key]; ok && (value.Multi || len(value.Values) > 0) {
			if value.Multi || len(value.Values) != 1 {
				return "", false
			}
			return value.Values[0], true
		}
	}
	return v.fallback, v.hasDefault
}
