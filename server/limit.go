package server

import (
	"sync"
	"time"
)

// buckets holds a token bucket for each key that was used of late: a full one says
// nothing that a new one would not.
type buckets struct {
	rate, burst float64
	mu          sync.Mutex
	byKey       map[string]*bucket
	sweepAt     int // the size at which full buckets are taken away
}

// fewBuckets are not worth looking through.
const fewBuckets = 1024

type bucket struct {
	tokens float64
	at     time.Time
}

// take uses one token of a key, or says how long until there is one.
func (b *buckets) take(key string, now time.Time) (wait time.Duration, ok bool) {
	if b.rate <= 0 {
		return 0, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.byKey[key]
	if k == nil {
		b.sweep(now)
		k = &bucket{tokens: b.burst, at: now}
		b.byKey[key] = k
	}
	b.fill(k, now)
	if k.tokens < 1 {
		return time.Duration((1 - k.tokens) / b.rate * float64(time.Second)), false
	}
	k.tokens--
	return 0, true
}

func (b *buckets) fill(k *bucket, now time.Time) {
	if since := now.Sub(k.at); since > 0 {
		k.tokens = min(b.burst, k.tokens+since.Seconds()*b.rate)
		k.at = now
	}
}

// sweep makes room for a bucket: keys come and go, and full buckets go with them.
func (b *buckets) sweep(now time.Time) {
	if b.byKey == nil {
		b.byKey = map[string]*bucket{}
	}
	if len(b.byKey) < max(fewBuckets, b.sweepAt) {
		return
	}
	for key, k := range b.byKey {
		if b.fill(k, now); k.tokens >= b.burst {
			delete(b.byKey, key)
		}
	}
	b.sweepAt = 2 * len(b.byKey)
}

// shares counts the requests of each key that are being answered.
type shares struct {
	most  int
	mu    sync.Mutex
	byKey map[string]int
}

// take notes one more request of a key, unless it has as many as one key may.
func (s *shares) take(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey == nil {
		s.byKey = map[string]int{}
	}
	if s.byKey[key] >= s.most {
		return false
	}
	s.byKey[key]++
	return true
}

func (s *shares) give(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[key]--; s.byKey[key] <= 0 {
		delete(s.byKey, key)
	}
}
