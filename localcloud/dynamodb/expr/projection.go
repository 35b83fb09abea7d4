package expr

import (
	"slices"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

// Projection picks parts of an item.
type Projection struct {
	paths []Path
	tree  pick
}

// pick is one level of the parts to keep; all keeps whatever is below.
type pick struct {
	all   bool
	names map[string]*pick
	items map[int]*pick
}

var projectionPriority = []finding{findReserved, findName, findPath, findOverlap, findConflict}

// Projection reads a ProjectionExpression.
func (s *Scope) Projection(text string) (*Projection, error) {
	var paths []Path
	err := s.parse("ProjectionExpression", text, nil, projectionPriority, func(p *parser) {
		for p.failed == nil {
			path, ok := p.path()
			if !ok {
				p.fail()
			}
			if p.failed != nil {
				return
			}
			p.overlaps(paths, path)
			paths = append(paths, path)
			if !p.symbol(",") {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return NewProjection(paths...), nil
}

// NewProjection makes a projection of paths that do not overlap.
func NewProjection(paths ...Path) *Projection {
	p := &Projection{paths: paths}
	for _, path := range paths {
		at := &p.tree
		for _, step := range path {
			at = at.child(step)
		}
		at.all = true
	}
	return p
}

// Attributes makes a projection of top-level attributes.
func Attributes(names ...string) *Projection {
	paths := make([]Path, len(names))
	for i, name := range names {
		paths[i] = Path{{Name: name, Index: -1}}
	}
	return NewProjection(paths...)
}

func (p *pick) child(s Step) *pick {
	if s.Index >= 0 {
		if p.items == nil {
			p.items = map[int]*pick{}
		}
		if p.items[s.Index] == nil {
			p.items[s.Index] = &pick{}
		}
		return p.items[s.Index]
	}
	if p.names == nil {
		p.names = map[string]*pick{}
	}
	if p.names[s.Name] == nil {
		p.names[s.Name] = &pick{}
	}
	return p.names[s.Name]
}

// Paths gives the paths of the projection.
func (p *Projection) Paths() []Path { return p.paths }

// Of gives the picked parts of an item. Elements of a list keep their order,
// not their index.
func (p *Projection) Of(it item.Getter) item.Item {
	out := make(item.Item, len(p.tree.names))
	for name, sub := range p.tree.names {
		if v, ok := it.Get(name); ok {
			if v, ok = sub.of(v); ok {
				out[name] = v
			}
		}
	}
	return out
}

func (p *pick) of(v item.Value) (item.Value, bool) {
	if p.all {
		return v, true
	}
	switch v.Type {
	case item.M:
		out := item.Item{}
		for name, sub := range p.names {
			if e, ok := v.Map[name]; ok {
				if e, ok = sub.of(e); ok {
					out[name] = e
				}
			}
		}
		return item.Value{Type: item.M, Map: out}, len(out) > 0
	case item.L:
		indexes := make([]int, 0, len(p.items))
		for i := range p.items {
			indexes = append(indexes, i)
		}
		slices.Sort(indexes)
		out := []item.Value{}
		for _, i := range indexes {
			if i < len(v.List) {
				if e, ok := p.items[i].of(v.List[i]); ok {
					out = append(out, e)
				}
			}
		}
		return item.Value{Type: item.L, List: out}, len(out) > 0
	default:
		return item.Value{}, false
	}
}
