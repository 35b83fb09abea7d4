package authz

import (
	"context"
	"time"

	"github.com/writ-dev/writ"
)

// Checker gives a [writ.Checker] that asks this snapshot by a clock, time.Now as a rule: grants end, and conditions may look at
// the time. It tells no revision, and sees nothing that is changed later.
func (s *Snapshot) Checker(now func() time.Time) writ.Checker { return clocked{s, now} }

type clocked struct {
	snapshot *Snapshot
	now      func() time.Time
}

// Check implements [writ.Checker].
func (c clocked) Check(ctx context.Context, r writ.Request) (writ.Decision, error) {
	if err := ctx.Err(); err != nil {
		return writ.Decision{}, writ.Errorf(writ.CodeCancelled, "the question was given up: %w", err)
	}
	return c.snapshot.Check(&Query{Request: r, Now: c.now()})
}
