package topology

import (
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// Bounds on foreign input. A topology of a thousand functions is under 200 KiB.
const (
	maxFileBytes = 1 << 20
	maxLines     = 20_000  // the YAML library's time grows with the square of a map's keys
	maxNodes     = 200_000 // after aliases are followed
	maxProblems  = 100
)

// source is one file's text, for carets and for sections kept as written.
type source struct {
	file  string
	lines []string
	// widths are the lines' lengths in characters, 0 while not counted.
	widths []int
}

func newSource(file string, text []byte) *source {
	lines := strings.Split(string(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return &source{file: file, lines: lines, widths: make([]int, len(lines))}
}

// line gives line n, counted from 1, or "" when there is none.
func (s *source) line(n int) string {
	if s == nil || n < 1 || n > len(s.lines) {
		return ""
	}
	return s.lines[n-1]
}

// at gives a position that is sure to lie within the file.
func (s *source) at(line, col int) writ.Position {
	line = max(1, min(line, len(s.lines)))
	if s.widths[line-1] == 0 {
		s.widths[line-1] = utf8.RuneCountInString(s.line(line)) + 1
	}
	col = max(1, min(col, s.widths[line-1]))
	return writ.Position{File: s.file, Line: line, Col: col}
}

// blockEnd gives the last line of the block that the key at keyLine opens:
// the lines below that stand deeper than indent spaces. A list may stand at
// the key's own indent.
func (s *source) blockEnd(keyLine, indent int, list bool) int {
	end := keyLine
	for n := keyLine + 1; n <= len(s.lines); n++ {
		line := s.line(n)
		trimmed := strings.TrimLeft(line, " \t")
		if trimmed == "" {
			continue
		}
		own := len(line) - len(trimmed)
		item := list && own == indent && (trimmed == "-" || strings.HasPrefix(trimmed, "- "))
		if own <= indent && !item {
			break
		}
		end = n
	}
	return end
}

// text gives lines first to last with up to indent leading spaces taken off.
func (s *source) text(first, last, indent int) string {
	var b strings.Builder
	for n := first; n <= last; n++ {
		line := s.line(n)
		cut := 0
		for cut < indent && cut < len(line) && line[cut] == ' ' {
			cut++
		}
		b.WriteString(line[cut:])
		b.WriteByte('\n')
	}
	return b.String()
}

// span gives the text from one position to another, both inclusive.
func (s *source) span(from, to writ.Position) string {
	var b strings.Builder
	for n := from.Line; n <= to.Line; n++ {
		line := []rune(s.line(n))
		start, end := 0, len(line)
		if n == from.Line {
			start = min(from.Col-1, end)
		}
		if n == to.Line {
			end = min(to.Col, end)
		}
		if start < end {
			b.WriteString(string(line[start:end]))
		}
		if n < to.Line {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
