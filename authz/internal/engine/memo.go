package engine

import (
	"math"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// memo is what one question has found out: for each relation of an object that
// was asked, the answer or that it is still being looked for.
//
// A relation that is asked for again while it is being looked for is taken to be
// no: a least fixpoint. What relied on such a guess is provisional until the guess is settled:
// then it is final when the guess was right, and forgotten when it was not.
type memo struct {
	entries []entry
	slots   []slot
	epoch   uint32
	stack   []int32 // entries in progress
	trail   []int32 // provisional entries, oldest first
}

type entry struct {
	key     uint64
	link    int32 // running: its depth; provisional: the entry that it relied upon
	state   state
	verdict Verdict
	relied  bool // running: somebody was told no
}

type slot struct {
	epoch uint32
	index int32
}

type state uint8

const (
	asked state = iota // nothing is known
	running
	provisional
	final
)

func (m *memo) reset() {
	if len(m.entries) == 0 {
		return
	}
	m.entries, m.stack, m.trail = m.entries[:0], m.stack[:0], m.trail[:0]
	if m.epoch++; m.epoch == 0 {
		clear(m.slots)
		m.epoch = 1
	}
}

func hash(key uint64) uint64 {
	key *= 0x9E3779B97F4A7C15
	return key ^ key>>29
}

// find gives the index of a key's entry, a new one if need be.
func (m *memo) find(key uint64) int32 {
	if len(m.entries)*2 >= len(m.slots) {
		m.grow()
	}
	mask := uint64(len(m.slots) - 1)
	for h := hash(key); ; h++ {
		s := &m.slots[h&mask]
		if s.epoch != m.epoch {
			*s = slot{m.epoch, int32(len(m.entries))}
			m.entries = append(m.entries, entry{key: key})
			return s.index
		}
		if m.entries[s.index].key == key {
			return s.index
		}
	}
}

func (m *memo) grow() {
	m.slots = make([]slot, max(64, 2*len(m.slots)))
	m.epoch = 1
	mask := uint64(len(m.slots) - 1)
	for i, e := range m.entries {
		h := hash(e.key)
		for m.slots[h&mask].epoch == m.epoch {
			h++
		}
		m.slots[h&mask] = slot{m.epoch, int32(i)}
	}
}

// support gives the depth of the running entry that a provisional one relies upon.
func (m *memo) support(i int32) int {
	root := i
	for m.entries[root].state == provisional {
		root = m.entries[root].link
	}
	for m.entries[i].state == provisional {
		i, m.entries[i].link = m.entries[i].link, root
	}
	return int(m.entries[root].link)
}

// settle ends the trail at mark: what stood after it becomes final, or is forgotten.
func (m *memo) settle(mark int, to state) {
	for _, i := range m.trail[mark:] {
		m.entries[i].state = to
	}
	m.trail = m.trail[:mark]
}

const nothing = math.MaxInt // relied upon

// Holds tells whether the subject has a relation to an object.
func (a *Asker) Holds(r *Relation, object graph.ID) Verdict {
	if a.SubjectRel != 0 && a.SubjectRel == r.Rel && a.Subject == object {
		return Yes // a userset is in itself
	}
	switch {
	case r.leaf:
		return a.Eval(r.fast, object)
	case r.covered && a.canClimb():
		return a.climbedTo(object, r.Rel)
	case r.chain != nil && len(a.Extra) == 0:
		return a.follow(r, object)
	}
	return a.remembered(r, object)
}

// remembered is Holds for a relation whose answer is worth remembering.
func (a *Asker) remembered(r *Relation, object graph.ID) Verdict {
	i := a.memo.find(uint64(r.Index)<<32 | uint64(object))
	switch e := &a.memo.entries[i]; e.state {
	case final:
		return e.verdict
	case running:
		e.relied = true
		a.low = min(a.low, int(e.link))
		return No
	case provisional:
		a.low = min(a.low, a.memo.support(i))
		return e.verdict
	}
	if r.hard {
		return a.solve(r, object)
	}
	if a.deep() {
		a.exceeded = true
		return Unknown
	}
	return a.look(r, object, i)
}

// look asks a relation whose entry is i for the first time.
func (a *Asker) look(r *Relation, object graph.ID, i int32) Verdict {
	m := &a.memo
	depth, mark, outer := len(m.stack), len(m.trail), a.low
	m.stack = append(m.stack, i)
	m.entries[i].state, m.entries[i].link, m.entries[i].relied = running, int32(depth), false
	a.low = nothing
	v := a.Eval(r.fast, object)
	m.stack = m.stack[:depth]
	e := &m.entries[i]
	alone := a.low >= depth // relies on nothing that is still being looked for
	switch {
	case e.relied && v != No, v == Yes && !alone:
		// A yes rests on no guess, so who asked for it does not learn that what it leaves on the trail does.
		m.settle(mark, asked)
	case alone:
		m.settle(mark, final)
	}
	e.verdict, e.state = v, final
	if alone || v == Yes {
		// A yes stands whatever becomes of the guesses: they were all no, and more yes makes no yes less.
		a.low = outer
		return v
	}
	e.state, e.link = provisional, m.stack[a.low]
	m.trail = append(m.trail, i)
	a.low = min(a.low, outer)
	return v
}
