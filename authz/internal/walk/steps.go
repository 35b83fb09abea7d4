package walk

import (
	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// steps is a set of steps, each with whether it is sure.
type steps struct {
	slots []uint64 // the key twice, and one more when sure; 0 is free
	count int
}

func stepKey(object graph.ID, r *engine.Relation) uint64 { return uint64(object)<<24 | uint64(r.Index) }

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
func (s *steps) add(object graph.ID, r *engine.Relation, sure bool) bool {
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

func hash(key uint64) uint64 {
	key *= 0x9E3779B97F4A7C15
	return key ^ key>>29
}
