package expr

// EvalCEL runs a condition in cel-go, also when it has direct code.
func (p *Program) EvalCEL(from Source) (bool, error) { return p.evalCEL(from) }
