package policyfile

import (
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/internal/unheard"
)

// Result is what came of a case.
type Result struct {
	Test string
	Case Case
	// Source is the line of the file that the case stands in.
	Source string
	// Want and Got are the expected answer and the one given: allowed, denied, or [a, b].
	Want, Got string
	Passed    bool
	// Err is why there is no answer, or why the right one says nothing: the case names what the policy does not have.
	Err error
	// Decision has the reasons of an answer that is not the expected one.
	Decision writ.Decision
}

// RunTests answers all cases. Grants that expire are judged at now, or at the time that a case
// gives. An error means that the facts do not stand; a case that fails is no error.
func (p *Policy) RunTests(now time.Time) ([]Result, error) {
	s, err := p.Snapshot()
	if err != nil {
		return nil, err
	}
	var all []Result
	for _, t := range p.Tests {
		for _, c := range t.Cases {
			if c.Query.Now.IsZero() {
				c.Query.Now = now
			}
			r := Result{Test: t.Name, Case: c, Source: p.files[0].Line(c.Position)}
			if c.List != "" {
				r.list(s)
			} else {
				r.check(s)
			}
			if r.Passed {
				r.Err = p.unheard(&r.Case)
				r.Passed = r.Err == nil
			}
			all = append(all, r)
		}
	}
	return all, nil
}

// unheard says what a case names that the policy does not have.
func (p *Policy) unheard(c *Case) error {
	subject, resource := c.Query.Subject.Type, c.Query.Resource.Type
	if c.Query.SubjectRelation != "" {
		subject += "#" + c.Query.SubjectRelation
	}
	switch { // what is listed is named by its type alone
	case c.List != "" && subject != "":
		resource = c.List
	case c.List != "":
		subject = c.List
	}
	return unheard.Name(p.model, subject, resource, c.Query.Action.Name)
}

func verdict(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "denied"
}

func (r *Result) check(s *authz.Snapshot) {
	r.Want = verdict(r.Case.Allowed)
	allowed, err := s.Allowed(&r.Case.Query)
	if err != nil {
		r.Err = err
		return
	}
	r.Got = verdict(allowed)
	if r.Passed = allowed == r.Case.Allowed; !r.Passed {
		r.Decision, r.Err = s.Check(&r.Case.Query)
	}
}

func (r *Result) list(s *authz.Snapshot) {
	ask := s.Subjects
	if r.Case.Query.Subject.ID != "" {
		ask = s.Resources
	}
	r.Want = set(r.Case.IDs)
	var got []string
	for l := (&authz.List{Query: r.Case.Query, Type: r.Case.List}); ; {
		page, err := ask(l)
		if err != nil {
			r.Err = err
			return
		}
		got = append(got, page.IDs...)
		if page.Everyone {
			got = append(got, authz.Everyone)
		}
		if l.After = page.Next; page.Next == "" {
			break
		}
	}
	r.Got = set(got)
	r.Passed = r.Got == r.Want
}

// set writes IDs in order, each once.
func set(ids []string) string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return "[" + strings.Join(slices.Compact(ids), ", ") + "]"
}
