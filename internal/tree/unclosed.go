package tree

import (
	"strings"

	"github.com/writ-dev/writ"
)

// unclosed finds the bracket or quote that is opened and not closed, "" when all
// are. The YAML library notices such a one only where the text makes no sense to
// it any more, which may be many lines below.
//
// It reads less than YAML: it knows comments, quotes, brackets and blocks of text.
func (f *File) unclosed() (at writ.Position, what string) {
	b := brackets{f: f}
	for n := range f.lines {
		if b.line(n + 1); b.what != "" {
			return b.at, b.what
		}
	}
	switch {
	case b.quote != 0:
		return b.quoteAt, "quote " + string(b.quote)
	case len(b.open) > 0:
		return b.open[0].at, "bracket " + string(b.open[0].char)
	}
	return writ.Position{}, ""
}

func before(a, b writ.Position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Col <= b.Col
}

type opened struct {
	char rune
	at   writ.Position
}

// brackets is the state of the search between two lines.
type brackets struct {
	f       *File
	open    []opened
	quote   rune // 0 outside of quotes
	quoteAt writ.Position
	// text is the indent of the line that opened a block of text with | or >,
	// less one inside of none.
	text   int
	inText bool

	at   writ.Position
	what string
}

func (b *brackets) line(n int) {
	line := b.f.lines[n-1]
	indent := len(line) - len(strings.TrimLeft(line, " "))
	if b.inText && b.quote == 0 {
		if strings.TrimSpace(line) == "" || indent > b.text {
			return
		}
		b.inText = false
	}
	if b.quote != 0 && b.startsAnew(line) {
		b.at, b.what = b.quoteAt, "quote "+string(b.quote)
		return
	}
	runes := []rune(line)
	last := rune(0) // the last character that is no space, 0 at the start of the line
	spaced := true  // whether a space, or the start of the line, is before this one
	for i := 0; i < len(runes) && b.what == ""; i++ {
		c := runes[i]
		if b.quote != 0 {
			i += b.inQuote(runes, i, n)
			last, spaced = c, false
			continue
		}
		if c == '#' && spaced {
			break
		}
		b.character(c, last, spaced, n, i+1)
		if c != ' ' && c != '\t' {
			last = c
		}
		spaced = c == ' ' || c == '\t'
	}
	trimmed := strings.TrimRight(strings.TrimRight(line, " +-0123456789"), " ")
	if len(b.open) == 0 && b.quote == 0 && (strings.HasSuffix(trimmed, ": |") || strings.HasSuffix(trimmed, ": >") || trimmed == "- |") {
		b.inText, b.text = true, indent
	}
}

// startsAnew reports whether a line that lies in a quote reads like a key of the
// file: the text of a quote seldom goes on at the first column.
func (b *brackets) startsAnew(line string) bool {
	key, _, ok := strings.Cut(line, ":")
	return ok && key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// inQuote looks at one character in a quote and gives how many more it took.
func (b *brackets) inQuote(runes []rune, i, line int) int {
	switch {
	case b.quote == '"' && runes[i] == '\\':
		return 1
	case runes[i] != b.quote:
		return 0
	case b.quote == '\'' && i+1 < len(runes) && runes[i+1] == '\'':
		return 1
	}
	if more := i + 1; line > b.quoteAt.Line && more < len(runes) && !strings.ContainsRune(" \t,]}:", runes[more]) {
		b.at, b.what = b.quoteAt, "quote "+string(b.quote) // this one opens another text
	}
	b.quote = 0
	return 0
}

var closing = map[rune]rune{'{': '}', '[': ']'}

// character looks at one character outside of quotes and comments. A bracket or
// a quote opens something only where a value starts.
func (b *brackets) character(c, last rune, spaced bool, line, col int) {
	starts := last == 0 || spaced && strings.ContainsRune(":-?", last) || len(b.open) > 0 && strings.ContainsRune("{[,:", last)
	switch c {
	case '{', '[':
		if starts || len(b.open) > 0 { // within brackets a text cannot hold one
			b.open = append(b.open, opened{c, b.f.at(line, col)})
		}
	case '"', '\'':
		if starts {
			b.quote, b.quoteAt = c, b.f.at(line, col)
		}
	case '}', ']':
		if len(b.open) == 0 {
			return
		}
		top := b.open[len(b.open)-1]
		if closing[top.char] != c {
			b.at, b.what = top.at, "bracket "+string(top.char)
			return
		}
		b.open = b.open[:len(b.open)-1]
	}
}
