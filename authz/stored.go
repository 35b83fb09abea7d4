package authz

import (
	"container/heap"
	"slices"
	"strings"

	"github.com/writ-dev/writ/authz/internal/graph"
	"github.com/writ-dev/writ/internal/expr"
)

// tupleNumbers is the name of a tuple in numbers.
type tupleNumbers struct {
	object, subject graph.ID
	rel, srel       graph.Rel
}

// number gives the name of a tuple in numbers; false when a part of it was never named.
func number(g *graph.Graph, object Entity, relation string, subject Holder) (n tupleNumbers, ok bool) {
	to, ts := g.Type(object.Type), g.Type(subject.Type)
	if to == 0 || ts == 0 {
		return n, false
	}
	n.object, n.subject, n.rel = g.Lookup(to, object.ID), g.Lookup(ts, subject.ID), g.Rel(to, relation)
	if subject.Relation != "" {
		if n.srel = g.Rel(ts, subject.Relation); n.srel == 0 {
			return n, false
		}
	}
	return n, n.object != 0 && n.subject != 0 && n.rel != 0
}

func entityOf(g *graph.Graph, id graph.ID) Entity {
	t, name := g.Name(id)
	return Entity{g.TypeName(t), name}
}

// Record gives what is stored about an entity. It is the caller's own copy.
func (s *Snapshot) Record(e Entity) (Record, bool) {
	t := s.facts.Type(e.Type)
	if t == 0 {
		return Record{}, false
	}
	id := s.facts.Lookup(t, e.ID)
	if id == 0 {
		return Record{}, false
	}
	r := s.facts.Record(id)
	if r == nil {
		return Record{}, false
	}
	return s.recordOf(e, r), true
}

func (s *Snapshot) recordOf(e Entity, r *graph.Record) Record {
	full := Record{Entity: e}
	if r.About != nil {
		full.Created, full.Updated = r.Created, r.Updated
	}
	if r.Tenant != 0 {
		_, full.Tenant = s.facts.Name(r.Tenant)
	}
	if len(r.Attributes) > 0 {
		full.Attributes = make(map[string]any, len(r.Attributes))
		for _, a := range r.Attributes {
			full.Attributes[a.Name] = copyOf(expr.Plain(a.Value))
		}
	}
	if r.About != nil && len(r.Profile) > 0 {
		full.Profile = make(map[string]string, len(r.Profile))
		for k, v := range r.Profile {
			full.Profile[k] = v
		}
	}
	return full
}

// Records runs over the records of a type in order of IDs, from the first after
// `after`, until f gives false.
func (s *Snapshot) Records(kind, after string, f func(Record) bool) {
	t := s.facts.Type(kind)
	if t == 0 {
		return
	}
	var all byText
	s.facts.EachRecord(t, func(id graph.ID, _ *graph.Record) bool {
		if _, name := s.facts.Name(id); name > after || after == "" {
			all = append(all, numbered{name, id})
		}
		return true
	})
	for n := range all.inOrder {
		if !f(s.recordOf(Entity{kind, n.text}, s.facts.Record(n.id))) {
			return
		}
	}
}

// numbered is an entity's number with the text that it is ordered by.
type numbered struct {
	text string
	id   graph.ID
}

// byText is a heap: who wants the first few of a million need not sort the rest.
type byText []numbered

func (b byText) Len() int           { return len(b) }
func (b byText) Less(i, j int) bool { return b[i].text < b[j].text }
func (b byText) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }
func (b *byText) Push(x any)        { *b = append(*b, x.(numbered)) }
func (b *byText) Pop() any {
	last := (*b)[len(*b)-1]
	*b = (*b)[:len(*b)-1]
	return last
}

// inOrder gives the smallest first, and empties the heap.
func (b *byText) inOrder(yield func(numbered) bool) {
	heap.Init(b)
	for len(*b) > 0 && yield((*b)[0]) {
		b.Swap(0, len(*b)-1)
		*b = (*b)[:len(*b)-1]
		if len(*b) > 0 {
			heap.Fix(b, 0)
		}
	}
}

// Tuple finds one stored tuple.
func (s *Snapshot) Tuple(object Entity, relation string, subject Holder) (Tuple, bool) {
	n, ok := number(s.facts, object, relation, subject)
	if !ok {
		return Tuple{}, false
	}
	e, ok := s.facts.Has(n.object, n.rel, n.subject, n.srel)
	if !ok {
		return Tuple{}, false
	}
	return s.tuple(n, e.Extra), true
}

