package expr

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

// Step is one part of a path: an attribute's name, or an index into a list.
type Step struct {
	Name  string
	Index int // -1 when Name counts
}

// Path leads from an item to a value in it. Its first step is a name.
type Path []Step

// maxPath is how deep a path may lead, one step more than values nest.
const maxPath = 32

// Resolve gives the value at the path.
func (p Path) Resolve(it item.Getter) (item.Value, bool) {
	v, ok := it.Get(p[0].Name)
	for _, step := range p[1:] {
		if !ok {
			return v, false
		}
		switch {
		case step.Index < 0 && v.Type == item.M:
			v, ok = v.Map[step.Name]
		case step.Index >= 0 && v.Type == item.L && step.Index < len(v.List):
			v = v.List[step.Index]
		default:
			return item.Value{}, false
		}
	}
	return v, ok
}

// String gives the path as AWS writes it in messages: [a, [0], b].
func (p Path) String() string {
	parts := make([]string, len(p))
	for i, s := range p {
		parts[i] = s.Name
		if s.Index >= 0 {
			parts[i] = "[" + strconv.Itoa(s.Index) + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (p Path) equal(q Path) bool { return slices.Equal(p, q) }

func comparePaths(p, q Path) int {
	return slices.CompareFunc(p, q, func(a, b Step) int {
		if a.Index != b.Index {
			return a.Index - b.Index
		}
		return strings.Compare(a.Name, b.Name)
	})
}

// path reads a document path. ok is false when none begins here.
func (p *parser) path() (Path, bool) {
	first := p.peek()
	if first.kind != tokenWord && first.kind != tokenName || p.isKeyword(first) {
		return nil, false
	}
	path := Path{p.name()}
	for p.failed == nil {
		switch {
		case p.symbol("."):
			if t := p.peek(); t.kind != tokenWord && t.kind != tokenName {
				p.fail()
				return path, true
			}
			path = append(path, p.name())
		case p.symbol("["):
			t := p.peek()
			if t.kind != tokenIndex {
				p.fail()
				return path, true
			}
			p.next()
			n, err := strconv.ParseInt(t.text, 10, 32)
			if err != nil {
				p.found.note(findPath, "List index is not within the allowable range; index: [%s]", t.text)
			}
			path = append(path, Step{Index: int(n)})
			p.expect("]")
		default:
			if len(path) > maxPath {
				p.found.note(findPath, "The document path has too many nesting elements; nesting level: %d", len(path))
			}
			return path, true
		}
	}
	return path, true
}

// name reads one name of a path.
func (p *parser) name() Step {
	t := p.next()
	if t.kind == tokenWord {
		if reserved(t.text) {
			p.found.note(findReserved, "Attribute name is a reserved keyword; reserved keyword: %s", t.text)
		}
		return Step{Name: t.text, Index: -1}
	}
	name, ok := p.scope.names[t.text]
	if !ok {
		err := fmt.Sprintf("An expression attribute name used in the document path is not defined; attribute name: %s", t.text)
		p.found.note(findName, "%s", err)
		p.found.note(findPlaceholder, "%s", err)
	}
	p.scope.usedNames[t.text] = true
	return Step{Name: name, Index: -1}
}

// overlaps notes an error when a path leads to, or through, one of those before it.
func (p *parser) overlaps(before []Path, path Path) {
	if p.found[findName] != nil {
		return
	}
	for _, other := range before {
		n := min(len(other), len(path))
		i := 0
		for i < n && other[i] == path[i] {
			i++
		}
		switch {
		case i == n:
			p.found.note(findOverlap, "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", other, path)
		case (other[i].Index < 0) != (path[i].Index < 0):
			p.found.note(findConflict, "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", other, path)
		}
	}
}

// Heads gives the names of the top-level attributes of paths, sorted, each once.
func Heads(paths ...Path) []string {
	names := make([]string, 0, len(paths))
	for _, p := range paths {
		names = append(names, p[0].Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Nested gives the first steps of those paths that lead into an attribute, sorted.
func Nested(paths []Path) []string {
	var names []string
	for _, p := range paths {
		if len(p) > 1 {
			names = append(names, p[0].Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
