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

// table finds numbers by hash, with linear probing. A slot holds the hash above the
// number; an empty one is 0.
type table struct {
	slots []atomic.Uint64
	mask  uint32
}

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
		in.table.Store(&table{make([]atomic.Uint64, firstTable), firstTable - 1})
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
		slot := tab.slots[i].Load()
		if slot == 0 {
			return 0
		}
		n := uint32(slot)
		if uint32(slot>>32) != hash || n >= v.end {
			continue
		}
		if e := &v.pages[n/entriesPerPage][n%entriesPerPage]; e.t == t && e.name == name {
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
	tab.put(uint64(hash)<<32 | uint64(number))
	return number
}

func (tab *table) put(slot uint64) {
	i := uint32(slot>>32) & tab.mask
	for tab.slots[i].Load() != 0 {
		i = (i + 1) & tab.mask
	}
	tab.slots[i].Store(slot)
}

func (tab *table) double() *table {
	n := 2 * len(tab.slots)
	bigger := &table{make([]atomic.Uint64, n), uint32(n - 1)}
	for i := range tab.slots {
		if slot := tab.slots[i].Load(); slot != 0 {
			bigger.put(slot)
		}
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
