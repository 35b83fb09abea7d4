package engine

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// Userset is all who have a relation to an entity.
type Userset uint64

func userset(id graph.ID, rel graph.Rel) Userset { return Userset(id)<<16 | Userset(rel) }

// Split gives the entity and the relation.
func (u Userset) Split() (graph.ID, graph.Rel) { return graph.ID(u >> 16), graph.Rel(u) }

// climbed is where one subject's climb has come to.
type climbed struct {
	state climbState
	found []Userset
	kept  bool // found is of an ascent: sorted, and not to be written to
	timed bool // a tuple that expires was met
	own   []Userset
	slots []slot // an index of found, once it is long
	epoch uint32
}

type climbState uint8

const (
	notYet climbState = iota
	atTop
	gaveUp
)

// maxClimb is how many usersets a subject may be in before the way down is taken instead.
const maxClimb = 10_000

func (c *climbed) reset() {
	if c.state == notYet {
		return
	}
	if !c.kept {
		c.own = c.found
	}
	c.state, c.found, c.kept, c.timed = notYet, c.own[:0], false, false
	if c.epoch++; c.epoch == 0 {
		clear(c.slots)
		c.epoch = 1
	}
}

// short is the length up to which found is searched without an index.
const short = 12

// add puts a userset in, once.
func (c *climbed) add(u Userset) {
	if len(c.found) < short {
		if !slices.Contains(c.found, u) {
			c.found = append(c.found, u)
		}
		return
	}
	if len(c.found) == short || len(c.found)*2 >= len(c.slots) {
		c.index()
	}
	if s := c.slot(u); s.epoch != c.epoch {
		*s = slot{c.epoch, int32(len(c.found))}
		c.found = append(c.found, u)
	}
}

// index fills the slots with what was found.
func (c *climbed) index() {
	if len(c.found)*2 >= len(c.slots) {
		c.slots, c.epoch = make([]slot, max(64, 2*len(c.slots))), 1
	}
	for i, u := range c.found {
		*c.slot(u) = slot{c.epoch, int32(i)}
	}
}

// slot is where u stands in the index, or would.
func (c *climbed) slot(u Userset) *slot {
	mask := uint64(len(c.slots) - 1)
	for h := hash(uint64(u)); ; h++ {
		if s := &c.slots[h&mask]; s.epoch != c.epoch || c.found[s.index] == u {
			return s
		}
	}
}

func (c *climbed) has(u Userset) bool {
	if len(c.found) <= short {
		return slices.Contains(c.found, u)
	}
	if c.kept {
		_, ok := slices.BinarySearch(c.found, u)
		return ok
	}
	return c.slot(u).epoch == c.epoch
}

// canClimb climbs, the first time, and reports whether all was found.
func (a *Asker) canClimb() bool {
	if a.climb.state == notYet {
		a.climb.state = atTop // for those who ask on the way
		a.climb.state = a.startClimb()
	}
	return a.climb.state == atTop
}

// climbedTo tells whether the subject is in a userset that climbing covers.
func (a *Asker) climbedTo(object graph.ID, rel graph.Rel) Verdict {
	if a.climb.has(userset(object, rel)) {
		return Yes
	}
	return No
}

func (a *Asker) climbAll() climbState {
	up := &a.program.climb
	if a.SubjectRel != 0 {
		for _, above := range at(up.above, a.SubjectRel) {
			a.climb.add(userset(a.Subject, above))
		}
		if !a.climbFrom(a.Subject, a.SubjectRel, at(up.fromRel, a.SubjectRel)) {
			return gaveUp
		}
	} else {
		rels := at(up.fromType, a.SubjectType)
		if !a.climbFrom(a.Subject, 0, rels) || a.Everyone != 0 && !a.climbFrom(a.Everyone, 0, rels) {
			return gaveUp
		}
	}
	for i := 0; i < len(a.climb.found); i++ {
		group, rel := a.climb.found[i].Split()
		if !a.climbFrom(group, rel, at(up.fromRel, rel)) {
			return gaveUp
		}
	}
	return atTop
}

// climbFrom adds what the tuples with one subject lead to. It reports false when it is to be given up.
func (a *Asker) climbFrom(subject graph.ID, srel graph.Rel, rels []graph.Rel) bool {
	for _, rel := range rels {
		if subject < Outside {
			edges := a.Facts.Objects(subject, srel, rel)
			for e, ok := edges.Next(); ok; e, ok = edges.Next() {
				if a.work++; a.work > a.MaxWork || !a.climbOver(e.Other, rel, e.Extra) {
					return false
				}
			}
		}
		for _, x := range a.Extra {
			if x.Subject == subject && x.SubjectRel == srel && x.Rel == rel && !a.climbOver(x.Object, rel, x.Extra) {
				return false
			}
		}
	}
	return true
}

func (a *Asker) climbOver(object graph.ID, rel graph.Rel, extra *graph.Extra) bool {
	if extra != nil {
		if extra.Condition != "" {
			return false
		}
		a.climb.timed = true
		if a.Counts(extra) != Yes {
			return true
		}
	}
	for _, given := range at(a.program.climb.gives, rel) {
		a.climb.add(userset(object, given))
	}
	return len(a.climb.found) <= maxClimb
}

// Groups gives the usersets that the subject is in; ok is false where that is not known of all that
// the tuples of a relation may name. The list must not be written to.
func (a *Asker) Groups(r *Relation) (groups []Userset, ok bool) {
	if !r.climbs || !a.canClimb() {
		return nil, false
	}
	return a.climb.found, true
}
