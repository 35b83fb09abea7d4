package environment_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/environment/storetest"
	"github.com/writ-dev/writ/ledger"
)

// TestACallerThatGoesAway: a write that still waits does not happen; one whose turn has
// come may; and when the leader goes away the others' writes go on.
func TestACallerThatGoesAway(t *testing.T) {
	t.Parallel()
	store := &gated{}
	e := open(t, store)
	gate, entered := make(chan struct{}), make(chan struct{}, 10)
	store.set(func(g *gated) { g.gate, g.entered = gate, entered })

	leaderCtx, leaderGone := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := e.Write(leaderCtx, storetest.Put("document:leader#viewer@user:ann")); err != nil {
			t.Errorf("the leader: %v", err)
		}
	})
	<-entered
	// The next two wait: one goes away, one stays.
	waitingCtx, waitingGone := context.WithCancel(context.Background())
	wg.Go(func() {
		_, err := e.Write(waitingCtx, storetest.Put("document:waiting#viewer@user:ann"))
		if writ.CodeOf(err) != writ.CodeCancelled || !strings.Contains(err.Error(), "did not happen") {
			t.Errorf("the one that waited: %v", err)
		}
	})
	waitFor(t, "one queues", func() bool { return environment.Queued(e) == 1 })
	wg.Go(func() {
		if _, err := e.Write(context.Background(), storetest.Put("document:stays#viewer@user:ann")); err != nil {
			t.Errorf("the one that stays: %v", err)
		}
	})
	waitFor(t, "two queue", func() bool { return environment.Queued(e) == 2 })
	waitingGone()
	waitFor(t, "one has left", func() bool { return environment.Queued(e) == 1 })
	leaderGone()
	close(gate)
	wg.Wait()
	for name, want := range map[string]bool{"leader": true, "waiting": false, "stays": true} {
		if has(e.State(), "document:"+name+"#viewer@user:ann") != want {
			t.Errorf("%s: written is not %v", name, want)
		}
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Write(gone, storetest.Put("document:late#viewer@user:ann")); writ.CodeOf(err) != writ.CodeCancelled {
		t.Error(err)
	}
}

// TestACallerThatGoesAwayWhileItsWriteIsMade gets an error that says so.
func TestACallerThatGoesAwayWhileItsWriteIsMade(t *testing.T) {
	t.Parallel()
	store := &gated{}
	e := open(t, store)
	gate, entered := make(chan struct{}), make(chan struct{}, 10)
	store.set(func(g *gated) { g.gate, g.entered = gate, entered })
	ctx, gone := context.WithCancel(context.Background())
	results := make(chan error, 2)
	put := func(ctx context.Context, name string) {
		_, err := e.Write(ctx, storetest.Put("document:"+name+"#viewer@user:ann"))
		results <- err
	}
	go put(context.Background(), "first")
	<-entered
	// The leader of the second group is the one that stays: it is not cancelled.
	go put(context.Background(), "second")
	waitFor(t, "one queues", func() bool { return environment.Queued(e) == 1 })
	third := make(chan error, 1)
	go func() {
		_, err := e.Write(ctx, storetest.Put("document:third#viewer@user:ann"))
		third <- err
	}()
	waitFor(t, "two queue", func() bool { return environment.Queued(e) == 2 })
	gate <- struct{}{} // the first is durable; the second and the third are on their way
	<-entered
	gone()
	var err error
	select {
	case err = <-third:
		if writ.CodeOf(err) != writ.CodeCancelled || !strings.Contains(err.Error(), "may happen or not") {
			t.Error(err)
		}
		close(gate)
	case <-time.After(50 * time.Millisecond): // the third leads, and does not go before it is done
		close(gate)
		if err = <-third; err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if !has(e.State(), "document:third#viewer@user:ann") {
		t.Error("the third write was lost")
	}
}

// TestAppendThatFails: what did arrive all the same is acknowledged, what did not is an error that
// says it may have, and the next write goes on from what is there.
func TestAppendThatFails(t *testing.T) {
	t.Parallel()
	store := &gated{}
	e := open(t, store)
	store.set(func(g *gated) {
		g.fail = func(do func() error) error { return errors.Join(do(), errLost) }
	})
	s := write(t, e, storetest.Put("document:arrived#viewer@user:ann"))
	if !has(s, "document:arrived#viewer@user:ann") {
		t.Error("acknowledged, and not to be seen")
	}
	store.set(func(g *gated) { g.fail = func(func() error) error { return errLost } })
	if _, err := e.Write(t.Context(), storetest.Put("document:lost#viewer@user:ann")); !errors.Is(err, errLost) {
		t.Error(err)
	}
	if e.State() != s {
		t.Error("a write that failed made a state")
	}
	store.set(func(g *gated) { g.fail = nil })
	s = write(t, e, storetest.Put("document:next#viewer@user:ann"))
	if s.Head.Seq != 3 || has(s, "document:lost#viewer@user:ann") {
		t.Errorf("the next write is entry %d", s.Head.Seq)
	}
	if e.Err() != nil {
		t.Error(e.Err())
	}
	verify(t, store)
}

// TestAt waits for what another node writes.
func TestAt(t *testing.T) {
	t.Parallel()
	shared := &memory.Store{}
	writer, reader := open(t, shared), open(t, shared)
	ctx, stop := context.WithCancel(t.Context())
	followed := make(chan error, 1)
	go func() { followed <- reader.Follow(ctx) }()
	for i := range 50 {
		text := fmt.Sprintf("document:d%d#viewer@user:ann", i)
		revision := write(t, writer, storetest.Put(text)).Head.Seq
		s, err := reader.At(t.Context(), revision)
		if err != nil || s.Head.Seq < revision || !has(s, text) {
			t.Fatalf("at %d: %v", revision, err)
		}
	}
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := reader.At(short, 1000); writ.CodeOf(err) != writ.CodeCancelled || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a revision that nobody makes: %v", err)
	}
	stop()
	if err := <-followed; err != nil {
		t.Errorf("Follow: %v", err)
	}
}

