package authz

import (
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// maxExtra is how many tuples may come with a question.
const maxExtra = 1_000

// question is a query in numbers, with what answers it and what reasons are made of. It implements
// [engine.Conditions]. It is for one goroutine.
//
//	a := s.ask(q)
//	defer a.done()
//	v := a.holds(relation, object)  // after a.err == nil
//
// relation is one of s.c's, object a number from a.entity or from an edge of s.facts.
type question struct {
	engine.Asker
	s *Snapshot
	q *Query
	c *compiled

	resource graph.ID
	goal     *relation
	err      error // the question cannot be asked

	strangers []Entity // by engine.Nth of their numbers

	at      graph.ID // the object that a condition is asked about
	tuple   tupleSource
	x       explanation // without its a until it is asked for
	scratch scratch
}

// ask starts a question. With an a.err it must not be asked; with a.goal nil
// nothing can allow it.
func (s *Snapshot) ask(q *Query) *question {
	a, _ := s.c.questions.Get().(*question)
	if a == nil {
		a = &question{}
	}
	a.s, a.q, a.c = s, q, s.c
	a.Begin(s.c.program, a)
	a.Facts, a.Ascents, a.MaxWork, a.Now = s.facts, s.ascents, s.maxWork, q.Now
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

// done gives the question back. Nothing that it gave out may be used afterwards.
func (a *question) done() {
	if !a.Reset() {
		return
	}
	pool := &a.c.questions
	if len(a.strangers) > 0 {
		clear(a.strangers)
		a.strangers = a.strangers[:0]
	}
	a.s, a.q, a.c, a.goal, a.err = nil, nil, nil, nil, nil
	a.resource, a.at, a.tuple = 0, 0, tupleSource{}
	if a.x.a != nil {
		a.x = explanation{}
		a.scratch.reset()
	}
	pool.Put(a)
}

func (a *question) setSubject() (known bool) {
	q := a.q
	of := a.c.kinds.find(q.Subject.Type)
	if of == nil {
		return false
	}
	a.SubjectType = of.number
	a.Subject, a.Many = a.entity(of.number, q.Subject.Type, q.Subject.ID), q.Subject.ID == Everyone
	if q.SubjectRelation != "" {
		r := of.relations[q.SubjectRelation]
		if r == nil {
			return false
		}
		a.SubjectRel = r.Rel
	} else if of.everyone {
		a.Everyone = a.Facts.Lookup(of.number, Everyone)
		if a.Everyone == 0 && len(q.Extra) > 0 {
			a.Everyone = a.entity(of.number, q.Subject.Type, Everyone)
		}
	}
	return true
}

// setTenant finds the tenant of the question. It reports false when the resource belongs to another.
func (a *question) setTenant() bool {
	var stored graph.ID
	if record := a.Record(a.resource); record != nil {
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
		a.Tenant = a.s.home
	case key != "":
		a.Tenant = a.entity(a.c.tenantType, TenantType, key)
	case stored != 0:
		a.Tenant = stored
	case a.s.home != 0:
		a.Tenant = a.s.home
	case a.c.model.DefaultTenant != "":
		a.Tenant = a.entity(a.c.tenantType, TenantType, a.c.model.DefaultTenant)
	}
	return stored == 0 || stored == a.Tenant
}

// entity gives the number of an entity, one of its own when the graph does not know it.
func (a *question) entity(t graph.Type, kind, id string) graph.ID {
	if id != "" { // facts name nothing by an empty ID
		if n := a.Facts.Lookup(t, id); n != 0 {
			return n
		}
	}
	for i, e := range a.strangers {
		if e.Type == kind && e.ID == id {
			return engine.Stranger(i, t)
		}
	}
	a.strangers = append(a.strangers, Entity{kind, id})
	return engine.Stranger(len(a.strangers)-1, t)
}

// name is the entity of a number.
func (a *question) name(id graph.ID) Entity {
	if id >= engine.Outside {
		return a.strangers[engine.Nth(id)]
	}
	t, name := a.Facts.Name(id)
	return Entity{a.Facts.TypeName(t), name}
}

func (a *question) holds(r *relation, object graph.ID) engine.Verdict {
	return a.Holds(&r.Relation, object)
}

// addExtra checks the tuples of the question and puts them beside the stored ones.
func (a *question) addExtra(tuples []Tuple) error {
	if len(tuples) > maxExtra {
		return writ.Errorf(writ.CodeTooLarge, "the question brings %d tuples of its own, the most is %d", len(tuples), maxExtra)
	}
	for i := range tuples {
		t := &tuples[i]
		r, srel, err := a.c.checkTuple(t)
		if err != nil {
			return err
		}
		a.Extra = append(a.Extra, engine.Tuple{
			Object: a.entity(r.of.number, t.Object.Type, t.Object.ID), Rel: r.Rel,
			Subject: a.entity(a.c.types[t.Subject.Type].number, t.Subject.Type, t.Subject.ID), SubjectRel: srel,
			Extra: extraOf(t),
		})
	}
	return nil
}
