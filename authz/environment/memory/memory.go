// Package memory keeps environments in this process's memory: for tests, and
// for commands that decide once.
package memory

import (
	"context"
	"sync"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/ledger"
)

// Store is an [environment.Store] and an [environment.Watcher]: several
// environments may share it, as nodes share a database. Its zero value is empty.
type Store struct {
	mu      sync.Mutex
	commits []environment.Commit
	more    chan struct{} // closed by the next Append
}

// Load implements [environment.Store].
func (s *Store) Load(ctx context.Context, each func(authz.Change) error) (ledger.Head, error) {
	if err := gone(ctx); err != nil {
		return ledger.Head{}, err
	}
	s.mu.Lock()
	commits, head := s.commits, s.head()
	s.mu.Unlock()
	final := environment.Final(commits)
	for _, kind := range []func(*authz.Change) bool{
		func(c *authz.Change) bool { return c.Model != nil && drop(c.Model) },
		func(c *authz.Change) bool { return c.Key != nil && drop(c.Key) },
		func(c *authz.Change) bool { return c.Record != nil && drop(c.Record) },
		func(c *authz.Change) bool { return c.Tuple != nil && drop(c.Tuple) },
	} {
		for _, c := range final {
			c = copied(c)
			if !kind(&c) {
				continue
			}
			if err := each(c); err != nil {
				return ledger.Head{}, err
			}
		}
	}
	return head, nil
}

// drop takes Before away and reports whether the thing is there.
func drop[T any](s *authz.Step[T]) bool {
	s.Before = nil
	return s.After != nil
}

// copied copies the steps, which the log goes on sharing.
func copied(c authz.Change) authz.Change { return c.Inverse().Inverse() }

func (s *Store) head() ledger.Head {
	if len(s.commits) == 0 {
		return ledger.Head{}
	}
	return s.commits[len(s.commits)-1].Head()
}

// Append implements [environment.Store].
func (s *Store) Append(ctx context.Context, after ledger.Head, commits []environment.Commit) error {
	if err := gone(ctx); err != nil {
		return err
	}
	kept := make([]environment.Commit, len(commits))
	for i, c := range commits {
		changes, err := environment.DecodeChanges(c.Data)
		if err != nil {
			return err
		}
		kept[i] = environment.Commit{Entry: c.Entry, Changes: changes}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if head := s.head(); head != after {
		return writ.Errorf(writ.CodeConflict, "the head is at entry %d, not at %d", head.Seq, after.Seq)
	}
	s.commits = append(s.commits, kept...)
	if s.more != nil {
		close(s.more)
		s.more = nil
	}
	return nil
}

// Commits implements [environment.Store].
func (s *Store) Commits(ctx context.Context, after uint64, each func(environment.Commit) error) error {
	if err := gone(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	commits := s.commits
	s.mu.Unlock()
	for _, c := range commits[min(after, uint64(len(commits))):] {
		if err := each(c); err != nil {
			return err
		}
	}
	return nil
}

func gone(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return writ.Errorf(writ.CodeCancelled, "the caller went away: %w", err)
	}
	return nil
}

// Wait implements [environment.Watcher].
func (s *Store) Wait(ctx context.Context, after uint64) error {
	s.mu.Lock()
	if s.head().Seq > after {
		s.mu.Unlock()
		return nil
	}
	if s.more == nil {
		s.more = make(chan struct{})
	}
	more := s.more
	s.mu.Unlock()
	select {
	case <-more:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
