package environment

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/ledger"
)

// maxUndo bounds how many changes AsOf takes back, and so its memory.
const maxUndo = 2_000_000

// AsOf is the state as it was at t, made from the newest by taking back the entries since.
// A time before the kept history is a CodeNotFound error. Its keys are those of now: what was asked
// in the past is asked with today's key.
func (e *Environment) AsOf(ctx context.Context, t time.Time) (*State, error) {
	if err := e.Err(); err != nil {
		return nil, err
	}
	now := e.State()
	if !t.Before(now.Time) {
		return now, nil
	}
	last, err := e.lastBefore(ctx, t, now.Head.Seq)
	if err != nil {
		return nil, err
	}
	changes, to, err := e.since(ctx, &last, now.Head)
	if err != nil {
		return nil, err
	}
	return e.without(now, changes, to)
}

// lastBefore finds the last entry that is not after t. Entries are in order of
// time, so halving finds it, with one entry read for each step.
func (e *Environment) lastBefore(ctx context.Context, t time.Time, newest uint64) (ledger.Entry, error) {
	var found ledger.Entry
	low, high := uint64(0), newest // found is entry low; entry high is after t
	for low+1 < high {
		middle := low + (high-low)/2
		c, err := e.entry(ctx, middle)
		if err != nil {
			return found, err
		}
		if c.Seq > middle { // the history before was cut off
			return found, tooEarly(t)
		}
		if c.Time.After(t) {
			high = middle
		} else {
			low, found = middle, c.Entry
		}
	}
	if low == 0 {
		return found, tooEarly(t)
	}
	return found, nil
}

func tooEarly(t time.Time) error {
	return writ.Errorf(writ.CodeNotFound, "the history that is kept begins after %s", t.UTC().Format(time.RFC3339))
}

// entry reads one commit.
func (e *Environment) entry(ctx context.Context, seq uint64) (Commit, error) {
	var found Commit
	err := e.config.Store.Commits(ctx, seq-1, func(c Commit) error {
		found = c
		return errEnough
	})
	switch {
	case err == nil:
		return found, writ.Errorf(writ.CodeInternal, "the ledger is broken: entry %d is missing", seq)
	case !errors.Is(err, errEnough):
		return found, err
	}
	return found, nil
}

// since collects the changes after an entry up to head, and the model before the first of them.
func (e *Environment) since(ctx context.Context, last *ledger.Entry, head ledger.Head) ([]authz.Change, *State, error) {
	at := last.Head()
	to := &State{Head: at, Time: last.Time}
	var changes []authz.Change
	err := e.config.Store.Commits(ctx, at.Seq, func(c Commit) error {
		next, err := at.Next(&c.Entry)
		if err != nil {
			return err
		}
		if at = next; len(changes)+len(c.Changes) > maxUndo {
			return writ.Errorf(writ.CodeTooLarge, "over %d changes lie between then and now", maxUndo)
		}
		for _, change := range c.Changes {
			if change.Model != nil && to.Source == (authz.Source{}) && change.Model.Before != nil {
				to.Source = *change.Model.Before
			}
		}
		if changes = append(changes, c.Changes...); at.Seq == head.Seq {
			return errEnough
		}
		return nil
	})
	if err == nil || errors.Is(err, errEnough) {
		if at == head {
			return changes, to, nil
		}
		err = writ.Errorf(writ.CodeInternal, "the ledger is broken: it ends at entry %d, not at %d", at.Seq, head.Seq)
	}
	return nil, nil, err
}

// without gives now as it was before changes. It needs no turn: many edits may follow one
// snapshot, and none of them sees another's.
func (e *Environment) without(now *State, changes []authz.Change, to *State) (*State, error) {
	if slices.ContainsFunc(changes, func(c authz.Change) bool { return c.Model != nil }) {
		document, err := e.config.Parse(to.Source)
		if err != nil {
			return nil, err
		}
		to.Document = document
	}
	d := &draft{parse: e.config.Parse, state: *now}
	to.Keys = now.Keys
	if err := d.undo(changes, to); err != nil {
		return nil, err
	}
	d.state.Head, d.state.Time = to.Head, to.Time
	return d.done(), nil
}
