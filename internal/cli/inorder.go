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
// of its own. It holds no more than a few batches at a time. It ends at the
// first error of the sequence, of take, or when ctx is done.
func inOrder[T, R any](ctx context.Context, items iter.Seq2[T, error], worker func() func(T) R, take func(R) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := runtime.GOMAXPROCS(0)
	q := queue[T, R]{todo: make(chan *batch[T, R]), ordered: make(chan *batch[T, R], 4*workers)}
	var readError error
	go func() {
		defer close(q.todo)
		defer close(q.ordered)
		readError = q.fill(ctx, items)
	}()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	for range workers {
		wg.Go(func() { q.work(ctx, worker()) })
	}
	for b := range q.ordered {
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

// batch is what one worker does at a time.
type batch[T, R any] struct {
	items   []T
	results []R
	done    chan struct{}
}

// queue holds every batch twice: to be done by whoever is free, and in order.
type queue[T, R any] struct{ todo, ordered chan *batch[T, R] }

// fill cuts a sequence into batches, up to its first error.
func (q queue[T, R]) fill(ctx context.Context, items iter.Seq2[T, error]) (err error) {
	next := &batch[T, R]{done: make(chan struct{})}
	for item, failed := range items {
		if failed != nil {
			err = failed
			break
		}
		if next.items = append(next.items, item); len(next.items) == batchSize {
			if !q.send(ctx, next) {
				return nil
			}
			next = &batch[T, R]{done: make(chan struct{})}
		}
	}
	if len(next.items) > 0 {
		q.send(ctx, next)
	}
	return err
}

// send reports false when ctx is done.
func (q queue[T, R]) send(ctx context.Context, b *batch[T, R]) bool {
	for _, to := range []chan *batch[T, R]{q.ordered, q.todo} {
		select {
		case to <- b:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// work does batches until there are no more, or ctx is done.
func (q queue[T, R]) work(ctx context.Context, do func(T) R) {
	for {
		var b *batch[T, R]
		select {
		case b = <-q.todo:
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
}
