// Package graph holds the facts of an environment in memory: entities by number,
// the edges between them in both directions, and what is recorded about each. A
// [Graph] is immutable; an [Edit] makes the next one and shares what did not change.
//
// Graphs that were edited out of each other share their names, so a number means
// the same entity in all of them. An edit costs what it changes: pages of entities
// and chunks of long lists are copied when they are first touched.
package graph

import (
	"slices"
	"strings"
	"time"
)

// ID numbers an entity. Numbers are never given to another name. 0 is no entity.
type ID uint32

// Type numbers a type's name; 0 is no type.
type Type uint16

// Rel numbers a relation of a type, `document#viewer`; 0 is no relation.
type Rel uint16

// Extra is what few edges have.
type Extra struct {
	Condition string
	Params    map[string]any
	Expires   time.Time
}

// Edge is a tuple seen from one of its two ends.
type Edge struct {
	// Rel is the tuple's relation, which is of the object's type.
	Rel Rel
	// Other is the entity at the other end: the subject of [Graph.Subjects], the object of [Graph.Objects].
	Other ID
	// SubjectRel is the relation of a userset subject, else 0.
	SubjectRel Rel
	// Extra is nil for an edge without condition and expiry.
	Extra *Extra
}

// Record is what is stored about an entity; nil fields where there is nothing.
type Record struct {
	Tenant     ID
	Attributes []Attribute // by name
	*About                 // nil when there is none of it
}

// About is the part of a record that questions seldom ask for.
type About struct {
	Profile map[string]string
	Created time.Time
	Updated time.Time
}

// NewRecord gives a record with room for some attributes. Those of a record with few stand
// beside it in memory: a question that reads one would else wait twice.
func NewRecord(attributes int) *Record {
	switch {
	case attributes == 0:
		return &Record{}
	case attributes <= 2:
		r := &struct {
			Record
			room [2]Attribute
		}{}
		r.Attributes = r.room[:0]
		return &r.Record
	case attributes == 3:
		r := &struct {
			Record
			room [3]Attribute
		}{}
		r.Attributes = r.room[:0]
		return &r.Record
	case attributes <= 5:
		r := &struct {
			Record
			room [5]Attribute
		}{}
		r.Attributes = r.room[:0]
		return &r.Record
	}
	return &Record{Attributes: make([]Attribute, 0, attributes)}
}

// Attribute is a named JSON value.
type Attribute struct {
	Name  string
	Value any
}

// Attribute finds an attribute by its name.
func (r *Record) Attribute(name string) (any, bool) {
	if r == nil {
		return nil, false
	}
	if len(r.Attributes) <= smallMax {
		for i := range r.Attributes {
			if r.Attributes[i].Name == name {
				return r.Attributes[i].Value, true
			}
		}
		return nil, false
	}
	i, ok := slices.BinarySearchFunc(r.Attributes, name, func(a Attribute, name string) int {
		return strings.Compare(a.Name, name)
	})
	if !ok {
		return nil, false
	}
	return r.Attributes[i].Value, true
}

// Graph is the facts at one revision. Any number of goroutines may read it, while
// an edit of it is made too.
type Graph struct {
	names            *names
	types, rels, ids view
	out, in          vector[list]
	records          vector[*Record]
	tuples, recorded int
}

// New gives a graph of nothing.
func New() *Graph {
	n := newNames()
	return &Graph{names: n, types: n.types.newest, rels: n.rels.newest, ids: n.ids.newest}
}

// Type gives the number of a type's name, 0 if no fact and no model has named it.
func (g *Graph) Type(name string) Type { return Type(g.types.find(&g.names.types, 0, name)) }

// TypeName is the name of a type.
func (g *Graph) TypeName(t Type) string {
	_, name := g.types.name(uint32(t))
	return name
}

// Rel gives the number of a relation, 0 if nothing has named it.
func (g *Graph) Rel(t Type, name string) Rel { return Rel(g.rels.find(&g.names.rels, t, name)) }

// RelName is the type and the name of a relation.
func (g *Graph) RelName(r Rel) (Type, string) { return g.rels.name(uint32(r)) }

// Lookup gives the number of an entity, 0 if it was never named.
func (g *Graph) Lookup(t Type, id string) ID { return ID(g.ids.find(&g.names.ids, t, id)) }

// Name is the type and the name of an entity.
func (g *Graph) Name(id ID) (Type, string) { return g.ids.name(uint32(id)) }

// Has finds one tuple.
func (g *Graph) Has(object ID, rel Rel, subject ID, subjectRel Rel) (Edge, bool) {
	l := g.out.at(uint32(object))
	if l == nil {
		return Edge{}, false
	}
	key, timed := pack(uint16(rel), uint16(subjectRel), subject), true
	if l.hub() {
		// The other end has most often few edges, and those stand together.
		back := g.in.at(uint32(subject))
		if back == nil {
			return Edge{}, false
		}
		if !back.hub() {
			l, key, timed = back, pack(uint16(subjectRel), uint16(rel), object), false
		}
	}
	extra, ok := l.find(key, timed)
	if !ok {
		return Edge{}, false
	}
	return Edge{Rel: rel, Other: subject, SubjectRel: subjectRel, Extra: extra}, true
}

