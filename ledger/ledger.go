// Package ledger is the append-only, hash-chained history of what changed: each
// entry's hash covers its content and the hash of the entry before.
package ledger

import "github.com/writ-dev/writ"

// Hash is SHA-256.
type Hash [32]byte

// Entry is one event in its place. Seq counts from 1 without gaps.
type Entry struct {
	Seq uint64 `json:"seq"`
	writ.Event
	Prev Hash `json:"prev"`
	Hash Hash `json:"hash"`
}

// Head is the end of a chain: zero for an empty one.
type Head struct {
	Seq  uint64
	Hash Hash
}
