package graph

// Near is an object that was found, so that what stands at it is read without finding it again. Most
// objects have few edges and none with an extra; those are read as plain keys.
type Near struct{ l *list }

// Near finds an object.
func (g *Graph) Near(object ID) Near { return Near{g.out.at(uint32(object))} }

// Keys are edges of one relation without extra, ordered as [Graph.Subjects] has them.
type Keys []uint64

// Subject takes a key apart.
func Subject(key uint64) (ID, Rel) { return ID(key), Rel(key >> 32) }

// Plain gives the edges of a relation. ok is false, and nothing is given, where they do not lie
// in one piece or may have an extra: then [Graph.Subjects] has them.
func (n Near) Plain(rel Rel) (keys Keys, ok bool) {
	l := n.l
	switch {
	case l == nil:
		return nil, true
	case l.rest == nil:
		keys = l.head[:inlineMax-1]
	case l.rest.more == nil:
		keys = l.rest.keys[search(l.rest.keys, pack(uint16(rel), 0, 0)):]
	default:
		return nil, false
	}
	from := 0
	for from < len(keys) && Rel(keys[from]>>48) != rel {
		from++
	}
	to := from
	for to < len(keys) && Rel(keys[to]>>48) == rel {
		to++
	}
	return keys[from:to], true
}