func (s *Snapshot) tuple(n tupleNumbers, x *graph.Extra) Tuple {
	_, relation := s.facts.RelName(n.rel)
	t := Tuple{
		Object: entityOf(s.facts, n.object), Relation: relation, Subject: Holder{Entity: entityOf(s.facts, n.subject)},
		Created: s.facts.Created(n.object, n.rel, n.subject, n.srel),
	}
	if n.srel != 0 {
		_, t.Subject.Relation = s.facts.RelName(n.srel)
	}
	if x != nil {
		t.Condition, t.Expires = x.Condition, x.Expires
		t.Params, _ = copyOf(x.Params).(map[string]any)
	}
	return t
}

// TupleFilter says which tuples are asked for; empty fields match all.
type TupleFilter struct {
	Object   Entity // ID may be empty
	Relation string
	Subject  Holder // ID may be empty
	// Tenant keeps tuples on that tenant and on resources of that tenant.
	Tenant string
}

func (f *TupleFilter) matches(t *Tuple) bool {
	same := func(want, have string) bool { return want == "" || want == have }
	return same(f.Object.Type, t.Object.Type) && same(f.Object.ID, t.Object.ID) && same(f.Relation, t.Relation) &&
		same(f.Subject.Type, t.Subject.Type) && same(f.Subject.ID, t.Subject.ID) && same(f.Subject.Relation, t.Subject.Relation)
}

// Tuples runs over stored tuples in the order of their text until f gives false.
// With an object or a subject named it looks at theirs only.
func (s *Snapshot) Tuples(filter TupleFilter, f func(Tuple) bool) {
	switch {
	case filter.Object.Type != "" && filter.Object.ID != "":
		if t := s.facts.Type(filter.Object.Type); t != 0 {
			if id := s.facts.Lookup(t, filter.Object.ID); id != 0 {
				s.tuplesOn(id, &filter, f)
			}
		}
	case filter.Subject.Type != "" && filter.Subject.ID != "":
		s.tuplesOf(&filter, f)
	default:
		objects := s.objects(filter.Object.Type)
		for o := range objects.inOrder {
			if !s.tuplesOn(o.id, &filter, f) {
				return
			}
		}
	}
}

// objects gives the entities of a type, or of all types, that have tuples, with what
// the texts of these begin with.
func (s *Snapshot) objects(only string) byText {
	var all byText
	for name, k := range s.c.types {
		if only != "" && only != name {
			continue
		}
		s.facts.Each(k.number, func(id graph.ID) bool {
			if n, _ := s.facts.Degree(id); n > 0 {
				_, key := s.facts.Name(id)
				all = append(all, numbered{name + ":" + key + "#", id})
			}
			return true
		})
	}
	return all
}

// tuplesOn runs over the tuples of one object.
func (s *Snapshot) tuplesOn(object graph.ID, filter *TupleFilter, f func(Tuple) bool) bool {
	if !s.inTenant(object, filter.Tenant) {
		return true
	}
	var list []Tuple
	edges := s.facts.Subjects(object, 0)
	for e, ok := edges.Next(); ok; e, ok = edges.Next() {
		list = append(list, s.tuple(tupleNumbers{object, e.Other, e.Rel, e.SubjectRel}, e.Extra))
	}
	return inOrder(list, filter, f)
}

// tuplesOf runs over the tuples in which one entity is the subject, itself or as a userset.
func (s *Snapshot) tuplesOf(filter *TupleFilter, f func(Tuple) bool) {
	t := s.facts.Type(filter.Subject.Type)
	if t == 0 {
		return
	}
	subject := s.facts.Lookup(t, filter.Subject.ID)
	if subject == 0 {
		return
	}
	var list []Tuple
	edges := s.facts.ObjectsAny(subject)
	for e, ok := edges.Next(); ok; e, ok = edges.Next() {
		if s.inTenant(e.Other, filter.Tenant) {
			list = append(list, s.tuple(tupleNumbers{e.Other, subject, e.Rel, e.SubjectRel}, e.Extra))
		}
	}
	inOrder(list, filter, f)
}

func (s *Snapshot) inTenant(object graph.ID, tenant string) bool {
	if tenant == "" {
		return true
	}
	if (entityOf(s.facts, object) == Entity{TenantType, tenant}) {
		return true
	}
	r := s.facts.Record(object)
	if r == nil || r.Tenant == 0 {
		return false
	}
	_, key := s.facts.Name(r.Tenant)
	return key == tenant
}

func inOrder(list []Tuple, filter *TupleFilter, f func(Tuple) bool) bool {
	list = slices.DeleteFunc(list, func(t Tuple) bool { return !filter.matches(&t) })
	slices.SortFunc(list, func(a, b Tuple) int { return strings.Compare(a.String(), b.String()) })
	for _, t := range list {
		if !f(t) {
			return false
		}
	}
	return true
}

// Count is how many tuples and records are stored.
func (s *Snapshot) Count() (tuples, records int) { return s.facts.Count() }
