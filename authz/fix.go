package authz

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// maxTries bounds how many tuples are tried out before none is offered.
const maxTries = 8

// mayTake notes that a tuple of a relation of an object may name the subject, if it may.
func (d *denial) mayTake(at step) {
	condition := ""
	for _, s := range at.r.source.Subjects {
		if s.Type != d.a.q.Subject.Type || s.Relation != d.a.q.SubjectRelation || s.Everyone {
			continue
		}
		if s.Condition == "" {
			if !slices.ContainsFunc(d.grants, func(g grant) bool { return g.step == at }) {
				known := at.object < engine.Outside && d.a.Subject < engine.Outside && d.a.q.Subject.ID != Everyone
				d.grants = append(d.grants, grant{at, known && d.beside == 0, d.depth})
			}
			return
		}
		if condition == "" {
			condition = s.Condition
		}
	}
	g := conditionalGrant{at, condition}
	if condition != "" && len(d.conditional) < maxConditional && !slices.Contains(d.conditional, g) {
		d.conditional = append(d.conditional, g)
	}
}

// offer names the roles and relations that would allow what was asked, each kind with the least of them as a
// fix: those on the instance, on what is related to it, in the tenant, from the narrowest to the widest. A fix
// is tried out before it is offered.
func (d *denial) offer() {
	slices.SortStableFunc(d.grants, d.narrower)
	var tenant, instance, related []grant
	for _, g := range d.grants {
		switch {
		case g.object == d.a.Tenant && g.r.of == d.a.c.tenant:
			tenant = append(tenant, g)
		case g.object == d.a.resource:
			instance = append(instance, g)
		default:
			related = append(related, g)
		}
	}
	d.onResource = d.offerOne(instance)
	fixed := d.offerOne(related) || d.onResource
	fixed = d.offerOne(tenant) || fixed
	if !fixed && !d.offerSeveral() {
		d.lacking(instance, tenant)
	}
	for _, g := range d.conditional {
		d.offerConditional(g)
	}
}

// narrower orders grants: what gives least, then what is near, then by name, so that it is not the order in which facts
// came that chooses.
func (d *denial) narrower(x, y grant) int {
	if n := cmp.Or(x.r.gives-y.r.gives, x.depth-y.depth); n != 0 || x.object == y.object {
		return n
	}
	a, b := d.a.name(x.object), d.a.name(y.object)
	return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.ID, b.ID))
}

// lacking names the least role in the tenant and on the instance that is missing, when
// something else stands in the way as well, so that no role alone would be a fix.
func (d *denial) lacking(kinds ...[]grant) {
	var places []string
	for _, grants := range kinds {
		if len(grants) > 0 {
			places = append(places, d.placeOf(grants[0].step))
		}
	}
	if len(places) > 0 {
		d.say(rankGrant, "", writ.Position{}, d.who()+" is not "+list(places, "and not"))
	}
}

// offerOne offers the first of some grants that works.
func (d *denial) offerOne(grants []grant) bool {
	works := slices.IndexFunc(grants[:min(len(grants), maxTries)], func(g grant) bool {
		t := d.grant(g.step)
		return d.writable(t) && (g.sure || d.allowedWith(t))
	})
	if works < 0 {
		return false
	}
	chosen := grants[works].step
	names := make([]string, 0, len(grants))
	for _, g := range grants[works:] {
		if g.object == chosen.object {
			names = append(names, g.r.source.Name)
		}
	}
	object, instead, role := d.a.name(chosen.object), d.instead(chosen), list(names, "or")
	who, begun := d.who(), d.begin()
	d.add(who, " is not ")
	d.place(object, role)
	d.add(instead)
	message := d.end(begun)
	r := d.say(rankGrant, d.join(object.Type, "#", chosen.r.source.Name), chosen.r.source.Position, message)
	r.Fix = d.fix(chosen)
	return true
}

// offerSeveral offers the fewest grants that work together, and reports whether there are any.
func (d *denial) offerSeveral() bool {
	var tuples []Tuple
	for _, g := range d.grants[:min(len(d.grants), 2*maxTries)] {
		if t := d.grant(g.step); d.writable(t) {
			tuples = append(tuples, t)
		}
	}
	if len(tuples) < 2 || !d.allowedWith(tuples...) {
		return false
	}
	for i := len(tuples) - 1; i >= 0; i-- { // what gives most goes first
		if fewer := slices.Delete(slices.Clone(tuples), i, i+1); d.allowedWith(fewer...) {
			tuples = fewer
		}
	}
	var places, lines []string
	for _, t := range tuples {
		places = append(places, placeText(t.Object, t.Relation))
		lines = append(lines, t.String())
	}
	r := d.say(rankGrant, "", writ.Position{}, d.who()+" is not both "+list(places, "and"))
	r.Fix = &writ.Fix{Summary: "write " + plural(len(tuples), "tuple"), Lines: strings.Join(lines, "\n")}
	return true
}

