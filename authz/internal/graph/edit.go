package graph

import (
	"slices"
	"strings"
	"time"
)

// Edit collects changes. It is for one goroutine.
type Edit struct {
	g     *Graph
	owner uint64
}

// Edit starts the next graph. An edit that is dropped leaves no trace but names;
// many edits may follow one graph, and none of them sees another's facts.
func (g *Graph) Edit() *Edit {
	next := *g
	return &Edit{&next, g.names.edits.Add(1)}
}

// Type gives the number of a type's name, a new one if need be; 0 when there are 65,535 already.
func (e *Edit) Type(name string) Type {
	return Type(e.g.names.intern(&e.g.names.types, &e.g.types, 0, name))
}

// Rel gives the number of a relation, a new one if need be; 0 when there are 65,535
// already or when there is no type t.
func (e *Edit) Rel(t Type, name string) Rel {
	if t == 0 || uint32(t) >= e.g.types.end {
		return 0
	}
	return Rel(e.g.names.intern(&e.g.names.rels, &e.g.rels, t, name))
}

// Entity gives the number of an entity, a new one if need be; 0 when there are
// 2^32-2 already or when there is no type t.
func (e *Edit) Entity(t Type, name string) ID {
	if t == 0 || uint32(t) >= e.g.types.end {
		return 0
	}
	return ID(e.g.names.intern(&e.g.names.ids, &e.g.ids, t, name))
}

// Graph is the state so far, to read; it changes with the edit. Cursors over it
// end with the next change.
func (e *Edit) Graph() *Graph { return e.g }

// Add puts a tuple in, or puts extra and created in place of what it had. It reports
// whether it is new. Created is kept to the second, from 1970 to 2106. A number that
// the edit does not have, and a 0 for object, rel or subject, changes nothing.
func (e *Edit) Add(object ID, rel Rel, subject ID, subjectRel Rel, extra *Extra, created time.Time) bool {
	if !e.has(object) || !e.has(subject) || rel == 0 ||
		uint32(rel) >= e.g.rels.end || uint32(subjectRel) >= e.g.rels.end {
		return false
	}
	c := change{
		owner: e.owner, timed: true,
		key: pack(uint16(rel), uint16(subjectRel), subject), time: seconds(created), extra: extra,
	}
	fresh := e.list(&e.g.out, object, &c).put(c)
	c.timed, c.key = false, pack(uint16(subjectRel), uint16(rel), object)
	if !fresh && e.same(subject, c.key, extra) {
		return false
	}
	e.list(&e.g.in, subject, &c).put(c)
	if fresh {
		e.g.tuples++
	}
	return fresh
}

// same reports that the list of a subject needs no change.
func (e *Edit) same(subject ID, key uint64, extra *Extra) bool {
	had, _ := e.g.in.at(uint32(subject)).find(key, false)
	return had == extra
}

func (e *Edit) has(id ID) bool { return id != 0 && uint32(id) < e.g.ids.end }

// list gives a list to change, and notes in c whether what it points to is the
// edit's. Of a short list it does not matter, and is not asked.
func (e *Edit) list(v *vector[list], id ID, c *change) *list {
	p := v.own(uint32(id), e.owner)
	l := &p.slots[id%slots]
	c.mine = l.rest != nil && l.rest.more != nil && p.take(uint32(id))
	return l
}

// Remove takes a tuple out and reports whether it was there.
func (e *Edit) Remove(object ID, rel Rel, subject ID, subjectRel Rel) bool {
	if _, ok := e.g.Has(object, rel, subject, subjectRel); !ok {
		return false
	}
	c := change{owner: e.owner, timed: true, key: pack(uint16(rel), uint16(subjectRel), subject)}
	e.list(&e.g.out, object, &c).drop(c)
	c.timed, c.key = false, pack(uint16(subjectRel), uint16(rel), object)
	e.list(&e.g.in, subject, &c).drop(c)
	e.g.tuples--
	return true
}

// SetRecord records r about an entity; nil forgets it. r must not be changed
// afterwards; its attributes are sorted if they are not.
func (e *Edit) SetRecord(id ID, r *Record) {
	before := e.g.Record(id)
	if !e.has(id) || before == r {
		return
	}
	if r != nil {
		byName := func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) }
		if !slices.IsSortedFunc(r.Attributes, byName) {
			slices.SortFunc(r.Attributes, byName)
		}
		e.g.recorded++
	}
	if before != nil {
		e.g.recorded--
	}
	e.g.records.own(uint32(id), e.owner).slots[id%slots] = r
}

// Done gives the graph. The edit must not be used again.
func (e *Edit) Done() *Graph {
	g := e.g
	e.g = nil
	return g
}
