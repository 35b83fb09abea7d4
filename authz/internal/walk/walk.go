package walk

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// MaxSteps bounds a walk: relations of objects that are looked at.
const MaxSteps = 20_000_000

// Candidate is an entity that may belong on a list, as its number and a last bit that
// is 0 for a sure one: that one need not be asked about, and sorts first.
type Candidate uint64

func newCandidate(id graph.ID, sure bool) Candidate {
	c := Candidate(id) << 1
	if !sure {
		c++
	}
	return c
}

// ID is the entity.
func (c Candidate) ID() graph.ID { return graph.ID(c >> 1) }

// Sure reports whether it belongs on the list with nothing left to check.
func (c Candidate) Sure() bool { return c&1 == 0 }

// From is where a walk starts.
type From struct {
	*engine.Asker          // of the question that is listed for
	Resource      graph.ID // of that question
	// ForAll gives the entity that stands for all of a type in tuples, 0 for none.
	ForAll func(graph.Type) graph.ID
}

// Found is what a walk came by.
type Found struct {
	from    From
	of      graph.Type
	list    []Candidate
	all     bool // every known entity of the type is a candidate
	allSure bool
}

// Known finds all of a type that anything is stored about.
func Known(from From, of graph.Type) *Found { return &Found{from: from, of: of, all: true} }

// All reports whether every entity of the type is a candidate, those too that nothing is stored about.
func (f *Found) All() bool { return f.all }

// Candidates gives what was found, each once; a few that are all sure may be there more than once.
// It may be called once.
func (f *Found) Candidates(few int) []Candidate {
	if f.all {
		f.from.known(f.of, func(id graph.ID) { f.list = append(f.list, newCandidate(id, f.allSure)) })
	}
	list := f.list
	if len(list) > few || slices.ContainsFunc(list, func(c Candidate) bool { return !c.Sure() }) {
		slices.Sort(list)
		list = slices.CompactFunc(list, func(x, y Candidate) bool { return x.ID() == y.ID() })
	}
	// What tuples lead to is stored; what the request names may not be.
	return slices.DeleteFunc(list, func(c Candidate) bool {
		id := c.ID()
		return (id == f.from.Subject || id == f.from.Tenant || id == f.from.Resource) && !f.from.Known(id)
	})
}

// known runs over all entities of a type that anything is stored about, or that a tuple of the question names.
func (w *From) known(of graph.Type, f func(graph.ID)) {
	everyone := w.ForAll(of)
	w.Facts.Each(of, func(id graph.ID) bool {
		if id != everyone {
			f(id)
		}
		return true
	})
	for _, x := range w.Extra {
		for _, id := range []graph.ID{x.Object, x.Subject} {
			if w.TypeOf(id) == of && id != everyone && (id >= engine.Outside || !w.Facts.Known(id)) {
				f(id)
			}
		}
	}
}

// step is a relation of an object that was come by.
type step struct {
	object graph.ID
	r      *engine.Relation
}

// walk collects candidates, sure steps first, so that each step is taken but once.
type walk struct {
	Found
	seen   steps
	sure   []step
	unsure []step
}

// come notes a step to take.
func (w *walk) come(object graph.ID, r *engine.Relation, sure bool) {
	if !w.seen.add(object, r, sure) {
		return
	}
	if sure {
		w.sure = append(w.sure, step{object, r})
	} else {
		w.unsure = append(w.unsure, step{object, r})
	}
}

// run takes all steps, and reports false when they are too many.
func (w *walk) run(take func(s step, sure bool)) bool {
	for {
		switch {
		case w.seen.count+len(w.list) > MaxSteps:
			return false
		case len(w.sure) > 0:
			s := w.sure[len(w.sure)-1]
			w.sure = w.sure[:len(w.sure)-1]
			take(s, true)
		case len(w.unsure) > 0:
			s := w.unsure[len(w.unsure)-1]
			w.unsure = w.unsure[:len(w.unsure)-1]
			if !w.seen.surely(s) {
				take(s, false)
			}
		default:
			return true
		}
	}
}
