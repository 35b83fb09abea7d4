// Package oracle is the slow, plain evaluator that authz is held against; it is
// not for use. It was written from the model's own doc comments, apart from the
// engine: no numbers, no indexes, no search. For a subject it works out what is
// true of every relation of every object at once, until nothing changes.
//
// Where exclusions stand on cycles it takes the well-founded semantics (Van
// Gelder, Ross and Schlipf, JACM 1991), by the alternating fixpoint: a relation
// that depends on its own absence is neither held nor not held.
package oracle

import (
	"slices"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/expr"
)

// Verdict is one of three values.
type Verdict int

// The verdicts, in the order of certainty.
const (
	No Verdict = iota
	Unknown
	Yes
)

func (v Verdict) String() string { return [...]string{"no", "unknown", "yes"}[v] }

func not(v Verdict) Verdict { return Yes - v }

// World is a model and the facts.
type World struct {
	Model   *authz.Model
	Tuples  []authz.Tuple
	Records []authz.Record
	// Eval runs conditions; nil: as they run themselves.
	Eval func(*expr.Program, expr.Source) (bool, error)
}

// Ask answers a query.
func (w *World) Ask(q *authz.Query) Verdict {
	e := w.start(q)
	if r, stored := w.record(e.resource()); stored && r.Tenant != "" && r.Tenant != e.tenant {
		return No
	}
	kind := w.kind(q.Resource.Type)
	if kind == nil {
		return No
	}
	if a := find(kind.Actions, q.Action.Name); a != nil {
		return e.value(e.resource(), a.Rewrite, a.Name)
	}
	if find(kind.Relations, q.Action.Name) == nil {
		return No
	}
	return e.atom(atom{e.resource(), q.Action.Name})
}

// Held gives a function that tells whether the query's subject has a relation to an
// object: the steps of the query's answer.
func (w *World) Held(q *authz.Query) func(object authz.Entity, relation string) Verdict {
	e := w.start(q)
	return func(object authz.Entity, relation string) Verdict { return e.atom(atom{object, relation}) }
}

// Known lists the IDs of a type that something is stored about, in order; extra
// are the tuples of a query.
func (w *World) Known(kind string, extra []authz.Tuple) []string {
	var ids []string
	add := func(e authz.Entity) {
		if e.Type == kind && e.ID != authz.Everyone {
			ids = append(ids, e.ID)
		}
	}
	for _, t := range slices.Concat(w.Tuples, extra) {
		add(t.Object)
		add(t.Subject.Entity)
	}
	for _, r := range w.Records {
		add(r.Entity)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// atom is a relation of an object, which the subject has or has not.
type atom struct {
	object   authz.Entity
	relation string
}

// asking is one query being answered. certain are the atoms that are proved,
// possible those that are not refuted.
type asking struct {
	w                 *World
	q                 *authz.Query
	tenant            string
	tuples            []authz.Tuple
	atoms             []atom
	certain, possible map[atom]bool
}

func (w *World) start(q *authz.Query) *asking {
	e := &asking{w: w, q: q, tuples: slices.Concat(w.Tuples, q.Extra), certain: map[atom]bool{}, possible: map[atom]bool{}}
	e.tenant = w.tenant(q)
	for _, o := range e.objects() {
		if kind := w.kind(o.Type); kind != nil {
			for _, r := range kind.Relations {
				e.atoms = append(e.atoms, atom{o, r.Name})
				e.possible[atom{o, r.Name}] = true
			}
		}
	}
	e.settle()
	return e
}

func (w *World) tenant(q *authz.Query) string {
	if q.Tenant != "" {
		return q.Tenant
	}
	if t, ok := q.Resource.Properties["tenant"].(string); ok && t != "" {
		return t
	}
	if r, ok := w.record(authz.Entity{Type: q.Resource.Type, ID: q.Resource.ID}); ok && r.Tenant != "" {
		return r.Tenant
	}
	return w.Model.DefaultTenant
}

// objects are all things that an answer can be about.
func (e *asking) objects() []authz.Entity {
	seen := map[authz.Entity]bool{
		e.resource(): true, e.subject().Entity: true, {Type: authz.TenantType, ID: e.tenant}: true,
	}
	for _, t := range e.tuples {
		seen[t.Object], seen[t.Subject.Entity] = true, true
	}
	for _, r := range e.w.Records {
		seen[r.Entity] = true
	}
	var all []authz.Entity
	for o := range seen {
		all = append(all, o)
	}
	return all
}

// settle alternates between what is certain and what is possible. Each round takes what
// is excluded from the round before, so that both change in one direction only.
func (e *asking) settle() {
	for {
		certain, possible := e.least(Yes), e.least(Unknown)
		if len(certain) == len(e.certain) && len(possible) == len(e.possible) {
			return
		}
		e.certain, e.possible = certain, possible
	}
}

// least is the smallest set of atoms whose rewrites have at least the verdict,
// exclusions and conditions taken by what is settled so far.
func (e *asking) least(enough Verdict) map[atom]bool {
	held := map[atom]bool{}
	for changed := true; changed; {
		changed = false
		for _, a := range e.atoms {
			if held[a] {
				continue
			}
			r := find(e.w.kind(a.object.Type).Relations, a.relation)
			now := &reading{e, a.object, a.relation, func(a atom) Verdict {
				if held[a] {
					return Yes
				}
				return No
			}}
			if e.self(a) || now.holds(r.Rewrite, true) >= enough {
				held[a], changed = true, true
			}
		}
	}
	return held
}

// self: all who have a relation to something have it, without asking further.
func (e *asking) self(a atom) bool {
	return e.q.SubjectRelation != "" && a == atom{e.subject().Entity, e.q.SubjectRelation}
}

// atom is what has been settled about one.
func (e *asking) atom(a atom) Verdict {
	switch {
	case e.certain[a]:
		return Yes
	case e.possible[a]:
		return Unknown
	}
	return No
}

// value is a rewrite's verdict by what has been settled.
func (e *asking) value(object authz.Entity, r authz.Rewrite, relation string) Verdict {
	return (&reading{e, object, relation, e.atom}).holds(r, true)
}

func (e *asking) subject() authz.Holder {
	return authz.Holder{Entity: authz.Entity{Type: e.q.Subject.Type, ID: e.q.Subject.ID}, Relation: e.q.SubjectRelation}
}

func (e *asking) resource() authz.Entity {
	return authz.Entity{Type: e.q.Resource.Type, ID: e.q.Resource.ID}
}

func (w *World) kind(name string) *authz.Type {
	for i := range w.Model.Types {
		if w.Model.Types[i].Name == name {
			return &w.Model.Types[i]
		}
	}
	return nil
}

func find(in []authz.Relation, name string) *authz.Relation {
	for i := range in {
		if in[i].Name == name {
			return &in[i]
		}
	}
	return nil
}

func (w *World) record(e authz.Entity) (authz.Record, bool) {
	for _, r := range w.Records {
		if r.Entity == e {
			return r, true
		}
	}
	return authz.Record{}, false
}
