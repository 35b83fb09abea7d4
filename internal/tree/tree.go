// Package tree reads YAML that people write into nodes that know their place in the file, within bounds of size and
// depth, and gathers what is wrong with it, so that one run tells all of it.
package tree

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
)

// Kind sorts nodes.
type Kind int

// The kinds of nodes.
const (
	Null Kind = iota
	Scalar
	Map
	List
)

func (k Kind) String() string { return [...]string{"nothing", "a value", "a map", "a list"}[k] }

// Node is one value of the file, aliases followed and merge keys applied.
type Node struct {
	Kind Kind
	// Pos is where the value starts: behind the quote, and on the first line of the text of a block.
	Pos writ.Position
	// Text is that of a scalar. The lines of a block after its first keep their
	// indentation, so that a column in them is a column of the file.
	Text    string
	Quoted  bool
	Entries []Entry
	Items   []*Node

	// Start is where the value begins as it is written: its quote or bracket, the | of a block, the first key of a map.
	// End is its closing bracket, the last line of a block, else Start.
	Start, End writ.Position
	// Raw is the text of a scalar as YAML has it, that of a block without its indentation.
	Raw  string
	Flow bool // {...} or [...]
	// Moved says that the text at Start is not all of the value: an alias or a merge key has a part in it.
	Moved bool
}

// Entry is one key of a map.
type Entry struct {
	Key   string
	Pos   writ.Position
	Value *Node
}

// Empty reports whether the node is missing or written as nothing.
func (n *Node) Empty() bool { return n == nil || n.Kind == Null }

// Get gives the value of a key; nil when it is missing or empty.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for _, e := range n.Entries {
		if e.Key == key && !e.Value.Empty() {
			return e.Value
		}
	}
	return nil
}

// Value is what the node says as JSON has it: nil, bool, float64, string, []any, map[string]any.
func (n *Node) Value() any {
	if n.Empty() {
		return nil
	}
	switch n.Kind {
	case List:
		all := make([]any, len(n.Items))
		for i, item := range n.Items {
			all[i] = item.Value()
		}
		return all
	case Map:
		all := make(map[string]any, len(n.Entries))
		for _, e := range n.Entries {
			all[e.Key] = e.Value.Value()
		}
		return all
	}
	if n.Quoted {
		return n.Text
	}
	switch n.Text {
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	if f, err := strconv.ParseFloat(n.Text, 64); err == nil && strings.Trim(n.Text, "+-.0123456789eE") == "" && !math.IsInf(f, 0) {
		return f
	}
	return n.Text
}

// Bool reads true or false.
func (f *File) Bool(n *Node, what string) bool {
	if n.Empty() {
		return false
	}
	b, ok := n.Value().(bool)
	if !ok {
		f.Problem(n.Pos, "%s must be true or false", what)
	}
	return b
}

// String reads one value; "" when it is missing.
func (f *File) String(n *Node, what string) string {
	if n.Empty() {
		return ""
	}
	if n.Kind != Scalar {
		e := f.Problem(n.Pos, "%s must be one value, this is %s", what, n.Kind)
		if n.Kind == Map {
			e.Hint = "put a value that starts with { or holds a colon and a space in quotes"
		}
		return ""
	}
	return n.Text
}

// Strings reads one value or a list of them; the nodes, to know their places.
func (f *File) Strings(n *Node, what string) []*Node {
	switch {
	case n.Empty():
		return nil
	case n.Kind == Scalar:
		return []*Node{n}
	case n.Kind != List:
		f.Problem(n.Pos, "%s must be a value or a list of values, this is %s", what, n.Kind)
		return nil
	}
	var all []*Node
	for _, item := range n.Items {
		if item.Kind != Scalar {
			f.Problem(item.Pos, "each of %s must be one value, this is %s", what, item.Kind)
			continue
		}
		all = append(all, item)
	}
	return all
}

// Time reads a moment as RFC 3339 writes it, or a date, which is its first moment in UTC.
func (f *File) Time(n *Node, what string) time.Time {
	text := f.String(n, what)
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		t, err := time.Parse(layout, text)
		if err == nil && t.Before(time.Unix(0, 0)) { // the zero time would stand for none
			_ = f.Problem(n.Pos, "%s: %s is before 1970", what, Short(text))
			return time.Time{}
		}
		if err == nil {
			return t.UTC()
		}
	}
	_ = f.Problem(n.Pos, "%s: %q is no time", what, Short(text)).WithHint("write it as 2030-01-31T09:00:00Z, or as 2030-01-31 for the start of that day")
	return time.Time{}
}

// Object reads a map that may hold only the given keys. Unknown keys are problems; the rest counts.
func (f *File) Object(n *Node, what string, keys ...string) []Entry {
	var all []Entry
	for _, e := range f.Named(n, what) {
		known := false
		for _, k := range keys {
			known = known || k == e.Key
		}
		if !known {
			f.Suggest(f.Problem(e.Pos, "unknown key %q in %s", Short(e.Key), what), e.Key, keys, "its keys are ")
			continue
		}
		if !e.Value.Empty() {
			all = append(all, e)
		}
	}
	return all
}

// Named gives the entries of a map of names.
func (f *File) Named(n *Node, what string) []Entry {
	if n.Empty() {
		return nil
	}
	if n.Kind != Map {
		_ = f.Problem(n.Pos, "%s must be a map, this is %s", what, n.Kind).WithHint("write it as  key: value  lines, one deeper than the line above")
		return nil
	}
	return n.Entries
}

// Short cuts a foreign word to a length that a message can have.
func Short(word string) string {
	if len(word) > 80 {
		return strings.ToValidUTF8(word[:80], "") + "..."
	}
	return word
}
