package policy

import (
	"fmt"
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// engine answers the queries of one workload by their number.
type engine struct {
	name string
	ask  func(i int) (bool, error)
	// check is how many queries are compared with the hand-written code before
	// timing; 0 is all. Slow engines compare fewer, and say so.
	check int
	// close is nil where there is nothing to stop.
	close func()
}

// verify compares an engine's verdicts with what they must be, and gives how many were compared.
func (e engine) verify(want []bool) (int, error) {
	n := len(want)
	if e.check > 0 {
		n = min(n, e.check)
	}
	for i := range n {
		got, err := e.ask(i)
		if err != nil {
			return i, fmt.Errorf("%s, query %d: %w", e.name, i, err)
		}
		if got != want[i] {
			return i, fmt.Errorf("%s, query %d: got %t, want %t", e.name, i, got, want[i])
		}
	}
	return n, nil
}

// lister answers W4: all documents of a user, and all users of a document.
type lister struct {
	name      string
	documents func(user int) ([]string, error)
	viewers   func(document int) ([]string, error)
	check     int
}

func (l lister) verify(h *handTree) (int, error) {
	n := max(l.check, 1)
	for i := range n {
		if l.documents != nil {
			got, err := l.documents(i)
			if err != nil {
				return i, err
			}
			slices.Sort(got)
			if want := h.list(userName(i)); !slices.Equal(got, want) {
				return i, fmt.Errorf("%s: user %d views %d documents, %d are right", l.name, i, len(got), len(want))
			}
		}
		if l.viewers != nil {
			got, err := l.viewers(i)
			if err != nil {
				return i, err
			}
			slices.Sort(got)
			if want := h.viewers(documentName(i)); !slices.Equal(got, want) {
				return i, fmt.Errorf("%s: document %d is viewed by %d users, %d are right", l.name, i, len(got), len(want))
			}
		}
	}
	return n, nil
}

// writEngines are Writ without and with reasons.
func writEngines(s *authz.Snapshot, queries []authz.Query) []engine {
	return []engine{
		{name: "writ", ask: func(i int) (bool, error) { return s.Allowed(&queries[i%len(queries)]) }},
		{name: "writ-reasons", ask: func(i int) (bool, error) {
			d, err := s.Check(&queries[i%len(queries)])
			return d.Allowed, err
		}},
	}
}

// writAnew keeps nothing of one question for the next: an edit in progress answers afresh.
func writAnew(s *authz.Snapshot, queries []authz.Query) engine {
	afresh := s.Edit().Snapshot()
	return engine{name: "writ-anew", ask: func(i int) (bool, error) { return afresh.Allowed(&queries[i%len(queries)]) }}
}

func writLister(s *authz.Snapshot) lister {
	all := func(l authz.List, ask func(*authz.List) (authz.Page, error)) ([]string, error) {
		l.Limit = documents
		p, err := ask(&l)
		return p.IDs, err
	}
	return lister{
		name: "writ", check: 200,
		documents: func(user int) ([]string, error) {
			return all(authz.List{Type: "document", Query: authz.Query{Request: writ.Request{
				Subject: writ.Subject{Type: "user", ID: userName(user)}, Action: writ.Action{Name: "viewer"},
			}}}, s.Resources)
		},
		viewers: func(document int) ([]string, error) {
			return all(authz.List{Type: "user", Query: authz.Query{Request: writ.Request{
				Action: writ.Action{Name: "viewer"}, Resource: writ.Resource{Type: "document", ID: documentName(document)},
			}}}, s.Subjects)
		},
	}
}
