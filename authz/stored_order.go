package authz

import (
	"container/heap"
	"slices"
	"strings"
	"sync"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// RecordView is a record as it lies in a snapshot: looking at it copies nothing.
type RecordView struct {
	Entity
	s *Snapshot
	r *graph.Record
}

// Tenant is the key of the tenant that it belongs to; empty for none.
func (v *RecordView) Tenant() string {
	if v.r.Tenant == 0 {
		return ""
	}
	_, key := v.s.facts.Name(v.r.Tenant)
	return key
}

// Attribute finds an attribute. A list or object must not be changed.
func (v *RecordView) Attribute(name string) (any, bool) { return v.r.Attribute(name) }

// Profile gives a field of the profile, empty when it is not there.
func (v *RecordView) Profile(name string) string { return v.r.Profile[name] }

// Record is the caller's own copy.
func (v *RecordView) Record() Record { return v.s.recordOf(v.Entity, v.r) }

// Look runs over the records of a type in order of IDs until f gives false, and copies none.
// The first run over a snapshot sorts them; what f is given is of that call alone.
func (s *Snapshot) Look(kind string, f func(*RecordView) bool) {
	t := s.facts.Type(kind)
	if t == 0 {
		return
	}
	for _, id := range s.orders.of(s.facts, t) {
		v := s.stored(kind, id)
		if !f(&v) {
			return
		}
	}
}

func (s *Snapshot) stored(kind string, id graph.ID) RecordView {
	_, name := s.facts.Name(id)
	return RecordView{Entity{kind, name}, s, s.facts.Record(id)}
}

// firstPages is how far a page may reach that is found without sorting all records.
const firstPages = 1024

// RecordPage gives at most `most` records of a type in order of IDs, after the first `from`, and how
// many there are in all. The records are the caller's own copies.
func (s *Snapshot) RecordPage(kind string, from, most int) (page []Record, total int) {
	t := s.facts.Type(kind)
	if t == 0 || from < 0 || most < 0 {
		return nil, 0
	}
	ids, known := s.orders.known(t)
	total = len(ids)
	switch {
	case known:
	case from < firstPages && most <= firstPages-from:
		ids, total = s.smallest(t, from+most)
	default:
		ids = s.orders.of(s.facts, t)
		total = len(ids)
	}
	if from >= len(ids) {
		return nil, total
	}
	for _, id := range ids[from : min(len(ids)-from, most)+from] {
		v := s.stored(kind, id)
		page = append(page, v.Record())
	}
	return page, total
}

// smallest gives the n recorded entities of a type whose IDs come first, and the number of all.
func (s *Snapshot) smallest(t graph.Type, n int) (ids []graph.ID, total int) {
	var top largestFirst
	s.facts.EachRecord(t, func(id graph.ID, _ *graph.Record) bool {
		total++
		_, name := s.facts.Name(id)
		switch {
		case len(top.byText) < n:
			heap.Push(&top, numbered{name, id})
		case n > 0 && name < top.byText[0].text:
			top.byText[0] = numbered{name, id}
			heap.Fix(&top, 0)
		}
		return true
	})
	slices.SortFunc(top.byText, func(a, b numbered) int { return strings.Compare(a.text, b.text) })
	for _, one := range top.byText {
		ids = append(ids, one.id)
	}
	return ids, total
}

// largestFirst is a heap whose largest can be put out by a smaller one.
type largestFirst struct{ byText }

// Less puts the largest on top.
func (l largestFirst) Less(i, j int) bool { return l.byText[i].text > l.byText[j].text }

// orders keeps the recorded entities of types in order of their IDs, for those who
// page through all. It lives as long as its snapshot.
type orders struct {
	mu     sync.Mutex
	byType map[graph.Type][]graph.ID
}

func (o *orders) known(t graph.Type) ([]graph.ID, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ids, ok := o.byType[t]
	return ids, ok
}

// of gives the order of a type, and makes it once.
func (o *orders) of(g *graph.Graph, t graph.Type) []graph.ID {
	o.mu.Lock()
	defer o.mu.Unlock()
	if ids, ok := o.byType[t]; ok {
		return ids
	}
	var all byText
	g.EachRecord(t, func(id graph.ID, _ *graph.Record) bool {
		_, name := g.Name(id)
		all = append(all, numbered{name, id})
		return true
	})
	slices.SortFunc(all, func(a, b numbered) int { return strings.Compare(a.text, b.text) })
	ids := make([]graph.ID, len(all))
	for i := range all {
		ids[i] = all[i].id
	}
	if o.byType == nil {
		o.byType = map[graph.Type][]graph.ID{}
	}
	o.byType[t] = ids
	return ids
}
