package environment_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/environment/storetest"
	"github.com/writ-dev/writ/ledger"
)

// remote is a store that can be out of reach, all of it or for those who follow alone.
type remote struct {
	memory.Store
	down, deaf atomic.Bool
}

func unreachable() error { return writ.Errorf(writ.CodeExternal, "no connection") }

func (r *remote) Commits(ctx context.Context, after uint64, each func(environment.Commit) error) error {
	if r.down.Load() || r.deaf.Load() {
		return unreachable()
	}
	return r.Store.Commits(ctx, after, each)
}

func (r *remote) Append(ctx context.Context, after ledger.Head, commits []environment.Commit) error {
	if r.down.Load() {
		return unreachable()
	}
	return r.Store.Append(ctx, after, commits)
}

func (r *remote) Wait(ctx context.Context, after uint64) error {
	for !r.down.Load() && !r.deaf.Load() {
		short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		err := r.Store.Wait(short, after)
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return unreachable()
}

// TestAnOutage: while the store is out of reach, what is here is answered until MaxBehind has passed;
// what is not here is waited for in vain; and when it is back all goes on though nobody has written.
func TestAnOutage(t *testing.T) {
	t.Parallel()
	store := &remote{}
	var clock atomic.Int64 // seconds
	c := storetest.Config(store)
	c.Now = func() time.Time { return time.Unix(1_900_000_000+clock.Load(), 0) }
	c.MaxBehind = time.Minute
	e, err := environment.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	followed := make(chan error, 1)
	go func() { followed <- e.Follow(ctx) }()
	here := write(t, e, storetest.Put("document:a#viewer@user:ann")).Head.Seq

	answers := func(want bool) {
		t.Helper()
		_, now := e.At(t.Context(), here)
		_, checked := e.Check(t.Context(), writ.Request{Subject: writ.Subject{Type: "user", ID: "ann"}, Action: writ.Action{Name: "viewer"}, Resource: writ.Resource{Type: "document", ID: "a"}})
		_, past := e.AsOf(t.Context(), e.State().Time)
		for i, err := range []error{e.Err(), now, checked, past} {
			if want && err != nil || !want && (writ.CodeOf(err) != writ.CodeExternal || !strings.Contains(err.Error(), "for over 1m0s: no connection")) {
				t.Errorf("call %d, answers %v: %v", i, want, err)
			}
		}
	}
	store.down.Store(true)
	waitFor(t, "the outage is noticed", func() bool { return e.Behind() != nil })
	answers(true)
	short, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	_, err = e.At(short, here+1)
	var late *writ.Error
	if !errors.As(err, &late) || late.Code != writ.CodeCancelled || !strings.Contains(late.Hint, "cannot be followed just now: no connection") {
		t.Errorf("a revision that is not here: %v", err)
	}
	clock.Add(60)
	answers(true)
	clock.Add(1)
	answers(false)
	if _, err := e.Write(t.Context(), storetest.Put("document:b#viewer@user:ann")); writ.CodeOf(err) != writ.CodeExternal {
		t.Errorf("a write: %v", err)
	}
	// The store is back, and nobody has written anything.
	store.down.Store(false)
	waitFor(t, "the outage is over", func() bool { return e.Behind() == nil })
	answers(true)

	// Only the following fails: the writes that the store takes show that the state is the newest.
	store.deaf.Store(true)
	waitFor(t, "the deafness is noticed", func() bool { return e.Behind() != nil })
	clock.Add(61)
	answers(false)
	here = write(t, e, storetest.Put("document:c#viewer@user:ann")).Head.Seq
	answers(true)
	clock.Add(61)
	answers(false)
	store.deaf.Store(false)
	waitFor(t, "the deafness is over", func() bool { return e.Behind() == nil })
	answers(true)
	stop()
	if err := <-followed; err != nil {
		t.Error(err)
	}
}

// TestNoBoundOfStaleness: without MaxBehind the last state is answered as long as the outage lasts.
func TestNoBoundOfStaleness(t *testing.T) {
	t.Parallel()
	store := &remote{}
	var clock atomic.Int64
	c := storetest.Config(store)
	c.Now = func() time.Time { return time.Unix(1_900_000_000+clock.Load(), 0) }
	e, err := environment.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	go e.Follow(t.Context()) //nolint:errcheck // ends with the test
	store.down.Store(true)
	waitFor(t, "the outage is noticed", func() bool { return e.Behind() != nil })
	clock.Add(1 << 30)
	if _, err := e.At(t.Context(), 1); err != nil || e.Err() != nil {
		t.Errorf("%v, %v", err, e.Err())
	}
}
