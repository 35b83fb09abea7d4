package iam

import "slices"

// Said is what a kind of policy says to a request.
type Said string

// What a kind of policy can say.
const (
	SaidDenies Said = "denies"
	SaidAllows Said = "allows"
	// SaidDelegates is the Allow of a resource's policy for the caller's account:
	// the account's own policies must allow as well.
	SaidDelegates Said = "delegates"
	SaidSilent    Said = "silent"
	// SaidAbsent: there is no policy of this kind.
	SaidAbsent Said = "absent"
	// SaidUnbound: policies of this kind do not bind this caller.
	SaidUnbound Said = "unbound"
)

// TypeOutcome is what one kind of policy said.
type TypeOutcome struct {
	Type PolicyType
	Said Said
	// Blocks says that it is one of Decision.BlockedBy.
	Blocks bool
	// Level is the first level of the organisation, from 1 at the root, that
	// does not allow; 0 where all do.
	Level int
	// Statements are those that said so; none when silent.
	Statements []Match
}

// outcomes sums up what was found, per kind of policy, in the order of the IAM
// User Guide, "Policy evaluation logic".
func (e *Explanation) outcomes(q *query) []TypeOutcome {
	p := q.policies
	var o outcome
	o.scan(q)
	own := q.caller.onlyByResource()
	list := []TypeOutcome{
		e.outcome(q, TypeRCP, len(p.RCPs) > 0, len(p.RCPs) > 0 && !q.rcpsBind(), o.rcp.missing),
		e.outcome(q, TypeSCP, len(p.SCPs) > 0, !q.scpsBind(), o.scp.missing),
		e.outcome(q, TypeEndpoint, p.Endpoint != nil, false, -1),
		e.outcome(q, q.resourceType(), p.Resource != nil, false, -1),
		e.outcome(q, TypeIdentity, len(p.Identity) > 0, own, -1),
		e.outcome(q, TypeBoundary, p.Boundary != nil, own, -1),
		e.outcome(q, TypeSession, len(p.Session) > 0, own, -1),
	}
	for i := range list {
		if list[i].Said == SaidAllows && list[i].Type == q.resourceType() && o.resource.grant == grantAccount {
			list[i].Said = SaidDelegates
		}
	}
	for _, t := range e.Decision.BlockedBy {
		if t == TypeBlockPublicAccess || t == TypeAWSOwned {
			list = append(list, TypeOutcome{Type: t, Said: SaidDenies, Blocks: true})
		}
	}
	return list
}

func (e *Explanation) outcome(q *query, t PolicyType, there, unbound bool, missing int) TypeOutcome {
	out := TypeOutcome{Type: t, Said: SaidSilent, Level: missing + 1, Blocks: slices.Contains(e.Decision.BlockedBy, t)}
	switch {
	case unbound:
		out.Said, out.Level = SaidUnbound, 0
		return out
	case !there:
		out.Said, out.Level = SaidAbsent, 0
		return out
	}
	for _, effect := range []Effect{Deny, Allow} {
		for _, m := range e.Matched {
			same := m.Origin.Type == t || t == q.resourceType() && m.Origin == q.policies.resourceOrigin()
			if same && m.Effect == effect {
				out.Statements = append(out.Statements, m)
			}
		}
		if len(out.Statements) == 0 {
			continue
		}
		switch {
		case effect == Deny:
			out.Said = SaidDenies
		case out.Level == 0:
			out.Said = SaidAllows
		}
		break
	}
	return out
}

func (p *Policies) resourceOrigin() Origin {
	if p.Resource == nil {
		return Origin{}
	}
	return p.Resource.Origin
}
