package graph

import "slices"

// chunk is the place of the chunk that a key belongs to.
func (l *list) chunk(key uint64) int {
	i := search(l.rest.keys, key)
	if i > 0 && (i == len(l.rest.keys) || l.rest.keys[i] != key) {
		i--
	}
	return i
}

// split makes a hub of a run that has grown too long for a flat list.
func (l *list) split(r run, owner uint64) {
	left, right := r.halves(owner, len(r.keys)/2)
	*l = list{rest: &rest{
		[]uint64{left.keys[0], right.keys[0]}, &more{chunks: []*chunk{left, right}, count: len(r.keys)},
	}}
}

// halves cuts a run in two chunks. Both are copies: a part would keep the whole alive.
func (r *run) halves(owner uint64, at int) (left, right *chunk) {
	parts := [2]*chunk{}
	for i, span := range [2][2]int{{0, at}, {at, len(r.keys)}} {
		part := run{keys: r.keys[span[0]:span[1]]}
		if r.times != nil {
			part.times = r.times[span[0]:span[1]]
		}
		if r.extra != nil {
			part.extra = r.extra[span[0]:span[1]]
			part.settle(true)
		}
		parts[i] = &chunk{owner, part.clone(len(part.keys)/8 + 4)}
	}
	return parts[0], parts[1]
}

// ownHub makes the upper level of a hub, and the chunk of a key, the caller's.
func (l *list) ownHub(c change) (i int, part *chunk) {
	if !c.mine {
		l.rest = &rest{slices.Clone(l.rest.keys), &more{chunks: slices.Clone(l.rest.more.chunks), count: l.rest.more.count}}
	}
	i = l.chunk(c.key)
	part = l.rest.more.chunks[i]
	if part.owner != c.owner {
		part = &chunk{c.owner, part.clone(2)}
		l.rest.more.chunks[i] = part
	}
	return i, part
}

func (l *list) putHub(c change) bool {
	i, part := l.ownHub(c)
	j := search(part.keys, c.key)
	fresh := j == len(part.keys) || part.keys[j] != c.key
	part.put(j, fresh, c)
	if !fresh {
		return false
	}
	l.rest.more.count++
	l.rest.keys[i] = part.keys[0]
	if n := len(part.keys); n > chunkMax {
		at := n / 2
		if i == len(l.rest.keys)-1 && j == n-1 {
			at = n - 1 // edges that come in order fill their chunks
		}
		left, right := part.halves(c.owner, at)
		l.rest.more.chunks[i] = left
		l.rest.keys = slices.Insert(l.rest.keys, i+1, right.keys[0])
		l.rest.more.chunks = slices.Insert(l.rest.more.chunks, i+1, right)
	}
	return true
}

func (l *list) dropHub(c change) bool {
	if _, ok := l.find(c.key, c.timed); !ok {
		return false
	}
	i, part := l.ownHub(c)
	part.drop(search(part.keys, c.key))
	l.rest.more.count--
	switch {
	case l.rest.more.count <= chunkMax/2:
		r := run{}
		for _, p := range l.rest.more.chunks {
			r.add(&p.run)
		}
		l.keep(r, c)
	case len(part.keys) >= chunkMax/4:
		l.rest.keys[i] = part.keys[0]
	default:
		l.merge(i, c.owner)
	}
	return true
}

// merge puts a chunk that has become short together with a neighbour, if both are
// not too much for one; a chunk never stays empty.
func (l *list) merge(i int, owner uint64) {
	chunks := l.rest.more.chunks
	if len(chunks[i].keys) > 0 {
		l.rest.keys[i] = chunks[i].keys[0]
	}
	left := i
	if i == len(chunks)-1 {
		left--
	}
	if len(chunks[left].keys)+len(chunks[left+1].keys) > chunkMax*3/4 && len(chunks[i].keys) > 0 {
		return
	}
	both := chunks[left].clone(len(chunks[left+1].keys) + 2)
	both.add(&chunks[left+1].run)
	chunks[left] = &chunk{owner, both}
	l.rest.keys[left] = both.keys[0]
	l.rest.keys = slices.Delete(l.rest.keys, left+1, left+2)
	l.rest.more.chunks = slices.Delete(chunks, left+1, left+2)
}

// add appends the edges of a run that follows.
func (r *run) add(next *run) {
	if r.extra == nil && next.extra != nil {
		r.extra = make([]*Extra, len(r.keys))
	}
	r.keys = append(r.keys, next.keys...)
	r.times = append(r.times, next.times...)
	switch {
	case next.extra != nil:
		r.extra = append(r.extra, next.extra...)
	case r.extra != nil:
		r.extra = append(r.extra, make([]*Extra, len(next.keys))...)
	}
}
