package authz

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// eval runs one step of a program on an object.
func (a *asker) eval(n *node, object graph.ID) verdict {
	switch n.op {
	case opDirect:
		return a.direct(n.rel, object)
	case opComputed:
		return a.holds(n.to, object)
	case opFrom:
		return a.from(n, object)
	case opTenant:
		if a.tenant == 0 {
			return no
		}
		return a.holds(n.to, a.tenant)
	case opTenantRoles:
		return a.tenantRoles(n.roles)
	case opWhen:
		return a.evalWhen(n, object)
	case opUnion:
		v := no
		for _, k := range n.kids {
			if v = max(v, a.eval(k, object)); v == yes {
				break
			}
		}
		return v
	case opIntersection:
		v := yes
		for _, k := range n.kids {
			if v = min(v, a.eval(k, object)); v == no {
				break
			}
		}
		return v
	case opExclusion:
		v := a.eval(n.kids[0], object)
		if v == no {
			return no
		}
		return min(v, yes-a.eval(n.kids[1], object))
	}
	return no
}

// evalWhen asks what is cheaper first: a condition costs about as much as a few tuples.
func (a *asker) evalWhen(n *node, object graph.ID) verdict {
	v := yes
	switch {
	case len(n.kids) == 0:
		if n.subject != a.skind || a.srel != 0 || a.q.Subject.ID == Everyone {
			return no
		}
	case n.late:
		if v = a.eval(n.kids[0], object); v == no {
			return no
		}
	default:
		if v = a.condition(n.when, object); v == no {
			return no
		}
		return min(v, a.eval(n.kids[0], object))
	}
	return min(v, a.condition(n.when, object))
}

func (a *asker) condition(w *When, object graph.ID) verdict {
	if a.work += costOfCondition; !a.spend() {
		return unknown
	}
	outer := a.at
	a.at = object
	ok, err := w.Condition.Eval(a)
	a.at = outer
	return answer(ok, err)
}

// direct tells whether the subject stands in a tuple of a relation of an object, itself or in a userset.
func (a *asker) direct(r *relation, object graph.ID) verdict {
	v := no
	if object < outside {
		v = a.stored(r, object)
	}
	if v == yes || len(a.extra) == 0 {
		return v
	}
	a.work += len(a.extra) / 8
	for _, x := range a.extra {
		if x.object != object || x.rel != r.rel {
			continue
		}
		w := no
		switch {
		case x.subject == a.sid && x.srel == a.srel, x.subject == a.everyone && x.srel == 0 && a.srel == 0:
			w = yes
		case x.srel != 0:
			w = a.holds(a.c.byRel[x.srel], x.subject)
		}
		if w != no {
			v = max(v, min(w, a.counts(x.extra)))
		}
	}
	return v
}

func (a *asker) stored(r *relation, object graph.ID) verdict {
	v := no
	if a.sid != 0 && a.sid < outside && a.standsIn(r) {
		if e, ok := a.facts.Has(object, r.rel, a.sid, a.srel); ok {
			v = a.counts(e.Extra)
		}
	}
	if v != yes && r.wild {
		v = max(v, a.storedForAll(r, object))
	}
	if v != yes && len(r.usersets) > 0 {
		v = max(v, a.usersets(r, object))
	}
	return v
}

// standsIn reports whether tuples of a relation may name the subject itself.
func (a *asker) standsIn(r *relation) bool {
	if a.srel != 0 {
		return slices.Contains(r.usersets, a.srel)
	}
	return slices.Contains(r.plainly, a.skind.number)
}

// storedForAll asks for the tuple of a relation that stands for everyone of the subject's type.
func (a *asker) storedForAll(r *relation, object graph.ID) verdict {
	if a.everyone == 0 || a.everyone >= outside || a.srel != 0 {
		return no
	}
	e, ok := a.facts.Has(object, r.rel, a.everyone, 0)
	if !ok {
		return no
	}
	return a.counts(e.Extra)
}

// own is direct without the usersets.
func (a *asker) own(r *relation, object graph.ID) verdict {
	v := no
	for e := range a.edges(object, r.rel) {
		if e.SubjectRel == a.srel && (e.Other == a.sid || e.Other == a.everyone && a.srel == 0) {
			v = max(v, a.counts(e.Extra))
		}
	}
	return v
}

// edges runs over the tuples of a relation of an object, those of the question too.
func (a *asker) edges(object graph.ID, rel graph.Rel) func(yield func(graph.Edge) bool) {
	return func(yield func(graph.Edge) bool) {
		edges := a.tuples(object, rel)
		for e, ok := edges.Next(); ok; e, ok = edges.Next() {
			if !a.spend() || !yield(e) {
				return
			}
		}
		for _, x := range a.extra {
			if x.object == object && x.rel == rel && !yield(graph.Edge{Rel: rel, Other: x.subject, SubjectRel: x.srel, Extra: x.extra}) {
				return
			}
		}
	}
}

