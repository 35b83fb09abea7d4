package asl

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/writ-dev/writ"
)

// Kind is the kind of a value.
type Kind int

// The kinds.
const (
	Null Kind = iota
	Scalar
	Map
	List
)

// Value is a part of a definition with its place.
type Value struct {
	Kind Kind
	// Text is a scalar's; Quoted says that it is text whatever it looks like.
	Text    string
	Quoted  bool
	Entries []Entry
	Items   []*Value
	Pos     writ.Position
}

// Entry is one key of a map.
type Entry struct {
	Key   string
	Pos   writ.Position
	Value *Value
}

// Get gives the value of a key, nil when it is missing or null.
func (v *Value) Get(key string) *Value {
	if e, ok := v.entry(key); ok {
		return e.Value
	}
	return nil
}

func (v *Value) entry(key string) (Entry, bool) {
	if v == nil {
		return Entry{}, false
	}
	for _, e := range v.Entries {
		if e.Key == key && e.Value != nil && e.Value.Kind != Null {
			return e, true
		}
	}
	return Entry{}, false
}

// text gives a scalar's text, "" for all else.
func (v *Value) text() string {
	if v == nil || v.Kind != Scalar {
		return ""
	}
	return v.Text
}

func (v *Value) isTrue() bool {
	return v != nil && v.Kind == Scalar && !v.Quoted && strings.EqualFold(v.Text, "true")
}

// expression reports whether a text is JSONata: {% … %}.
func expression(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "{%") && strings.HasSuffix(text, "%}")
}

// number is a number as JSON writes it (RFC 8259, section 6).
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// JSON gives the value as compact JSON, its keys in the order written. Plain
// true, false, null and numbers are what they look like; all else is text.
func (v *Value) JSON() string {
	var b strings.Builder
	v.write(&b)
	return b.String()
}

func (v *Value) write(b *strings.Builder) {
	if v == nil {
		b.WriteString("null")
		return
	}
	switch v.Kind {
	case Null:
		b.WriteString("null")
	case Scalar:
		b.WriteString(v.scalar())
	case Map:
		b.WriteByte('{')
		for i, e := range v.Entries {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quote(e.Key))
			b.WriteByte(':')
			e.Value.write(b)
		}
		b.WriteByte('}')
	case List:
		b.WriteByte('[')
		for i, item := range v.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			item.write(b)
		}
		b.WriteByte(']')
	}
}

func (v *Value) scalar() string {
	if !v.Quoted {
		switch lower := strings.ToLower(v.Text); {
		case lower == "true" || lower == "false":
			return lower
		case number.MatchString(v.Text):
			return v.Text
		}
	}
	return quote(v.Text)
}

// quote writes text as JSON without escaping <, > and &.
func quote(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(strings.ToValidUTF8(text, "\uFFFD")); err != nil { // cannot be: text always encodes
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}
