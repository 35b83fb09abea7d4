package cli

import (
	"context"
	"iter"
	"runtime"
	"sync"
)

// batchSize is how many items go to a processor at once, unless they are large.
const batchSize = 64

// inOrder does work on every item of a sequence on all processors and hands
// the results to take in the order of the items. Each processor has a worker
// of its own. It holds no more than a few
// batches at a time. It ends at the first error of the sequence, of take, or
// when ctx is done.
func inOrder[T, R any](ctx context.Context, items iter.Seq2[T, error], worker func() func(T) R, take func(R) error) error {
	type batch struct {
		items   []T
		results []R
		done    chan struct{}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := runtime.GOMAXPROCS(0)
	todo, ordered := make(chan *batch), make(chan *batch, 4*workers)
	var readError error
	go func() {
		defer close(todo)
		defer close(ordered)
		send := func(b *batch) bool {
			select {
			case ordered <- b:
			case <-ctx.Done():
				return false
			}
			select {
			case todo <- b:
				return true
			case <-ctx.Done():
				return false
			}
		}
		next := &batch{done: make(chan struct{})}
		for item, err := range items {
			if err != nil {
				readError = err
				break
			}
			if next.items = append(next.items, item); len(next.items) == batchSize {
				if !send(next) {
					return
				}
				next = &batch{done: make(chan struct{})}
			}
		}
		if len(next.items) > 0 {
			send(next)
		}
	}()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	for range workers {
		wg.Go(func() {
			do := worker()
			for {
				var b *batch
				select {
				case b = <-todo:
				case <-ctx.Done(): // the reader may be waiting for input for ever
				}
				if b == nil {
					return
				}
				b.results = make([]R, len(b.items))
				for i, item := range b.items {
					b.results[i] = do(item)
				}
				close(b.done)
			}
		})
	}
	for b := range ordered {
		select {
		case <-b.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, r := range b.results {
			if err := take(r); err != nil {
				return err
			}
		}
	}
	if readError != nil {
		return readError
	}
	return ctx.Err()
}
