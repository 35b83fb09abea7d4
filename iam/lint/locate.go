package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// place is where a value of a JSON text starts.
type place struct {
	at     int
	key    int // where the key starts, for a member of an object
	fields map[string]*place
	items  []*place
}

// locate finds all places of a JSON text; nil when it is not well formed.
func locate(src []byte) *place {
	if len(src) == 0 || !json.Valid(src) {
		return nil
	}
	w := walker{src: src}
	return w.value()
}

// walker goes through JSON text that is known to be well formed.
type walker struct {
	src []byte
	at  int
}

func (w *walker) peek() byte {
	for w.at < len(w.src) && strings.IndexByte(" \t\r\n,:", w.src[w.at]) >= 0 {
		w.at++
	}
	if w.at == len(w.src) {
		return 0
	}
	return w.src[w.at]
}

func (w *walker) value() *place {
	switch w.peek() {
	case '{':
		p := &place{at: w.at, fields: map[string]*place{}}
		for w.at++; w.peek() != '}'; {
			w.peek()
			at := w.at
			key := w.text()
			p.fields[key] = w.value()
			p.fields[key].key = at
		}
		w.at++
		return p
	case '[':
		p := &place{at: w.at}
		for w.at++; w.peek() != ']'; {
			p.items = append(p.items, w.value())
		}
		w.at++
		return p
	case '"':
		p := &place{at: w.at}
		w.text()
		return p
	}
	p := &place{at: w.at}
	for w.at < len(w.src) && strings.IndexByte(" \t\r\n,]}", w.src[w.at]) < 0 {
		w.at++
	}
	return p
}

// text reads a string.
func (w *walker) text() string {
	w.peek()
	start := w.at
	for w.at++; w.src[w.at] != '"'; w.at++ {
		if w.src[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
	var s string
	_ = json.Unmarshal(w.src[start:w.at], &s) // it is well formed
	return s
}

// find gives the place at a path, or of its nearest ancestor. A single value
// may stand where a list of one could.
func (p *place) find(path []string) *place {
	for _, step := range path {
		next := p.fields[step]
		if i, err := strconv.Atoi(step); err == nil && p.items != nil && i < len(p.items) {
			next = p.items[i]
		}
		if next == nil && step != "0" {
			return p
		}
		if next != nil {
			p = next
		}
	}
	return p
}

// maxLine is how much of a line is looked at: more than the largest policy that
// AWS takes. Beyond it columns count bytes, and the text is not kept.
const maxLine = 32 << 10

// place gives the place of a value of the document, and its line.
func (p *policy) place(path []string) (writ.Position, string) {
	if p.Place != nil {
		return p.Place(path...)
	}
	if p.places == nil {
		return writ.Position{File: p.File}, ""
	}
	found := p.places.find(path)
	at := found.at
	if len(path) == 5 && path[2] == "Condition" && found.key > 0 {
		at = found.key
	}
	n, exact := slices.BinarySearch(p.lines, at)
	if !exact {
		n--
	}
	col := at - p.lines[n]
	if col <= maxLine {
		col = utf8.RuneCount(p.Source[p.lines[n]:at])
	}
	return writ.Position{File: p.File, Line: n + 1, Col: 1 + col}, p.line(n + 1)
}

func lineStarts(src []byte) []int {
	starts := []int{0}
	for i, b := range src {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// line gives the text of a line of the document's source. The findings of a
// line share it: a document may be one long line.
func (p *policy) line(n int) string {
	if n < 1 || n > len(p.lines) {
		return ""
	}
	if text, ok := p.texts[n]; ok {
		return text
	}
	line := p.Source[p.lines[n-1]:]
	line = line[:min(len(line), maxLine)]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	if p.texts == nil {
		p.texts = map[int]string{}
	}
	p.texts[n] = strings.TrimSuffix(string(line), "\r")
	return p.texts[n]
}

func asError(err error) (*writ.Error, bool) {
	var e *writ.Error
	return e, errors.As(err, &e)
}
