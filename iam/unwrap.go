package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// Wrapped is a policy document inside of something else: what the AWS CLI
// prints, or the URL-encoded text of IAM's API.
type Wrapped struct {
	// Type is the kind of policy, where the wrapping tells it: a role's trust
	// policy, a bucket's own. It is "" where it does not.
	Type PolicyType
	// Name is the policy's, role's or user's name, "" where it is not told.
	Name string

	src []byte
	// The document is src[from:to], or in text if it had to be decoded; places
	// are those of its bytes then.
	from, to int
	at       writ.Position // of from
	text     []byte
	places   []writ.Position
}

// wrappings are the places of documents in the output of the AWS CLI (AWS CLI
// Command Reference: iam get-role-policy, get-user-policy, get-group-policy,
// get-policy-version, get-role; s3api get-bucket-policy, lambda get-policy, kms
// get-key-policy; sqs get-queue-attributes, sns get-topic-attributes;
// secretsmanager and dynamodb get-resource-policy; organizations describe-policy).
var wrappings = []struct {
	path, name []string
	kind       PolicyType
}{
	{[]string{"PolicyDocument"}, []string{"PolicyName"}, ""},
	{[]string{"PolicyVersion", "Document"}, nil, ""},
	{[]string{"Role", "AssumeRolePolicyDocument"}, []string{"Role", "RoleName"}, TypeTrust},
	{[]string{"AssumeRolePolicyDocument"}, []string{"RoleName"}, TypeTrust},
	{[]string{"Policy", "Content"}, []string{"Policy", "PolicySummary", "Name"}, ""},
	{[]string{"Policy"}, nil, ""},
	{[]string{"Attributes", "Policy"}, nil, TypeResource},
	{[]string{"ResourcePolicy"}, []string{"Name"}, TypeResource},
	{[]string{"Document"}, nil, ""},
}

// Unwrap finds the policy document in what the AWS CLI prints, written as an
// object, as a string of JSON or URL-encoded. Anything else is taken for the
// document itself.
func Unwrap(src []byte) Wrapped {
	plain := Wrapped{src: src, to: len(src), at: writ.Position{Line: 1, Col: 1}}
	if len(src) > MaxDocumentSize {
		return plain // Parse refuses it
	}
	first := bytes.TrimLeft(src, " \t\r\n")
	start := len(src) - len(first)
	switch {
	case hasEscapedBrace(first):
		plain.decoded(urlDecode(raw(src, start, len(src))))
		return plain
	case len(first) > 0 && first[0] == '"':
		return UnwrapAt(src, start, len(bytes.TrimRight(src, " \t\r\n")), PlaceOf(src, start, 0, plain.at))
	}
	if _, _, ok := find(src, "Statement"); ok {
		return plain
	}
	for _, w := range wrappings {
		from, to, ok := find(src, w.path...)
		if !ok || src[from] != '{' && src[from] != '"' {
			continue
		}
		out := UnwrapAt(src, from, to, PlaceOf(src, from, 0, plain.at))
		if w.name != nil {
			if from, to, ok := find(src, w.name...); ok {
				_ = json.Unmarshal(src[from:to], &out.Name) // a name that is no text is none
			}
		}
		out.Type = w.kind
		return out
	}
	return plain
}

// UnwrapAt gives the document that a part of src is: an object, or a string
// that holds one. at is the place of src[from]; see [PlaceOf].
func UnwrapAt(src []byte, from, to int, at writ.Position) Wrapped {
	w := Wrapped{src: src, from: from, to: to, at: at}
	if from < to && src[from] == '"' && to-from <= MaxDocumentSize {
		w.decodeString()
	}
	return w
}

// PlaceOf gives the line and column of src[offset], counted on from an earlier
// offset whose place is known.
func PlaceOf(src []byte, offset, earlier int, place writ.Position) writ.Position {
	for earlier < offset && earlier < len(src) {
		r, size := utf8.DecodeRune(src[earlier:])
		if earlier += size; r == '\n' {
			place.Line, place.Col = place.Line+1, 1
		} else {
			place.Col++
		}
	}
	return place
}

// IsWrapped reports whether the document stood in something else.
func (w Wrapped) IsWrapped() bool { return w.text != nil || w.from > 0 || w.to < len(w.src) }

