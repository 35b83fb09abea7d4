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
	// Types says what each kind of policy said, in the order in which AWS asks them.
	Types []TypeOutcome
	// Misses holds the statements that nearly matched, nearest first, of the
	// kinds of policy that did not allow. Empty when allowed or explicitly denied.
	Misses []Miss
	// Spared holds the Deny statements that are about the action and the resource
	// and do not match for their conditions or principals alone.
	Spared []Miss
	// Missing is the smallest statement that would have to be added, and Where
	// the kind of policy that lacks it. It is nil when adding would not help, and
	// when Unmet says what would: a condition is there for a reason, and is met,
	// not gone around.
	Missing *Statement
	Where   PolicyType
	// Unmet holds the Allows of the kind Where that miss by their conditions
	// alone, nearest first: meeting the conditions of one is what is missing.
	Unmet []Miss
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
	// Resolved is Wanted with the variables' values put in, nil where it holds none.
	Resolved []string
	// Found is empty for a context key that the request does not have.
	Found []string
	// Note says in words what is easily overlooked: a part of an ARN that
	// differs, a difference of case only, an object meant and a bucket named.
	Note string
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
	var near, spared, unmet nearest
	for _, policy := range q.binding() {
		kind := q.kindOf(policy)
		lacking := e.Decision.Verdict == ImplicitlyDenied && slices.Contains(e.Decision.BlockedBy, kind)
		for _, s := range policy.statements {
			switch d := s.distance(&q); {
			case d == 0:
				e.Matched = append(e.Matched, s.match())
			case s.deny:
				if d < far && s.matchesAction(q.action) && s.matchesResource(&q) {
					spared.add(s, 0)
				}
			case lacking && d < far:
				near.add(s, d)
				if kind == e.Decision.BlockedBy[0] && s.matchesAllBut(&q) {
					unmet.add(s, d)
				}
			}
		}
	}
	e.Misses, e.Spared, e.Unmet = near.misses(&q), spared.misses(&q), unmet.misses(&q)
	if e.Unmet != nil {
		e.Missing, e.Where = nil, e.Decision.BlockedBy[0]
	}
	e.Types = e.outcomes(&q)
	return e
}

// nearest keeps the statements that failed least, in order; of two that failed
// alike the first comes first.
type nearest struct {
	found [maxMisses]struct {
		statement *statement
		distance  int
	}
	count int
}

func (n *nearest) add(s *statement, distance int) {
	at := n.count
	for at > 0 && n.found[at-1].distance > distance {
		at--
	}
	if at == maxMisses {
		return
	}
	n.count = min(n.count+1, maxMisses)
	copy(n.found[at+1:n.count], n.found[at:])
	n.found[at].statement, n.found[at].distance = s, distance
}

func (n *nearest) misses(q *query) []Miss {
	if n.count == 0 {
		return nil
	}
	list := make([]Miss, n.count)
	for i, c := range n.found[:n.count] {
		list[i] = Miss{Match: c.statement.match(), Failures: c.statement.failures(q)}
	}
	return list
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
	list := make([]Failure, 0, 2) // mostly enough
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
		f := Failure{Element: ElementResource, Not: s.notResource, Wanted: wanted, Found: []string{q.resource.text}, Note: s.resourceNote(q, wanted)}
		if s.variables {
			f.Resolved, _ = resolveAll(wanted, q.context)
		}
		list = append(list, f)
	}
	for i := range s.conditions {
		if c := &s.conditions[i]; !c.match(q.context) {
			list = append(list, Failure{
				Element: ElementCondition, Operator: c.source.Operator, Key: c.source.Key, Wanted: c.source.Values,
				Resolved: c.resolved(c.source.Values, q.context), Found: q.context[c.key].Values, Note: c.note(c.source, q),
			})
		}
	}
	return list
}

// matchesAllBut reports whether a statement matches but for its conditions.
func (s *statement) matchesAllBut(q *query) bool {
	return s.matchesAction(q.action) && s.matchesResource(q) && (!s.named || s.matchesPrincipal(q) != grantNone)
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

// far is the distance of a statement that is no near miss, however well the rest fits.
const far = 1 << 16

// distance weighs what fails: a condition is nearer than a resource, that is
// nearer than an action; 0 is a match. A statement about another service is far.
func (s *statement) distance(q *query) int {
	d := 0
	if !s.matchesAction(q.action) {
		if !s.isAbout(servicePrefix(q.action)) {
			return far
		}
		d += 4
	}
	if !s.matchesResource(q) {
		d += 3
	}
	if s.named && s.matchesPrincipal(q) == grantNone {
		d += 3
	}
	for i := range s.conditions {
		if !s.conditions[i].match(q.context) {
			d += 2
		}
	}
	return d
}

// isAbout reports whether one of the actions, as they are written, is of a
// service, given with its colon.
func (s *statement) isAbout(service string) bool {
	for _, text := range s.actionTexts() {
		name, _, _ := strings.Cut(text, ":")
		if len(name)+1 == len(service) && sameName(name, service[:len(name)], true) {
			return true
		}
	}
	return false
}
