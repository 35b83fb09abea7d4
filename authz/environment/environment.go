// Package environment keeps what is decided upon: it loads an environment's
// model and facts from a [Store], makes writes durable before they count, follows
// the writes of other nodes, and answers at a revision or as of a time.
//
// It starts no goroutine: writers that wait commit together, led by the first of them, and
// [Environment.Follow] runs in a goroutine of its caller's.
package environment

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/ledger"
)

// Commit is a ledger entry with the changes that it records.
type Commit struct {
	ledger.Entry
	Changes []authz.Change
}

// Store keeps one environment durably. Implementations are held to the contract
// suite of package storetest. Errors are *writ.Error: CodeInvalid when what is stored
// cannot be true, CodeExternal when the store cannot be reached.
type Store interface {
	// Load gives the state at the head, one change without Before for each thing
	// that is there: the model, then keys, records, tuples. The state is that of one
	// moment, the head returned.
	Load(ctx context.Context, each func(authz.Change) error) (ledger.Head, error)
	// Append makes commits durable, all or none, when the head is still after;
	// a CodeConflict error means that somebody else has appended.
	Append(ctx context.Context, after ledger.Head, commits []Commit) error
	// Commits gives what was appended after seq, in order. An error of each ends it and is
	// returned as it is.
	Commits(ctx context.Context, after uint64, each func(Commit) error) error
}

// Watcher is a Store that others write too.
type Watcher interface {
	// Wait returns when there may be commits after seq, or ctx is done. That the store cannot
	// be reached is an error, after seconds even when nothing comes back from it.
	Wait(ctx context.Context, after uint64) error
}

// Document is a model as its author wrote it: *schema.Schema, or an OpenFGA model.
type Document interface {
	Model() (*authz.Model, error)
}

// Config is what an environment needs.
type Config struct {
	Store Store
	// Parse reads a stored model.
	Parse func(authz.Source) (Document, error)
	// Now is the clock.
	Now func() time.Time
	// Initial is the model of an environment that has none yet.
	Initial authz.Source
	// MaxBatch bounds the changes of one write; 0 is 100,000.
	MaxBatch int
	// MaxBehind bounds how long the environment answers from its last state while the writes of
	// other nodes cannot be followed: then it answers no more until they can. 0: no bound. It counts
	// from when the failure is noticed, so a store must notice (see [Watcher]).
	MaxBehind time.Duration
}

// State is an environment at one revision. It is immutable.
type State struct {
	Snapshot *authz.Snapshot
	Source   authz.Source
	Document Document
	Keys     []authz.Key // by ID
	Head     ledger.Head
	Time     time.Time // of the entry at Head
}

// Environment is a live environment.
type Environment struct {
	config Config

	current atomic.Pointer[published]
	broken  atomic.Pointer[writ.Error]
	behind  atomic.Pointer[outage]

	// turn is held by whoever makes the next state: a leading writer, or Follow.
	turn chan struct{}

	mu    sync.Mutex // guards queue
	queue []*waiting
}

// published is a state with the news that there is a newer one.
type published struct {
	state *State
	over  chan struct{}
}

// Open loads an environment. It answers nothing until all is loaded.
func Open(ctx context.Context, c Config) (*Environment, error) {
	if c.MaxBatch == 0 {
		c.MaxBatch = 100_000
	}
	e := &Environment{config: c, turn: make(chan struct{}, 1)}
	s, err := load(ctx, &c)
	if err != nil {
		return nil, err
	}
	e.current.Store(&published{s, make(chan struct{})})
	if s.Document != nil {
		return e, nil
	}
	_, err = e.Write(ctx, Write{
		Actor: writ.Subject{Type: "system", ID: "writ"}, Kind: "model.write", Subject: "model",
		Plan: func(s *State) ([]authz.Change, error) {
			if s.Document != nil {
				return nil, nil // another node was here first
			}
			return []authz.Change{{Model: &authz.Step[authz.Source]{After: &c.Initial}}}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// State is the newest state. It is never half of a write. A door that answers
// others' questions looks at [Environment.Err] first.
func (e *Environment) State() *State { return e.current.Load().state }

// Err says why the environment refuses to answer. Check, At and AsOf then give the same error.
//
// Either its stored history is broken: it never gets well again, writes nothing, and what was
// repaired is opened anew. Or it is behind for longer than Config.MaxBehind, a CodeExternal error:
// it answers again when it has caught up, and a write that the store takes is proof that it has.
func (e *Environment) Err() error {
	if err := e.fault(); err != nil {
		return err
	}
	return e.stale()
}

// fault says that the stored history is broken.
func (e *Environment) fault() error {
	if err := e.broken.Load(); err != nil {
		return err
	}
	return nil
}

// At is the newest state that is at revision or later. It waits for it until
// ctx is done; a revision that nobody has made yet is waited for like any other.
//
// While the store cannot be reached, revisions that are here are answered at once, until
// Config.MaxBehind has passed; newer ones are waited for, and the error of a wait that was in vain says why.
func (e *Environment) At(ctx context.Context, revision uint64) (*State, error) {
	for {
		now := e.current.Load()
		if err := e.Err(); err != nil {
			return nil, err
		}
		if now.state.Head.Seq >= revision {
			return now.state, nil
		}
		select {
		case <-now.over:
		case <-ctx.Done():
			err := writ.Errorf(writ.CodeCancelled, "revision %d is not here, the newest is %d: %w",
				revision, now.state.Head.Seq, ctx.Err())
			if why := e.Behind(); why != nil {
				err = err.WithHint("the writes of other nodes cannot be followed just now: %v", why)
			}
			return nil, err
		}
	}
}

// Check implements [writ.Checker] on the newest state.
func (e *Environment) Check(ctx context.Context, r writ.Request) (writ.Decision, error) {
	if err := e.Err(); err != nil {
		return writ.Decision{}, err
	}
	return e.State().check(r, e.config.Now())
}

func (s *State) check(r writ.Request, now time.Time) (writ.Decision, error) {
	d, err := s.Snapshot.Check(&authz.Query{Request: r, Now: now})
	if err != nil {
		return writ.Decision{}, err
	}
	d.Revision = strconv.FormatUint(s.Head.Seq, 10)
	return d, nil
}

// publish makes s the newest state. The caller has the turn.
func (e *Environment) publish(s *State) {
	old := e.current.Swap(&published{s, make(chan struct{})})
	close(old.over)
}

// refuse ends answering: the history that the state rests on is not whole. The
// caller has the turn.
func (e *Environment) refuse(err error) error {
	refusal := writ.Errorf(writ.CodeInternal, "this environment answers no more: %w", err).
		WithHint("compare the store with a backup: `writ ledger verify` names the first entry that is wrong")
	if e.broken.CompareAndSwap(nil, refusal) {
		close(e.current.Load().over)
	}
	return e.broken.Load()
}
