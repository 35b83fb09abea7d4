package catalog

import "strings"

// symbol is one place of a pattern: a byte, or a wildcard.
type symbol struct {
	kind symbolKind
	b    byte
}

type symbolKind uint8

const (
	oneByte  symbolKind = iota
	anyByte             // one byte, any
	anyRun              // any run of bytes, also none
	nameByte            // one byte that is not a slash
	nameRun             // any run without a slash
)

// names are placeholders whose values hold no slash, where that tells types
// apart: a bucket from its objects, a table from its indexes and streams.
var names = map[string]bool{"BucketName": true, "TableName": true, "GlobalTableName": true, "IndexName": true, "StreamLabel": true}

// placeholders reads a part of a resource type's pattern: ${Name} is one
// character or more.
func placeholders(part string) []symbol {
	var out []symbol
	for i := 0; i < len(part); i++ {
		if strings.HasPrefix(part[i:], "${") {
			end := strings.IndexByte(part[i:], '}')
			if end > 0 {
				one, run := anyByte, anyRun
				if names[part[i+2:i+end]] {
					one, run = nameByte, nameRun
				}
				out = append(out, symbol{kind: one}, symbol{kind: run})
				i += end
				continue
			}
		}
		if part[i] == '*' {
			out = append(out, symbol{kind: anyRun})
			continue
		}
		out = append(out, symbol{b: part[i]})
	}
	return out
}

// wildcards reads a part of a policy's entry; a variable is any text.
func wildcards(part string) []symbol {
	var out []symbol
	for i := 0; i < len(part); i++ {
		switch {
		case part[i] == '*':
			out = append(out, symbol{kind: anyRun})
		case part[i] == '?':
			out = append(out, symbol{kind: anyByte}, symbol{kind: anyRun}) // one character is up to four bytes
		case strings.HasPrefix(part[i:], "${") && strings.IndexByte(part[i:], '}') > 0:
			out = append(out, symbol{kind: anyRun})
			i += strings.IndexByte(part[i:], '}')
		default:
			out = append(out, symbol{b: part[i]})
		}
	}
	return out
}

func (s symbol) isRun() bool { return s.kind == anyRun || s.kind == nameRun }

// meets reports whether some byte fits both symbols.
func (s symbol) meets(t symbol) bool {
	switch {
	case s.kind == oneByte && t.kind == oneByte:
		return s.b == t.b
	case s.kind == oneByte:
		return t.takes(s.b)
	case t.kind == oneByte:
		return s.takes(t.b)
	}
	return true
}

func (s symbol) takes(b byte) bool {
	return s.kind == anyByte || s.kind == anyRun || b != '/'
}

// intersects reports whether some text matches both patterns: a walk over the
// pairs of places that can be reached together, one row at a time.
func intersects(a, b []symbol) bool {
	row := make([]bool, len(b)+1) // row[j]: a[i:] and b[j:] is reached
	next := make([]bool, len(b)+1)
	row[0] = true
	for i := 0; ; i++ {
		for j := 0; j <= len(b); j++ {
			if !row[j] {
				continue
			}
			if i == len(a) && j == len(b) {
				return true
			}
			aRun, bRun := i < len(a) && a[i].isRun(), j < len(b) && b[j].isRun()
			if aRun {
				next[j] = true // the run ends
			}
			if bRun {
				row[j+1] = true
			}
			if i == len(a) || j == len(b) || !a[i].meets(b[j]) {
				continue
			}
			switch {
			case aRun && !bRun:
				row[j+1] = true
			case bRun && !aRun:
				next[j] = true
			case !aRun && !bRun:
				next[j+1] = true
			}
		}
		if i == len(a) {
			return false
		}
		row, next = next, row
		clear(next)
	}
}

// matchGlob reports whether s matches a pattern of "*" and "?".
func matchGlob(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
