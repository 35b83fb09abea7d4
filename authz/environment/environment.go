// Package environment keeps what is decided upon: it loads an environment's
// model and facts from a [Store], makes writes durable before they count, follows
// the writes of other nodes, and answers at a revision or as of a time.
//
// It starts no goroutine: writers that wait commit together, led by the first of them, and
// [Environment.Follow] runs in a goroutine of its caller's.
package environment

import (
	"context"
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
// suite of package storetest.
type Store interface {
	// Load gives the state at the head, one change without Before for each thing
	// that is there: the model, then keys, records, tuples. The state is that of one
	// moment, the head returned.
	Load(ctx context.Context, each func(authz.Change) error) (ledger.Head, error)
	// Append makes commits durable, all or none, when the head is still after;
	// a CodeConflict error means that somebody else has appended.
	Append(ctx context.Context, after ledger.Head, commits []Commit) error
	// Commits gives what was appended after seq, in order.
	Commits(ctx context.Context, after uint64, each func(Commit) error) error
}

// Watcher is a Store that others write too.
type Watcher interface {
	// Wait returns when there may be commits after seq, or ctx is done.
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
}

// State is an environment at one revision. It is immutable.
type State struct {
	Snapshot *authz.Snapshot
	Source   authz.Source
	Document Document
	Keys     []authz.Key
	Head     ledger.Head
	Time     time.Time // of the entry at Head
}

// Environment is a live environment.
type Environment struct{ config Config }

// Open loads an environment. It answers nothing until all is loaded.
func Open(ctx context.Context, c Config) (*Environment, error) {
	return nil, writ.Errorf(writ.CodeInternal, "not built yet")
}

// State is the newest state.
func (e *Environment) State() *State { return nil }

// At is the newest state that is at revision or later. It waits for it until
// ctx is done; a revision that nobody has made yet is waited for like any other.
func (e *Environment) At(ctx context.Context, revision uint64) (*State, error) { return nil, nil }

// AsOf is the state as it was at t, made from the newest by taking back the entries since.
// A time before the kept history is a CodeNotFound error.
func (e *Environment) AsOf(ctx context.Context, t time.Time) (*State, error) { return nil, nil }

// Write is one write, recorded as one event.
type Write struct {
	Actor writ.Subject
	// Kind and Subject are the event's: "tuples.write", "user:ann".
	Kind, Subject string
	// Plan says what to change, given the state it will follow; a Change needs only its
	// After, or for a removal its Before. It must have no effects: it runs again when
	// another node was faster. Its error is Write's.
	Plan func(*State) ([]authz.Change, error)
}

// Write makes one write: durable, then visible, then acknowledged. A plan without changes
// writes nothing and gives the state as it is. A change of the model validates the facts first.
func (e *Environment) Write(ctx context.Context, w Write) (*State, error) { return nil, nil }

// Follow applies the writes of other nodes until ctx is done. A store that is no
// Watcher has none, and Follow returns when ctx is done.
func (e *Environment) Follow(ctx context.Context) error { return nil }

// Check implements [writ.Checker] on the newest state.
func (e *Environment) Check(ctx context.Context, r writ.Request) (writ.Decision, error) {
	return writ.Decision{}, nil
}
