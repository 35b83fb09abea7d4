// Package graph holds the facts of an environment in memory: entities by number,
// the edges between them in both directions, and what is recorded about each. A
// [Graph] is immutable; an [Edit] makes the next one and shares what did not change.
package graph

import (
	"sort"
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
	Profile    map[string]string
	Created    time.Time
	Updated    time.Time
}

// Attribute is a named JSON value.
type Attribute struct {
	Name  string
	Value any
}

// Graph is the facts at one revision. Any number of goroutines may read it.
type Graph struct {
	types   map[string]Type
	names   []string // of types, by Type
	rels    map[relKey]Rel
	relKeys []relKey
	ids     map[entity]ID
	ent     []entity
	out     map[ID][]Edge
	in      map[ID][]Edge
	created map[edgeKey]time.Time
	records map[ID]*Record
}

type relKey struct {
	t    Type
	name string
}

type entity struct {
	t    Type
	name string
}

type edgeKey struct {
	object  ID
	rel     Rel
	subject ID
	srel    Rel
}

// New gives a graph of nothing.
func New() *Graph {
	return &Graph{
		types: map[string]Type{}, names: []string{""}, rels: map[relKey]Rel{}, relKeys: []relKey{{}},
		ids: map[entity]ID{}, ent: []entity{{}}, out: map[ID][]Edge{}, in: map[ID][]Edge{},
		created: map[edgeKey]time.Time{}, records: map[ID]*Record{},
	}
}

// Type gives the number of a type's name, 0 if no fact and no model has named it.
func (g *Graph) Type(name string) Type { return g.types[name] }

// TypeName is the name of a type.
func (g *Graph) TypeName(t Type) string { return g.names[t] }

// Rel gives the number of a relation, 0 if nothing has named it.
func (g *Graph) Rel(t Type, name string) Rel { return g.rels[relKey{t, name}] }

// RelName is the type and the name of a relation.
func (g *Graph) RelName(r Rel) (Type, string) { return g.relKeys[r].t, g.relKeys[r].name }

// Lookup gives the number of an entity, 0 if it was never named.
func (g *Graph) Lookup(t Type, id string) ID { return g.ids[entity{t, id}] }

// Name is the type and the name of an entity.
func (g *Graph) Name(id ID) (Type, string) { return g.ent[id].t, g.ent[id].name }

// Has finds one tuple.
func (g *Graph) Has(object ID, rel Rel, subject ID, subjectRel Rel) (Edge, bool) {
	for _, e := range g.out[object] {
		if e.Rel == rel && e.Other == subject && e.SubjectRel == subjectRel {
			return e, true
		}
	}
	return Edge{}, false
}

// Created is when a tuple was made, to the second.
func (g *Graph) Created(object ID, rel Rel, subject ID, subjectRel Rel) time.Time {
	return g.created[edgeKey{object, rel, subject, subjectRel}]
}

// Subjects runs over the tuples of a relation of an object; with rel 0 over those
// of all its relations. They are ordered by relation, then by subject relation, then by subject number.
func (g *Graph) Subjects(object ID, rel Rel) Edges { return Edges{list: g.out[object], rel: rel} }

// Objects runs over the tuples that a subject stands in: those of a userset when
// subjectRel is not 0, and of one relation when rel is not 0. Ordered by relation, then object number.
func (g *Graph) Objects(subject ID, subjectRel, rel Rel) Edges {
	return Edges{list: g.in[subject], rel: rel, srel: subjectRel, bySubject: true}
}

// Edges is a cursor over edges; its zero value is empty. It allocates nothing.
type Edges struct {
	list      []Edge
	rel, srel Rel
	bySubject bool
}

// Next gives the next edge; ok is false after the last.
func (e *Edges) Next() (edge Edge, ok bool) {
	for len(e.list) > 0 {
		edge, e.list = e.list[0], e.list[1:]
		if (e.rel == 0 || edge.Rel == e.rel) && (!e.bySubject || edge.SubjectRel == e.srel) {
			return edge, true
		}
	}
	return Edge{}, false
}

// Degree is how many tuples an object has, and in how many a subject stands.
func (g *Graph) Degree(id ID) (asObject, asSubject int) { return len(g.out[id]), len(g.in[id]) }

// Record gives what is recorded about an entity; nil for nothing.
func (g *Graph) Record(id ID) *Record { return g.records[id] }

// Known reports whether anything is stored about an entity: a record or a tuple.
func (g *Graph) Known(id ID) bool {
	return g.records[id] != nil || len(g.out[id]) > 0 || len(g.in[id]) > 0
}

