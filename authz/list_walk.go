package authz

import (
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// maxReached bounds a listing: relations of objects that are looked at.
const maxReached = 20_000_000

// candidate is an entity that may belong on a list, as its number and a last bit that
// is 0 for a sure one: that one need not be asked about, and sorts first.
type candidate uint64

func newCandidate(id graph.ID, sure bool) candidate {
	c := candidate(id) << 1
	if !sure {
		c++
	}
	return c
}

func (c candidate) id() graph.ID { return graph.ID(c >> 1) }
func (c candidate) sure() bool   { return c&1 == 0 }

// step is a relation of an object that was come by.
type step struct {
	object graph.ID
	r      *relation
}

// walk collects candidates, sure steps first, so that each step is taken but once.
type walk struct {
	a       *asker
	seen    steps
	sure    []step
	unsure  []step
	found   []candidate
	all     bool // every known entity of the type is a candidate
	allSure bool
}

// come notes a step to take.
func (w *walk) come(object graph.ID, r *relation, sure bool) {
	if !w.seen.add(object, r, sure) {
		return
	}
	if sure {
		w.sure = append(w.sure, step{object, r})
	} else {
		w.unsure = append(w.unsure, step{object, r})
	}
}

// run takes all steps.
func (w *walk) run(take func(s step, sure bool)) error {
	for {
		switch {
		case w.seen.count+len(w.found) > maxReached:
			return writ.Errorf(writ.CodeTooLarge, "the list needs more than %d steps", maxReached)
		case len(w.sure) > 0:
			s := w.sure[len(w.sure)-1]
			w.sure = w.sure[:len(w.sure)-1]
			take(s, true)
		case len(w.unsure) > 0:
			s := w.unsure[len(w.unsure)-1]
			w.unsure = w.unsure[:len(w.unsure)-1]
			if !w.seen.surely(s) {
				take(s, false)
			}
		default:
			return nil
		}
	}
}

// candidates gives what was found, each once; a few that are all sure may be there more than once.
func (w *walk) candidates(of *kind, few int) []candidate {
	if w.all {
		w.known(of, func(id graph.ID) { w.found = append(w.found, newCandidate(id, w.allSure)) })
	}
	found := w.found
	if len(found) > few || slices.ContainsFunc(found, func(c candidate) bool { return !c.sure() }) {
		slices.Sort(found)
		found = slices.CompactFunc(found, func(x, y candidate) bool { return x.id() == y.id() })
	}
	// What tuples lead to is stored; what the request names may not be.
	return slices.DeleteFunc(found, func(c candidate) bool {
		id := c.id()
		return (id == w.a.sid || id == w.a.tenant || id == w.a.resource) && !w.a.known(id)
	})
}

// steps is a set of steps, each with whether it is sure.
type steps struct {
	slots []uint64 // the key twice, and one more when sure; 0 is free
	count int
}

func stepKey(object graph.ID, r *relation) uint64 { return uint64(object)<<24 | uint64(r.index) }

// slot finds the place of a key: where it is, or where it would be.
func (s *steps) slot(key uint64) *uint64 {
	mask := uint64(len(s.slots) - 1)
	for h := hash(key); ; h++ {
		if at := &s.slots[h&mask]; *at == 0 || *at>>1 == key {
			return at
		}
	}
}

// add reports whether that is news: a step that was not there, or was not sure.
func (s *steps) add(object graph.ID, r *relation, sure bool) bool {
	if s.count*2 >= len(s.slots) {
		s.grow()
	}
	key := stepKey(object, r)
	value := key << 1
	if sure {
		value++
	}
	at := s.slot(key)
	if *at >= value {
		return false
	}
	if *at == 0 {
		s.count++
	}
	*at = value
	return true
}

func (s *steps) surely(x step) bool { return *s.slot(stepKey(x.object, x.r))&1 == 1 }

func (s *steps) grow() {
	old := s.slots
	s.slots = make([]uint64, max(64, 2*len(old)))
	for _, v := range old {
		if v != 0 {
			*s.slot(v >> 1) = v
		}
	}
}

// known runs over all entities of a type that anything is stored about, or that a tuple of the query names.
func (w *walk) known(of *kind, f func(graph.ID)) {
	everyone := w.a.facts.Lookup(of.number, Everyone)
	w.a.facts.Each(of.number, func(id graph.ID) bool {
		if id != everyone {
			f(id)
		}
		return true
	})
	for _, x := range w.a.extra {
		for _, id := range []graph.ID{x.object, x.subject} {
			if w.a.kindOf(id) == of && w.a.name(id).ID != Everyone && (id >= outside || !w.a.facts.Known(id)) {
				f(id)
			}
		}
	}
}

// known reports whether anything is stored about an entity, or said by a tuple of the query.
func (a *asker) known(id graph.ID) bool {
	if id != 0 && id < outside && a.facts.Known(id) {
		return true
	}
	for _, t := range a.extra {
		if t.object == id || t.subject == id {
			return true
		}
	}
	return false
}
