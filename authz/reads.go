package authz

import "slices"

// ReadsContext reports whether an answer to an action on resources of a type may depend on the context of the request: a
// condition on the way reads it, or tuples on the way may carry conditions, whose parameters may come with the request. An unknown
// type or action reads nothing. Rules of userset subjects count as well.
func (m *Model) ReadsContext(kind, action string) bool {
	r := &reader{m: m, seen: map[relationName]bool{}}
	of := m.kind(kind)
	if of == nil {
		return false
	}
	for _, list := range [][]Relation{of.Actions, of.Relations} {
		for i := range list {
			if list[i].Name == action && r.rewrite(of, &list[i], list[i].Rewrite) {
				return true
			}
		}
	}
	return false
}

func (m *Model) kind(name string) *Type {
	i := slices.IndexFunc(m.Types, func(t Type) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &m.Types[i]
}

// reader looks at all that an answer may come from.
type reader struct {
	m    *Model
	seen map[relationName]bool
}

func (r *reader) relation(kind, name string) bool {
	of := r.m.kind(kind)
	if of == nil || r.seen[relationName{kind, name}] {
		return false
	}
	r.seen[relationName{kind, name}] = true
	i := slices.IndexFunc(of.Relations, func(x Relation) bool { return x.Name == name })
	return i >= 0 && r.rewrite(of, &of.Relations[i], of.Relations[i].Rewrite)
}

func (r *reader) rewrite(of *Type, in *Relation, w Rewrite) bool {
	any := func(list ...Rewrite) bool {
		return slices.ContainsFunc(list, func(w Rewrite) bool { return r.rewrite(of, in, w) })
	}
	switch w := w.(type) {
	case Direct:
		return r.tuples(in)
	case Stored:
		return r.stored(of, w.Relation)
	case Computed:
		return r.relation(of.Name, w.Relation)
	case From:
		if r.stored(of, w.Tupleset) {
			return true
		}
		i := slices.IndexFunc(of.Relations, func(x Relation) bool { return x.Name == w.Tupleset })
		return i >= 0 && slices.ContainsFunc(of.Relations[i].Subjects, func(s SubjectType) bool { return r.relation(s.Type, w.Relation) })
	case InTenant:
		return r.relation(TenantType, w.Relation)
	case When:
		for _, used := range w.Condition.Uses() {
			if used.Variable == "context" {
				return true
			}
		}
		return w.Then != nil && any(w.Then)
	case Union:
		return any(w.Of...)
	case Intersection:
		return any(w.Of...)
	case Exclusion:
		return any(w.Base, w.Minus)
	}
	return false
}

func (r *reader) stored(of *Type, name string) bool {
	i := slices.IndexFunc(of.Relations, func(x Relation) bool { return x.Name == name })
	return i >= 0 && r.tuples(&of.Relations[i])
}

// tuples looks at the tuples of a relation.
func (r *reader) tuples(of *Relation) bool {
	return slices.ContainsFunc(of.Subjects, func(s SubjectType) bool {
		return s.Condition != "" || s.Relation != "" && r.relation(s.Type, s.Relation)
	})
}
