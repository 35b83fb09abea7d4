// Package frozen makes a file of a policy with its facts at one revision, and reads it back: what a function
// decides by that has no server and no database. The bytes are the same for the same state, so their SHA-256 is
// the file's name; API keys are not in it.
//
// A file of version 1 holds, in this order, with numbers as varints of the shortest form:
//
//	"writ frozen 1\n"
//	revision, time in microseconds since 1970 (0: none), format and text of the model
//	words: every text of the facts once, in order, each without what it shares with the one before
//	entities: for each type its word and how many there are, then their IDs as distances between words
//	tuples: in order of object, relation and subject; objects as distances
//	records: in order of entities, as distances
//
// Reading checks the facts against the model, as a write does.
package frozen

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
)

const magic = "writ frozen 1\n"

// MaxSize is the longest file that is read, in bytes.
const MaxSize = 1 << 30

// State is a policy with its facts at one revision.
type State struct {
	Source   authz.Source
	Snapshot *authz.Snapshot
	// Document is the model read, as [Read] gives it; Write needs none.
	Document environment.Document
	// Revision is the ledger's sequence number; 0 where there is no ledger.
	Revision uint64
	// Time is when the revision was made, to the microsecond; zero where nobody knows.
	Time time.Time
}

// Of gives the state of an environment, without its keys.
func Of(s *environment.State) State {
	return State{Source: s.Source, Snapshot: s.Snapshot, Revision: s.Head.Seq, Time: s.Time}
}

// Name is the name of a file: its SHA-256, 64 hexadecimal digits.
func Name(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// invalid is the error of bytes that no Write has made, at an offset.
func invalid(at int, format string, args ...any) error {
	e := writ.Errorf(writ.CodeInvalid, format, args...)
	e.Message = "the snapshot cannot be read: " + e.Message
	return e.WithHint("byte %d of the file; `writ policy export` makes it anew", at)
}
