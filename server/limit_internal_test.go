package server

import (
	"fmt"
	"testing"
	"time"
)

// Keys that come and go leave no buckets behind.
func TestBucketsAreBounded(t *testing.T) {
	t.Parallel()
	b := buckets{rate: 10, burst: 10}
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for range 10 {
		if _, ok := b.take("busy", now); !ok {
			t.Fatal("the burst is shorter than it says")
		}
	}
	for i := range 100_000 {
		now = now.Add(time.Millisecond)
		b.take(fmt.Sprint(i), now)
		if len(b.byKey) > 2*fewBuckets {
			t.Fatalf("%d buckets after %d keys", len(b.byKey), i)
		}
	}
	// A bucket that is not full is kept: nobody gets a new burst.
	b = buckets{rate: 0.001, burst: 1}
	b.take("used", now)
	for i := range 5000 {
		b.take(fmt.Sprint(i), now)
	}
	if _, ok := b.take("used", now); ok {
		t.Error("a key got a second burst")
	}
}
