package iam

import (
	"slices"

	"github.com/writ-dev/writ"
)

// Decision is the outcome of [Evaluate] with its reasons. The zero value denies.
type Decision struct {
	Verdict Verdict
	// BlockedBy names the kinds of policy that denied, or that did not allow.
	// It is empty when allowed.
	BlockedBy []PolicyType
	// Matched holds the statements that decided: per kind of policy the one
	// that denies, else one that allows. [Explain] gives all.
	Matched []Match

	blocked  blockers
	explicit blockers
	denied   *Policy // the first that denies, in AWS's order
	policies *Policies
}

// Match is a statement that matched a request.
type Match struct {
	Origin Origin
	// Statement is its place in the document, from 0.
	Statement int
	Sid       string
	Effect    Effect
	// Position is where the statement stands in its source, as far as it is known.
	Position writ.Position

	source   *Statement
	compiled *statement
}

// Source is the statement as it was written, nil for a Match that was made by
// hand. It must not be changed.
func (m Match) Source() *Statement { return m.source }

// Evaluate decides a request. It tests no more statements than the verdict
// needs; the same inputs always give the same decision.
func Evaluate(req *Request, p *Policies) Decision {
	var q query
	q.read(req, p)
	var o outcome
	o.decide(&q)
	d := Decision{Verdict: o.verdict, blocked: o.blocked, policies: p}
	if o.verdict == ExplicitlyDenied {
		d.explicit = o.explicit()
	}
	matched := make([]*statement, 0, 8)
	for _, s := range [...]*statement{o.rcp.deny, o.scp.deny, o.endpoint.deny, o.identity.deny, o.resource.deny, o.boundary.deny, o.session.deny} {
		if s == nil {
			continue
		}
		if d.denied == nil {
			d.denied = s.policy
		}
		matched = append(matched, s)
	}
	for _, side := range [...]*side{&o.endpoint, &o.identity, &o.resource, &o.boundary, &o.session} {
		if side.deny == nil && side.allow != nil {
			matched = append(matched, side.allow)
		}
	}
	if len(matched) > 0 {
		d.Matched = make([]Match, len(matched))
		for i, s := range matched {
			d.Matched[i] = s.match()
		}
	}
	if o.blocked != 0 {
		d.BlockedBy = o.blocked.types(&q)
	}
	return d
}

func (s *statement) match() Match {
	m := Match{Origin: s.policy.Origin, Statement: s.number, Sid: s.sid, Effect: Allow, Position: s.position, source: s.source, compiled: s}
	if s.deny {
		m.Effect = Deny
	}
	return m
}

// types lists a set of blockers in AWS's order.
func (b blockers) types(q *query) []PolicyType {
	list := make([]PolicyType, 0, 2)
	for _, row := range [...]struct {
		kind blockers
		name PolicyType
	}{
		{blockRCP, TypeRCP},
		{blockSCP, TypeSCP},
		{blockEndpoint, TypeEndpoint},
		{blockIdentity, TypeIdentity},
		{blockResource, q.resourceType()},
		{blockBoundary, TypeBoundary},
		{blockSession, TypeSession},
		{blockPublicAccess, TypeBlockPublicAccess},
		{blockAWSOwned, TypeAWSOwned},
	} {
		if b&row.kind != 0 {
			list = append(list, row.name)
		}
	}
	return slices.Clip(list)
}
