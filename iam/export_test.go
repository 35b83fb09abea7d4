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
