package graph

import "slices"

const (
	slotBits = 5
	pageBits = 8
	slots    = 1 << slotBits
	pages    = 1 << pageBits
)

// vector is a persistent array of T by number: a copy of it is a snapshot, and an
// edit copies the pages on the way to what it changes, once. Pages that are not
// there hold zero values.
type vector[T any] struct {
	top   []*branch[T]
	owner uint64 // the edit that may write to top
}

type branch[T any] struct {
	owner uint64
	pages [pages]*page[T]
}

type page[T any] struct {
	owner uint64
	// mine has a bit for each slot: what it points to was made by owner too.
	mine  uint32
	slots [slots]T
}

// at gives a slot to read, nil when its page is not there.
func (v *vector[T]) at(i uint32) *T {
	if int(i>>(slotBits+pageBits)) >= len(v.top) {
		return nil
	}
	b := v.top[i>>(slotBits+pageBits)]
	if b == nil {
		return nil
	}
	p := b.pages[i>>slotBits%pages]
	if p == nil {
		return nil
	}
	return &p.slots[i%slots]
}

// own gives the page of a slot to write.
func (v *vector[T]) own(i uint32, owner uint64) *page[T] {
	t := int(i >> (slotBits + pageBits))
	if v.owner != owner {
		v.top, v.owner = slices.Clone(v.top), owner
	}
	for len(v.top) <= t {
		v.top = append(v.top, nil)
	}
	b := v.top[t]
	switch {
	case b == nil:
		b = &branch[T]{owner: owner}
		v.top[t] = b
	case b.owner != owner:
		b = &branch[T]{owner: owner, pages: b.pages}
		v.top[t] = b
	}
	p := b.pages[i>>slotBits%pages]
	switch {
	case p == nil:
		p = &page[T]{owner: owner}
		b.pages[i>>slotBits%pages] = p
	case p.owner != owner:
		p = &page[T]{owner: owner, slots: p.slots}
		b.pages[i>>slotBits%pages] = p
	}
	return p
}

// take tells whether what a slot points to may be changed in place, and that it
// may from now on.
func (p *page[T]) take(i uint32) bool {
	bit := uint32(1) << (i % slots)
	mine := p.mine&bit != 0
	p.mine |= bit
	return mine
}
