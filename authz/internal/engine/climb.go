package engine

import (
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// climb says how to go from a subject up to all that it is a member of. It knows
// the relations that are made of unconditional tuples and unions (Relation.member)
// and lead to the userset of some tuple, such as group#member: walking down into
// groups from an object looks at everybody in them, walking up at the few groups of one subject.
type climb struct {
	fromType [][]graph.Rel // relations whose tuples take plain subjects of the type
	fromRel  [][]graph.Rel // relations whose tuples take the userset as a subject
	gives    [][]graph.Rel // all relations of the object that the subject of such a tuple has
	above    [][]graph.Rel // all relations of the object that who has this one has, itself among them
}

// covers reports whether climbing finds all members of a relation.
func (c *climb) covers(rel graph.Rel) bool { return len(at(c.above, rel)) > 0 }

// at gives l[i], nil beyond its end.
func at[I graph.Rel | graph.Type](l [][]graph.Rel, i I) []graph.Rel {
	if int(i) < len(l) {
		return l[i]
	}
	return nil
}

func add[I graph.Rel | graph.Type](l [][]graph.Rel, i I, rels ...graph.Rel) [][]graph.Rel {
	list := at(l, i)
	for _, r := range rels {
		if !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return put(l, int(i), list)
}

func newClimb(p *Program) climb {
	lifts := map[*Relation][]*Relation{}
	readers := map[*Relation][]*Relation{}
	for _, r := range p.Relations {
		if !r.member {
			continue
		}
		tuples, whole := r.Body.reads()
		for _, t := range tuples {
			readers[t] = append(readers[t], r)
		}
		for _, w := range whole {
			lifts[w] = append(lifts[w], r)
		}
	}
	var up climb
	relevant := p.relevant()
	for r := range relevant {
		reached := []*Relation{r}
		for i := 0; i < len(reached); i++ {
			up.above = add(up.above, r.Rel, reached[i].Rel)
			for _, l := range lifts[reached[i]] {
				if relevant[l] && !slices.Contains(reached, l) {
					reached = append(reached, l)
				}
			}
		}
	}
	for t, list := range readers {
		for _, r := range list {
			if relevant[r] {
				up.gives = add(up.gives, t.Rel, up.above[r.Rel]...)
			}
		}
		if len(at(up.gives, t.Rel)) == 0 {
			continue
		}
		for _, of := range t.Plainly {
			up.fromType = add(up.fromType, of, t.Rel)
		}
		for _, u := range t.Usersets {
			up.fromRel = add(up.fromRel, u, t.Rel)
		}
	}
	return up
}

// relevant gives the member relations that stand as subjects of tuples, and those that these are made of.
func (p *Program) relevant() map[*Relation]bool {
	found := map[*Relation]bool{}
	var list []*Relation
	mark := func(r *Relation) {
		if r.member && !found[r] {
			found[r] = true
			list = append(list, r)
		}
	}
	for _, r := range p.Relations {
		for _, u := range r.Usersets {
			mark(p.byRel[u])
		}
	}
	for i := 0; i < len(list); i++ {
		_, whole := list[i].Body.reads()
		for _, w := range whole {
			mark(w)
		}
	}
	return found
}
