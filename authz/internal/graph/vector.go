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
	// owned has a bit for each page: owner made it, and may write to it. The bits are
	// here because looking at the page would cost more than all the rest.
	owned [pages / 64]uint64
	pages [pages]*page[T]
}

type page[T any] struct {
	slots [slots]T // first, so that none lies across two cache lines
	// mine has a bit for each slot: what it points to was made by the page's owner too.
	mine uint32
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
	n := i >> slotBits % pages
	p, word, bit := b.pages[n], &b.owned[n/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		return p
	}
	*word |= bit
	if p == nil {
		p = &page[T]{}
	} else {
		p = &page[T]{slots: p.slots}
	}
	b.pages[n] = p
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
