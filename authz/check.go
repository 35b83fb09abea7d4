package authz

import (
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/engine"
)

// Allowed answers a query without giving reasons and without allocating. An
// error (a bound was hit) never comes with true.
func (s *Snapshot) Allowed(q *Query) (bool, error) {
	a := s.ask(q)
	defer a.done()
	v, err := a.answer()
	return v == engine.Yes && err == nil, err
}

// answer is the verdict of the question as it was put. What a bound left open is an error.
func (a *question) answer() (engine.Verdict, error) {
	if a.err != nil {
		return engine.Unknown, a.err
	}
	if a.goal == nil {
		return engine.No, nil
	}
	v := a.holds(a.goal, a.resource)
	if v == engine.Unknown && a.Exceeded() {
		return v, a.tooLarge()
	}
	return v, nil
}

// tooLarge is the error of a question that met a bound.
func (a *question) tooLarge() error {
	if a.Overworked() {
		return writ.Errorf(writ.CodeTooLarge, "the question has no answer within %d steps", a.s.maxWork).
			WithHint("the relations that %s of %s leads to hold too many tuples to look through", a.q.Action.Name, a.q.Resource.Type)
	}
	return writ.Errorf(writ.CodeTooLarge, "the question leads more than %d relations deep", engine.MaxDepth).
		WithHint("shorten the chain of related objects that %s of %s follows", a.q.Action.Name, a.q.Resource.Type)
}
