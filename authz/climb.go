package authz

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// climb says how to go from a subject up to all that it is a member of. It knows
// the relations that are made of unconditional tuples and unions (relation.member)
// and lead to the userset of some tuple, such as group#member: walking down into
// groups from an object looks at everybody in them, walking up at the few groups of one subject.
type climb struct {
	fromType [][]graph.Rel // relations whose tuples take plain subjects of the type
	fromRel  [][]graph.Rel // relations whose tuples take the userset as a subject
	gives    [][]graph.Rel // all relations of the object that the subject of such a tuple has
	above    [][]graph.Rel // all relations of the object that who has this one has, itself among them
}

// covers reports whether climbing finds all members of a relation.
func (c *climb) covers(rel graph.Rel) bool { return len(at(c.above, rel)) > 0 }

// at gives l[i], nil beyond its end.
func at[I graph.Rel | graph.Type](l [][]graph.Rel, i I) []graph.Rel {
	if int(i) < len(l) {
		return l[i]
	}
	return nil
}

func add[I graph.Rel | graph.Type](l [][]graph.Rel, i I, rels ...graph.Rel) [][]graph.Rel {
	list := at(l, i)
	for _, r := range rels {
		if !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return put(l, int(i), list)
}

func newClimb(c *compiled) climb {
	lifts := map[*relation][]*relation{}
	readers := map[*relation][]*relation{}
	for _, r := range c.all {
		if !r.member {
			continue
		}
		tuples, whole := r.body.tuples()
		for _, t := range tuples {
			readers[t] = append(readers[t], r)
		}
		for _, w := range whole {
			lifts[w] = append(lifts[w], r)
		}
	}
	var up climb
	relevant := c.relevant()
	for r := range relevant {
		reached := []*relation{r}
		for i := 0; i < len(reached); i++ {
			up.above = add(up.above, r.rel, reached[i].rel)
			for _, l := range lifts[reached[i]] {
				if relevant[l] && !slices.Contains(reached, l) {
					reached = append(reached, l)
				}
			}
		}
	}
	for t, list := range readers {
		for _, r := range list {
			if relevant[r] {
				up.gives = add(up.gives, t.rel, up.above[r.rel]...)
			}
		}
		if len(at(up.gives, t.rel)) == 0 {
			continue
		}
		for _, s := range t.source.Subjects {
			of := c.types[s.Type]
			if s.Relation == "" {
				up.fromType = add(up.fromType, of.number, t.rel)
			} else {
				up.fromRel = add(up.fromRel, of.relations[s.Relation].rel, t.rel)
			}
		}
	}
	return up
}

// relevant gives the member relations that stand as subjects of tuples, and those that these are made of.
func (c *compiled) relevant() map[*relation]bool {
	found := map[*relation]bool{}
	var list []*relation
	mark := func(r *relation) {
		if r.member && !found[r] {
			found[r] = true
			list = append(list, r)
		}
	}
	for _, r := range c.all {
		for _, u := range r.usersets {
			mark(c.byRel[u])
		}
	}
	for i := 0; i < len(list); i++ {
		_, whole := list[i].body.tuples()
		for _, w := range whole {
			mark(w)
		}
	}
	return found
}

// reached is a userset that the subject is in: entity and relation.
type reached uint64

func reach(id graph.ID, rel graph.Rel) reached { return reached(id)<<16 | reached(rel) }
func (r reached) split() (graph.ID, graph.Rel) { return graph.ID(r >> 16), graph.Rel(r) }

// climbed is where one subject's climb has come to.
type climbed struct {
	state climbState
	found []reached
	kept  bool // found is of an ascent: sorted, and not to be written to
	timed bool // a tuple that expires was met
	own   []reached
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
func (c *climbed) add(r reached) {
	if len(c.found) < short {
		if !slices.Contains(c.found, r) {
			c.found = append(c.found, r)
		}
		return
	}
	if len(c.found) == short || len(c.found)*2 >= len(c.slots) {
		c.index()
	}
	if s := c.slot(r); s.epoch != c.epoch {
		*s = slot{c.epoch, int32(len(c.found))}
		c.found = append(c.found, r)
	}
}

// index fills the slots with what was found.
func (c *climbed) index() {
	if len(c.found)*2 >= len(c.slots) {
		c.slots, c.epoch = make([]slot, max(64, 2*len(c.slots))), 1
	}
	for i, r := range c.found {
		*c.slot(r) = slot{c.epoch, int32(i)}
	}
}

// slot is where r stands in the index, or would.
func (c *climbed) slot(r reached) *slot {
	mask := uint64(len(c.slots) - 1)
	for h := hash(uint64(r)); ; h++ {
		if s := &c.slots[h&mask]; s.epoch != c.epoch || c.found[s.index] == r {
			return s
		}
	}
}

func (c *climbed) has(r reached) bool {
	if len(c.found) <= short {
		return slices.Contains(c.found, r)
	}
	if c.kept {
		_, ok := slices.BinarySearch(c.found, r)
		return ok
	}
	return c.slot(r).epoch == c.epoch
}

// canClimb climbs, the first time, and reports whether all was found.
func (a *asker) canClimb() bool {
	if a.climb.state == notYet {
		a.climb.state = atTop // for those who ask on the way
		a.climb.state = a.startClimb()
	}
	return a.climb.state == atTop
}

// climbedTo tells whether the subject is in a userset that climbing covers.
func (a *asker) climbedTo(object graph.ID, rel graph.Rel) verdict {
	if a.climb.has(reach(object, rel)) {
		return yes
	}
	return no
}

func (a *asker) climbAll() climbState {
	up := &a.c.climb
	if a.srel != 0 {
		for _, above := range at(up.above, a.srel) {
			a.climb.add(reach(a.sid, above))
		}
		if !a.climbFrom(a.sid, a.srel, at(up.fromRel, a.srel)) {
			return gaveUp
		}
	} else {
		rels := at(up.fromType, a.skind.number)
		if !a.climbFrom(a.sid, 0, rels) || a.everyone != 0 && !a.climbFrom(a.everyone, 0, rels) {
			return gaveUp
		}
	}
	for i := 0; i < len(a.climb.found); i++ {
		group, rel := a.climb.found[i].split()
		if !a.climbFrom(group, rel, at(up.fromRel, rel)) {
			return gaveUp
		}
	}
	return atTop
}

// climbFrom adds what the tuples with one subject lead to. It reports false when it is to be given up.
func (a *asker) climbFrom(subject graph.ID, srel graph.Rel, rels []graph.Rel) bool {
	for _, rel := range rels {
		if subject < outside {
			edges := a.facts.Objects(subject, srel, rel)
			for e, ok := edges.Next(); ok; e, ok = edges.Next() {
				if a.work++; a.work > a.s.maxWork || !a.climbOver(e.Other, rel, e.Extra) {
					return false
				}
			}
		}
		for _, x := range a.extra {
			if x.subject == subject && x.srel == srel && x.rel == rel && !a.climbOver(x.object, rel, x.extra) {
				return false
			}
		}
	}
	return true
}

func (a *asker) climbOver(object graph.ID, rel graph.Rel, extra *graph.Extra) bool {
	if extra != nil {
		if extra.Condition != "" {
			return false
		}
		a.climb.timed = true
		if a.counts(extra) != yes {
			return true
		}
	}
	for _, given := range at(a.c.climb.gives, rel) {
		a.climb.add(reach(object, given))
	}
	return len(a.climb.found) <= maxClimb
}
