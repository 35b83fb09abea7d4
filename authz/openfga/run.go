package openfga

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/internal/unheard"
)

// Result is the outcome of one question.
type Result struct {
	Test     string
	Question Question
	// Got is what the engine answered: "true", or a list.
	Got, Want string
	Passed    bool
	// Err is why there was no answer, or why the right one says nothing: the question names what the model does not have.
	Err error
	// Reasons are those of a check that was answered otherwise than wanted.
	Reasons []writ.Reason
}

// Run asks all questions of a store. It gives one result for each; a store
// whose tuples do not fit its model has an error for each question they reach.
func (s *Store) Run() []Result {
	var out []Result
	for _, t := range s.Tests {
		facts, err := s.facts(t)
		for _, q := range t.Questions {
			r := Result{Test: t.Name, Question: q, Err: err}
			if err == nil {
				r.answer(facts)
			}
			if r.Passed {
				r.Err = unheard.Name(s.Document.model, typeOf(q.User), typeOf(q.Object), q.Relation)
				r.Passed = r.Err == nil
			}
			out = append(out, r)
		}
	}
	return out
}

// typeOf is the type of type:id, with the relation of type:id#relation.
func typeOf(name string) string {
	kind, id, _ := strings.Cut(name, ":")
	if _, relation, ok := strings.Cut(id, "#"); ok {
		return kind + "#" + relation
	}
	return kind
}

// world is the facts of a test, also as they are without `type:*`, from which one can tell
// who is named and who is only meant by it.
type world struct{ all, named *authz.Snapshot }

func (s *Store) facts(t Test) (world, error) {
	var w world
	empty, err := authz.New(s.Document.model)
	if err != nil {
		return w, err
	}
	all, named := empty.Edit(), empty.Edit()
	for _, p := range slices.Concat(s.Tuples, t.Tuples) {
		tuple := p.Tuple
		if p.Old {
			all.Restore(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}})
		} else if err := all.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}}); err != nil {
			return w, p.located(err)
		}
		if tuple.Subject.ID != authz.Everyone {
			named.Restore(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}})
		}
	}
	return world{all.Done(), named.Done()}, nil
}

func (p PlacedTuple) located(err error) error {
	if e, ok := err.(*writ.Error); ok {
		return e.At(p.Position, p.source)
	}
	return err
}

func (r *Result) answer(w world) {
	q := r.Question
	switch q.Kind {
	case "check":
		r.Want = fmt.Sprint(q.Allowed)
		r.check(w.all)
		return
	case "list_objects":
		r.list(w.objects(q))
	case "list_users":
		r.list(w.users(q))
	}
}

func (r *Result) check(s *authz.Snapshot) {
	query, err := checkQuery(r.Question)
	if err != nil {
		r.Err = err
		return
	}
	d, err := s.Check(query)
	if err != nil {
		r.Err = err
		return
	}
	r.Got = fmt.Sprint(d.Allowed)
	r.Passed = d.Allowed == r.Question.Allowed
	if !r.Passed {
		r.Reasons = d.Reasons
	}
}

func checkQuery(q Question) (*authz.Query, error) {
	object, err := authz.ParseEntity(q.Object)
	if err != nil {
		return nil, err
	}
	query, err := subjectQuery(q)
	if err != nil {
		return nil, err
	}
	query.Resource = writ.Resource{Type: object.Type, ID: object.ID}
	return query, nil
}

func subjectQuery(q Question) (*authz.Query, error) {
	user, err := authz.ParseHolder(q.User)
	if err != nil {
		return nil, err
	}
	return &authz.Query{
		Request: writ.Request{
			Subject: writ.Subject{Type: user.Type, ID: user.ID},
			Action:  writ.Action{Name: q.Relation}, Context: q.Context,
		},
		SubjectRelation: user.Relation, Extra: q.Extra,
	}, nil
}

func (r *Result) list(got []string, err error) {
	want := slices.Clone(r.Question.Listed)
	slices.Sort(want)
	slices.Sort(got)
	r.Want, r.Got, r.Err = shownList(want), shownList(got), err
	r.Passed = err == nil && slices.Equal(slices.Compact(want), got)
}

func shownList(l []string) string { return "[" + strings.Join(l, ", ") + "]" }

func (w world) objects(q Question) ([]string, error) {
	query, err := subjectQuery(q)
	if err != nil {
		return nil, err
	}
	ids, _, err := pages(authz.List{Query: *query, Type: q.Object}, w.all.Resources)
	return prefixed(q.Object, ids), err
}

// pages gathers all pages of a listing.
func pages(l authz.List, ask func(*authz.List) (authz.Page, error)) (ids []string, everyone bool, err error) {
	for {
		page, err := ask(&l)
		if err != nil {
			return nil, false, err
		}
		ids = append(ids, page.IDs...)
		if page.Next == "" {
			return ids, page.Everyone, nil
		}
		l.After = page.Next
	}
}

func prefixed(kind string, ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = kind + ":" + id
	}
	return out
}

// users answers as OpenFGA does: when everyone of the type is allowed, that is
// `type:*`, and beside it stand only those who are allowed by name as well.
func (w world) users(q Question) ([]string, error) {
	object, err := authz.ParseEntity(q.Object)
	if err != nil {
		return nil, err
	}
	kind, relation, _ := strings.Cut(q.User, "#")
	l := authz.List{Type: kind, Query: authz.Query{Request: writ.Request{
		Action: writ.Action{Name: q.Relation}, Resource: writ.Resource{Type: object.Type, ID: object.ID}, Context: q.Context,
	}, Extra: q.Extra}}
	if relation != "" {
		return w.usersets(l, relation)
	}
	ids, everyone, err := pages(l, w.all.Subjects)
	if err != nil || !everyone {
		return prefixed(kind, ids), err
	}
	l.Extra = slices.DeleteFunc(slices.Clone(q.Extra), func(t authz.Tuple) bool { return t.Subject.ID == authz.Everyone })
	named, _, err := pages(l, w.named.Subjects)
	ids = slices.DeleteFunc(ids, func(id string) bool { return !slices.Contains(named, id) })
	return append(prefixed(kind, ids), kind+":"+authz.Everyone), err
}

// usersets asks for each stored object of the type whether its userset is allowed.
func (w world) usersets(l authz.List, relation string) ([]string, error) {
	names := map[string]bool{}
	w.all.Tuples(authz.TupleFilter{}, func(t authz.Tuple) bool {
		if t.Object.Type == l.Type {
			names[t.Object.ID] = true
		}
		if t.Subject.Type == l.Type && t.Subject.ID != authz.Everyone {
			names[t.Subject.ID] = true
		}
		return true
	})
	var out []string
	for _, id := range keys(names) {
		q := l.Query
		q.Subject, q.SubjectRelation = writ.Subject{Type: l.Type, ID: id}, relation
		allowed, err := w.all.Allowed(&q)
		if err != nil {
			return nil, err
		}
		if allowed {
			out = append(out, l.Type+":"+id+"#"+relation)
		}
	}
	return out, nil
}
