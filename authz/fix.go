package authz

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// maxTries bounds how many tuples are tried out before none is offered.
const maxTries = 8

// takes reports whether a tuple of a relation may name the subject, without a condition.
func (x *explanation) takes(r *relation) bool {
	for _, s := range r.source.Subjects {
		if s.Type == x.a.q.Subject.Type && s.Relation == x.a.q.SubjectRelation && !s.Everyone && s.Condition == "" {
			return true
		}
	}
	return false
}

// offer names the roles and relations that would allow what was asked, each kind with
// the least of them as a fix. A fix is tried out before it is offered.
func (d *denial) offer() {
	slices.SortStableFunc(d.grants, func(x, y step) int { return x.r.gives - y.r.gives })
	var tenant, instance, related []step
	for _, g := range d.grants {
		switch {
		case g.object == d.a.tenant && g.r.of == d.a.c.tenant:
			tenant = append(tenant, g)
		case g.object == d.a.resource:
			instance = append(instance, g)
		default:
			related = append(related, g)
		}
	}
	fixed := d.offerOne(tenant)
	if !d.offerOne(instance) && !fixed {
		d.offerOne(related)
	}
}

// offerOne offers the first of some grants that works.
func (d *denial) offerOne(grants []step) bool {
	works := -1
	for i, g := range grants {
		if i == maxTries {
			break
		}
		if d.allowedWith(d.grant(g)) {
			works = i
			break
		}
	}
	if works < 0 {
		return false
	}
	chosen := grants[works]
	var names []string
	for _, g := range grants[works:] {
		if g.object == chosen.object {
			names = append(names, g.r.source.Name)
		}
	}
	object := d.a.name(chosen.object)
	r := d.say(writ.EffectMissing, object.Type+"#"+chosen.r.source.Name, chosen.r.source.Position,
		d.who()+" is not "+placeText(object, list(names, "or"))+d.instead(chosen))
	r.Fix = d.fix(chosen)
	return true
}

// instead names the roles that the subject has in the tenant.
func (d *denial) instead(chosen step) string {
	a := d.a
	if chosen.object != a.tenant || a.c.tenant == nil || a.sid >= outside || a.srel != 0 {
		return ""
	}
	var has []string
	edges := a.facts.Objects(a.sid, 0, 0)
	for e, ok := edges.Next(); ok && a.spend(); e, ok = edges.Next() {
		if r := a.c.relation(e.Rel); e.Other == a.tenant && r != nil && a.counts(e.Extra) == yes {
			has = append(has, r.source.Name)
		}
	}
	if len(has) == 0 {
		return ", and has no role there"
	}
	slices.Sort(has)
	return ", only " + list(has, "and")
}

// grant is the tuple that a fix writes.
func (d *denial) grant(g step) Tuple {
	return Tuple{
		Object: d.a.name(g.object), Relation: g.r.source.Name,
		Subject: Holder{Entity{d.a.q.Subject.Type, d.a.q.Subject.ID}, d.a.q.SubjectRelation},
	}
}

func (d *denial) fix(g step) *writ.Fix {
	t := d.grant(g)
	f := &writ.Fix{Lines: t.String()}
	switch {
	case g.r.of == d.a.c.tenant:
		f.Summary = "assign role " + t.Relation + " in tenant " + brief(t.Object.ID) + " to " + brief(t.Subject.String())
	case g.r.source.Role:
		f.Summary = "assign role " + t.Relation + " on " + brief(t.Object.String()) + " to " + brief(t.Subject.String())
	default:
		f.Summary = "write the tuple " + brief(f.Lines)
	}
	return f
}

// allowedWith answers the question as if a tuple were stored.
func (d *denial) allowedWith(t Tuple) bool {
	q := *d.a.q
	q.Extra = append(slices.Clone(q.Extra), t)
	ok, err := d.a.s.Allowed(&q)
	return ok && err == nil
}

// fixCondition says which value to give or to set. It has no lines: which value
// is right is for the reader to know.
func (d *denial) fixCondition(w When, r *Node) *writ.Fix {
	var missing, seen []string
	for _, u := range w.Condition.Uses() {
		path := pathText(u)
		if _, there := r.Values[path]; !there {
			missing = append(missing, path)
		} else if !strings.HasPrefix(path, "action.") {
			seen = append(seen, path)
		}
	}
	switch {
	case len(missing) > 0:
		return &writ.Fix{Summary: "give " + list(missing, "and")}
	case len(seen) > 0:
		return &writ.Fix{Summary: "set " + list(seen, "or") + " so that " + brief(w.Condition.String())}
	}
	return nil
}

// weigh counts for each relation how much else who has it has: the measure of the least privilege.
func (c *compiled) weigh() {
	stamp := make([]int, len(c.all)+1)
	var stack []*relation
	for _, r := range c.all {
		stack, stamp[r.index] = append(stack[:0], r), r.index
		for len(stack) > 0 && r.gives < maxGives {
			last := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			r.gives++
			add := func(to *relation) {
				if stamp[to.index] != r.index {
					stamp[to.index] = r.index
					stack = append(stack, to)
				}
			}
			for _, u := range c.reverse.computed[last.index] {
				add(u.by)
			}
			for _, u := range c.reverse.tenant[last.index] {
				add(u.by)
			}
			for _, u := range c.reverse.from[last.index] {
				add(u.by)
			}
		}
	}
}

// maxGives is as far as weigh counts: what gives more is all the same.
const maxGives = 1_000
