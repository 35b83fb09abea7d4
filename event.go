package writ

import (
	"context"
	"encoding/json"
	"time"
)

// Event is one change of state: a deploy, a write of a model or a fact, a
// request, an approval, a grant, a revoke.
type Event struct {
	Time    time.Time       `json:"time"`
	Actor   Subject         `json:"actor"`
	Kind    string          `json:"kind"`
	Subject string          `json:"subject"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// Recorder appends an event to the ledger and gives its sequence number. A
// change of state whose event cannot be recorded must not happen.
type Recorder interface {
	Record(ctx context.Context, e Event) (seq uint64, err error)
}
