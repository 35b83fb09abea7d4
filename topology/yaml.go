package topology

import (
	"bytes"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/tree"
)

// yamlReader reads one file and those that it includes.
type yamlReader struct {
	problems *problems
	file     string // its name for the user
	// path is where the file lies, "" when no other file may be read.
	path    string
	parents []string // the files that include this one, and itself
	bounds  *tree.Bounds
}

// readYAML parses a file's text; nil when it cannot, with the problem noted.
// With a path, !include tags are followed.
func (p *problems) readYAML(text []byte, file, path string) *node {
	r := &yamlReader{p, file, path, nil, &tree.Bounds{Bytes: maxFileBytes, Lines: maxLines, Values: maxNodes}}
	n := r.read(text)
	if n == nil {
		return nil
	}
	return p.node(n)
}

func (r *yamlReader) read(text []byte) *tree.Node {
	if len(text) <= maxFileBytes {
		text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		if strings.HasSuffix(r.file, ".json") {
			// A tab may indent JSON but not YAML; inside a JSON string it cannot stand.
			text = bytes.ReplaceAll(text, []byte("\t"), []byte(" "))
		}
		r.problems.sources[r.file] = newSource(r.file, text)
	}
	r.parents = append(slices.Clone(r.parents), r.path)
	f := tree.ReadWithin(text, writ.Position{File: r.file}, r.bounds, r.tag)
	r.problems.errs = append(r.problems.errs, f.Problems()...)
	return f.Root
}

// node gives what was read with where each part ends, which a list or a map shows by its indentation.
func (p *problems) node(n *tree.Node) *node {
	out := &node{
		kind: n.Kind, pos: n.Start, end: n.End, text: n.Raw, quoted: n.Quoted, flow: n.Flow, moved: n.Moved, src: p.sources[n.Start.File],
	}
	for _, e := range n.Entries {
		out.entries = append(out.entries, entry{e.Key, e.Pos, p.node(e.Value)})
	}
	for _, item := range n.Items {
		out.items = append(out.items, p.node(item))
	}
	switch {
	case n.Flow:
	case n.Kind == mapNode:
		out.end = out.src.at(out.src.blockEnd(out.pos.Line, out.pos.Col-2, false), 1)
	case n.Kind == listNode:
		out.end = out.src.at(out.src.blockEnd(out.pos.Line, out.pos.Col-1, true), 1)
	}
	return out
}
