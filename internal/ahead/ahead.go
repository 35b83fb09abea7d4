// Package ahead lets one goroutine make what another uses, a bounded way ahead of it: rows of a
// store are decoded while those before them are put into their places.
package ahead

import "errors"

// A batch keeps the two from waking each other for every value; some of them may wait.
const (
	batch        = 256
	batchesAhead = 8
)

var errNobodyListens = errors.New("the values are wanted no more")

// Run calls use, in this goroutine, with each value that produce yields in another, in their order, and
// returns when both have ended: with the error of use, which also ends produce's yielding, or else with that of produce.
func Run[T any](produce func(yield func(T) error) error, use func(T) error) error {
	values := make(chan []T, batchesAhead)
	enough := make(chan struct{})
	var failed error // of produce, read when values is closed
	go func() {
		defer close(values)
		next := make([]T, 0, batch)
		send := func() error {
			select {
			case values <- next:
				next = make([]T, 0, batch)
				return nil
			case <-enough:
				return errNobodyListens
			}
		}
		failed = produce(func(v T) error {
			if next = append(next, v); len(next) < batch {
				return nil
			}
			return send()
		})
		if len(next) > 0 {
			_ = send() // when nobody listens, the error of use is all that counts
		}
	}()
	if err := drain(values, use); err != nil {
		close(enough)
		for range values { //nolint:revive // until produce has ended
		}
		return err
	}
	return failed
}

func drain[T any](values <-chan []T, use func(T) error) error {
	for some := range values {
		for _, v := range some {
			if err := use(v); err != nil {
				return err
			}
		}
	}
	return nil
}
