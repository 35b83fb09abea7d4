package graph

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
)

// names numbers the names of all graphs of one lineage. It only grows. Readers take
// no lock: a graph looks through its own [view], which ends at the last name that
// it knows, and what lies before that end is never written again.
type names struct {
	mu    sync.Mutex // of those who add
	types interner
	rels  interner
	ids   interner
	last  []uint32 // the newest entity of each type
	edits atomic.Uint64
}

const (
	entriesPerPage = 128
	maxEntities    = 1<<32 - 2
	firstTable     = 16
	firstBlock     = 512
	lastBlock      = 1 << 16
)

// interner gives numbers to pairs of a type and a name.
type interner struct {
	seed   maphash.Seed
	max    uint32
	table  atomic.Pointer[table]
	newest view
	block  strings.Builder // the text of the newest names
	size   int             // of the next block
}

// table finds numbers by hash, with linear probing.
type table struct {
	slots []slot
	mask  uint32
}

// slot is half a cache line: to find a name that fits, nothing else is read.
type slot struct {
	key  atomic.Uint64 // the hash above the number; 0 while the slot is empty
	t    Type
	size uint8 // of the name; longName when the name stands in its entry alone
	text [21]byte
}

const longName = 255

// view is an interner as it was at one moment: all numbers below end.
type view struct {
	pages []*[entriesPerPage]entry
	end   uint32
}

// entry is one name. next is the next entity of the same type, and of a type the first entity.
type entry struct {
	name string
	t    Type
	next atomic.Uint32
}

func newNames() *names {
	n := &names{last: []uint32{0}}
	for in, limit := range map[*interner]uint32{&n.types: maxRel, &n.rels: maxRel, &n.ids: maxEntities} {
		in.seed, in.max, in.size = maphash.MakeSeed(), limit, firstBlock
		in.newest.end = 1
		in.table.Store(newTable(firstTable))
	}
	return n
}

// hash is seeded, so that nobody outside can make names that collide.
func (in *interner) hash(t Type, name string) uint32 {
	h := (maphash.String(in.seed, name) ^ uint64(t)) * 0x9e3779b97f4a7c15
	return uint32(h >> 32)
}

// at gives nil for 0 and for a number that is not in the view.
func (v *view) at(n uint32) *entry {
	if n == 0 || n >= v.end {
		return nil
	}
	return &v.pages[n/entriesPerPage][n%entriesPerPage]
}

func (v *view) within(n uint32) ID {
	if n >= v.end {
		return 0
	}
	return ID(n)
}

// name gives zero values for a number that is not in the view.
func (v *view) name(n uint32) (Type, string) {
	e := v.at(n)
	if e == nil {
		return 0, ""
	}
	return e.t, e.name
}

// find gives the number of a name, 0 if the view does not have it.
func (v *view) find(in *interner, t Type, name string) uint32 {
	return v.findHash(in, in.hash(t, name), t, name)
}

func (v *view) findHash(in *interner, hash uint32, t Type, name string) uint32 {
	tab := in.table.Load()
	for i := hash & tab.mask; ; i = (i + 1) & tab.mask {
		s := &tab.slots[i]
		key := s.key.Load()
		if key == 0 {
			return 0
		}
		n := uint32(key)
		if uint32(key>>32) != hash || n >= v.end || s.t != t {
			continue
		}
		if s.size != longName {
			if string(s.text[:s.size]) == name {
				return n
			}
		} else if v.pages[n/entriesPerPage][n%entriesPerPage].name == name {
			return n
		}
	}
}

// intern gives the number of a name, a new one if need be; 0 when there are too
// many. The view becomes the newest when it had to look beyond its end.
func (n *names) intern(in *interner, v *view, t Type, name string) uint32 {
	hash := in.hash(t, name)
	if found := v.findHash(in, hash, t, name); found != 0 {
		return found
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if v.end != in.newest.end {
		*v = in.newest
		if found := v.findHash(in, hash, t, name); found != 0 {
			return found
		}
	}
	if in.newest.end > in.max {
		return 0
	}
	number := in.add(hash, t, name)
	*v = in.newest
	switch in {
	case &n.types:
		n.last = append(n.last, 0)
	case &n.ids:
		// Entities of a type are a chain, which readers follow to the end of their view.
		before := &n.types.newest.at(uint32(t)).next
		if last := n.last[t]; last != 0 {
			before = &in.newest.at(last).next
		}
		n.last[t] = number
		before.Store(number)
	}
	return number
}

// add appends a name. The slot is stored last, when all that it leads to is there.
func (in *interner) add(hash uint32, t Type, name string) uint32 {
	number := in.newest.end
	if int(number/entriesPerPage) == len(in.newest.pages) {
		in.newest.pages = append(in.newest.pages, new([entriesPerPage]entry))
	}
	e := &in.newest.pages[number/entriesPerPage][number%entriesPerPage]
	e.t, e.name = t, in.keep(name)
	in.newest.end++
	tab := in.table.Load()
	if uint64(number)*4 > uint64(len(tab.slots))*3 {
		tab = tab.double()
		in.table.Store(tab)
	}
	s := tab.free(hash)
	s.t, s.size = t, longName
	if len(name) <= len(s.text) {
		s.size = uint8(copy(s.text[:], name))
	}
	s.key.Store(uint64(hash)<<32 | uint64(number))
	return number
}

func newTable(size int) *table { return &table{make([]slot, size), uint32(size - 1)} }

// free is the slot for a new name.
func (tab *table) free(hash uint32) *slot {
	i := hash & tab.mask
	for tab.slots[i].key.Load() != 0 {
		i = (i + 1) & tab.mask
	}
	return &tab.slots[i]
}

func (tab *table) double() *table {
	bigger := newTable(2 * len(tab.slots))
	for i := range tab.slots {
		old := &tab.slots[i]
		key := old.key.Load()
		if key == 0 {
			continue
		}
		s := bigger.free(uint32(key >> 32))
		s.t, s.size, s.text = old.t, old.size, old.text
		s.key.Store(key)
	}
	return bigger
}

// keep copies a name into the block: names are often parts of large requests, and
// one allocation each would cost more than most names are long.
func (in *interner) keep(name string) string {
	if len(name) > firstBlock/4 {
		return strings.Clone(name)
	}
	if in.block.Cap()-in.block.Len() < len(name) {
		in.block.Reset()
		in.block.Grow(in.size)
		in.size = min(2*in.size, lastBlock)
	}
	start := in.block.Len()
	in.block.WriteString(name)
	return in.block.String()[start:]
}
