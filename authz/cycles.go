package authz

import (
	"strings"

	"github.com/writ-dev/writ"
)

// checkCycles refuses roles that inherit from each other, and relations that only
// refer to each other, so that no tuple can ever put anybody in.
func (c *checker) checkCycles(m *Model) error {
	for i := range m.Types {
		t := &m.Types[i]
		if cycle := roleCycle(t); cycle != nil {
			return invalid(cycle[0].Position, "roles of %s inherit from each other: %s", t.Name, path(cycle)).
				WithHint("let one of them not have the other's permissions")
		}
	}
	ended := c.ended(m)
	for i := range m.Types {
		t := &m.Types[i]
		for j := range t.Relations {
			r := &t.Relations[j]
			if !ended[r] {
				return invalid(r.Position, "%s of %s refers to itself in a circle that no tuple can end", r.Name, t.Name).
					WithHint("let one relation of the circle take tuples of its own")
			}
		}
	}
	return nil
}

func path(cycle []*Relation) string {
	var names []string
	for _, r := range append(cycle, cycle[0]) {
		names = append(names, r.Name)
	}
	return strings.Join(names, " -> ")
}

// roleCycle finds roles of a type that have each other's permissions.
func roleCycle(t *Type) []*Relation {
	roles := map[string]*Relation{}
	for i := range t.Relations {
		if t.Relations[i].Role {
			roles[t.Relations[i].Name] = &t.Relations[i]
		}
	}
	done := map[*Relation]bool{}
	var way []*Relation
	var visit func(r *Relation) []*Relation
	visit = func(r *Relation) []*Relation {
		for i, w := range way {
			if w == r {
				return way[i:]
			}
		}
		if done[r] {
			return nil
		}
		way = append(way, r)
		for _, name := range inherited(r.Rewrite, nil) {
			if next := roles[name]; next != nil {
				if cycle := visit(next); cycle != nil {
					return cycle
				}
			}
		}
		way, done[r] = way[:len(way)-1], true
		return nil
	}
	for i := range t.Relations {
		if r := &t.Relations[i]; r.Role {
			if cycle := visit(r); cycle != nil {
				return cycle
			}
		}
	}
	return nil
}

// inherited lists the relations that a rewrite takes whole.
func inherited(w Rewrite, list []string) []string {
	switch w := w.(type) {
	case Computed:
		return append(list, w.Relation)
	case Union:
		for _, of := range w.Of {
			list = inherited(of, list)
		}
	}
	return list
}

// ended gives the relations that tuples or conditions can fill, and those that
// are empty because nothing is in their union; not those that only wait for each other.
func (c *checker) ended(m *Model) map[*Relation]bool {
	ended := map[*Relation]bool{}
	for changed := true; changed; {
		changed = false
		for i := range m.Types {
			t := &m.Types[i]
			for j := range t.Relations {
				r := &t.Relations[j]
				if !ended[r] && c.ends(t.Name, r.Rewrite, ended) {
					ended[r], changed = true, true
				}
			}
		}
	}
	return ended
}

func (c *checker) ends(of string, w Rewrite, ended map[*Relation]bool) bool {
	relation := func(of, name string) bool { return ended[c.relations[relationName{of, name}]] }
	switch w := w.(type) {
	case Computed:
		return relation(of, w.Relation)
	case InTenant:
		return relation(TenantType, w.Relation)
	case From:
		for _, s := range c.relations[relationName{of, w.Tupleset}].Subjects {
			if relation(s.Type, w.Relation) {
				return true
			}
		}
		return false
	case When:
		return w.Then == nil || c.ends(of, w.Then, ended)
	case Union:
		for _, part := range w.Of {
			if c.ends(of, part, ended) {
				return true
			}
		}
		return len(w.Of) == 0
	case Intersection:
		for _, part := range w.Of {
			if !c.ends(of, part, ended) {
				return false
			}
		}
		return true
	case Exclusion:
		return c.ends(of, w.Base, ended)
	}
	return true
}

// refit lists the facts that a model does not allow: the first ten, and their number.
func (s *Snapshot) refit(c *compiled) error {
	var first []string
	count := 0
	note := func(what string, err error) {
		if count++; len(first) < 10 {
			first = append(first, what+": "+err.Error())
		}
	}
	s.Tuples(TupleFilter{}, func(t Tuple) bool {
		if _, _, err := c.checkTuple(&t); err != nil {
			note(t.String(), err)
		}
		return true
	})
	for _, name := range s.typeNames() {
		s.Records(name, "", func(r Record) bool {
			if err := c.checkRecord(&r); err != nil {
				note(r.Entity.String(), err)
			}
			return true
		})
	}
	if count == 0 {
		return nil
	}
	text := strings.Join(first, "; ")
	if count > len(first) {
		text += "; ..."
	}
	return writ.Errorf(writ.CodeInvalid, "facts do not fit the new model, %d in all: %s", count, text).
		WithHint("remove these facts first, or keep what they name in the model")
}
