package server

import (
	"sync"
	"time"
)

// buckets holds a token bucket for each key. It is as large as the number of keys
// that were used, and those are ours.
type buckets struct {
	rate, burst float64
	mu          sync.Mutex
	byKey       map[string]*bucket
}

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
		if b.byKey == nil {
			b.byKey = map[string]*bucket{}
		}
		k = &bucket{tokens: b.burst, at: now}
		b.byKey[key] = k
	}
	if since := now.Sub(k.at); since > 0 {
		k.tokens = min(b.burst, k.tokens+since.Seconds()*b.rate)
		k.at = now
	}
	if k.tokens < 1 {
		return time.Duration((1 - k.tokens) / b.rate * float64(time.Second)), false
	}
	k.tokens--
	return 0, true
}