// Parse is [Parse]; the places in the document and in errors are those in what
// was unwrapped.
func (w Wrapped) Parse() (*Document, error) {
	if !w.IsWrapped() {
		return Parse(w.src)
	}
	if size := w.to - w.from; size > MaxDocumentSize {
		return nil, tooLarge(size)
	}
	p := parser{scanner{src: w.text, line: 1, places: w.places}}
	if w.text == nil {
		p.scanner = scanner{src: w.src[:w.to], at: w.from, line: w.at.Line, lineStart: bytes.LastIndexByte(w.src[:w.from], '\n') + 1}
		p.counted, p.column = w.from, w.at.Col-1
	}
	doc, err := p.whole()
	var e *writ.Error
	if errors.As(err, &e) {
		e.Source = "" // a line of the document is not one of the file
		_ = withSource(e, w.src)
	}
	return doc, err
}

// find gives the bounds of a member of an object, by the path to it.
func find(src []byte, path ...string) (from, to int, ok bool) {
	from, to = 0, len(src)
	for _, name := range path {
		d := json.NewDecoder(bytes.NewReader(src[from:to]))
		if open, err := d.Token(); err != nil || open != json.Delim('{') {
			return 0, 0, false
		}
		found := false
		for d.More() && !found {
			key, err := d.Token()
			if err != nil {
				return 0, 0, false
			}
			var value json.RawMessage
			if err := d.Decode(&value); err != nil {
				return 0, 0, false
			}
			if found = key == name; found {
				end := from + int(d.InputOffset())
				from, to = end-len(value), end
			}
		}
		if !found {
			return 0, 0, false
		}
	}
	return from, to, true
}

// located is text with the offset in its source of every byte, and of its end.
type located struct {
	text []byte
	from []int
}

func raw(src []byte, from, to int) located {
	l := located{text: src[from:to], from: make([]int, 0, to-from+1)}
	for i := from; i <= to; i++ {
		l.from = append(l.from, i)
	}
	return l
}

// decodeString takes the document out of a string of JSON.
func (w *Wrapped) decodeString() {
	src, from, to, l := w.src, w.from, w.to, located{}
	for i := from + 1; i < to-1; {
		size := 1
		switch next := byte(0); {
		case src[i] != '\\':
			l.text = append(l.text, src[i])
		default:
			if i+1 < to {
				next = simpleEscapes[src[i+1]]
			}
			if next != 0 {
				l.text, size = append(l.text, next), 2
				break
			}
			r, n := unicodeEscape(src[i:to])
			if n == 0 {
				return // no string: Parse says so
			}
			l.text, size = utf8.AppendRune(l.text, r), n
		}
		for len(l.from) < len(l.text) {
			l.from = append(l.from, i)
		}
		i += size
	}
	l.from = append(l.from, max(to-1, 0))
	if hasEscapedBrace(bytes.TrimLeft(l.text, " \t\r\n")) {
		l = urlDecode(l)
	}
	w.decoded(l)
}

// hasEscapedBrace reports whether a text starts like a URL-encoded document.
func hasEscapedBrace(text []byte) bool {
	return len(text) >= 3 && strings.EqualFold(string(text[:3]), "%7B")
}

// urlDecode undoes RFC 3986, as IAM's API encodes documents; a sign of per cent
// that starts no escape stays.
func urlDecode(in located) located {
	out := located{}
	for i := 0; i < len(in.text); {
		c, size := in.text[i], 1
		if c == '%' && i+2 < len(in.text) {
			high, ok1 := hexDigit(in.text[i+1])
			low, ok2 := hexDigit(in.text[i+2])
			if ok1 && ok2 {
				c, size = high<<4|low, 3
			}
		}
		out.text, out.from = append(out.text, c), append(out.from, in.from[i])
		i += size
	}
	out.from = append(out.from, in.from[len(in.text)])
	return out
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case lower(c) >= 'a' && lower(c) <= 'f':
		return lower(c) - 'a' + 10, true
	}
	return 0, false
}

// decoded takes a text for the document and gives every byte its place in the source.
func (w *Wrapped) decoded(l located) {
	w.text, w.places = append([]byte{}, l.text...), make([]writ.Position, 0, len(l.from))
	at, place := w.from, w.at
	for _, from := range l.from {
		if from > at && (from >= len(w.src) || utf8.RuneStart(w.src[from])) {
			place, at = PlaceOf(w.src, from, at, place), from
		}
		w.places = append(w.places, place)
	}
}
