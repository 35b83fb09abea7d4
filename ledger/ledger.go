// Package ledger is the append-only, hash-chained history of what changed: each
// entry's hash covers its content and the hash of the entry before.
//
// A hash is SHA-256 over these bytes, in this order; numbers are big-endian:
//
//	"writ.ledger.1\n"                         14 bytes
//	seq                                       8 bytes, unsigned
//	time, microseconds since 1970 UTC         8 bytes, signed
//	prev                                      32 bytes, zero in the first entry
//	actor.type, actor.id, actor.properties,
//	kind, subject, data                       each: length in 8 bytes, then the bytes
//
// actor.properties and data are JSON texts as encoding/json writes them (no spaces,
// keys of properties sorted, <, > and & escaped), and empty where there is nothing. Every length is
// written, so two different entries never give the same bytes.
package ledger

import (
	"encoding/hex"

	"github.com/writ-dev/writ"
)

// Hash is SHA-256. Its text and JSON form is 64 hexadecimal digits.
type Hash [32]byte

// String gives the hexadecimal form.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText gives the hexadecimal form.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads the hexadecimal form.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return writ.Errorf(writ.CodeInvalid, "a hash has 64 hexadecimal digits, this one %d characters", len(text))
	}
	var read Hash
	if _, err := hex.Decode(read[:], text); err != nil {
		return writ.Errorf(writ.CodeInvalid, "a hash has 64 hexadecimal digits: %w", err)
	}
	*h = read
	return nil
}

// Entry is one event in its place. Seq counts from 1 without gaps.
type Entry struct {
	Seq uint64 `json:"seq"`
	writ.Event
	Prev Hash `json:"prev"`
	Hash Hash `json:"hash"`
}

// Head is where the entry stands and what the next one is chained to.
func (e *Entry) Head() Head { return Head{Seq: e.Seq, Hash: e.Hash} }

// Head is the end of a chain: zero for an empty one.
type Head struct {
	Seq  uint64
	Hash Hash
}