// writable reports whether a tuple may stand in a fix: it can be read back from its text, and joins no two tenants.
func (d *denial) writable(t Tuple) bool {
	if !plainText(t) {
		return false
	}
	of := d.a.s.TenantOf(t.Subject.Entity) // users have none
	if of == "" {
		return true
	}
	object := d.a.s.TenantOf(t.Object)
	return object == "" || object == of
}

// plainText reports whether a tuple can be read back from its text, so that it may stand in a fix.
func plainText(t Tuple) bool {
	return t.Object.ID != "" && t.Subject.ID != "" && !strings.ContainsAny(t.Object.ID, "#@") && !strings.Contains(t.Subject.ID, "#")
}

// instead names the roles that the subject has in the tenant.
func (d *denial) instead(chosen step) string {
	a := d.a
	if chosen.object != a.Tenant || a.c.tenant == nil || a.Subject >= engine.Outside || a.Tenant >= engine.Outside || a.SubjectRel != 0 {
		return ""
	}
	var has []string
	note := func(r *relation, e graph.Edge) {
		if e.Other == a.Tenant && r != nil && a.Counts(e.Extra) == engine.Yes {
			has = append(has, r.source.Name)
		}
	}
	if _, degree := a.Facts.Degree(a.Subject); degree > 2*len(a.c.tenant.relations) {
		for _, r := range a.c.tenant.relations {
			if e, ok := a.Facts.Has(a.Tenant, r.Rel, a.Subject, 0); ok {
				e.Other = a.Tenant
				note(r, e)
			}
		}
	} else {
		edges := a.Facts.Objects(a.Subject, 0, 0)
		for e, ok := edges.Next(); ok; e, ok = edges.Next() {
			note(a.c.relation(e.Rel), e)
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
	f := &writ.Fix{Lines: d.wording.tuple(&t)}
	switch {
	case g.r.of == d.a.c.tenant:
		f.Summary = d.join("assign role ", t.Relation, " in tenant ", brief(t.Object.ID), " to ", brief(t.Subject.String()))
	case g.r.source.Role:
		f.Summary = d.join("assign role ", t.Relation, " on ", brief(t.Object.String()), " to ", brief(t.Subject.String()))
	default:
		f.Summary = d.join("write the tuple ", brief(f.Lines))
	}
	return f
}

// allowedWith answers the question as if more tuples were stored.
func (d *denial) allowedWith(more ...Tuple) bool {
	q := *d.a.q
	q.Extra = slices.Concat(q.Extra, more)
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
		} else if !strings.HasPrefix(path, "action.") && u.Field != "key" && u.Field != "type" { // who it is cannot be set
			seen = append(seen, path)
		}
	}
	switch {
	case len(missing) > 0:
		return &writ.Fix{Summary: fixGive + list(missing, "and")}
	case len(seen) > 0:
		return &writ.Fix{Summary: "set " + list(seen, "or") + " so that " + brief(w.Condition.String())}
	}
	return nil
}

const fixGive = "give "

// onlyMissing is the one attribute that a fix wants to be given.
func onlyMissing(f *writ.Fix) (string, bool) {
	if f == nil {
		return "", false
	}
	path, ok := strings.CutPrefix(f.Summary, fixGive)
	return path, ok && strings.Count(path, ".") == 1 && !strings.Contains(path, " ")
}

// fixIdle says how a tuple would count again. A condition that does not hold is not to be
// taken from it: who wrote it meant it.
func (d *denial) fixIdle(t *Tuple) *writ.Fix {
	again := *t
	again.Expires = time.Time{}
	if !t.Expires.IsZero() && d.allowedWith(again) {
		f := &writ.Fix{Summary: "let " + brief(t.String()) + " expire later"}
		if t.Condition == "" && plainText(again) {
			f.Lines = expiringLine(&again)
		}
		return f
	}
	c := d.a.c.conditions[t.Condition]
	if c == nil {
		return nil
	}
	var missing []string
	for _, v := range c.Program.Values(&tupleSource{d.a, c, t.Params}) {
		if !v.Found {
			missing = append(missing, pathText(v.Path))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &writ.Fix{Summary: "give " + list(missing, "and") + " in the context of the request"}
}
