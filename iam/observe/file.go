package observe

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// FileName is what a record is called in the directory that keeps it.
const FileName = "observed.jsonl"

// format names the form of the file and its version.
const format = "writ observed access 1"

// What Read takes: more is not a record that [Write] made.
const (
	maxLine = 64 << 10
	maxRows = 1_000_000
)

// header is the first line of the file.
type header struct {
	Format  string    `json:"format"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Seconds int64     `json:"seconds"`
	Dropped int64     `json:"dropped,omitempty"`
}

// Write writes a record as lines of JSON: a header, then one row a line, in
// order of caller, action and resource.
func Write(w io.Writer, r *Record) error {
	buffered := bufio.NewWriter(w)
	e := json.NewEncoder(buffered)
	e.SetEscapeHTML(false)
	if err := e.Encode(header{format, r.Since.UTC(), r.Until.UTC(), int64(r.Watched / time.Second), r.Dropped}); err != nil {
		return err
	}
	for _, o := range r.Rows {
		o.First, o.Last = o.First.UTC(), o.Last.UTC()
		if err := e.Encode(o); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// Read reads a record. file is its name for errors, which are *writ.Error with
// the line.
func Read(r io.Reader, file string) (*Record, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	out, number := &Record{}, 0
	for lines.Scan() {
		number++
		at := writ.Position{File: file, Line: number}
		if number > maxRows {
			return nil, writ.Errorf(writ.CodeTooLarge, "the record has more than %d rows", maxRows).At(at, "")
		}
		if number == 1 {
			if err := out.readHeader(lines.Bytes()); err != nil {
				return nil, writ.Errorf(writ.CodeInvalid, "this is no record of observed access: %w", err).At(at, "")
			}
			continue
		}
		var o Observation
		err := strict(lines.Bytes(), &o)
		if err == nil {
			err = o.check()
		}
		if err != nil {
			return nil, writ.Errorf(writ.CodeInvalid, "the row cannot be read: %w", err).At(at, "")
		}
		out.Rows = append(out.Rows, o)
	}
	at := writ.Position{File: file, Line: number + 1}
	if err := lines.Err(); err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the record cannot be read: %w", err).At(at, "")
	}
	if number == 0 {
		return nil, writ.Errorf(writ.CodeInvalid, "the record is empty").At(at, "")
	}
	return out, nil
}

func (r *Record) readHeader(line []byte) error {
	var h header
	if err := strict(line, &h); err != nil {
		return err
	}
	if h.Format != format {
		return errors.New("its format is not " + format)
	}
	if h.Seconds < 0 || h.Seconds > int64(time.Duration(1<<63-1)/time.Second) || h.Dropped < 0 {
		return errors.New("a number is out of range")
	}
	r.Since, r.Until, r.Watched, r.Dropped = h.Since, h.Until, time.Duration(h.Seconds)*time.Second, h.Dropped
	return nil
}

// strict decodes one value and takes no key that it does not know.
func strict(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one value in the line")
	}
	return nil
}

// check finds what a recorder does not write.
func (o *Observation) check() error {
	service, name, _ := strings.Cut(o.Action, ":")
	switch {
	case (o.Role == "") == (o.Principal == ""):
		return errors.New("it needs a role or a principal")
	case service == "" || name == "" || strings.ContainsAny(o.Action, "*? \t"):
		return errors.New("its action is not of the form service:Name")
	case (o.Resource == "") != (o.Extent == ExtentAny):
		return errors.New("its resource does not fit its extent")
	case o.Extent != ExtentMinted && o.Extent != extents[rank(o.Extent)]:
		return errors.New("its extent is not known")
	case (o.Extent == ExtentPrefix || o.Extent == ExtentMinted) && !strings.HasSuffix(o.Resource, "*"):
		return errors.New(`a prefix ends in "*"`)
	case o.Verdict != iam.Allowed && o.Verdict != iam.ImplicitlyDenied && o.Verdict != iam.ExplicitlyDenied:
		return errors.New("its verdict is not known")
	case o.Count < 1 || o.Count > 1<<53:
		return errors.New("its count is out of range")
	case o.Last.Before(o.First):
		return errors.New("it was last seen before it was first seen")
	}
	return nil
}
