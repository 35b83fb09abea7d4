package identity

import (
	"container/list"
	"crypto/sha256"
	"sync"
)

// memory keeps the proofs of the tokens that came last, by the hash of the whole token: neither a token nor a part of one
// stays here, and one with another signature is another token. A proof in it is not changed.
type memory struct {
	most int
	mu   sync.Mutex
	at   map[[sha256.Size]byte]*list.Element
	last list.List // of remembered, the newest first
}

type remembered struct {
	sum   [sha256.Size]byte
	proof proof
}

func newMemory(most int) *memory {
	return &memory{most: most, at: map[[sha256.Size]byte]*list.Element{}}
}

func (m *memory) get(sum [sha256.Size]byte) (proof, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.at[sum]
	if !ok {
		return proof{}, false
	}
	m.last.MoveToFront(e)
	return e.Value.(*remembered).proof, true
}

func (m *memory) put(sum [sha256.Size]byte, p proof) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.at[sum]; ok {
		e.Value.(*remembered).proof = p
		m.last.MoveToFront(e)
		return
	}
	if m.last.Len() >= m.most {
		oldest := m.last.Remove(m.last.Back()).(*remembered)
		delete(m.at, oldest.sum)
	}
	m.at[sum] = m.last.PushFront(&remembered{sum, p})
}

func (m *memory) forget(sum [sha256.Size]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.at[sum]; ok {
		m.last.Remove(e)
		delete(m.at, sum)
	}
}
