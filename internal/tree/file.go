package tree

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

const (
	maxDepth    = 100
	maxProblems = 50
)

// Bounds limit what is read. Files that are read within the same bounds have their values counted together.
type Bounds struct {
	Bytes, Lines int
	Values       int // after aliases are followed
	read         int // values so far
}

// usual are the bounds of a file that holds many facts.
func usual() *Bounds { return &Bounds{Bytes: 4 << 20, Lines: 50_000, Values: 500_000} }

// Tag gives what a value with a tag such as !include stands for; at is the place of the tag.
type Tag func(name string, value *Node, at writ.Position) *Node

// File is a file, or a part of one, that is being read.
type File struct {
	Name  string
	Root  *Node
	lines []string
	// widths are the lines' lengths in characters and one, 0 while not counted.
	widths []int
	// start is where the text begins in the user's file; its lines are indented that far.
	start writ.Position
	errs  []*writ.Error
}

// Read parses text that begins at a place of the user's file: {File: name, Line: 1, Col: 1} for a
// whole file, else where the section's text stands, with the indentation of its first line
// taken off every line. The file is given with its problems when it cannot be read; see [File.Err].
func Read(text []byte, at writ.Position) *File { return ReadWithin(text, at, usual(), nil) }

// ReadWithin reads within other bounds than the usual ones. Without a tag function a tag is a problem.
func ReadWithin(text []byte, at writ.Position, b *Bounds, tag Tag) *File {
	at.Line, at.Col = max(at.Line, 1), max(at.Col, 1)
	f := &File{Name: at.File, start: at}
	s := strings.TrimPrefix(string(text), "\xef\xbb\xbf")
	if len(s) > b.Bytes {
		f.Problem(writ.Position{File: f.Name}, "the file is larger than %d MiB", b.Bytes>>20).Code = writ.CodeTooLarge
		return f
	}
	f.lines = strings.Split(s, "\n")
	f.widths = make([]int, len(f.lines))
	for i := range f.lines {
		f.lines[i] = strings.TrimSuffix(f.lines[i], "\r")
		if !utf8.ValidString(f.lines[i]) {
			f.Problem(f.at(i+1, 1), "the file is not UTF-8 text")
			return f
		}
	}
	switch line, deep := tooDeep(f.lines); {
	case len(f.lines) > b.Lines:
		f.Problem(f.at(b.Lines, 1), "the file has more than %d lines", b.Lines).Code = writ.CodeTooLarge
	case deep:
		f.Problem(f.at(line, 1), "the file nests deeper than %d levels", maxDepth)
	default:
		f.parse(s, b, tag)
	}
	return f
}

// at gives a place of the user's file from one of the text, which is sure to lie within it.
func (f *File) at(line, col int) writ.Position {
	line = max(1, min(line, len(f.lines)))
	if f.widths[line-1] == 0 {
		f.widths[line-1] = utf8.RuneCountInString(f.lines[line-1]) + 1
	}
	col = max(1, min(col, f.widths[line-1]))
	return writ.Position{File: f.Name, Line: f.start.Line + line - 1, Col: f.start.Col + col - 1}
}

// Start is where the text begins.
func (f *File) Start() writ.Position { return f.start }

// Line gives the text of the line at a place, as it is in the user's file.
func (f *File) Line(at writ.Position) string {
	n := at.Line - f.start.Line
	if at.File != f.Name || n < 0 || n >= len(f.lines) {
		return ""
	}
	return strings.Repeat(" ", f.start.Col-1) + f.lines[n]
}

// Problem notes what is wrong at a place.
func (f *File) Problem(at writ.Position, format string, args ...any) *writ.Error {
	e := writ.Errorf(writ.CodeInvalid, format, args...)
	e.Position = at
	f.errs = append(f.errs, e)
	return e
}

// Add notes an error that another part found; joined ones one by one.
func (f *File) Add(err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			f.Add(e)
		}
		return
	}
	var e *writ.Error
	if !errors.As(err, &e) {
		e = writ.Errorf(writ.CodeInvalid, "%w", err)
	}
	f.errs = append(f.errs, e)
}

// Problems gives what is wrong so far.
func (f *File) Problems() []*writ.Error { return f.errs }

// Failed reports whether there is a problem.
func (f *File) Failed() bool { return len(f.errs) > 0 }

// Err gives what is wrong, in the order of the file, each with its line; nil when nothing is.
func (f *File) Err() error {
	if len(f.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(f.errs, func(a, b *writ.Error) int {
		if a.Position.Line != b.Position.Line {
			return a.Position.Line - b.Position.Line
		}
		return a.Position.Col - b.Position.Col
	})
	var all []error
	seen := map[string]bool{}
	for _, e := range f.errs {
		e.Position = f.within(e.Position)
		if seen[e.Error()] {
			continue
		}
		seen[e.Error()] = true
		if len(all) == maxProblems {
			all = append(all, writ.Errorf(writ.CodeInvalid, "more than %d problems; the rest are left out", maxProblems))
			break
		}
		if e.Source == "" {
			e.Source = f.Line(e.Position)
		}
		all = append(all, e)
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}

// within brings a place in a value into the file: text that goes on over several lines is one line to who reads it.
func (f *File) within(at writ.Position) writ.Position {
	if at.File != f.Name || at.Line == 0 || len(f.lines) == 0 {
		return at
	}
	return f.at(at.Line-f.start.Line+1, at.Col-f.start.Col+1)
}

// Suggest hints at the candidate that was likely meant, else lists what there is.
func (f *File) Suggest(e *writ.Error, word string, candidates []string, others string) {
	const most = 40
	if len(word) <= 100 && len(candidates) <= 2000 {
		if near := writ.Nearest(word, candidates); near != "" {
			e.Hint = "did you mean " + near + "?"
			return
		}
	}
	if len(candidates) > 0 && len(candidates) <= most {
		e.Hint = others + strings.Join(candidates, ", ")
	}
}

// tooDeep finds a place where brackets or list dashes nest beyond any real file. The YAML parser
// recurses once per level, so this runs before it.
func tooDeep(lines []string) (line int, found bool) {
	open := 0
	for i, l := range lines {
		for _, c := range []byte(l) {
			switch c {
			case '[', '{':
				open++
			case ']', '}':
				open = max(0, open-1)
			}
		}
		marks := 0
		for _, word := range strings.Fields(l) {
			if len(word) == 1 && strings.Contains("-?:", word) || word[0] == '!' || word[0] == '&' {
				marks++
			}
		}
		if open > maxDepth || marks > maxDepth {
			return i + 1, true
		}
	}
	return 0, false
}
