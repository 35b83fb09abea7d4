package topology

import (
	"encoding/json"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/tree"
)

const (
	nullNode   = tree.Null
	scalarNode = tree.Scalar
	mapNode    = tree.Map
	listNode   = tree.List
)

// node is one value of the file with aliases followed, merge keys applied and
// included files read.
type node struct {
	kind tree.Kind
	// pos is where the value starts, end where its last line or bracket is.
	pos, end writ.Position
	text     string // of a scalar
	quoted   bool
	flow     bool // {...} or [...]
	// moved says that the text at pos is not all of the value: an alias, a
	// merge key or an included file has a part in it.
	moved   bool
	entries []entry
	items   []*node
	src     *source
}

// entry is one key of a map.
type entry struct {
	key   string
	pos   writ.Position
	value *node
}

// null reports whether the node is missing or empty.
func (n *node) null() bool { return n == nil || n.kind == nullNode }

// get gives the value of a key, or nil.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for _, e := range n.entries {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// walk calls f on n and all below it.
func (n *node) walk(f func(*node)) {
	if n == nil {
		return
	}
	f(n)
	for _, e := range n.entries {
		e.value.walk(f)
	}
	for _, item := range n.items {
		item.walk(f)
	}
}

// yaml gives the value's text: as written when it stands in one place, else
// rendered in flow style.
func (n *node) yaml() string {
	moved := false
	n.walk(func(m *node) { moved = moved || m.moved })
	switch {
	case n.null():
		return ""
	case moved || n.kind == scalarNode:
		var b strings.Builder
		n.render(&b)
		return b.String() + "\n"
	case n.flow:
		return n.src.span(n.pos, n.end) + "\n"
	}
	return n.src.text(n.pos.Line, n.end.Line, n.pos.Col-1)
}

// render writes the value in flow style.
func (n *node) render(b *strings.Builder) {
	switch n.kind {
	case nullNode:
		b.WriteString("null")
	case scalarNode:
		if n.quoted || strings.ContainsAny(n.text, "\n\"'#:{}[],&*!|>%@`\\") || n.text == "" || strings.TrimSpace(n.text) != n.text {
			quoted, err := json.Marshal(n.text)
			if err != nil { // cannot be: a string always marshals
				quoted = []byte(`""`)
			}
			b.Write(quoted)
			return
		}
		b.WriteString(n.text)
	case mapNode:
		b.WriteByte('{')
		for i, e := range n.entries {
			if i > 0 {
				b.WriteString(", ")
			}
			(&node{kind: scalarNode, text: e.key}).render(b)
			b.WriteString(": ")
			e.value.render(b)
		}
		b.WriteByte('}')
	case listNode:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteString(", ")
			}
			item.render(b)
		}
		b.WriteByte(']')
	}
}
