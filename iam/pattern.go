package iam

import (
	"strings"
	"unicode/utf8"
)

// pattern is a compiled text with wildcards and policy variables. Matching
// takes no recursion and falls back to the last star only: the time is
// bounded by the product of the two lengths, and linear without "?".
type pattern struct {
	// literal is the whole text when there is neither wildcard nor variable,
	// and what stands before the only star of isAffix.
	literal   string
	suffix    string
	isLiteral bool
	isAny     bool // "*"
	isAffix   bool // literal, then "*", then suffix
	// fold ignores ASCII case; the tokens are in lower case then.
	fold      bool
	tokens    []token
	variables []variable
}

type tokenKind uint8

const (
	tokenText     tokenKind = iota
	tokenVariable           // the value of a variable, literally
	tokenOne                // "?": one character
	tokenAny                // "*": any run of characters, also none
)

type token struct {
	kind     tokenKind
	text     string
	variable int
}

// syntax says what is special in a text.
type syntax struct {
	wildcards bool
	variables bool
	fold      bool
}

func compilePattern(s string, syn syntax) pattern {
	if syn.fold {
		s = lowerASCII(s)
	}
	p := pattern{fold: syn.fold}
	text := 0 // start of the pending literal
	flush := func(end int) {
		if end > text {
			p.addText(s[text:end])
		}
	}
	for i := 0; i < len(s); {
		switch {
		case syn.wildcards && s[i] == '*':
			flush(i)
			if n := len(p.tokens); n == 0 || p.tokens[n-1].kind != tokenAny {
				p.tokens = append(p.tokens, token{kind: tokenAny})
			}
			i++
			text = i
		case syn.wildcards && s[i] == '?':
			flush(i)
			p.tokens = append(p.tokens, token{kind: tokenOne})
			i++
			text = i
		case syn.variables && s[i] == '$':
			v, size := parseVariable(s[i:])
			if size == 0 {
				i++
				continue
			}
			flush(i)
			p.addVariable(v)
			i += size
			text = i
		default:
			i++
		}
	}
	flush(len(s))
	p.classify()
	return p
}

// classify finds the simple forms, for which match needs no search.
func (p *pattern) classify() {
	rest := p.tokens
	if len(rest) > 0 && rest[0].kind == tokenText {
		p.literal, rest = rest[0].text, rest[1:]
	}
	switch {
	case len(rest) == 0:
		p.isLiteral = true
	case rest[0].kind == tokenAny && len(rest) == 1:
		p.isAny, p.isAffix = p.literal == "", p.literal != ""
	case rest[0].kind == tokenAny && len(rest) == 2 && rest[1].kind == tokenText:
		p.isAffix, p.suffix = true, rest[1].text
	}
}

// addText joins neighbouring literals, so that a search finds the longest.
func (p *pattern) addText(s string) {
	if n := len(p.tokens); n > 0 && p.tokens[n-1].kind == tokenText {
		p.tokens[n-1].text += s
		return
	}
	p.tokens = append(p.tokens, token{text: s})
}

func (p *pattern) addVariable(v variable) {
	if v.isLiteral {
		p.addText(v.fallback)
		return
	}
	p.tokens = append(p.tokens, token{kind: tokenVariable, variable: len(p.variables)})
	p.variables = append(p.variables, v)
}

// match reports whether s matches as a whole. A variable without a value
// matches nothing.
func (p *pattern) match(s string, ctx Context) bool {
	switch {
	case p.isAny:
		return true
	case p.isLiteral:
		return p.equal(p.literal, s)
	case p.isAffix:
		rest := len(s) - len(p.literal)
		return rest >= len(p.suffix) && p.equal(p.literal, s[:len(p.literal)]) && p.equal(p.suffix, s[len(s)-len(p.suffix):])
	case len(p.variables) == 0:
		return p.run(s, nil)
	}
	var space [4]string
	values := space[:0]
	for i := range p.variables {
		v, ok := p.variables[i].resolve(ctx)
		if !ok {
			return false
		}
		values = append(values, v)
	}
	return p.run(s, values)
}

func (p *pattern) run(s string, values []string) bool {
	at, next := 0, 0          // position in s, next token
	star, starAt := -1, 0     // last star, and where in s its run ends
	last := len(p.tokens) - 1 // index of the last token
	for {
		if next > last {
			if at == len(s) {
				return true
			}
		} else {
			switch t := &p.tokens[next]; t.kind {
			case tokenAny:
				if next == last {
					return true
				}
				star, starAt = next, at
				if at = p.seek(s, at, next+1, values); at < 0 {
					return false
				}
				starAt = at
				next++
				continue
			case tokenOne:
				if at < len(s) {
					_, size := utf8.DecodeRuneInString(s[at:])
					at += size
					next++
					continue
				}
			default:
				if text := t.value(values); p.hasPrefix(s[at:], text) {
					at += len(text)
					next++
					continue
				}
			}
		}
		// A mismatch: let the last star take one character more, and search on.
		if star < 0 || starAt >= len(s) {
			return false
		}
		_, size := utf8.DecodeRuneInString(s[starAt:])
		if at = p.seek(s, starAt+size, star+1, values); at < 0 {
			return false
		}
		starAt, next = at, star+1
	}
}

// seek gives the first place at or after from where the token after a star can
// match, or -1. A literal at the very end can only match at the end.
func (p *pattern) seek(s string, from, next int, values []string) int {
	if from > len(s) {
		return -1
	}
	t := &p.tokens[next]
	if t.kind == tokenOne {
		return from
	}
	text := t.value(values)
	if next == len(p.tokens)-1 {
		if end := len(s) - len(text); end >= from && p.equal(text, s[end:]) {
			return end
		}
		return -1
	}
	i := p.index(s[from:], text)
	if i < 0 {
		return -1
	}
	return from + i
}

func (t *token) value(values []string) string {
	if t.kind == tokenVariable {
		return values[t.variable]
	}
	return t.text
}

// equal compares a piece of the pattern with a piece of the subject.
func (p *pattern) equal(text, s string) bool {
	if p.fold {
		return sameFold(text, s)
	}
	return text == s
}

func (p *pattern) hasPrefix(s, text string) bool {
	return len(s) >= len(text) && p.equal(text, s[:len(text)])
}

func (p *pattern) index(s, text string) int {
	if !p.fold {
		return strings.Index(s, text)
	}
	for i := 0; i+len(text) <= len(s); i++ {
		if p.hasPrefix(s[i:], text) {
			return i
		}
	}
	return -1
}
