package authz

import (
	"maps"
	"slices"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// Snapshot is a model and facts, ready to answer. It is immutable, and any number
// of goroutines may ask it; [Snapshot.Edit] makes the next one.
type Snapshot struct {
	c       *compiled
	facts   *graph.Graph
	home    graph.ID // the default tenant; 0 when there is none, or nothing has named it
	maxWork int
	orders  *orders
	ascents engine.Ascents
}

func newSnapshot(c *compiled, facts *graph.Graph) *Snapshot {
	s := &Snapshot{c: c, facts: facts, maxWork: engine.MaxWork, orders: new(orders)}
	if c.model.DefaultTenant != "" {
		s.home = facts.Lookup(c.tenantType, c.model.DefaultTenant)
	}
	return s
}

// New gives a snapshot of a model without facts. The model must not be changed
// afterwards. Errors are *writ.Error with the place in the model: a relation
// or a type that is not there, a cycle that no tuple can end, a name used twice.
func New(m *Model) (*Snapshot, error) {
	if err := validate(m); err != nil {
		return nil, err
	}
	e := graph.New().Edit()
	c := compile(m, e)
	return newSnapshot(c, e.Done()).first(), nil
}

// WithModel gives a snapshot with the same facts under another model. Facts that
// the new model does not allow are a CodeInvalid error that lists the first of them (ten at most) and their number.
func (s *Snapshot) WithModel(m *Model) (*Snapshot, error) {
	if err := validate(m); err != nil {
		return nil, err
	}
	e := s.facts.Edit()
	c := compile(m, e)
	if err := s.refit(c); err != nil {
		return nil, err
	}
	return newSnapshot(c, e.Done()).first(), nil
}

// first begins to keep ascents, which are a model's own.
func (s *Snapshot) first() *Snapshot {
	s.ascents = engine.NewAscents()
	return s
}

// Model is the model that the snapshot decides by.
func (s *Snapshot) Model() *Model { return s.c.model }

// typeNames lists the model's types in order of their names.
func (s *Snapshot) typeNames() []string { return slices.Sorted(maps.Keys(s.c.types)) }

// Query is a request with what the engine does not know by itself.
type Query struct {
	writ.Request
	// SubjectRelation makes the subject a userset: all who have it to Subject.
	SubjectRelation string
	// Relation: the action's name is that of a relation, such as a role, and asks whether the subject has it.
	Relation bool
	// Tenant is the tenant that tenant roles count in. Empty: Resource's property
	// "tenant", then the tenant of the stored resource, then the model's default.
	// A stored resource of another tenant is denied.
	Tenant string
	// Now is when expiring tuples are judged. The zero time is before all of them.
	Now time.Time
	// Extra are tuples that count for this query alone.
	Extra []Tuple
}
