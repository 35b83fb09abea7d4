package engine

import (
	"time"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// The bounds of one question. A question that meets one has no answer, unless
// what was looked at before allows it already.
const (
	MaxDepth = 1_000     // relations inside relations
	MaxWork  = 2_000_000 // tuples looked at
)

// A condition costs as much as this many tuples, and a step that is written
// out for solve takes the memory of this many.
const (
	CostOfCondition = 25
	costOfFormula   = 10
)

// Outside is where the numbers of entities begin that a question names and the graph does not know.
const Outside graph.ID = 1 << 31

// Stranger numbers such an entity: the i-th of a question, i below 1<<15 - 1. Its type is in the number.
func Stranger(i int, of graph.Type) graph.ID { return Outside | graph.ID(i)<<16 | graph.ID(of) }

// Nth is the i of a [Stranger].
func Nth(stranger graph.ID) int { return int(stranger &^ Outside >> 16) }

// Question is what an [Asker] answers about: one subject in one tenant at one time, on one graph.
type Question struct {
	Facts   *graph.Graph
	Ascents Ascents // of Facts
	// Subject is an entity, or with SubjectRel the userset of all who have SubjectRel to it.
	// SubjectType is its type, 0 for one that the program does not know.
	Subject     graph.ID
	SubjectRel  graph.Rel
	SubjectType graph.Type
	// Everyone is the entity that stands for all of SubjectType in tuples; 0 where none does.
	Everyone graph.ID
	// Many says that Subject is Everyone: of whom no condition can be true one by one.
	Many    bool
	Tenant  graph.ID  // 0 for none
	Now     time.Time // when expiring tuples are judged
	MaxWork int       // tuples that may be looked at
	// Extra are tuples that count beside those of Facts.
	Extra []Tuple
}

// Tuple is a tuple that comes with a question.
type Tuple struct {
	Object, Subject graph.ID
	Rel, SubjectRel graph.Rel
	Extra           *graph.Extra
}

// Conditions answers what is not in numbers. Who evaluates a condition counts it with
// [Asker.Charge] first, and has no answer when there were too many.
type Conditions interface {
	// OfRule answers the condition of an OpWhen, by its number, on an object.
	OfRule(condition int, object graph.ID) Verdict
	// OfTuple answers the condition of a tuple.
	OfTuple(x *graph.Extra) Verdict
}

// Asker answers a question for one relation of an object after another. What it has found out it
// remembers, so explaining and listing ask it for many objects in turn. It is for one goroutine, and
// after [Asker.Reset] for another question:
//
//	a.Begin(program, conditions)
//	a.Question = engine.Question{...}
//	v := a.Holds(relation, object)
type Asker struct {
	Question
	program    *Program
	conditions Conditions

	exceeded bool
	work     int // spent of MaxWork
	memo     memo
	low      int // the lowest step in progress that the running one has relied upon
	followed int // steps of the chains that are being followed
	climb    climbed
}

// Begin makes an asker ready.
func (a *Asker) Begin(p *Program, c Conditions) {
	a.program, a.conditions, a.low = p, c, nothing
}

// Reset forgets the question, and reports whether the asker is worth keeping: one large question
// must not hold memory for ever.
func (a *Asker) Reset() bool {
	if cap(a.memo.entries) > 1<<14 || !a.climb.kept && cap(a.climb.found) > 1<<12 {
		return false
	}
	if len(a.Extra) > 0 {
		clear(a.Extra)
	}
	a.Question = Question{Extra: a.Extra[:0]}
	a.program, a.conditions, a.exceeded, a.work = nil, nil, false, 0
	a.memo.reset()
	a.climb.reset()
	return true
}

// Exceeded reports whether a bound was hit: then an unknown may be owed to that alone.
func (a *Asker) Exceeded() bool { return a.exceeded }

// Overworked reports whether it was MaxWork that was hit.
func (a *Asker) Overworked() bool { return a.work > a.MaxWork }

// Spend counts one tuple looked at and reports false when there were too many.
func (a *Asker) Spend() bool {
	a.work++
	if a.work > a.MaxWork {
		a.exceeded = true
	}
	return !a.exceeded
}

// Charge is Spend for what costs as much as some tuples, and one more.
func (a *Asker) Charge(tuples int) bool {
	a.work += tuples
	return a.Spend()
}

// TypeOf gives the type of an entity.
func (a *Asker) TypeOf(id graph.ID) graph.Type {
	if id >= Outside {
		return graph.Type(id)
	}
	t, _ := a.Facts.Name(id)
	return t
}

// Record gives what is stored about an entity, nil for nothing.
func (a *Asker) Record(id graph.ID) *graph.Record {
	if id == 0 || id >= Outside {
		return nil
	}
	return a.Facts.Record(id)
}

// Known reports whether anything is stored about an entity, or said by a tuple of the question.
func (a *Asker) Known(id graph.ID) bool {
	if id != 0 && id < Outside && a.Facts.Known(id) {
		return true
	}
	for i := range a.Extra {
		if x := &a.Extra[i]; x.Object == id || x.Subject == id {
			return true
		}
	}
	return false
}

// Tuples runs over the stored tuples of a relation of an object.
func (a *Asker) Tuples(object graph.ID, rel graph.Rel) graph.Edges {
	if object >= Outside {
		return graph.Edges{}
	}
	return a.Facts.Subjects(object, rel)
}

// Counts tells whether a tuple counts: it has not expired, and its condition holds.
func (a *Asker) Counts(x *graph.Extra) Verdict {
	if x == nil {
		return Yes
	}
	if !x.Expires.IsZero() && !a.Now.Before(x.Expires) {
		return No
	}
	if x.Condition == "" {
		return Yes
	}
	return a.conditions.OfTuple(x)
}
