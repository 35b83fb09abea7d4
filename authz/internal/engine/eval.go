package engine

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// Eval runs one step of a program on an object.
func (a *Asker) Eval(n *Node, object graph.ID) Verdict {
	switch n.Op {
	case OpDirect:
		return a.direct(n.Tuples, object)
	case OpComputed:
		return a.Holds(n.To, object)
	case OpFrom:
		return a.from(n, object)
	case OpTenant:
		if a.Tenant == 0 {
			return No
		}
		return a.Holds(n.To, a.Tenant)
	case opTenantRoles:
		return a.tenantRoles(n.roles)
	case OpWhen:
		return a.evalWhen(n, object)
	case OpUnion:
		v := No
		for _, k := range n.Kids {
			if v = max(v, a.Eval(k, object)); v == Yes {
				break
			}
		}
		return v
	case OpIntersection:
		v := Yes
		for _, k := range n.Kids {
			if v = min(v, a.Eval(k, object)); v == No {
				break
			}
		}
		return v
	case OpExclusion:
		v := a.Eval(n.Kids[0], object)
		if v == No {
			return No
		}
		return min(v, Yes-a.Eval(n.Kids[1], object))
	}
	return No
}

// evalWhen asks what is cheaper first: a condition costs about as much as a few tuples.
func (a *Asker) evalWhen(n *Node, object graph.ID) Verdict {
	v := Yes
	switch {
	case len(n.Kids) == 0:
		if n.Subject != a.SubjectType || a.SubjectRel != 0 || a.Many {
			return No
		}
	case n.late:
		if v = a.Eval(n.Kids[0], object); v == No {
			return No
		}
	default:
		if v = a.conditions.OfRule(n.Condition, object); v == No {
			return No
		}
		return min(v, a.Eval(n.Kids[0], object))
	}
	return min(v, a.conditions.OfRule(n.Condition, object))
}

// direct tells whether the subject stands in a tuple of a relation of an object, itself or in a userset.
func (a *Asker) direct(r *Relation, object graph.ID) Verdict {
	v := No
	if object < Outside {
		v = a.stored(r, object)
	}
	if v == Yes || len(a.Extra) == 0 {
		return v
	}
	a.work += len(a.Extra) / 8
	for _, x := range a.Extra {
		if x.Object != object || x.Rel != r.Rel {
			continue
		}
		w := No
		switch {
		case x.Subject == a.Subject && x.SubjectRel == a.SubjectRel, x.Subject == a.Everyone && x.SubjectRel == 0 && a.SubjectRel == 0:
			w = Yes
		case x.SubjectRel != 0:
			w = a.Holds(a.program.byRel[x.SubjectRel], x.Subject)
		}
		if w != No {
			v = max(v, min(w, a.Counts(x.Extra)))
		}
	}
	return v
}

func (a *Asker) stored(r *Relation, object graph.ID) Verdict {
	v := No
	if a.Subject != 0 && a.Subject < Outside && a.standsIn(r) {
		if e, ok := a.Facts.Has(object, r.Rel, a.Subject, a.SubjectRel); ok {
			v = a.Counts(e.Extra)
		}
	}
	if v != Yes && r.Wild {
		v = max(v, a.storedForAll(r, object))
	}
	if v != Yes && len(r.Usersets) > 0 {
		v = max(v, a.usersets(r, object))
	}
	return v
}

// standsIn reports whether tuples of a relation may name the subject itself.
func (a *Asker) standsIn(r *Relation) bool {
	if a.SubjectRel != 0 {
		return slices.Contains(r.Usersets, a.SubjectRel)
	}
	return slices.Contains(r.Plainly, a.SubjectType)
}

// storedForAll asks for the tuple of a relation that stands for everyone of the subject's type.
func (a *Asker) storedForAll(r *Relation, object graph.ID) Verdict {
	if a.Everyone == 0 || a.Everyone >= Outside || a.SubjectRel != 0 {
		return No
	}
	e, ok := a.Facts.Has(object, r.Rel, a.Everyone, 0)
	if !ok {
		return No
	}
	return a.Counts(e.Extra)
}

// own is direct without the usersets.
func (a *Asker) own(r *Relation, object graph.ID) Verdict {
	v := No
	for e := range a.edges(object, r.Rel) {
		if e.SubjectRel == a.SubjectRel && (e.Other == a.Subject || e.Other == a.Everyone && a.SubjectRel == 0) {
			v = max(v, a.Counts(e.Extra))
		}
	}
	return v
}