// forged is a store whose commits can be falsified on their way out, or fail.
type forged struct {
	*memory.Store
	mu    sync.Mutex
	forge func(*environment.Commit) error
}

func (f *forged) Commits(ctx context.Context, after uint64, each func(environment.Commit) error) error {
	return f.Store.Commits(ctx, after, func(c environment.Commit) error {
		f.mu.Lock()
		forge := f.forge
		f.mu.Unlock()
		if forge != nil {
			if err := forge(&c); err != nil {
				return err
			}
		}
		return each(c)
	})
}

func (f *forged) set(forge func(*environment.Commit) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forge = forge
}

// TestFollowOutlivesFailures: a store that fails for a while costs a while.
func TestFollowOutlivesFailures(t *testing.T) {
	t.Parallel()
	shared := &memory.Store{}
	flaky := &forged{Store: shared}
	writer, reader := open(t, shared), open(t, flaky)
	go reader.Follow(t.Context()) //nolint:errcheck // ends with the test
	calls := 0
	flaky.set(func(*environment.Commit) error {
		if calls++; calls < 4 {
			return writ.Errorf(writ.CodeExternal, "no connection")
		}
		return nil
	})
	s := write(t, writer, storetest.Put("document:a#viewer@user:ann"))
	waitFor(t, "the failure is told", func() bool { return reader.Behind() != nil })
	if _, err := reader.At(t.Context(), s.Head.Seq); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the failure is over", func() bool { return reader.Behind() == nil })
}

// TestABrokenHistoryEndsAnswering: from entries that do not follow, nothing is answered.
func TestABrokenHistoryEndsAnswering(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(*environment.Commit) error{
		"altered": func(c *environment.Commit) error { c.Subject = "other"; return nil },
		"skipped": func(c *environment.Commit) error { c.Seq++; return nil },
		"unread":  func(*environment.Commit) error { return writ.Errorf(writ.CodeInvalid, "cannot be read") },
		"unknown": func(c *environment.Commit) error {
			c.Changes = []authz.Change{{Model: &authz.Step[authz.Source]{After: &authz.Source{Format: "tea leaves"}}}}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shared := &memory.Store{}
			forger := &forged{Store: shared}
			writer, reader := open(t, shared), open(t, forger)
			last := reader.State()
			followed := make(chan error, 1)
			go func() { followed <- reader.Follow(t.Context()) }()
			forger.set(forge)
			revision := write(t, writer, storetest.Put("document:a#viewer@user:ann")).Head.Seq
			if err := <-followed; err == nil || err.Error() != reader.Err().Error() {
				t.Errorf("Follow: %v, Err: %v", err, reader.Err())
			}
			_, checked := reader.Check(t.Context(), writ.Request{})
			_, at := reader.At(t.Context(), revision)
			_, now := reader.At(t.Context(), 0)
			_, past := reader.AsOf(t.Context(), last.Time)
			_, written := reader.Write(t.Context(), storetest.Put("document:b#viewer@user:ann"))
			for i, err := range []error{checked, at, now, past, written} {
				if err == nil || !strings.Contains(err.Error(), "answers no more") {
					t.Errorf("call %d: %v", i, err)
				}
			}
			if reader.State() != last {
				t.Error("a state was made from a broken history")
			}
		})
	}
}

// TestAStoreThatWasExchanged: the store has another history than the one that was loaded.
func TestAStoreThatWasExchanged(t *testing.T) {
	t.Parallel()
	store := &gated{}
	e := open(t, store)
	write(t, e, storetest.Put("document:a#viewer@user:ann"))
	store.set(func(g *gated) {
		g.fail = func(func() error) error { return writ.Errorf(writ.CodeConflict, "the head is elsewhere") }
	})
	_, err := e.Write(t.Context(), storetest.Put("document:b#viewer@user:ann"))
	if err == nil || e.Err() == nil {
		t.Errorf("%v, %v", err, e.Err())
	}
}

// TestOpenChecksTheHead: state tables that are not the ledger's are not served.
func TestOpenChecksTheHead(t *testing.T) {
	t.Parallel()
	shared := &memory.Store{}
	write(t, open(t, shared), storetest.Put("document:a#viewer@user:ann"))
	for name, s := range map[string]environment.Store{
		"another hash":  lying{shared, func(h *ledger.Head) { h.Hash[0] ^= 1 }},
		"another entry": lying{shared, func(h *ledger.Head) { h.Seq-- }},
		"no entry":      lying{shared, func(h *ledger.Head) { h.Seq += 5 }},
		"altered entry": &forged{Store: shared, forge: func(c *environment.Commit) error { c.Kind = "x"; return nil }},
	} {
		if _, err := environment.Open(t.Context(), storetest.Config(s)); writ.CodeOf(err) != writ.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type lying struct {
	*memory.Store
	about func(*ledger.Head)
}

func (l lying) Load(ctx context.Context, each func(authz.Change) error) (ledger.Head, error) {
	head, err := l.Store.Load(ctx, each)
	l.about(&head)
	return head, err
}

// TestTwoNodesStart: both find nothing, and one of them writes the first model.
func TestTwoNodesStart(t *testing.T) {
	t.Parallel()
	shared := &memory.Store{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := environment.Open(context.Background(), storetest.Config(shared)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if e := open(t, shared); e.State().Head.Seq != 1 {
		t.Errorf("the head is at %d", e.State().Head.Seq)
	}
}
