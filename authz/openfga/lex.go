package openfga

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// word is a token: a name, or one sign of  : , [ ] ( ) # * < > {  Its text is
// empty at the end of the file.
type word struct {
	text string
	at   writ.Position
	off  int
	// first says that it is the first of its line.
	first bool
}

func (w word) isName() bool {
	r, _ := utf8.DecodeRuneInString(w.text)
	return w.text != "" && nameRune(r)
}

func nameRune(r rune) bool {
	return r == '_' || r == '-' || r == '.' || r == '/' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// lexer cuts a text into words. A hash sign after white space begins a comment,
// since in `group#member` it does not.
type lexer struct {
	file      string
	text      string
	off       int
	line, col int
	first     bool
}

// next gives the next word.
func (l *lexer) next() (word, error) {
	l.space()
	w := word{at: l.position(), off: l.off, first: l.first}
	if l.off == len(l.text) {
		return w, nil
	}
	r, size := utf8.DecodeRuneInString(l.text[l.off:])
	switch {
	case nameRune(r):
		end := l.off
		for end < len(l.text) {
			r, size := utf8.DecodeRuneInString(l.text[end:])
			if !nameRune(r) {
				break
			}
			end += size
		}
		w.text = l.text[l.off:end]
	case strings.ContainsRune(":,[]()#*<>{}", r):
		w.text = l.text[l.off : l.off+size]
	default:
		e := writ.Errorf(writ.CodeInvalid, "%q cannot stand in a model", r)
		if strings.HasPrefix(l.text[l.off:], "$expression") {
			_ = e.WithHint("conditions that come with each tuple, an experiment of OpenFGA's, are not read: write the condition into the model and name it here")
		}
		return w, e
	}
	l.advance(len(w.text))
	l.first = false
	return w, nil
}

func (l *lexer) position() writ.Position {
	return writ.Position{File: l.file, Line: l.line, Col: l.col}
}

// space passes over white space and comments.
func (l *lexer) space() {
	for l.off < len(l.text) {
		switch c := l.text[l.off]; {
		case c == '\n', c == ' ', c == '\t', c == '\r':
			l.advance(1)
		case c == '#' && (l.off == 0 || strings.IndexByte(" \t\n", l.text[l.off-1]) >= 0):
			if end := strings.IndexByte(l.text[l.off:], '\n'); end >= 0 {
				l.advance(end)
			} else {
				l.advance(len(l.text) - l.off)
			}
		default:
			return
		}
	}
}

// advance passes over n bytes and keeps line and column.
func (l *lexer) advance(n int) {
	for _, r := range l.text[l.off : l.off+n] {
		if r == '\n' {
			l.line, l.col, l.first = l.line+1, 1, true
		} else {
			l.col++
		}
	}
	l.off += n
}

// body gives the text up to the brace that closes a condition, whose opening
// brace was just read. Braces in strings and in CEL's comments do not count.
func (l *lexer) body() (string, bool) {
	start, depth := l.off, 1
	for i := l.off; i < len(l.text); i++ {
		switch c := l.text[i]; c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				text := l.text[start:i]
				l.advance(i + 1 - start)
				return text, true
			}
		case '"', '\'':
			i = endOfString(l.text, i, c)
		case '/':
			if strings.HasPrefix(l.text[i:], "//") {
				for i < len(l.text) && l.text[i] != '\n' {
					i++
				}
			}
		}
	}
	return "", false
}

// endOfString gives the place of the quote that closes the string that begins at i, or the end of the text.
func endOfString(text string, i int, quote byte) int {
	for i++; i < len(text) && text[i] != quote; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}
