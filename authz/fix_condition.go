package authz

import (
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/engine"
)

// maxConditional is how many relations are named whose tuples need a condition.
const maxConditional = 2

// conditionalGrant is a relation whose tuples may name the subject only with a condition.
type conditionalGrant struct {
	step
	condition string
}

// offerConditional says that the subject has no tuple of such a relation, and how it would be written: whole when it
// would allow it just so, else with the parameters that are not known here.
func (d *denial) offerConditional(g conditionalGrant) {
	c := d.a.c.conditions[g.condition]
	if c == nil {
		return
	}
	t := d.grant(g.step)
	r := d.say(
		rankGrant, d.join(t.Object.Type, "#", t.Relation), g.r.source.Position,
		d.who()+" is not "+d.placeOf(g.step)+" (its tuples carry condition "+brief(c.Name)+")",
	)
	if !d.writable(t) || !d.allowedAsIf(g.step) {
		return
	}
	said := "write the tuple " + brief(t.String()) + " with condition " + brief(c.Name)
	t.Condition = c.Name
	if d.allowedWith(t) {
		r.Fix = &writ.Fix{Summary: said, Lines: conditionalLine(&t)}
		if g.object == d.a.resource {
			d.onResource = true
		}
		return
	}
	var missing []string
	for _, v := range c.Program.Values(&tupleSource{d.a, c, nil}) {
		if !v.Found {
			missing = append(missing, pathText(v.Path))
		}
	}
	if len(missing) > 0 { // else the condition does not hold, and what is fixed in the tuple is for who writes it to know
		said += ", and give " + list(missing, "and") + " in it or in the context of the request"
	} else {
		said += ", which does not hold with what the request gives: fix other values of it in the tuple"
	}
	r.Fix = &writ.Fix{Summary: said}
}

// allowedAsIf answers the question as if the subject had a relation without the condition that its tuples need.
func (d *denial) allowedAsIf(g step) bool {
	a := d.a.s.ask(d.a.q)
	defer a.done()
	if a.err != nil || a.goal == nil {
		return false
	}
	object := d.a.name(g.object)
	a.Extra = append(a.Extra, engine.Tuple{
		Object: a.entity(g.r.of.number, object.Type, object.ID), Rel: g.r.Rel, Subject: a.Subject, SubjectRel: a.SubjectRel,
	})
	v, err := a.answer()
	return err == nil && v == engine.Yes
}
