package observe

import (
	"slices"

	"github.com/writ-dev/writ/iam"
)

// findRefused lists the denied calls, each with the edge that it would take.
func (s *Suggestion) findRefused(seen []Observation, w *World) {
	for _, o := range seen {
		if o.Allowed() || laterAllowed(seen, &o) {
			continue
		}
		r := Refusal{Observation: o}
		if o.onlyUngranted() {
			for i := range s.Edges {
				if use := &s.Edges[i]; !use.Granted && use.Edge.Holds(o.Action, o.Resource) {
					r.NewlyAllowedBy = &use.Edge
					break
				}
			}
			r.Granted = holds(w.Granted, &o)
			for i := range w.Offered {
				if e := &w.Offered[i]; r.NewlyAllowedBy == nil && !r.Granted && e.Holds(o.Action, o.Resource) {
					r.Needs = e
					break
				}
			}
		}
		s.Refused = append(s.Refused, r)
	}
}

// laterAllowed reports whether the same call was allowed after it was last
// denied: the reason is gone.
func laterAllowed(seen []Observation, o *Observation) bool {
	return slices.ContainsFunc(seen, func(other Observation) bool {
		return other.Allowed() && other.Action == o.Action && other.Resource == o.Resource && other.Extent == o.Extent && other.Last.After(o.Last)
	})
}

// onlyUngranted reports whether nothing stood in the way but that no identity
// policy allows the call: then a grant helps.
func (o *Observation) onlyUngranted() bool {
	return o.Verdict == iam.ImplicitlyDenied && slices.Equal(o.BlockedBy, []iam.PolicyType{iam.TypeIdentity})
}
