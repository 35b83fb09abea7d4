package authz

import (
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// The bounds of one question. A question that meets one has no answer, unless
// what was looked at before allows it already.
const (
	maxDepth = 1_000     // relations inside relations
	maxWork  = 2_000_000 // tuples looked at
	maxExtra = 1_000     // tuples that come with the question
	// A condition costs as much as this many tuples, and a step that is written
	// out for solve takes the memory of this many.
	costOfCondition = 25
	costOfFormula   = 10
)

// verdict is the answer of one step. The order is that of truth: a union is the
// largest of its parts, an intersection the smallest (Kleene's strong logic).
type verdict uint8

const (
	no verdict = iota
	unknown
	yes
)

func (v verdict) String() string { return [...]string{"no", "unknown", "yes"}[v] }

// outside is where the numbers of entities begin that a question names and the graph does not know.
const outside graph.ID = 1 << 31

// asker answers questions about one subject in one tenant with one context, on
// one snapshot. What it has found out it remembers, so explaining and listing ask
// it for many objects in turn. It is for one goroutine.
//
//	a := s.ask(q)
//	defer a.done()
//	v := a.holds(relation, object)  // after a.err == nil
//
// relation is one of s.c's, object a number from a.entity or from an edge of
// s.facts. After a bound was hit a.exceeded is set, and an unknown may be owed to that alone.
type asker struct {
	s     *Snapshot
	q     *Query
	facts *graph.Graph
	c     *compiled

	// The subject: an entity, or with srel the userset of all who have srel to it.
	sid, everyone graph.ID
	srel          graph.Rel
	skind         *kind
	tenant        graph.ID
	resource      graph.ID
	goal          *relation

	err      error // the question cannot be asked
	exceeded bool
	work     int // spent of maxWork

	strangers []Entity // entities that the graph does not know, from outside on
	extra     []extraTuple

	memo     memo
	low      int // the lowest step in progress that the running one has relied upon
	followed int // steps of the chains that are being followed
	climb    climbed
	at       graph.ID // the object that a condition is asked about
	tuple    tupleSource
	x        explanation
	scratch  scratch
}

// extraTuple is one of Query.Extra.
type extraTuple struct {
	object, subject graph.ID
	rel, srel       graph.Rel
	extra           *graph.Extra
}

// ask starts a question. With an a.err it must not be asked; with a.goal nil
// nothing can allow it.
func (s *Snapshot) ask(q *Query) *asker {
	a, _ := s.c.askers.Get().(*asker)
	if a == nil {
		a = &asker{}
	}
	a.s, a.q, a.facts, a.c, a.low = s, q, s.facts, s.c, nothing
	known := a.setSubject()
	if of := s.c.kinds.find(q.Resource.Type); of != nil {
		a.resource = a.entity(of.number, q.Resource.Type, q.Resource.ID)
		if a.goal = of.goals.find(q.Action.Name); q.Relation {
			a.goal = of.relations[q.Action.Name]
		}
	}
	if len(q.Extra) > 0 {
		a.err = a.addExtra(q.Extra)
	}
	if !a.setTenant() || !known {
		a.goal = nil
	}
	return a
}

// done gives the asker back. Nothing that it gave out may be used afterwards.
func (a *asker) done() {
	if cap(a.memo.entries) > 1<<14 || !a.climb.kept && cap(a.climb.found) > 1<<12 {
		return // one large question must not hold memory for ever
	}
	pool := &a.c.askers
	clear(a.strangers)
	clear(a.extra)
	a.strangers, a.extra = a.strangers[:0], a.extra[:0]
	a.s, a.q, a.facts, a.c, a.skind, a.goal, a.err = nil, nil, nil, nil, nil, nil, nil
	a.sid, a.everyone, a.srel, a.tenant, a.resource, a.at = 0, 0, 0, 0, 0, 0
	a.exceeded, a.work, a.tuple = false, 0, tupleSource{}
	a.memo.reset()
	a.climb.reset()
	a.x = explanation{}
	a.scratch.reset()
	pool.Put(a)
}

func (a *asker) setSubject() (known bool) {
	q := a.q
	a.skind = a.c.kinds.find(q.Subject.Type)
	if a.skind == nil {
		return false
	}
	a.sid = a.entity(a.skind.number, q.Subject.Type, q.Subject.ID)
	if q.SubjectRelation != "" {
		r := a.skind.relations[q.SubjectRelation]
		if r == nil {
			return false
		}
		a.srel = r.rel
	} else if a.skind.everyone {
		a.everyone = a.facts.Lookup(a.skind.number, Everyone)
		if a.everyone == 0 && len(q.Extra) > 0 {
			a.everyone = a.entity(a.skind.number, q.Subject.Type, Everyone)
		}
	}
	return true
}

// setTenant finds the tenant of the question. It reports false when the resource belongs to another.
func (a *asker) setTenant() bool {
	var stored graph.ID
	if record := a.record(a.resource); record != nil {
		stored = record.Tenant
	}
	key := a.q.Tenant
	if key == "" {
		given := a.q.Resource.Properties["tenant"]
		text, isText := given.(string)
		if given != nil && !isText && a.c.tenant != nil {
			// A tenant 42 that were not seen would be answered for the default tenant.
			a.err = writ.Errorf(writ.CodeInvalid, "the tenant of the resource is %s: a tenant is named by its key, a string", kindOfValue(given))
		}
		key = text
	}
	switch {
	case key != "" && a.s.home != 0 && key == a.c.model.DefaultTenant:
		a.tenant = a.s.home
	case key != "":
		a.tenant = a.entity(a.c.tenantType, TenantType, key)
	case stored != 0:
		a.tenant = stored
	case a.s.home != 0:
		a.tenant = a.s.home
	case a.c.model.DefaultTenant != "":
		a.tenant = a.entity(a.c.tenantType, TenantType, a.c.model.DefaultTenant)
	}
	return stored == 0 || stored == a.tenant
}

// entity gives the number of an entity, one of its own when the graph does not know it.
func (a *asker) entity(t graph.Type, kind, id string) graph.ID {
	if id != "" { // facts name nothing by an empty ID
		if n := a.facts.Lookup(t, id); n != 0 {
			return n
		}
	}
	for i, e := range a.strangers {
		if e.Type == kind && e.ID == id {
			return outside + graph.ID(i)
		}
	}
	a.strangers = append(a.strangers, Entity{kind, id})
	return outside + graph.ID(len(a.strangers)-1)
}

// name is the entity of a number.
func (a *asker) name(id graph.ID) Entity {
	if id >= outside {
		return a.strangers[id-outside]
	}
	t, name := a.facts.Name(id)
	return Entity{a.facts.TypeName(t), name}
}

// kindOf gives the type of an entity.
func (a *asker) kindOf(id graph.ID) *kind {
	if id >= outside {
		return a.c.types[a.strangers[id-outside].Type]
	}
	t, _ := a.facts.Name(id)
	return a.c.kind(t)
}

func (a *asker) record(id graph.ID) *graph.Record {
	if id == 0 || id >= outside {
		return nil
	}
	return a.facts.Record(id)
}

// tuples runs over the stored tuples of a relation of an object.
func (a *asker) tuples(object graph.ID, rel graph.Rel) graph.Edges {
	if object >= outside {
		return graph.Edges{}
	}
	return a.facts.Subjects(object, rel)
}

// spend counts one tuple looked at and reports false when there were too many.
func (a *asker) spend() bool {
	a.work++
	if a.work > a.s.maxWork {
		a.exceeded = true
	}
	return !a.exceeded
}

// counts tells whether a tuple counts: it has not expired, and its condition holds.
func (a *asker) counts(x *graph.Extra) verdict {
	if x == nil {
		return yes
	}
	if !x.Expires.IsZero() && !a.q.Now.Before(x.Expires) {
		return no
	}
	if x.Condition == "" {
		return yes
	}
	condition := a.c.conditions[x.Condition]
	if condition == nil {
		return unknown
	}
	if a.work += costOfCondition; !a.spend() {
		return unknown
	}
	a.tuple = tupleSource{a, condition, x.Params}
	if !a.tuple.complete() {
		return unknown
	}
	ok, err := condition.Program.Eval(&a.tuple)
	return answer(ok, err)
}

// answer makes a verdict of a condition's answer: an error is neither yes nor no.
func answer(ok bool, err error) verdict {
	switch {
	case err != nil:
		return unknown
	case ok:
		return yes
	}
	return no
}

// addExtra checks the tuples of the question and puts them beside the stored ones.
func (a *asker) addExtra(tuples []Tuple) error {
	if len(tuples) > maxExtra {
		return writ.Errorf(writ.CodeTooLarge, "the question brings %d tuples of its own, the most is %d", len(tuples), maxExtra)
	}
	for i := range tuples {
		t := &tuples[i]
		r, srel, err := a.c.checkTuple(t)
		if err != nil {
			return err
		}
		x := extraTuple{
			object: a.entity(r.of.number, t.Object.Type, t.Object.ID), rel: r.rel,
			subject: a.entity(a.c.types[t.Subject.Type].number, t.Subject.Type, t.Subject.ID), srel: srel,
			extra: extraOf(t),
		}
		a.extra = append(a.extra, x)
	}
	return nil
}
