package topology

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/writ-dev/writ"
)

// tag follows tc's file tags; the tags of YAML itself say nothing new here.
func (c *converter) tag(n *ast.TagNode, at writ.Position, depth int) *node {
	name := n.Start.Value
	value := c.convert(n.Value, at, depth+1)
	switch {
	case name == "!include" || name == "!read" || name == "!mutations":
		return c.include(name, value, at)
	case strings.HasPrefix(name, "!!") || name == "!":
		value.quoted = value.quoted || name == "!!str"
		return value
	}
	c.problems.add(at, "unknown tag %s", name).WithHint("the tags are !include, !read and !mutations")
	return value
}

// include gives the contents of the named files, merged: tc writes several as
// "!read a.yml !read b.yml".
func (c *converter) include(tag string, value *node, at writ.Position) *node {
	out := &node{pos: at, end: at, src: c.src, moved: true}
	if c.path == "" {
		c.problems.add(at, "%s cannot be followed here: the topology was not read from a directory", tag)
		return out
	}
	for _, name := range strings.Split(value.text, " "+tag+" ") {
		name = strings.TrimSpace(name)
		path := filepath.Join(filepath.Dir(c.path), filepath.FromSlash(name))
		shown := filepath.ToSlash(filepath.Join(filepath.Dir(c.src.file), name))
		if slices.Contains(c.parents, path) {
			c.problems.add(at, "%s %s includes itself", tag, name)
			continue
		}
		text, err := readBounded(path)
		if err != nil {
			c.problems.add(at, "%s %s: %s", tag, name, plainReason(err))
			continue
		}
		if part := c.problems.readYAMLWithin(text, shown, path, c.parents, c.budget); part != nil {
			part.moved = true
			mergeDeep(out, part)
		}
	}
	out.moved = true
	return out
}

// mergeDeep adds what from has to into.
func mergeDeep(into, from *node) {
	switch {
	case into.kind == nullNode:
		at := into.pos
		*into = *from
		if into.kind == nullNode {
			into.pos = at
		}
	case into.kind == mapNode && from.kind == mapNode:
		for _, e := range from.entries {
			if have := into.get(e.key); have != nil {
				mergeDeep(have, e.value)
				continue
			}
			into.entries = append(into.entries, e)
		}
	case into.kind == listNode && from.kind == listNode:
		into.items = append(into.items, from.items...)
	}
}

// readBounded reads a file but never much more than the largest that is accepted.
func readBounded(path string) (text []byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	if info.Size() > maxFileBytes {
		return nil, errors.New("larger than 1 MiB")
	}
	return os.ReadFile(path)
}

// plainReason gives an I/O error without the path, which the message has already.
func plainReason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