// Created is when a tuple was made, to the second and in UTC; the zero time when it was not said, or there is no such tuple.
func (g *Graph) Created(object ID, rel Rel, subject ID, subjectRel Rel) time.Time {
	l := g.out.at(uint32(object))
	if l == nil {
		return time.Time{}
	}
	return moment(l.created(pack(uint16(rel), uint16(subjectRel), subject)))
}

// Subjects runs over the tuples of a relation of an object; with rel 0 over those
// of all its relations. They are ordered by relation, then by subject relation, then by subject number.
func (g *Graph) Subjects(object ID, rel Rel) Edges {
	if rel == 0 {
		return g.out.at(uint32(object)).between(0, ^uint64(0), false)
	}
	return g.out.at(uint32(object)).between(pack(uint16(rel), 0, 0), pack(uint16(rel), maxRel, ^ID(0)), false)
}

// SubjectsWith runs over the tuples of a relation of an object whose subjects are
// usersets of one relation, or with subjectRel 0 those whose subjects are entities. Ordered by subject number.
func (g *Graph) SubjectsWith(object ID, rel, subjectRel Rel) Edges {
	return g.out.at(uint32(object)).between(
		pack(uint16(rel), uint16(subjectRel), 0), pack(uint16(rel), uint16(subjectRel), ^ID(0)), false)
}

// Usersets runs over the tuples of a relation of an object whose subjects are
// usersets. Ordered by subject relation, then by subject number.
func (g *Graph) Usersets(object ID, rel Rel) Edges {
	return g.out.at(uint32(object)).between(pack(uint16(rel), 1, 0), pack(uint16(rel), maxRel, ^ID(0)), false)
}

// Objects runs over the tuples that a subject stands in: those of a userset when
// subjectRel is not 0, and of one relation when rel is not 0. Ordered by relation, then object number.
func (g *Graph) Objects(subject ID, subjectRel, rel Rel) Edges {
	last := rel
	if rel == 0 {
		last = maxRel
	}
	return g.in.at(uint32(subject)).between(
		pack(uint16(subjectRel), uint16(rel), 0), pack(uint16(subjectRel), uint16(last), ^ID(0)), true)
}

// FewObjects is Objects of all relations for a subject that stands in few tuples;
// few is false, and nothing is run over, when it stands in more than most.
func (g *Graph) FewObjects(subject ID, subjectRel Rel, most int) (edges Edges, few bool) {
	l := g.in.at(uint32(subject))
	if l.len(false) > most {
		return Edges{}, false
	}
	return l.between(pack(uint16(subjectRel), 0, 0), pack(uint16(subjectRel), maxRel, ^ID(0)), true), true
}

// ObjectsAny runs over all tuples that a subject stands in, as an entity and as a
// userset. Ordered by subject relation, then relation, then object number.
func (g *Graph) ObjectsAny(subject ID) Edges {
	return g.in.at(uint32(subject)).between(0, ^uint64(0), true)
}

// Degree is how many tuples an object has, and in how many a subject stands.
func (g *Graph) Degree(id ID) (asObject, asSubject int) {
	return g.out.at(uint32(id)).len(true), g.in.at(uint32(id)).len(false)
}

// Record gives what is recorded about an entity; nil for nothing.
func (g *Graph) Record(id ID) *Record {
	r := g.records.at(uint32(id))
	if r == nil {
		return nil
	}
	return *r
}

// Known reports whether anything is stored about an entity: a record or a tuple.
func (g *Graph) Known(id ID) bool {
	return g.out.at(uint32(id)).len(true) > 0 || g.in.at(uint32(id)).len(false) > 0 || g.Record(id) != nil
}

// Each runs over the known entities of a type in order of their numbers until f gives false.
func (g *Graph) Each(t Type, f func(ID) bool) {
	for id := g.first(t); id != 0; id = g.next(id) {
		if g.Known(id) && !f(id) {
			return
		}
	}
}

// EachRecord runs over the records of a type's entities in order of their numbers until f gives false.
func (g *Graph) EachRecord(t Type, f func(ID, *Record) bool) {
	for id := g.first(t); id != 0; id = g.next(id) {
		if r := g.Record(id); r != nil && !f(id, r) {
			return
		}
	}
}

// first is the first entity of a type, 0 for none.
func (g *Graph) first(t Type) ID {
	if e := g.types.at(uint32(t)); e != nil {
		return g.ids.within(e.next.Load())
	}
	return 0
}

// next is the entity of the same type that follows id, 0 for none.
func (g *Graph) next(id ID) ID { return g.ids.within(g.ids.at(uint32(id)).next.Load()) }

// Count is how many tuples and how many records there are.
func (g *Graph) Count() (tuples, records int) { return g.tuples, g.recorded }

const maxRel = 1<<16 - 1

// pack makes the key of an edge: lists are in the order of their keys. The relation
// comes first in the lists of objects, the subject relation in those of subjects,
// so that what is asked for always stands together.
func pack(first, second uint16, other ID) uint64 {
	return uint64(first)<<48 | uint64(second)<<32 | uint64(other)
}

// seconds and moment keep a time in four bytes: 0 is the zero time.
func seconds(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return uint32(min(max(t.Unix(), 1), 1<<32-1))
}

func moment(s uint32) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}
