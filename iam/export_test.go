package iam

// MatchPattern exposes the wildcard matcher to the tests.
func MatchPattern(text, s string, fold bool) bool {
	p := compilePattern(text, syntax{wildcards: true, fold: fold})
	return p.match(s, nil)
}

// MatchCondition exposes one condition to the tests.
func MatchCondition(c ConditionElement, ctx Context) bool {
	compiled := compileCondition(&c, true)
	return compiled.match(ctx)
}

// Unindexed is a policy that tests each of its statements on every request.
func Unindexed(p *Policy) *Policy {
	u := *p
	u.index = index{}
	for _, s := range p.statements {
		g := &u.index.always.allows
		if s.deny {
			g = &u.index.always.denies
		}
		g.add(s)
		g.probes = append(g.probes, probe{statement: s})
	}
	return &u
}

// The folding that actions are compared and hashed with.
var (
	SameFold = sameFold
	HashFold = hashFold
)

// IsRCPService takes a service with its colon.
var IsRCPService = isRCPService
