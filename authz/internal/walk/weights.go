package walk

import "github.com/writ-dev/writ/authz/internal/engine"

// maxWeight is as far as Weights counts: what gives more is all the same.
const maxWeight = 1_000

// Weights counts for each relation, by Index-1, how much else who has it has: the measure
// of the least privilege.
func (u *Uses) Weights() []int {
	p := u.program
	weights := make([]int, len(p.Relations))
	seen := make([]int, len(p.Relations)+1) // by Index: the relation that it was last counted for
	var stack []*engine.Relation
	for i, r := range p.Relations {
		stack, seen[r.Index] = append(stack[:0], r), r.Index
		for len(stack) > 0 && weights[i] < maxWeight {
			last := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			weights[i]++
			add := func(to *engine.Relation) {
				if seen[to.Index] != r.Index {
					seen[to.Index] = r.Index
					stack = append(stack, to)
				}
			}
			for _, use := range u.computed[last.Index] {
				add(use.by)
			}
			for _, use := range u.tenant[last.Index] {
				add(use.by)
			}
			for _, use := range u.from[last.Index] {
				add(use.by)
			}
		}
	}
	return weights
}