// Each runs over the known entities of a type in order of their numbers until f gives false.
func (g *Graph) Each(t Type, f func(ID) bool) {
	for i, e := range g.ent {
		if i > 0 && e.t == t && g.Known(ID(i)) && !f(ID(i)) {
			return
		}
	}
}

// Count is how many tuples and how many records there are.
func (g *Graph) Count() (tuples, records int) { return len(g.created), len(g.records) }

// Edit starts the next graph. One edit at a time may follow a graph, and an edit
// that is dropped leaves no trace but names.
func (g *Graph) Edit() *Edit {
	n := New()
	for k, v := range g.types {
		n.types[k] = v
	}
	n.names = append([]string{}, g.names...)
	for k, v := range g.rels {
		n.rels[k] = v
	}
	n.relKeys = append([]relKey{}, g.relKeys...)
	for k, v := range g.ids {
		n.ids[k] = v
	}
	n.ent = append([]entity{}, g.ent...)
	for k, v := range g.out {
		n.out[k] = append([]Edge{}, v...)
	}
	for k, v := range g.in {
		n.in[k] = append([]Edge{}, v...)
	}
	for k, v := range g.created {
		n.created[k] = v
	}
	for k, v := range g.records {
		n.records[k] = v
	}
	return &Edit{n}
}

// Edit collects changes.
type Edit struct{ g *Graph }

// Type gives the number of a type's name, a new one if need be.
func (e *Edit) Type(name string) Type {
	if t := e.g.types[name]; t != 0 {
		return t
	}
	e.g.names = append(e.g.names, name)
	e.g.types[name] = Type(len(e.g.names) - 1)
	return e.g.types[name]
}

// Rel gives the number of a relation, a new one if need be.
func (e *Edit) Rel(t Type, name string) Rel {
	k := relKey{t, name}
	if r := e.g.rels[k]; r != 0 {
		return r
	}
	e.g.relKeys = append(e.g.relKeys, k)
	e.g.rels[k] = Rel(len(e.g.relKeys) - 1)
	return e.g.rels[k]
}

// Entity gives the number of an entity, a new one if need be.
func (e *Edit) Entity(t Type, name string) ID {
	k := entity{t, name}
	if id := e.g.ids[k]; id != 0 {
		return id
	}
	e.g.ent = append(e.g.ent, k)
	e.g.ids[k] = ID(len(e.g.ent) - 1)
	return e.g.ids[k]
}

// Graph is the state so far, to read; it changes with the edit.
func (e *Edit) Graph() *Graph { return e.g }

// Add puts a tuple in, or puts extra and created in place of what it had. It reports whether it is new.
func (e *Edit) Add(object ID, rel Rel, subject ID, subjectRel Rel, extra *Extra, created time.Time) bool {
	fresh := !e.Remove(object, rel, subject, subjectRel)
	e.g.out[object] = append(e.g.out[object], Edge{rel, subject, subjectRel, extra})
	e.g.in[subject] = append(e.g.in[subject], Edge{rel, object, subjectRel, extra})
	sortEdges(e.g.out[object])
	sortEdges(e.g.in[subject])
	e.g.created[edgeKey{object, rel, subject, subjectRel}] = created
	return fresh
}

func sortEdges(l []Edge) {
	sort.Slice(l, func(i, j int) bool {
		a, b := l[i], l[j]
		if a.Rel != b.Rel {
			return a.Rel < b.Rel
		}
		if a.SubjectRel != b.SubjectRel {
			return a.SubjectRel < b.SubjectRel
		}
		return a.Other < b.Other
	})
}

// Remove takes a tuple out and reports whether it was there.
func (e *Edit) Remove(object ID, rel Rel, subject ID, subjectRel Rel) bool {
	k := edgeKey{object, rel, subject, subjectRel}
	if _, ok := e.g.created[k]; !ok {
		return false
	}
	delete(e.g.created, k)
	e.g.out[object] = without(e.g.out[object], Edge{Rel: rel, Other: subject, SubjectRel: subjectRel})
	e.g.in[subject] = without(e.g.in[subject], Edge{Rel: rel, Other: object, SubjectRel: subjectRel})
	return true
}

func without(l []Edge, x Edge) []Edge {
	var kept []Edge
	for _, e := range l {
		if e.Rel != x.Rel || e.Other != x.Other || e.SubjectRel != x.SubjectRel {
			kept = append(kept, e)
		}
	}
	return kept
}

// SetRecord records r about an entity; nil forgets it. r must not be changed afterwards.
func (e *Edit) SetRecord(id ID, r *Record) {
	if r == nil {
		delete(e.g.records, id)
		return
	}
	e.g.records[id] = r
}

// Done gives the graph. The edit must not be used again.
func (e *Edit) Done() *Graph { return e.g }