// edges runs over the tuples of a relation of an object, those of the question too.
func (a *Asker) edges(object graph.ID, rel graph.Rel) func(yield func(graph.Edge) bool) {
	return func(yield func(graph.Edge) bool) {
		edges := a.Tuples(object, rel)
		for e, ok := edges.Next(); ok; e, ok = edges.Next() {
			if !a.Spend() || !yield(e) {
				return
			}
		}
		for _, x := range a.Extra {
			if x.Object == object && x.Rel == rel && !yield(graph.Edge{Rel: rel, Other: x.Subject, SubjectRel: x.SubjectRel, Extra: x.Extra}) {
				return
			}
		}
	}
}

// usersets asks the tuples of a relation whose subjects are usersets.
func (a *Asker) usersets(r *Relation, object graph.ID) Verdict {
	v := No
	edges := a.Facts.Usersets(object, r.Rel)
	e, ok := edges.Next()
	if ok && r.climbs && a.canClimb() && edges.Len() > 2*len(a.climb.found) {
		return a.probe(r, object)
	}
	for ; ok; e, ok = edges.Next() {
		if !a.Spend() {
			return Unknown
		}
		if !slices.Contains(r.Usersets, e.SubjectRel) {
			continue // the model no longer takes it
		}
		w := a.Holds(a.program.byRel[e.SubjectRel], e.Other)
		if w == No {
			continue
		}
		if v = max(v, min(w, a.Counts(e.Extra))); v == Yes {
			return Yes
		}
	}
	return v
}

// probe is usersets for an object with more tuples than the subject has groups.
func (a *Asker) probe(r *Relation, object graph.ID) Verdict {
	v := No
	for _, f := range a.climb.found {
		group, rel := f.Split()
		if group >= Outside || !slices.Contains(r.Usersets, rel) {
			continue
		}
		if !a.Spend() {
			return Unknown
		}
		if e, ok := a.Facts.Has(object, r.Rel, group, rel); ok {
			if v = max(v, a.Counts(e.Extra)); v == Yes {
				return Yes
			}
		}
	}
	return v
}

// from asks a relation of the objects that an object is related to.
func (a *Asker) from(n *Node, object graph.ID) Verdict {
	v := No
	edges := a.Tuples(object, n.Tuples.Rel)
	for e, ok := edges.Next(); ok; e, ok = edges.Next() {
		if !a.Spend() {
			return Unknown
		}
		if v = max(v, a.fromOne(n, e.Other, e.Extra)); v == Yes {
			return Yes
		}
	}
	a.work += len(a.Extra) / 8
	for _, x := range a.Extra {
		if x.Object == object && x.Rel == n.Tuples.Rel {
			v = max(v, a.fromOne(n, x.Subject, x.Extra))
		}
	}
	return v
}

func (a *Asker) fromOne(n *Node, related graph.ID, extra *graph.Extra) Verdict {
	to := n.only
	if to == nil {
		if to = n.Target(a.TypeOf(related)); to == nil {
			return No
		}
	}
	v := a.Counts(extra)
	if v == No {
		return No
	}
	return min(v, a.Holds(to, related))
}

// tenantRoles tells whether the subject has one of some roles in the tenant. It
// looks at the subject's tuples or for each role, whichever are fewer.
func (a *Asker) tenantRoles(set *roleSet) Verdict {
	if a.Tenant == 0 {
		return No
	}
	if a.SubjectRel != 0 && a.Subject == a.Tenant && slices.Contains(set.through, a.SubjectRel) {
		return Yes
	}
	v := No
	if a.Tenant < Outside && a.Subject < Outside && a.Subject != 0 {
		if edges, few := a.Facts.FewObjects(a.Subject, a.SubjectRel, 2*len(set.list)); few {
			v = a.scanRoles(set, edges)
		} else {
			v = a.probeRoles(set)
		}
	}
	if v != Yes && set.wild && a.Tenant < Outside {
		for _, r := range set.list {
			if r.Wild {
				v = max(v, a.storedForAll(r, a.Tenant))
			}
		}
	}
	if v != Yes && a.Tenant < Outside {
		for _, r := range set.grouped {
			v = max(v, a.usersets(r, a.Tenant))
		}
	}
	if v != Yes && len(a.Extra) > 0 {
		for _, r := range set.list {
			v = max(v, a.direct(r, a.Tenant))
		}
	}
	return v
}

func (a *Asker) scanRoles(set *roleSet, edges graph.Edges) Verdict {
	v := No
	for {
		e, ok := edges.Find(a.Tenant, set.bits)
		if !ok {
			return v
		}
		if v = max(v, a.Counts(e.Extra)); v == Yes {
			return Yes
		}
	}
}

func (a *Asker) probeRoles(set *roleSet) Verdict {
	v := No
	for _, r := range set.list {
		if e, ok := a.Facts.Has(a.Tenant, r.Rel, a.Subject, a.SubjectRel); ok {
			if v = max(v, a.Counts(e.Extra)); v == Yes {
				break
			}
		}
	}
	return v
}
