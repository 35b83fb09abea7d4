package graph

// Edges is a cursor over edges; its zero value is empty. It allocates nothing, and
// may be copied to come back to where it stood.
type Edges struct {
	keys      []uint64
	extra     []*Extra
	chunks    []*chunk // that follow
	last      uint64   // the greatest key that belongs to it
	bySubject bool
}

// Next gives the next edge; ok is false after the last.
func (e *Edges) Next() (edge Edge, ok bool) {
	if len(e.keys) == 0 && !e.turn() {
		return Edge{}, false
	}
	key := e.keys[0]
	if key > e.last {
		*e = Edges{}
		return Edge{}, false
	}
	e.keys = e.keys[1:]
	if e.extra != nil {
		edge.Extra, e.extra = e.extra[0], e.extra[1:]
	}
	edge.Rel, edge.SubjectRel, edge.Other = Rel(key>>48), Rel(key>>32), ID(key)
	if e.bySubject {
		edge.Rel, edge.SubjectRel = edge.SubjectRel, edge.Rel
	}
	return edge, true
}

// More reports whether an edge is left.
func (e *Edges) More() bool {
	return len(e.keys) > 0 && e.keys[0] <= e.last || len(e.keys) == 0 && len(e.chunks) > 0 && e.chunks[0].keys[0] <= e.last
}

// turn goes on to the next chunk; chunks are never empty.
func (e *Edges) turn() bool {
	if len(e.chunks) == 0 {
		return false
	}
	c := e.chunks[0]
	e.keys, e.extra, e.chunks = c.keys, c.extra, e.chunks[1:]
	return true
}

// Find goes on to the next edge of [Graph.Objects] that leads to an object by one
// of some relations, a bit each.
func (e *Edges) Find(object ID, rels []uint64) (edge Edge, ok bool) {
	for len(e.keys) > 0 || e.turn() {
		for i, key := range e.keys {
			if key > e.last {
				*e = Edges{}
				return Edge{}, false
			}
			rel := uint16(key >> 32)
			if ID(key) != object || int(rel>>6) >= len(rels) || rels[rel>>6]&(1<<(rel&63)) == 0 {
				continue
			}
			if e.keys = e.keys[i:]; e.extra != nil {
				e.extra = e.extra[i:]
			}
			return e.Next()
		}
		e.keys = nil
	}
	return Edge{}, false
}

// Seek skips edges of the same relation and subject relation as the next one,
// up to the first whose Other is not less than other. It takes logarithmic time.
func (e *Edges) Seek(other ID) {
	if len(e.keys) == 0 && !e.turn() {
		return
	}
	key := e.keys[0]&^(1<<32-1) | uint64(other)
	if key > e.keys[len(e.keys)-1] && len(e.chunks) > 0 && e.chunks[0].keys[0] <= key {
		lo, hi := 0, len(e.chunks)
		for hi-lo > 1 {
			if mid := (lo + hi) / 2; e.chunks[mid].keys[0] <= key {
				lo = mid
			} else {
				hi = mid
			}
		}
		e.chunks = e.chunks[lo:]
		e.turn()
	}
	i := search(e.keys, key)
	e.keys = e.keys[i:]
	if e.extra != nil {
		e.extra = e.extra[i:]
	}
}

// Len is how many edges are left. It is counted as far as the eighth chunk, which
// are a thousand edges at least; beyond, it supposes that the other chunks are as full.
// It is 0 only when no edge is left.
func (e *Edges) Len() int {
	n := upTo(e.keys, e.last)
	if n < len(e.keys) {
		return n
	}
	const counted = 8
	seen := 0
	for i, c := range e.chunks {
		if i == counted {
			return n + seen + seen*e.chunksLeft(counted)/counted
		}
		k := upTo(c.keys, e.last)
		seen += k
		if k < len(c.keys) {
			break
		}
	}
	return n + seen
}

// chunksLeft counts the chunks after the first few that begin before the end.
func (e *Edges) chunksLeft(from int) int {
	lo, hi := from, len(e.chunks)
	for lo < hi {
		if mid := (lo + hi) / 2; e.chunks[mid].keys[0] <= e.last {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo - from
}

// upTo counts the keys that are not greater than last.
func upTo(keys []uint64, last uint64) int {
	if last == ^uint64(0) {
		return len(keys)
	}
	return search(keys, last+1)
}

// between is a cursor over the edges whose keys are from first to last.
func (l *list) between(first, last uint64, bySubject bool) Edges {
	if l == nil {
		return Edges{}
	}
	e := Edges{keys: l.keys(!bySubject), last: last, bySubject: bySubject}
	if l.rest != nil && l.rest.more != nil {
		e.extra = l.rest.more.extra
		if l.rest.more.chunks != nil {
			e.chunks = l.rest.more.chunks[l.chunk(first):]
			e.turn()
		}
	}
	i := search(e.keys, first)
	e.keys = e.keys[i:]
	if e.extra != nil {
		e.extra = e.extra[i:]
	}
	return e
}

// search gives the place of the first key that is not less than key.
func search(keys []uint64, key uint64) int {
	base, n := 0, len(keys)
	for n > 8 {
		half := n / 2
		if keys[base+half-1] < key {
			base += half
		}
		n -= half
	}
	for _, k := range keys[base : base+n] {
		if k >= key {
			break
		}
		base++
	}
	return base
}
