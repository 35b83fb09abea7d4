package authz

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/writ-dev/writ/authz/internal/graph"
	"github.com/writ-dev/writ/internal/expr"
)

// Edit collects changes of facts. Many edits may follow one snapshot, at the same time too; none sees another's.
type Edit struct {
	c *compiled
	g *graph.Edit
	// shared holds one copy of the short values that many records have: a load of a million records
	// keeps each department once, and questions find it in the processor's cache.
	shared map[any]any
	from   *Snapshot
	climbs bool // a tuple that is climbed over was changed
}

// Edit starts the next snapshot. A snapshot that has been edited may still be asked.
func (s *Snapshot) Edit() *Edit {
	return &Edit{c: s.c, g: s.facts.Edit(), shared: map[any]any{}, from: s}
}

// Snapshot is the state so far, to read; it changes with the edit.
func (e *Edit) Snapshot() *Snapshot { return newSnapshot(e.c, e.g.Graph()) }

// Done gives the next snapshot. The edit must not be used again.
func (e *Edit) Done() *Snapshot {
	s := newSnapshot(e.c, e.g.Done())
	if s.ascents = e.from.ascents; e.climbs {
		s.ascents = s.ascents.Next()
	}
	return s
}

// Apply makes one change of a tuple or a record; others are ignored. It fills in
// c's Before from what is there, so what removes a thing that is not there comes back with neither
// Before nor After. A tuple that is written again keeps its time of making, when the
// new one has none. A fact that the model does not allow is a CodeInvalid error, and changes nothing; so is a
// tuple between things of two tenants, and a record that would make one of those that are there such a tuple.
func (e *Edit) Apply(c *Change) error {
	if c.Tuple != nil {
		if t := c.Tuple.After; t != nil {
			if _, _, err := e.c.checkTuple(t); err != nil {
				return err
			}
			if err := e.checkTenants(t); err != nil {
				return err
			}
		}
		e.applyTuple(c.Tuple)
	}
	if c.Record != nil {
		if r := c.Record.After; r != nil {
			if err := e.c.checkRecord(r); err != nil {
				return err
			}
			if err := e.checkMove(r); err != nil {
				return err
			}
		}
		e.applyRecord(c.Record)
	}
	return nil
}

func (e *Edit) applyTuple(step *Step[Tuple]) {
	name := step.After
	if name == nil {
		name = step.Before
	}
	if name == nil {
		return
	}
	before, was := e.Snapshot().Tuple(name.Object, name.Relation, name.Subject)
	step.Before = nil
	if was {
		step.Before = &before
	}
	switch {
	case step.After != nil:
		after := *step.After
		if was && after.Created.IsZero() {
			after.Created = before.Created
		}
		after.Created = after.Created.Truncate(time.Second)
		step.After = &after
		e.add(&after)
	case was:
		e.remove(&before)
	}
}

func (e *Edit) applyRecord(step *Step[Record]) {
	name := step.After
	if name == nil {
		name = step.Before
	}
	if name == nil {
		return
	}
	before, was := e.Snapshot().Record(name.Entity)
	step.Before = nil
	if was {
		step.Before = &before
	}
	if step.After != nil {
		e.record(step.After)
	} else if was {
		e.forget(before.Entity)
	}
}

// Put is Apply for facts that are new, such as those of a file: it does not look for what was there before, and
// takes nothing away.
func (e *Edit) Put(c Change) error {
	if c.Tuple != nil && c.Tuple.After != nil {
		if _, _, err := e.c.checkTuple(c.Tuple.After); err != nil {
			return err
		}
		e.add(c.Tuple.After)
	}
	if c.Record != nil && c.Record.After != nil {
		if err := e.c.checkRecord(c.Record.After); err != nil {
			return err
		}
		e.record(c.Record.After)
	}
	return nil
}

// Restore is Apply without asking the model: for facts that were checked when they were written.
func (e *Edit) Restore(c Change) {
	if c.Tuple != nil {
		if c.Tuple.After != nil {
			e.add(c.Tuple.After)
		} else if c.Tuple.Before != nil {
			e.remove(c.Tuple.Before)
		}
	}
	if c.Record != nil {
		if c.Record.After != nil {
			e.record(c.Record.After)
		} else if c.Record.Before != nil {
			e.forget(c.Record.Before.Entity)
		}
	}
}

func (e *Edit) entity(x Entity) graph.ID { return e.g.Entity(e.g.Type(x.Type), x.ID) }

func (e *Edit) add(t *Tuple) {
	srel := graph.Rel(0)
	if t.Subject.Relation != "" {
		srel = e.g.Rel(e.g.Type(t.Subject.Type), t.Subject.Relation)
	}
	rel := e.g.Rel(e.g.Type(t.Object.Type), t.Relation)
	e.g.Add(e.entity(t.Object), rel, e.entity(t.Subject.Entity), srel, extraOf(t), t.Created)
	e.climbs = e.climbs || e.c.program.Climbs(rel)
}

func extraOf(t *Tuple) *graph.Extra {
	if t.Condition == "" && t.Expires.IsZero() {
		return nil
	}
	params, _ := copyOf(t.Params).(map[string]any)
	return &graph.Extra{Condition: t.Condition, Params: params, Expires: t.Expires}
}

func (e *Edit) remove(t *Tuple) {
	if n, ok := number(e.g.Graph(), t.Object, t.Relation, t.Subject); ok {
		e.g.Remove(n.object, n.rel, n.subject, n.srel)
		e.climbs = e.climbs || e.c.program.Climbs(n.rel)
	}
}

func (e *Edit) record(r *Record) {
	stored := graph.NewRecord(len(r.Attributes))
	if len(r.Profile) > 0 || !r.Created.IsZero() || !r.Updated.IsZero() {
		stored.About = &graph.About{Profile: maps.Clone(r.Profile), Created: r.Created, Updated: r.Updated}
	}
	if r.Tenant != "" {
		stored.Tenant = e.entity(Entity{TenantType, r.Tenant})
	}
	declared := e.c.types[r.Type].attributes
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		shared, _ := e.share(name).(string)
		stored.Attributes = append(stored.Attributes, graph.Attribute{Name: shared, Value: expr.Read(e.share(copyOf(r.Attributes[name])), declared[name])})
	}
	e.g.SetRecord(e.entity(r.Entity), stored)
}

// maxShared is how many values an edit shares, maxSharedText how long they may be.
const (
	maxShared     = 1 << 16
	maxSharedText = 64
)

// share gives a value that is like v, which nobody else may have.
func (e *Edit) share(v any) any {
	switch x := v.(type) {
	case []any:
		for i := range x {
			x[i] = e.share(x[i])
		}
		return x
	case string:
		if len(x) > maxSharedText {
			return v
		}
	case float64:
		if math.IsNaN(x) {
			return v
		}
	default:
		return v
	}
	if known, ok := e.shared[v]; ok {
		return known
	}
	if len(e.shared) < maxShared {
		e.shared[v] = v
	}
	return v
}

func (e *Edit) forget(x Entity) {
	g := e.g.Graph()
	if id := g.Lookup(g.Type(x.Type), x.ID); id != 0 {
		e.g.SetRecord(id, nil)
	}
}

// copyOf copies a JSON value, so that nobody outside can change what is stored. The
// numbers of Go programs become those of JSON.
func copyOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return v
		}
		m := make(map[string]any, len(v))
		for k, x := range v {
			m[k] = copyOf(x)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, x := range v {
			l[i] = copyOf(x)
		}
		return l
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case []string:
		return copyOf(fromGo(v))
	}
	return v
}
