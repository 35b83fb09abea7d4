package iam

// Statements gives the statements of a policy in their order, each with its
// origin, place and source; those of a [Union] follow each other.
func (p *Policy) Statements() []Match {
	list := make([]Match, len(p.statements))
	for i, s := range p.statements {
		list[i] = s.match()
	}
	return list
}

// Version is the version of the language that the statement's document is in,
// as far as it matters: only in [Version2012] are there policy variables. A
// Match that was made by hand has that one.
func (m Match) Version() string {
	if m.compiled != nil && !m.compiled.variables {
		return Version2008
	}
	return Version2012
}
