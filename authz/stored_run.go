package authz

import (
	"cmp"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// tupleRun goes over the tuples that a filter leaves, in the order in which they lie in memory. It makes no texts and no tuples.
type tupleRun struct {
	s      *Snapshot
	filter *TupleFilter
	// skip reports whether all tuples of an object can be passed over, from what their texts begin with; nil: none.
	skip func(object *tupleText) bool
	stop func() error
	take func(tupleNumbers, *graph.Extra) bool

	objectType, subjectType graph.Type // 0: any
	object, subject         graph.ID   // 0: any
	at                      tupleText  // for skip, so that no object needs its own
	looked                  int
	ended                   bool
	err                     error
}

// each calls take for each tuple until it gives false. The error is of what stopped it.
func (r *tupleRun) each(take func(tupleNumbers, *graph.Extra) bool) error {
	r.take = take
	g := r.s.facts
	var there bool
	if r.objectType, r.object, there = entityNumbers(g, r.filter.Object); !there {
		return nil
	}
	if r.subjectType, r.subject, there = entityNumbers(g, r.filter.Subject.Entity); !there {
		return nil
	}
	switch {
	case r.object != 0 && r.subject != 0:
		r.between()
	case r.object != 0:
		r.on(r.object)
	case r.subject != 0:
		r.of(r.subject)
	default:
		for _, name := range r.s.typeNames() {
			if t := r.s.c.types[name].number; r.objectType == 0 || r.objectType == t {
				g.Each(t, func(id graph.ID) bool { return r.on(id) })
			}
		}
	}
	return r.err
}

// entityNumbers gives the numbers of an entity that is named in part or not at all; false when nothing has that name.
func entityNumbers(g *graph.Graph, e Entity) (t graph.Type, id graph.ID, there bool) {
	if e.Type == "" {
		return 0, 0, true
	}
	if t = g.Type(e.Type); t == 0 {
		return 0, 0, false
	}
	if e.ID != "" {
		id = g.Lookup(t, e.ID)
	}
	return t, id, e.ID == "" || id != 0
}

// on takes the tuples of one object.
func (r *tupleRun) on(object graph.ID) bool {
	g := r.s.facts
	if !r.goesOn() || !r.s.inTenant(object, r.filter.Tenant) {
		return !r.ended
	}
	t, name := g.Name(object)
	if r.filter.Object.ID != "" && r.filter.Object.ID != name {
		return true
	}
	if r.skip != nil {
		r.at = tupleText{g.TypeName(t), ":", name, "#"}
		if r.skip(&r.at) {
			return true
		}
	}
	rel := graph.Rel(0)
	if r.filter.Relation != "" {
		if rel = g.Rel(t, r.filter.Relation); rel == 0 {
			return true
		}
	}
	edges := g.Subjects(object, rel)
	for e, ok := edges.Next(); ok && r.goesOn(); e, ok = edges.Next() {
		r.look(tupleNumbers{object, e.Other, e.Rel, e.SubjectRel}, e.Extra)
	}
	return !r.ended
}

// of takes the tuples in which one entity is the subject, itself or as a userset.
func (r *tupleRun) of(subject graph.ID) {
	edges := r.s.facts.ObjectsAny(subject)
	for e, ok := edges.Next(); ok && r.goesOn(); e, ok = edges.Next() {
		if (r.object == 0 || r.object == e.Other) && r.s.inTenant(e.Other, r.filter.Tenant) {
			r.look(tupleNumbers{e.Other, subject, e.Rel, e.SubjectRel}, e.Extra)
		}
	}
}

// between takes the tuples between an object and a subject. With a relation named they are found, else the one of the two
// is gone over that stands in fewer.
func (r *tupleRun) between() {
	g := r.s.facts
	if r.filter.Relation == "" {
		asObject, _ := g.Degree(r.object)
		if _, asSubject := g.Degree(r.subject); asSubject < asObject {
			r.of(r.subject)
			return
		}
		r.on(r.object)
		return
	}
	rel := g.Rel(r.objectType, r.filter.Relation)
	if rel == 0 || !r.s.inTenant(r.object, r.filter.Tenant) {
		return
	}
	r.find(rel, 0)
	if of := r.s.c.types[r.filter.Subject.Type]; of != nil {
		for _, sr := range of.relations {
			r.find(rel, sr.Rel)
		}
	}
}

func (r *tupleRun) find(rel, subjectRel graph.Rel) {
	if !r.goesOn() {
		return
	}
	if e, ok := r.s.facts.Has(r.object, rel, r.subject, subjectRel); ok {
		r.look(tupleNumbers{r.object, r.subject, rel, subjectRel}, e.Extra)
	}
}

// look takes a tuple that fits the rest of the filter.
func (r *tupleRun) look(n tupleNumbers, x *graph.Extra) {
	g, f := r.s.facts, r.filter
	object, objectID := g.Name(n.object)
	subject, subjectID := g.Name(n.subject)
	_, relation := g.RelName(n.rel)
	subjectRelation := ""
	if n.srel != 0 {
		_, subjectRelation = g.RelName(n.srel)
	}
	same := func(want, have string) bool { return want == "" || want == have }
	if (r.objectType == 0 || r.objectType == object) && (r.subjectType == 0 || r.subjectType == subject) &&
		same(f.Object.ID, objectID) && same(f.Subject.ID, subjectID) &&
		same(f.Relation, relation) && same(f.Subject.Relation, subjectRelation) {
		r.ended = !r.take(n, x)
	}
}

// oftenStopped is after how many looks a run asks whether to stop.
const oftenStopped = 256

// goesOn counts a look, and asks from time to time whether the run is to end.
func (r *tupleRun) goesOn() bool {
	if r.ended {
		return false
	}
	if r.looked++; r.stop != nil && r.looked%oftenStopped == 1 {
		if err := r.stop(); err != nil {
			r.ended, r.err = true, writ.Errorf(writ.CodeCancelled, "the listing was ended: %w", err)
		}
	}
	return !r.ended
}

func (s *Snapshot) inTenant(object graph.ID, tenant string) bool {
	return tenant == "" || s.tenantKey(object) == tenant
}

// tupleText is the text of a tuple, or its beginning, in parts: what follows it is empty.
type tupleText [11]string

func (s *Snapshot) text(n tupleNumbers) tupleText {
	object, objectID := s.facts.Name(n.object)
	subject, subjectID := s.facts.Name(n.subject)
	_, relation := s.facts.RelName(n.rel)
	t := tupleText{s.facts.TypeName(object), ":", objectID, "#", relation, "@", s.facts.TypeName(subject), ":", subjectID}
	if n.srel != 0 {
		t[9] = "#"
		_, t[10] = s.facts.RelName(n.srel)
	}
	return t
}

// compare orders tuples as their texts are.
func (s *Snapshot) compare(a, b tupleNumbers) int {
	x, y := s.text(a), s.text(b)
	return compareText(&x, &y)
}

// compareText is strings.Compare of the parts put together, which it does not do.
func compareText(a, b *tupleText) int {
	var x, y string
	for i, j := 0, 0; ; {
		for ; x == "" && i < len(a); i++ {
			x = a[i]
		}
		for ; y == "" && j < len(b); j++ {
			y = b[j]
		}
		if x == "" || y == "" {
			return cmp.Compare(len(x), len(y))
		}
		n := min(len(x), len(y))
		if c := strings.Compare(x[:n], y[:n]); c != 0 {
			return c
		}
		x, y = x[n:], y[n:]
	}
}

// begins compares the text with as much of another.
func (t *tupleText) begins(other string) int {
	n := 0
	for _, part := range t {
		n += len(part)
	}
	return compareText(t, &tupleText{other[:min(n, len(other))]})
}
