package authz

import "github.com/writ-dev/writ"

// Check answers a query with its reasons: for an allow, the proof; for a deny, what
// came nearest in each way that there is, with the smallest [writ.Fix] of each.
// An unknown type, action, subject or resource is a deny with a reason.
func (s *Snapshot) Check(q *Query) (writ.Decision, error) { return writ.Decision{}, nil }

// Node is a step of an explanation: a relation of an object, with what made
// it hold or not.
type Node struct {
	// Object and Relation say what is asked here: `document:budget`, `viewer`.
	Object   Entity `json:"object"`
	Relation string `json:"relation"`
	// Kind is action, role, relation, tuple, tenant, rule, from, union, intersection, exclusion, condition.
	Kind string `json:"kind"`
	// Verdict is yes, no, or unknown (a condition without an answer, a cycle through an exclusion).
	Verdict  string        `json:"verdict"`
	Message  string        `json:"message"`
	Tuple    *Tuple        `json:"tuple,omitempty"`
	Rule     string        `json:"rule,omitempty"`
	Position writ.Position `json:"position,omitzero"`
	// Values are those that a condition saw, by path: "user.age".
	Values map[string]any `json:"values,omitempty"`
	Parts  []*Node        `json:"parts,omitempty"`
}

// Explain gives the tree of an answer: for an allow the proof alone; for a deny all that was
// tried, cut at 1,000 steps (the cut is a node that says so).
func (s *Snapshot) Explain(q *Query) (*Node, error) { return nil, nil }
