package cli

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"
)

// numbers counts up to n and then fails with err.
func numbers(n int, err error) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(0, err)
		}
	}
}

func double() func(int) int {
	return func(i int) int {
		if i%100 == 0 {
			time.Sleep(time.Millisecond) // some take longer than those after them
		}
		return 2 * i
	}
}

func TestInOrder(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, n := range []int{0, 1, batchSize, batchSize + 1, 1000} {
		for _, want := range []error{nil, broken} {
			var got []int
			err := inOrder(t.Context(), numbers(n, want), double, func(v int) error { got = append(got, v); return nil })
			if !errors.Is(err, want) || len(got) != n || !slices.IsSorted(got) {
				t.Errorf("%d items: %d results, sorted %t, error %v", n, len(got), slices.IsSorted(got), err)
			}
		}
	}
}

// TestInOrderStops: an error of take, or a context that is done, ends it at
// once, also when no item comes any more.
func TestInOrderStops(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stuck := func(yield func(int, error) bool) {
		for i := range 10 * batchSize {
			if !yield(i, nil) {
				return
			}
		}
		<-ctx.Done()
	}
	if err := inOrder(t.Context(), stuck, double, func(int) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want what take said", err)
	}
	taken := 0
	err := inOrder(ctx, stuck, double, func(int) error {
		if taken++; taken == 10*batchSize {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want cancelled", err)
	}
}