// usersets asks the tuples of a relation whose subjects are usersets.
func (a *asker) usersets(r *relation, object graph.ID) verdict {
	v := no
	edges := a.facts.Usersets(object, r.rel)
	e, ok := edges.Next()
	if ok && r.climbs && a.canClimb() && edges.Len() > 2*len(a.climb.found) {
		return a.probe(r, object)
	}
	for ; ok; e, ok = edges.Next() {
		if !a.spend() {
			return unknown
		}
		if !slices.Contains(r.usersets, e.SubjectRel) {
			continue // the model no longer takes it
		}
		w := a.holds(a.c.byRel[e.SubjectRel], e.Other)
		if w == no {
			continue
		}
		if v = max(v, min(w, a.counts(e.Extra))); v == yes {
			return yes
		}
	}
	return v
}

// probe is usersets for an object with more tuples than the subject has groups.
func (a *asker) probe(r *relation, object graph.ID) verdict {
	v := no
	for _, f := range a.climb.found {
		group, rel := f.split()
		if group >= outside || !slices.Contains(r.usersets, rel) {
			continue
		}
		if !a.spend() {
			return unknown
		}
		if e, ok := a.facts.Has(object, r.rel, group, rel); ok {
			if v = max(v, a.counts(e.Extra)); v == yes {
				return yes
			}
		}
	}
	return v
}

// from asks a relation of the objects that an object is related to.
func (a *asker) from(n *node, object graph.ID) verdict {
	v := no
	edges := a.tuples(object, n.rel.rel)
	for e, ok := edges.Next(); ok; e, ok = edges.Next() {
		if !a.spend() {
			return unknown
		}
		if v = max(v, a.fromOne(n, e.Other, e.Extra)); v == yes {
			return yes
		}
	}
	a.work += len(a.extra) / 8
	for _, x := range a.extra {
		if x.object == object && x.rel == n.rel.rel {
			v = max(v, a.fromOne(n, x.subject, x.extra))
		}
	}
	return v
}

func (a *asker) fromOne(n *node, related graph.ID, extra *graph.Extra) verdict {
	to := n.only
	if to == nil {
		if to = n.target(a.kindOf(related)); to == nil {
			return no
		}
	}
	v := a.counts(extra)
	if v == no {
		return no
	}
	return min(v, a.holds(to, related))
}

// target is the relation that an opFrom asks of an object of a type.
func (n *node) target(of *kind) *relation {
	if of == nil || int(of.number) >= len(n.targets) {
		return nil
	}
	return n.targets[of.number]
}

// tenantRoles tells whether the subject has one of some roles in the tenant. It
// looks at the subject's tuples or for each role, whichever are fewer.
func (a *asker) tenantRoles(set *roleSet) verdict {
	if a.tenant == 0 {
		return no
	}
	if a.srel != 0 && a.sid == a.tenant && slices.Contains(set.through, a.srel) {
		return yes
	}
	v := no
	if a.tenant < outside && a.sid < outside && a.sid != 0 {
		if edges, few := a.facts.FewObjects(a.sid, a.srel, 2*len(set.list)); few {
			v = a.scanRoles(set, edges)
		} else {
			v = a.probeRoles(set)
		}
	}
	if v != yes && set.wild && a.tenant < outside {
		for _, r := range set.list {
			if r.wild {
				v = max(v, a.storedForAll(r, a.tenant))
			}
		}
	}
	if v != yes && a.tenant < outside {
		for _, r := range set.grouped {
			v = max(v, a.usersets(r, a.tenant))
		}
	}
	if v != yes && len(a.extra) > 0 {
		for _, r := range set.list {
			v = max(v, a.direct(r, a.tenant))
		}
	}
	return v
}

func (a *asker) scanRoles(set *roleSet, edges graph.Edges) verdict {
	v := no
	for {
		e, ok := edges.Find(a.tenant, set.bits)
		if !ok {
			return v
		}
		if v = max(v, a.counts(e.Extra)); v == yes {
			return yes
		}
	}
}

func (a *asker) probeRoles(set *roleSet) verdict {
	v := no
	for _, r := range set.list {
		if e, ok := a.facts.Has(a.tenant, r.rel, a.sid, a.srel); ok {
			if v = max(v, a.counts(e.Extra)); v == yes {
				break
			}
		}
	}
	return v
}
