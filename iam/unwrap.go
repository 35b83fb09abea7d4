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

	src, text []byte
	places    []writ.Position
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
	plain := Wrapped{src: src, text: src}
	if len(src) > MaxDocumentSize {
		return plain // Parse refuses it
	}
	first := bytes.TrimLeft(src, " \t\r\n")
	start := len(src) - len(first)
	switch {
	case hasEscapedBrace(first):
		return unwrapText(src, urlDecode(raw(src, start, len(src))))
	case len(first) > 0 && first[0] == '"':
		return unwrapString(src, start, len(bytes.TrimRight(src, " \t\r\n")))
	}
	if _, _, ok := find(src, "Statement"); ok {
		return plain
	}
	for _, w := range wrappings {
		from, to, ok := find(src, w.path...)
		if !ok || src[from] != '{' && src[from] != '"' {
			continue
		}
		out := Wrapped{src: src}
		if src[from] == '{' {
			out.text = blank(src, from, to)
		} else {
			out = unwrapString(src, from, to)
		}
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

// IsWrapped reports whether the document stood in something else.
func (w Wrapped) IsWrapped() bool { return len(w.text) != len(w.src) || !bytes.Equal(w.text, w.src) }

// Parse is [Parse]; the places in the document and in errors are those in what
// was unwrapped.
func (w Wrapped) Parse() (*Document, error) {
	if len(w.src) > MaxDocumentSize || !w.IsWrapped() {
		return Parse(w.src)
	}
	p := parser{scanner{src: w.text, line: 1, places: w.places}}
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

// blank keeps a part of src where it stands and takes away all else but the
// ends of lines, so that every place stays as it was.
func blank(src []byte, from, to int) []byte {
	out := make([]byte, 0, len(src))
	for i := 0; i < from; {
		r, size := utf8.DecodeRune(src[i:])
		if r == '\n' {
			out = append(out, '\n')
		} else {
			out = append(out, ' ') // one column each
		}
		i += size
	}
	return append(out, src[from:to]...)
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

// unwrapString takes the document out of a string of JSON.
func unwrapString(src []byte, from, to int) Wrapped {
	l := located{}
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
				return Wrapped{src: src, text: src} // no string: Parse says so
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
	return unwrapText(src, l)
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

// unwrapText gives every byte of a decoded text its place in the source.
func unwrapText(src []byte, l located) Wrapped {
	w := Wrapped{src: src, text: l.text, places: make([]writ.Position, 0, len(l.from))}
	at, place := 0, writ.Position{Line: 1, Col: 1}
	for _, from := range l.from {
		for at < from && at < len(src) {
			r, size := utf8.DecodeRune(src[at:])
			if at += size; r == '\n' {
				place = writ.Position{Line: place.Line + 1, Col: 1}
			} else {
				place.Col++
			}
		}
		w.places = append(w.places, place)
	}
	return w
}
