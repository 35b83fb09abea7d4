package authz

import (
	"container/heap"

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
	t := s.named(n, x)
	t.Created = s.facts.Created(n.object, n.rel, n.subject, n.srel)
	if x != nil {
		t.Params, _ = copyOf(x.Params).(map[string]any)
	}
	return t
}

// named is a tuple without what has to be copied or looked up.
func (s *Snapshot) named(n tupleNumbers, x *graph.Extra) Tuple {
	_, relation := s.facts.RelName(n.rel)
	t := Tuple{Object: entityOf(s.facts, n.object), Relation: relation, Subject: Holder{Entity: entityOf(s.facts, n.subject)}}
	if n.srel != 0 {
		_, t.Subject.Relation = s.facts.RelName(n.srel)
	}
	if x != nil {
		t.Condition, t.Expires = x.Condition, x.Expires
	}
	return t
}

// found is a tuple that is there.
func (s *Snapshot) found(n tupleNumbers) Tuple {
	e, _ := s.facts.Has(n.object, n.rel, n.subject, n.srel)
	return s.tuple(n, e.Extra)
}

// TenantOf is the key of the tenant that an entity is, or that its record says it belongs to; "" for none.
func (s *Snapshot) TenantOf(e Entity) string {
	if e.Type == TenantType {
		return e.ID
	}
	if t := s.facts.Type(e.Type); t != 0 {
		return s.tenantKey(s.facts.Lookup(t, e.ID))
	}
	return ""
}

func (s *Snapshot) tenantKey(id graph.ID) string {
	if t, key := s.facts.Name(id); s.facts.TypeName(t) == TenantType {
		return key
	}
	r := s.facts.Record(id)
	if r == nil || r.Tenant == 0 {
		return ""
	}
	_, key := s.facts.Name(r.Tenant)
	return key
}

// Count is how many tuples and records are stored.
func (s *Snapshot) Count() (tuples, records int) { return s.facts.Count() }
