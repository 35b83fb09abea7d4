package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/ledger"
)

// BenchmarkDurableWrites measures writers that write a tuple each, one after another, and go
// on when it is durable and visible.
func BenchmarkDurableWrites(b *testing.B, fresh func(b *testing.B) environment.Store) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("%d_writers", writers), func(b *testing.B) {
			e, err := environment.Open(b.Context(), Config(fresh(b)))
			if err != nil {
				b.Fatal(err)
			}
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			used := processorTime()
			for range writers {
				wg.Go(func() {
					for {
						n := next.Add(1)
						if n > int64(b.N) {
							return
						}
						// Spread over the keys, as names of documents are.
						w := Put(fmt.Sprintf("document:%08x#viewer@user:u%d", uint32(n)*2654435761, n%1000))
						if _, err := e.Write(context.Background(), w); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64((processorTime()-used).Nanoseconds())/float64(b.N), "cpu-ns/fact")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "facts/s")
		})
	}
}

// BenchmarkOpen measures how long an environment with a million tuples takes to open.
func BenchmarkOpen(b *testing.B, s environment.Store) {
	const tuples, group = 1_000_000, 10_000
	model := Source(Plain)
	first := Seal(ledger.Head{}, authz.Change{Model: &authz.Step[authz.Source]{After: &model}})
	head := add(b, s, ledger.Head{}, first)
	for n := 0; n < tuples; n += group {
		changes := make([]authz.Change, group)
		for i := range changes {
			t := authz.Tuple{
				Object: authz.Entity{Type: "document", ID: fmt.Sprintf("doc-%07d", n+i)}, Relation: "viewer",
				Subject: authz.Holder{Entity: authz.Entity{Type: "user", ID: fmt.Sprintf("user-%d", (n+i)%10_000)}},
				Created: time.Unix(1_800_000_000, 0).UTC(),
			}
			changes[i] = authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}}
		}
		head = add(b, s, head, Seal(head, changes...))
	}
	opened := func() {
		e, err := environment.Open(b.Context(), Config(s))
		if err != nil {
			b.Fatal(err)
		}
		if n, _ := e.State().Snapshot.Count(); n != tuples {
			b.Fatalf("%d tuples were loaded", n)
		}
	}
	opened() // what a store does when it is first loaded after a crash is not measured
	used, opens := processorTime(), 0
	for b.Loop() {
		opened()
		opens++
	}
	b.ReportMetric((processorTime()-used).Seconds()/float64(opens), "cpu-s/open")
}
