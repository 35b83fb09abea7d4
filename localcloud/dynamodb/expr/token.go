package expr

import (
	"fmt"
	"strings"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

type kind byte

const (
	tokenEnd    kind = iota
	tokenWord        // an attribute name, function name or keyword
	tokenName        // #name
	tokenValue       // :value
	tokenIndex       // digits
	tokenSymbol      // ( ) [ ] , . = <> < <= > >= + -
	tokenBad         // anything else
)

type token struct {
	kind       kind
	text       string
	start, end int
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }
func word(c byte) bool   { return letter(c) || digit(c) || c == '_' }

// tokenize cuts an expression into its tokens; the last is tokenEnd.
func tokenize(s string) []token {
	tokens := make([]token, 0, len(s)/3+2)
	for i := 0; i < len(s); {
		c := s[i]
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			i++
			continue
		}
		t := token{start: i}
		end := i + 1
		switch {
		case letter(c):
			t.kind = tokenWord
			end = run(s, end, word)
		case digit(c):
			t.kind = tokenIndex
			end = run(s, end, digit)
		case c == '#' || c == ':':
			t.kind = tokenName
			if c == ':' {
				t.kind = tokenValue
			}
			if end = run(s, end, word); end == i+1 {
				t.kind = tokenBad
			}
		case strings.HasPrefix(s[i:], "<>"), strings.HasPrefix(s[i:], "<="), strings.HasPrefix(s[i:], ">="):
			t.kind, end = tokenSymbol, i+2
		case strings.IndexByte("()[],.=<>+-", c) >= 0:
			t.kind = tokenSymbol
		default:
			t.kind = tokenBad
			for end < len(s) && s[end]&0xC0 == 0x80 { // the rest of a UTF-8 character
				end++
			}
		}
		t.text, t.end = s[i:end], end
		tokens = append(tokens, t)
		i = end
	}
	return append(tokens, token{kind: tokenEnd, text: "<EOF>", start: len(s), end: len(s)})
}

func run(s string, i int, in func(byte) bool) int {
	for i < len(s) && in(s[i]) {
		i++
	}
	return i
}

// parser is one reading of one expression.
type parser struct {
	source string
	tokens []token
	at     int
	scope  *Scope
	found  findings
	// operators counts comparators and functions.
	operators int
	// keywords cannot be attribute names here.
	keywords []string
	failed   error
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

// symbol reads text if it comes next.
func (p *parser) symbol(text string) bool {
	if t := p.peek(); t.kind == tokenSymbol && t.text == text {
		p.at++
		return true
	}
	return false
}

// keyword reads word, in any case, if it comes next.
func (p *parser) keyword(word string) bool {
	if t := p.peek(); t.kind == tokenWord && strings.EqualFold(t.text, word) {
		p.at++
		return true
	}
	return false
}

func (p *parser) isKeyword(t token) bool {
	if t.kind != tokenWord {
		return false
	}
	for _, k := range p.keywords {
		if strings.EqualFold(k, t.text) {
			return true
		}
	}
	return false
}

// fail notes the first syntax error: the token that comes next, with its neighbours.
func (p *parser) fail() {
	if p.failed != nil {
		return
	}
	t := p.peek()
	near := t.text
	from, to := t.start, t.end
	if p.at > 0 {
		from = p.tokens[p.at-1].start
	}
	if t.kind == tokenEnd && p.at > 0 {
		to = p.tokens[p.at-1].end
	} else if p.at+1 < len(p.tokens) {
		to = max(to, p.tokens[p.at+1].end)
	}
	if from < to {
		near = p.source[from:to]
	}
	p.failed = item.Error(fmt.Sprintf("Syntax error; token: %q, near: %q", quoted(t.text), quoted(near)))
}

// quoted is text that %q leaves as it is but for the quotes.
type quoted string

// Format writes the text between plain quotation marks.
func (q quoted) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, `"`+string(q)+`"`) }

// expect reads the symbol or fails.
func (p *parser) expect(text string) bool {
	if p.failed == nil && p.symbol(text) {
		return true
	}
	p.fail()
	return false
}
