package writ

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteError shows err to a person: the message, the source line with a caret
// under the place, and the hint. Joined errors are shown one after the other.
func WriteError(w io.Writer, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for i, e := range joined.Unwrap() {
			if i > 0 {
				fmt.Fprintln(w)
			}
			WriteError(w, e)
		}
		return
	}
	var e *Error
	if !errors.As(err, &e) {
		fmt.Fprintf(w, "error: %s\n", err)
		return
	}
	// err may wrap e with words of its own: the whole text, then e's details.
	fmt.Fprintf(w, "error: %s\n", err)
	WriteSource(w, e.Position, e.Source)
	if e.Hint != "" {
		fmt.Fprintf(w, "  hint: %s\n", strings.ReplaceAll(e.Hint, "\n", "\n        "))
	}
}

// WriteSource shows the text of the line at a place, with its number before it
// and a caret under its column. A long line is cut to what stands around the
// caret. Without a line number or a text it writes nothing.
func WriteSource(w io.Writer, at Position, source string) {
	if source == "" || at.Line <= 0 {
		return
	}
	number := fmt.Sprint(at.Line)
	line, col := window(strings.TrimRight(source, "\r\n"), at.Col)
	fmt.Fprintf(w, "  %s | %s\n", number, line)
	if col > 0 {
		fmt.Fprintf(w, "  %s | %s^\n", strings.Repeat(" ", len(number)), indentTo(line, col))
	}
}

// A source line longer than maxLine is shown from contextBefore characters before its caret.
const (
	maxLine       = 160
	contextBefore = 60
)

// window cuts a long line, such as a whole document without line breaks, to
// what stands around column col. It gives the column in what is left, 0 when
// the line was cut before col.
func window(line string, col int) (string, int) {
	runes := []rune(line)
	if len(runes) <= maxLine {
		return line, col
	}
	if col > len(runes)+1 {
		col = 0
	}
	start := max(0, min(col-1-contextBefore, len(runes)-maxLine))
	end := min(len(runes), start+maxLine)
	cut := string(runes[start:end])
	if end < len(runes) {
		cut += "…"
	}
	if start == 0 || col == 0 {
		return cut, col
	}
	return "…" + cut, col - start + 1
}

// indentTo gives the white space that brings a caret under column col of line,
// keeping tabs so that it lines up whatever a tab's width.
func indentTo(line string, col int) string {
	var b strings.Builder
	for i := 1; i < col && line != ""; i++ {
		r, size := utf8.DecodeRuneInString(line)
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
		line = line[size:]
	}
	return b.String()
}

// Nearest gives the candidate that is closest to word by edit distance, or ""
// when none is close enough to be a likely misspelling.
func Nearest(word string, candidates []string) string {
	best, bestDistance := "", len(word)/3+2
	for _, c := range candidates {
		if d := editDistance(strings.ToLower(word), strings.ToLower(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// editDistance is Levenshtein's, over bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
