package authz

import "github.com/writ-dev/writ"

// Allowed answers a query without giving reasons and without allocating. An
// error (a bound was hit) never comes with true.
func (s *Snapshot) Allowed(q *Query) (bool, error) {
	a := s.ask(q)
	defer a.done()
	v, err := a.answer()
	return v == yes && err == nil, err
}

// answer is the verdict of the question as it was put. What a bound left open is an error.
func (a *asker) answer() (verdict, error) {
	if a.err != nil {
		return unknown, a.err
	}
	if a.goal == nil {
		return no, nil
	}
	v := a.holds(a.goal, a.resource)
	if v == unknown && a.exceeded {
		return v, a.tooLarge()
	}
	return v, nil
}

// tooLarge is the error of a question that met a bound.
func (a *asker) tooLarge() error {
	if a.work > a.s.maxWork {
		return writ.Errorf(writ.CodeTooLarge, "the question has no answer within %d steps", a.s.maxWork).
			WithHint("the relations that %s of %s leads to hold too many tuples to look through", a.q.Action.Name, a.q.Resource.Type)
	}
	return writ.Errorf(writ.CodeTooLarge, "the question leads more than %d relations deep", maxDepth).
		WithHint("shorten the chain of related objects that %s of %s follows", a.q.Action.Name, a.q.Resource.Type)
}
