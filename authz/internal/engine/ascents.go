package engine

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// Ascents keeps what subjects climb to from one question to the next, for one state of the tuples
// that are climbed over. The zero value keeps nothing.
type Ascents struct {
	kept  *ascents
	state uint64
}

// NewAscents is for the first facts of a program.
func NewAscents() Ascents {
	kept := newAscents()
	return Ascents{kept, kept.states.Load()}
}

// Next is for facts that were made out of those of a, when a tuple was changed that is climbed over
// ([Program.Climbs]). Facts with all other changes share a.
func (a Ascents) Next() Ascents {
	if a.kept == nil {
		return a
	}
	return Ascents{a.kept, a.kept.states.Add(1)}
}

// ascents are those of all graphs that were edited out of each other. An ascent counts for one state
// of the tuples that are climbed over, which has a number. What depends on the time or on a condition is not kept.
type ascents struct {
	states atomic.Uint64
	table  atomic.Pointer[[]atomic.Pointer[ascent]]

	mu    sync.Mutex // of those who add
	slots int        // that are in use
	held  int        // usersets in all of them
}

// ascent is where the climb of a subject led.
type ascent struct {
	subject graph.ID
	srel    graph.Rel
	anew    bool // has to be climbed for each question
	state   uint64
	work    int
	found   []Userset // sorted
}

const (
	firstAscents = 1 << 8
	maxAscents   = 1 << 17
	maxHeld      = 1 << 22
	ascentWays   = 4 // slots that a subject may be in
)

func newAscents() *ascents {
	s := &ascents{}
	s.clear(firstAscents)
	s.states.Store(1)
	return s
}

func (s *ascents) clear(size int) {
	table := make([]atomic.Pointer[ascent], size)
	s.slots, s.held = 0, 0
	s.table.Store(&table)
}

// slot is where the ascent of a subject may stand, i from 0 below ascentWays.
func slotOf(table []atomic.Pointer[ascent], subject graph.ID, srel graph.Rel, i int) *atomic.Pointer[ascent] {
	h := hash(uint64(userset(subject, srel))) >> 20
	return &table[(int(h)+i)&(len(table)-1)]
}

func (s *ascents) find(state uint64, subject graph.ID, srel graph.Rel) *ascent {
	table := *s.table.Load()
	for i := range ascentWays {
		a := slotOf(table, subject, srel, i).Load()
		if a == nil {
			return nil
		}
		if a.subject == subject && a.srel == srel && a.state == state {
			return a
		}
	}
	return nil
}

// keep puts an ascent in, in the place of one of another state if there is one. It does not wait: what is
// not kept is climbed again.
func (s *ascents) keep(a *ascent) {
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	table := *s.table.Load()
	switch {
	case s.held+len(a.found) > maxHeld:
		s.clear(len(table))
	case s.slots*2 > len(table) && len(table) < maxAscents:
		s.clear(4 * len(table))
		for i := range table {
			if old := table[i].Load(); old != nil && old.state == a.state {
				s.put(old)
			}
		}
	}
	s.put(a)
}

func (s *ascents) put(a *ascent) {
	table := *s.table.Load()
	at := slotOf(table, a.subject, a.srel, 0)
	for i := range ascentWays {
		slot := slotOf(table, a.subject, a.srel, i)
		if old := slot.Load(); old == nil || old.state != a.state {
			at = slot
			break
		}
	}
	if old := at.Load(); old == nil {
		s.slots++
	} else {
		s.held -= len(old.found)
	}
	s.held += len(a.found)
	at.Store(a)
}

// startClimb climbs, or takes what an earlier question has climbed.
func (a *Asker) startClimb() climbState {
	kept := a.Ascents.kept
	if kept == nil || len(a.Extra) > 0 || a.Subject == 0 || a.Subject >= Outside {
		return a.climbAll()
	}
	before := a.work
	known := kept.find(a.Ascents.state, a.Subject, a.SubjectRel)
	if known != nil && !known.anew {
		if a.work += known.work; a.work > a.MaxWork {
			return gaveUp
		}
		a.climb.found, a.climb.kept = known.found, true
		return atTop
	}
	state := a.climbAll()
	if known == nil && a.work <= a.MaxWork {
		n := &ascent{subject: a.Subject, srel: a.SubjectRel, state: a.Ascents.state, work: a.work - before}
		if n.anew = state == gaveUp || a.climb.timed; !n.anew {
			n.found = slices.Clone(a.climb.found)
			slices.Sort(n.found)
		}
		kept.keep(n)
	}
	return state
}
