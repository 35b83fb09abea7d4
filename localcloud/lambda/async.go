package lambda

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/lambda/process"
)

const (
	// maxQueued bounds the events that wait for all functions together, and
	// maxQueuedBytes their payloads.
	maxQueued      = 10_000
	maxQueuedBytes = 256 << 20
)

// asyncQueue runs the events of asynchronous invocations: each has a goroutine
// that tries again on failure. They live in memory; what follows them is stored.
type asyncQueue struct {
	s    *Service
	ctx  context.Context
	stop context.CancelFunc

	mu      sync.Mutex
	count   int
	bytes   int
	closed  bool
	workers sync.WaitGroup
}

func newAsyncQueue(s *Service) *asyncQueue {
	ctx, stop := context.WithCancel(context.Background())
	return &asyncQueue{s: s, ctx: ctx, stop: stop}
}

// put takes an event, or refuses it when too many wait.
func (q *asyncQueue) put(in *input, e process.Event) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return &gate.Error{Code: "ServiceException", Message: "The local cloud is stopping.", Status: 500}
	}
	if q.count >= maxQueued || q.bytes+len(e.Payload) > maxQueuedBytes {
		return throttled("CallerRateLimitExceeded")
	}
	q.count++
	q.bytes += len(e.Payload)
	e.WantLog = false
	q.workers.Go(func() {
		q.run(in, e)
		q.mu.Lock()
		q.count--
		q.bytes -= len(e.Payload)
		q.mu.Unlock()
	})
	return nil
}

// run tries an event until it succeeds, has failed once more than there are
// retries, or is too old, and sends what follows. A throttled attempt does not
// count as one.
func (q *asyncQueue) run(in *input, e process.Event) {
	begun := q.s.cfg.Now()
	wait := 100 * time.Millisecond
	for calls := 0; ; {
		res, fn, err := q.s.run(q.ctx, in, e)
		if q.ctx.Err() != nil || errors.Is(err, process.ErrClosed) || fn == nil { // nil: deleted meanwhile
			return
		}
		o := &outcome{in: in, event: e, fn: fn, last: res, failed: err}
		pause := wait
		if gate.CodeOf(err) == "TooManyRequestsException" {
			wait = min(2*wait, 5*time.Minute)
		} else {
			calls++
			pause = q.s.pause(calls)
		}
		o.calls = calls
		switch {
		case err == nil && res.Error == "":
			o.condition = succeeded
		case calls > fn.record.Async.retries():
			o.condition = exhausted
		case q.s.cfg.Now().Add(pause).Sub(begun) > fn.record.Async.age():
			o.condition = tooOld
		}
		if o.condition != "" {
			q.end(o)
			return
		}
		if !q.sleep(pause) {
			return
		}
	}
}

// end says what was given up, and sends what follows.
func (q *asyncQueue) end(o *outcome) {
	why := map[string]string{exhausted: "it failed every time", tooOld: "it became too old"}[o.condition]
	if why != "" {
		q.s.cfg.Log.Warn("an asynchronous invocation was given up", "function", o.in.name, "request", o.event.RequestID, "why", why)
	}
	q.s.conclude(o)
}

func (q *asyncQueue) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-q.ctx.Done():
		return false
	}
}

func (q *asyncQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.stop()
	q.workers.Wait()
}
