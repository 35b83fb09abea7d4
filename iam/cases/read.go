package cases

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"

	"github.com/writ-dev/writ"
)

// MaxLine is the longest line that is read, in bytes.
const MaxLine = 16 << 20

// Line is one line of a file of cases.
type Line struct {
	// Number counts from 1.
	Number int
	Text   []byte
	// TooLong says that the line was over [MaxLine] and was passed over.
	TooLong bool
}

// Lines gives the lines that are not blank, each in memory of its own, as they
// are read: a file of any length takes no more than one line at a time. The
// error is the reader's, and the last pair's.
func Lines(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		in := bufio.NewReaderSize(r, 1<<16)
		for number := 1; ; number++ {
			line, err := readLine(in)
			line.Number = number
			if err != nil && !errors.Is(err, io.EOF) {
				yield(line, err)
				return
			}
			if (line.TooLong || len(bytes.TrimSpace(line.Text)) > 0) && !yield(line, nil) || err != nil {
				return
			}
		}
	}
}

// readLine reads up to the end of a line; what is over MaxLine is let go.
func readLine(in *bufio.Reader) (line Line, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if !line.TooLong {
			line.Text = append(line.Text, part...)
		}
		if len(line.Text) > MaxLine {
			line.Text, line.TooLong = nil, true
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			line.Text = bytes.TrimRight(line.Text, "\r\n")
			return line, err
		}
	}
}

// Case reads the line's case. Errors are *writ.Error with the place in file.
func (l Line) Case(file string) (*Case, error) {
	if l.TooLong {
		return nil, l.In(file, writ.Errorf(writ.CodeTooLarge, "the line is longer than %d bytes", MaxLine))
	}
	c := &Case{text: l.Text}
	if err := c.read(part{value: l.Text}); err != nil {
		return nil, l.In(file, err)
	}
	return c, nil
}

// In puts the line's place and text into an error that knows only a column.
func (l Line) In(file string, err error) error {
	var e *writ.Error
	if !errors.As(err, &e) {
		return writ.Errorf(writ.CodeInvalid, "%w", err).At(writ.Position{File: file, Line: l.Number}, "")
	}
	e.Position.File, e.Position.Line = file, l.Number
	e.Source = excerpt(l.Text, &e.Position)
	return e
}

// excerpt is the whole line when it is short. Of a long one a caret far to the
// right helps nobody: the place alone is given.
func excerpt(text []byte, p *writ.Position) string {
	const most = 160
	if len(text) <= most || p.Col == 0 {
		return string(text[:min(len(text), most)])
	}
	return ""
}
