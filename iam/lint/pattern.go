package lint

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ/iam"
)

// token is one place of a pattern: a character, a wildcard or a variable.
type token struct {
	kind tokenKind
	char rune
	name string // of a variable, as written
}

type tokenKind uint8

const (
	tokenChar tokenKind = iota
	tokenOne
	tokenAny
	tokenVariable
)

// syntax says what is special in a text, as in package iam.
type syntax struct{ wildcards, variables, fold bool }

// read cuts a text into tokens; ok is false for what is not UTF-8.
func (syn syntax) read(s string) (tokens []token, ok bool) {
	if !utf8.ValidString(s) {
		return nil, false
	}
	for i := 0; i < len(s); {
		if syn.variables || strings.HasPrefix(s[i:], unknownPrefix) {
			if end := iam.VariableLen(s[i:]); end > 0 {
				tokens = append(tokens, variableToken(s[i:i+end]))
				i += end
				continue
			}
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case syn.wildcards && r == '*':
			if n := len(tokens); n == 0 || tokens[n-1].kind != tokenAny {
				tokens = append(tokens, token{kind: tokenAny})
			}
		case syn.wildcards && r == '?':
			tokens = append(tokens, token{kind: tokenOne})
		default:
			if syn.fold && r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			}
			tokens = append(tokens, token{char: r})
		}
		i += size
	}
	return tokens, true
}

func variableToken(s string) token {
	if inner := s[2 : len(s)-1]; inner == "*" || inner == "?" || inner == "$" {
		return token{char: rune(inner[0])}
	}
	return token{kind: tokenVariable, name: s}
}

// maxCells bounds the work of comparing two patterns; beyond it the answer is
// the one that reports nothing.
const maxCells = 1 << 20

// within reports whether whatever matches p matches q too. A false may be
// wrong, a true is not: q's star takes any piece of p, its other tokens take
// the like.
func within(p, q []token) bool {
	for len(q) > 0 && q[0].kind == tokenChar { // nearly all pairs part here
		if len(p) == 0 || p[0] != q[0] {
			return false
		}
		p, q = p[1:], q[1:]
	}
	if len(p)*len(q) > maxCells {
		return false
	}
	reached, next := make([]bool, len(p)+1), make([]bool, len(p)+1) // by the tokens of q so far
	reached[0] = true
	for _, t := range q {
		for i := range reached {
			next[i] = false
			switch {
			case t.kind == tokenAny:
				next[i] = reached[i] || i > 0 && next[i-1]
			case i > 0 && reached[i-1]:
				next[i] = p[i-1] == t || t.kind == tokenOne && p[i-1].kind == tokenChar
			}
		}
		reached, next = next, reached
	}
	return reached[len(p)]
}

// disjoint reports whether no text matches both. A false may be wrong; a
// variable may stand for any text.
func disjoint(p, q []token) bool {
	for len(p) > 0 && len(q) > 0 && p[0].kind == tokenChar && q[0].kind == tokenChar {
		if p[0] != q[0] {
			return true
		}
		p, q = p[1:], q[1:]
	}
	if len(p)*len(q) > maxCells {
		return false
	}
	run := func(t token) bool { return t.kind == tokenAny || t.kind == tokenVariable }
	row := make([]bool, len(q)+1)
	row[0] = true
	for i := 0; i <= len(p); i++ {
		next := make([]bool, len(q)+1)
		for j := 0; j <= len(q); j++ {
			if !row[j] {
				continue
			}
			left, right := i < len(p), j < len(q)
			if left && run(p[i]) {
				next[j] = true
				if right {
					row[j+1] = true
				}
			}
			if right && run(q[j]) {
				row[j+1] = true
				if left {
					next[j] = true
				}
			}
			if left && right && !run(p[i]) && !run(q[j]) && (p[i].kind == tokenOne || q[j].kind == tokenOne || p[i].char == q[j].char) {
				next[j+1] = true
			}
		}
		if i == len(p) {
			return !row[len(q)]
		}
		row = next
	}
	return false
}

// arnParts cuts an ARN into its six parts; nil when it has fewer.
func arnParts(s string) []string {
	if parts := iam.ARNParts(s); len(parts) == 6 {
		return parts
	}
	return nil
}

// arnTokens reads an ARN pattern part by part; variables count in the parts
// from first on. It is nil for what is no ARN of six parts, and for one that
// starts with unknown text, whose parts are not known.
func arnTokens(s string, variables bool, first int) [][]token {
	parts := arnParts(s)
	if parts == nil || slices.ContainsFunc(parts[:5], mayHoldColons) {
		return nil
	}
	var all [][]token
	for i, part := range parts {
		tokens, ok := syntax{wildcards: true, variables: variables && i >= first}.read(part)
		if !ok {
			return nil
		}
		all = append(all, tokens)
	}
	return all
}

func withinARN(p, q [][]token) bool {
	if p == nil || q == nil {
		return false
	}
	for i := range p {
		if !within(p[i], q[i]) {
			return false
		}
	}
	return true
}

func disjointARN(p, q [][]token) bool {
	if p == nil || q == nil {
		return false
	}
	for i := range p {
		if disjoint(p[i], q[i]) {
			return true
		}
	}
	return false
}
