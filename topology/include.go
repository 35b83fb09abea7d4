package topology

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/tree"
)

// tag follows tc's file tags; the tags of YAML itself say nothing new here.
func (r *yamlReader) tag(name string, value *tree.Node, at writ.Position) *tree.Node {
	switch {
	case name == "!include" || name == "!read" || name == "!mutations":
		return r.include(name, value, at)
	case !strings.HasPrefix(name, "!!") && name != "!":
		r.problems.add(at, "unknown tag %s", name).WithHint("the tags are !include, !read and !mutations")
	}
	return value
}

// include gives the contents of the named files, merged: tc writes several as
// "!read a.yml !read b.yml".
func (r *yamlReader) include(tag string, value *tree.Node, at writ.Position) *tree.Node {
	out := &tree.Node{Pos: at, Start: at, End: at}
	if r.path == "" {
		r.problems.add(at, "%s cannot be followed here: the topology was not read from a directory", tag)
		out.Moved = true
		return out
	}
	for _, name := range strings.Split(value.Raw, " "+tag+" ") {
		name = strings.TrimSpace(name)
		path := filepath.Join(filepath.Dir(r.path), filepath.FromSlash(name))
		shown := filepath.ToSlash(filepath.Join(filepath.Dir(r.file), name))
		if slices.Contains(r.parents, path) {
			r.problems.add(at, "%s %s includes itself", tag, name)
			continue
		}
		text, err := readBounded(path)
		if err != nil {
			r.problems.add(at, "%s %s: %s", tag, name, plainReason(err))
			continue
		}
		if part := (&yamlReader{r.problems, shown, path, r.parents, r.bounds}).read(text); part != nil {
			part.Moved = true
			mergeDeep(out, part)
		}
	}
	out.Moved = true
	return out
}

// mergeDeep adds what from has to into.
func mergeDeep(into, from *tree.Node) {
	switch {
	case into.Kind == nullNode:
		at := into.Start
		*into = *from
		if into.Kind == nullNode {
			into.Start = at
		}
	case into.Kind == mapNode && from.Kind == mapNode:
		for _, e := range from.Entries {
			have := slices.IndexFunc(into.Entries, func(h tree.Entry) bool { return h.Key == e.Key })
			if have < 0 {
				into.Entries = append(into.Entries, e)
				continue
			}
			mergeDeep(into.Entries[have].Value, e.Value)
		}
	case into.Kind == listNode && from.Kind == listNode:
		into.Items = append(into.Items, from.Items...)
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
