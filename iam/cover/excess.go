package cover

import (
	"maps"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
)

// excess says what a statement allows beyond the needs; found is false for one
// that allows nothing of the kind.
func (c *checker) excess(r *rule) (e Excess, found bool) {
	e = Excess{Policy: r.Origin, Statement: r.Statement, Sid: r.Sid, Position: r.Position, Source: r.source}
	alone := &iam.Policies{Identity: []*iam.Policy{r.alone()}, Resource: c.policies.Resource}
	var actions []catalog.Action
	actions, e.Unreal = r.actions()
	slices.SortFunc(actions, func(a, b catalog.Action) int { return strings.Compare(a.String(), b.String()) })
	for i := range actions {
		name := actions[i].String()
		if iam.Decide(&iam.Request{Principal: c.role.Caller, Action: name, Resource: "*"}, c.lenient) != iam.Allowed {
			continue
		}
		needs := naming(c.needs, name)
		a := c.allowance(alone, c.call(name, &actions[i]), needs)
		if a.allowed {
			e.Allows++
		}
		switch {
		case a.beyond && len(needs) == 0:
			e.Unneeded.add(a.example)
		case a.beyond:
			e.Wider.add(a.example)
		case a.cannotTell:
			e.CannotTell.add(Call{Action: name})
		}
	}
	return e, e.Unneeded.Count+e.Wider.Count+e.CannotTell.Count+len(e.Unreal) > 0
}

// allowance is what one statement allows of one action.
type allowance struct {
	allowed bool // on something
	// beyond: a call that no need asks for; example is one.
	beyond     bool
	example    Call
	cannotTell bool
}

func (c *checker) allowance(alone *iam.Policies, call *call, needs []*rule) allowance {
	if c.work.isSpent() {
		return allowance{cannotTell: true}
	}
	call.via = true // some calls may be
	list := append(naming(c.given, call.action), needs...)
	p := probe{c: c, alone: alone, call: call, ctxs: call.contextsOf(list)}
	if len(needs) == 0 { // any call will do, and mostly any is allowed
		for _, arn := range c.simple(call, list) {
			if p.try(arn) {
				return p.found
			}
		}
	}
	s := c.resourcesOf(call, "*", list, p.ctxs)
	for _, arn := range s.found {
		if p.try(arn) {
			return p.found
		}
	}
	p.found.cannotTell = !s.complete || !p.ctxs.complete
	return p.found
}

// simple gives one resource of each type that an action takes.
func (c *checker) simple(call *call, list []*rule) []string {
	if call.listed.WildcardOnly() {
		return []string{"*"}
	}
	var all []string
	for _, t := range c.types(call, list) {
		arn, done := c.examples[t]
		if !done {
			p := t.pattern()
			arn = c.plausible(p.shortest('x'), newMachine([]pattern{p}, nil))
			c.examples[t] = arn
		}
		all = append(all, arn)
	}
	return all
}

// probe looks for a call that a statement allows and no need asks for.
type probe struct {
	c     *checker
	alone *iam.Policies
	call  *call
	ctxs  *contexts
	found allowance
}

func (p *probe) try(arn string) bool {
	on := p.call.on(arn)
	for i := range p.ctxs.count() {
		if !p.c.work.spend(1 + 2*len(p.c.given) + len(p.c.needs)) {
			p.found.cannotTell = true
			return true
		}
		ctx := p.ctxs.at(i)
		allowed, beyond := p.ask(on.with(ctx))
		p.found.allowed = p.found.allowed || allowed
		if beyond {
			p.found.beyond, p.found.example = true, Call{p.call.action, arn, p.smallest(on, ctx)}
			return true
		}
	}
	return false
}

func (p *probe) ask(req *iam.Request) (allowed, beyond bool) {
	allowed = iam.Decide(req, p.alone) == iam.Allowed && iam.Decide(req, p.c.policies) == iam.Allowed
	return allowed, allowed && iam.Decide(req, p.c.asked) != iam.Allowed
}

// smallest leaves the keys out of a context that the example does not need.
func (p *probe) smallest(on *target, ctx iam.Context) iam.Context {
	for _, key := range p.ctxs.keys {
		value := ctx[key]
		ctx[key] = iam.Value{}
		if _, beyond := p.ask(on.with(ctx)); !beyond {
			ctx[key] = value
		}
	}
	maps.DeleteFunc(ctx, func(_ string, v iam.Value) bool { return !v.Multi && len(v.Values) == 0 })
	if len(ctx) == 0 {
		return nil
	}
	return ctx
}
