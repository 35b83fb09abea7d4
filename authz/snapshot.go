package authz

import (
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// Snapshot is a model and facts, ready to answer. It is immutable, and any number
// of goroutines may ask it; [Snapshot.Edit] makes the next one.
type Snapshot struct {
	model *Model
	facts *graph.Graph
}

// New gives a snapshot of a model without facts. The model must not be changed
// afterwards. Errors are *writ.Error with the place in the model: a relation
// or a type that is not there, a cycle that no tuple can end, a name used twice.
func New(m *Model) (*Snapshot, error) {
	return nil, writ.Errorf(writ.CodeInternal, "not built yet")
}

// WithModel gives a snapshot with the same facts under another model. Facts that
// the new model does not know are an error that lists the first of them (ten at most) and their number.
func (s *Snapshot) WithModel(m *Model) (*Snapshot, error) {
	return nil, writ.Errorf(writ.CodeInternal, "not built yet")
}

// Model is the model that the snapshot decides by.
func (s *Snapshot) Model() *Model { return s.model }

// Edit starts the next snapshot. A snapshot that has been edited may still be asked.
func (s *Snapshot) Edit() *Edit { return &Edit{} }

// Edit collects changes of facts.
type Edit struct{ s *Snapshot }

// Apply makes one change of a tuple or a record; others are ignored. It fills in
// c's Before from what is there. A fact that the model does not allow is a CodeInvalid error, and changes nothing.
func (e *Edit) Apply(c *Change) error { return nil }

// Restore is Apply without asking the model: for facts that were checked when they were written.
func (e *Edit) Restore(c Change) {}

// Snapshot is the state so far, to read; it changes with the edit.
func (e *Edit) Snapshot() *Snapshot { return e.s }

// Done gives the next snapshot. The edit must not be used again.
func (e *Edit) Done() *Snapshot { return e.s }

// Query is a request with what the engine does not know by itself.
type Query struct {
	writ.Request
	// SubjectRelation makes the subject a userset: all who have it to Subject.
	SubjectRelation string
	// Tenant is the tenant that tenant roles count in. Empty: Resource's property
	// "tenant", then the tenant of the stored resource, then the model's default.
	// A stored resource of another tenant is denied.
	Tenant string
	// Now is when expiring tuples are judged. The zero time is before all of them.
	Now time.Time
	// Extra are tuples that count for this query alone.
	Extra []Tuple
}

// Allowed answers a query without giving reasons and without allocating. An
// error (a bound was hit) never comes with true.
func (s *Snapshot) Allowed(q *Query) (bool, error) { return false, nil }

// Record gives what is stored about an entity. It is the caller's own copy.
func (s *Snapshot) Record(e Entity) (Record, bool) { return Record{}, false }

// Records runs over the records of a type in order of IDs, from the first after
// `after`, until f gives false.
func (s *Snapshot) Records(kind, after string, f func(Record) bool) {}

// Tuple finds one stored tuple.
func (s *Snapshot) Tuple(object Entity, relation string, subject Holder) (Tuple, bool) {
	return Tuple{}, false
}

// TupleFilter says which tuples are asked for; empty fields match all.
type TupleFilter struct {
	Object   Entity // ID may be empty
	Relation string
	Subject  Holder // ID may be empty
	// Tenant keeps tuples on that tenant and on resources of that tenant.
	Tenant string
}

// Tuples runs over stored tuples in the order of their text until f gives false.
// With an object or a subject named it looks at theirs only.
func (s *Snapshot) Tuples(filter TupleFilter, f func(Tuple) bool) {}

// Count is how many tuples and records are stored.
func (s *Snapshot) Count() (tuples, records int) { return 0, 0 }
