package environment

import (
	"context"
	"errors"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/ledger"
)

// load reads the state at the store's head, and the entry that the head is.
func load(ctx context.Context, c *Config) (*State, error) {
	d := &draft{parse: c.Parse}
	var keys []authz.Key
	head, err := c.Store.Load(ctx, func(change authz.Change) error {
		if change.Key != nil {
			keys = append(keys, *change.Key.After)
			return nil
		}
		return d.replay([]authz.Change{change})
	})
	if err != nil {
		return nil, err
	}
	for i := range keys {
		d.setKey(keys[i].ID, &keys[i])
	}
	s := d.done()
	s.Head = head
	if head == (ledger.Head{}) {
		return s, nil
	}
	return s, verifyHead(ctx, c.Store, s)
}

var errEnough = errors.New("one entry is enough")

// verifyHead compares the head with the entry that it names.
func verifyHead(ctx context.Context, store Store, s *State) error {
	found := false
	err := store.Commits(ctx, s.Head.Seq-1, func(c Commit) error {
		if _, err := (ledger.Head{Seq: s.Head.Seq - 1, Hash: c.Prev}).Next(&c.Entry); err != nil {
			return err
		}
		if found = c.Head() == s.Head; !found {
			return writ.Errorf(writ.CodeInvalid, "the stored state is not that of the ledger: entry %d has another hash", s.Head.Seq)
		}
		s.Time = c.Time
		return errEnough
	})
	switch {
	case errors.Is(err, errEnough):
		return nil
	case err != nil:
		return err
	}
	return writ.Errorf(writ.CodeInvalid, "the ledger is broken: entry %d is missing, and the stored state rests on it", s.Head.Seq)
}

// catchUp applies what other nodes have appended. The caller has the turn.
func (e *Environment) catchUp(ctx context.Context) error {
	d := e.draft()
	head := d.state.Head
	err := e.config.Store.Commits(ctx, head.Seq, func(c Commit) error {
		if _, err := d.state.Head.Next(&c.Entry); err != nil {
			return err
		}
		if err := d.replay(c.Changes); err != nil {
			return writ.Errorf(writ.CodeInvalid, "entry %d cannot be applied: %w", c.Seq, err)
		}
		d.follow(&c.Entry)
		return nil
	})
	switch {
	case err != nil && writ.CodeOf(err) == writ.CodeInvalid:
		return e.refuse(err)
	case err != nil:
		return err
	case d.state.Head != head:
		e.publish(d.done())
	}
	return nil
}

// Bounds of the pause after a failure to follow.
const (
	shortPause = 20 * time.Millisecond
	longPause  = 2 * time.Second
)

// Follow applies the writes of other nodes until ctx is done, and then gives nil. A store that
// cannot be reached is tried again and again, while the environment answers from the state that it has
// (see [Environment.Behind] and Config.MaxBehind); a history that is broken ends it, and the environment
// answers no more: see [Environment.Err]. A store that is no Watcher has no writes of others.
func (e *Environment) Follow(ctx context.Context) error {
	w, ok := e.config.Store.(Watcher)
	if !ok {
		<-ctx.Done()
		return nil
	}
	pause := shortPause
	for ctx.Err() == nil {
		err := e.follow(ctx, w)
		switch {
		case ctx.Err() != nil:
			return nil
		case e.fault() != nil:
			return e.fault()
		case err == nil:
			pause = shortPause
			continue
		}
		e.fallBehind(err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longPause)
	}
	return nil
}

// follow waits for what others write, and applies it. After a failure it looks first: perhaps
// nobody writes any more, and then waiting would not end.
func (e *Environment) follow(ctx context.Context, w Watcher) error {
	if e.behind.Load() != nil {
		if err := e.refresh(ctx); err != nil {
			return err
		}
	}
	if err := w.Wait(ctx, e.State().Head.Seq); err != nil {
		return err
	}
	return e.refresh(ctx)
}

// outage is why the store cannot be followed, and since when the newest state may not be the store's.
type outage struct {
	err   error
	since time.Time
}

// Behind is why the writes of other nodes cannot be followed just now; nil when they are.
func (e *Environment) Behind() error {
	if o := e.behind.Load(); o != nil {
		return o.err
	}
	return nil
}

func (e *Environment) fallBehind(err error) {
	o := &outage{err, e.config.Now()}
	if before := e.behind.Load(); before != nil {
		o.since = before.since
	}
	e.behind.Store(o)
}

// notBehindNow is called when the store has just taken a write after our state, which so was the
// newest. Whether others' writes reach us is another question.
func (e *Environment) notBehindNow() {
	if o := e.behind.Load(); o != nil {
		e.behind.CompareAndSwap(o, &outage{o.err, e.config.Now()})
	}
}

// stale says that the environment is behind for too long.
func (e *Environment) stale() error {
	o := e.behind.Load()
	if e.config.MaxBehind == 0 || o == nil || e.config.Now().Sub(o.since) <= e.config.MaxBehind {
		return nil
	}
	return writ.Errorf(writ.CodeExternal, "the writes of other nodes cannot be followed for over %s: %w", e.config.MaxBehind, o.err).
		WithHint("answers come again when the store can be reached")
}

// refresh is catchUp between the writes of this node.
func (e *Environment) refresh(ctx context.Context) error {
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-e.turn }()
	if err := e.catchUp(ctx); err != nil {
		return err
	}
	e.behind.Store(nil)
	return nil
}
