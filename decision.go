package writ

import "context"

// Subject is who asks: a user, a role, a service.
type Subject struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Properties map[string]any `json:"properties,omitempty"`
}

// Action is what is asked for, such as "dynamodb:PutItem" or "document:read".
type Action struct {
	Name       string         `json:"name"`
	Properties map[string]any `json:"properties,omitempty"`
}

// Resource is what it is asked on.
type Resource struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Properties map[string]any `json:"properties,omitempty"`
}

// Request is the one question: may Subject do Action on Resource?
type Request struct {
	Subject  Subject        `json:"subject"`
	Action   Action         `json:"action"`
	Resource Resource       `json:"resource"`
	Context  map[string]any `json:"context,omitempty"`
}

// Decision is the one answer. The zero value denies.
type Decision struct {
	Allowed bool     `json:"allowed"`
	Reasons []Reason `json:"reasons,omitempty"`
	// Revision is the ledger's sequence number that the decision was made at.
	Revision string `json:"revision,omitempty"`
}

// Layer names the engine that a reason comes from.
type Layer string

// The four layers.
const (
	LayerIAM     Layer = "iam"
	LayerPolicy  Layer = "policy"
	LayerDataset Layer = "dataset"
	LayerAccess  Layer = "access"
)

// Effect says which way a reason points.
type Effect string

// A reason allows, denies, or says what was missing.
const (
	EffectAllow   Effect = "allow"
	EffectDeny    Effect = "deny"
	EffectMissing Effect = "missing"
)

// Reason is one ground of a decision.
type Reason struct {
	Layer  Layer  `json:"layer"`
	Effect Effect `json:"effect"`
	// Rule names the statement, role or rule: "HitcounterCounterPolicy/0".
	Rule     string   `json:"rule,omitempty"`
	Position Position `json:"position,omitzero"`
	Message  string   `json:"message"`
	Fix      *Fix     `json:"fix,omitempty"`
}

// Fix is the smallest change to the user's own file that would allow a denied
// request: the lines to add, and where.
type Fix struct {
	// Summary is one sentence: "grant function counter writeData on store hits".
	Summary string `json:"summary"`
	// Position is the line after which Lines belong.
	Position Position `json:"position,omitzero"`
	// Lines is the text to add, indented as it must stand in the file.
	Lines string `json:"lines"`
}

// Checker answers requests. An error never allows.
type Checker interface {
	Check(ctx context.Context, r Request) (Decision, error)
}
