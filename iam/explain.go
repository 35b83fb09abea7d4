package iam

import (
	"slices"
	"strings"
)

// Explanation is a decision with everything that went into it.
type Explanation struct {
	Decision Decision
	// Matched holds every statement that matches the request, whatever its policy.
	Matched []Match
	// Misses holds the statements that nearly matched, nearest first, of the
	// kinds of policy that did not allow. Empty when allowed or explicitly denied.
	Misses []Miss
	// Missing is the smallest statement that would have to be added, and Where
	// the kind of policy that lacks it; nil when adding would not help.
	Missing *Statement
	Where   PolicyType
}

// Miss is an Allow that does not match, and why.
type Miss struct {
	Match
	Failures []Failure
}

// Element names an element of a statement.
type Element string

// The elements that can fail.
const (
	ElementPrincipal Element = "Principal"
	ElementAction    Element = "Action"
	ElementResource  Element = "Resource"
	ElementCondition Element = "Condition"
)

// Failure is one element that failed: what the policy wants, and what the request has.
type Failure struct {
	Element Element
	// Not says that the element was written in its Not form.
	Not bool
	// Operator and Key are set for a condition.
	Operator string
	Key      string
	Wanted   []string
	// Found is empty for a context key that the request does not have.
	Found []string
}

// maxMisses bounds the nearest misses that are reported.
const maxMisses = 5

// Explain decides a request and says why. Unlike [Evaluate] it tests every
// statement; the verdict is the same.
func Explain(req *Request, p *Policies) Explanation {
	e := Explanation{Decision: Evaluate(req, p)}
	e.Missing, e.Where = e.Decision.Missing(req)
	var q query
	q.read(req, p)
	for _, policy := range q.binding() {
		lacking := e.Decision.Verdict == ImplicitlyDenied && slices.Contains(e.Decision.BlockedBy, q.kindOf(policy))
		for _, s := range policy.statements {
			failures := s.failures(&q)
			switch {
			case len(failures) == 0:
				e.Matched = append(e.Matched, s.match())
			case lacking && !s.deny && s.isNear(&q, failures):
				e.Misses = append(e.Misses, Miss{Match: s.match(), Failures: failures})
			}
		}
	}
	slices.SortStableFunc(e.Misses, func(a, b Miss) int { return distance(a.Failures) - distance(b.Failures) })
	e.Misses = e.Misses[:min(len(e.Misses), maxMisses)]
	return e
}

// binding lists the policies that bind the caller, in AWS's order.
func (q *query) binding() []*Policy {
	p := q.policies
	var list []*Policy
	if q.underRCPs() {
		list = append(list, slices.Concat(p.RCPs...)...)
	}
	if q.underSCPs() {
		list = append(list, slices.Concat(p.SCPs...)...)
	}
	list = append(list, p.Endpoint, p.Resource)
	if !q.caller.onlyByResource() {
		list = append(list, p.Identity...)
		list = append(list, p.Boundary)
		list = append(list, p.Session...)
	}
	return slices.DeleteFunc(list, func(p *Policy) bool { return p == nil })
}

// kindOf is the policy's kind as BlockedBy names it.
func (q *query) kindOf(p *Policy) PolicyType {
	if p == q.policies.Resource {
		return q.resourceType()
	}
	return p.Origin.Type
}

// failures lists the elements of a statement that do not match.
func (s *statement) failures(q *query) []Failure {
	var list []Failure
	if s.named && s.matchesPrincipal(q) == grantNone {
		list = append(list, s.principalFailure(q))
	}
	if !s.matchesAction(q.action) {
		list = append(list, Failure{Element: ElementAction, Not: s.notAction, Wanted: s.actionTexts(), Found: []string{q.action}})
	}
	if !s.matchesResource(q) {
		wanted := s.source.Resource
		if s.notResource {
			wanted = s.source.NotResource
		}
		list = append(list, Failure{Element: ElementResource, Not: s.notResource, Wanted: wanted, Found: []string{q.resource.text}})
	}
	for i := range s.conditions {
		if !s.conditions[i].match(q.context) {
			src := &s.source.Conditions[i]
			list = append(list, Failure{
				Element: ElementCondition, Operator: src.Operator, Key: src.Key,
				Wanted: src.Values, Found: q.context[s.conditions[i].key].Values,
			})
		}
	}
	return list
}

func (s *statement) actionTexts() []string {
	if s.notAction {
		return s.source.NotAction
	}
	return s.source.Action
}

func (s *statement) principalFailure(q *query) Failure {
	f := Failure{Element: ElementPrincipal, Found: []string{q.caller.ARN}}
	e := s.source.Principal
	if e == nil {
		e, f.Not = s.source.NotPrincipal, true
	}
	switch {
	case e == nil:
		f.Not = false
	case e.All:
		f.Wanted = []string{"*"}
	default:
		f.Wanted = slices.Concat(e.AWS, e.Service, e.Federated, e.CanonicalUser)
	}
	return f
}

// isNear keeps statements that are about the same service: with another one's
// actions a statement is no near miss, however well the rest fits.
func (s *statement) isNear(q *query, failures []Failure) bool {
	for _, f := range failures {
		if f.Element != ElementAction {
			continue
		}
		for _, wanted := range f.Wanted {
			service, _, _ := strings.Cut(wanted, ":")
			if lowerASCII(service)+":" == lowerASCII(q.service) {
				return true
			}
		}
		return false
	}
	return true
}

// distance weighs what failed: a condition is nearer than a resource, that is nearer than an action.
func distance(failures []Failure) int {
	d := 0
	for _, f := range failures {
		switch f.Element {
		case ElementCondition:
			d += 2
		case ElementPrincipal, ElementResource:
			d += 3
		default:
			d += 4
		}
	}
	return d
}
