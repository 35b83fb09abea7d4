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
	// maxEventAge is how long a throttled event is tried, AWS's default.
	maxEventAge = 6 * time.Hour
)

// asyncQueue runs the events of asynchronous invocations: each has a goroutine
// that tries again on failure. They live in memory.
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
// retries, or is too old. A throttled attempt does not count.
func (q *asyncQueue) run(in *input, e process.Event) {
	retries := q.s.cfg.Retries
	begun := q.s.cfg.Now()
	wait := 100 * time.Millisecond
	for failures := 0; ; {
		res, _, err := q.s.run(q.ctx, in, e)
		switch code := gate.CodeOf(err); {
		case q.ctx.Err() != nil || errors.Is(err, process.ErrClosed):
			return
		case err == nil && res.Error == "":
			return
		case code == "ResourceNotFoundException": // deleted meanwhile
			return
		case code == "TooManyRequestsException":
			if q.s.cfg.Now().Sub(begun) > maxEventAge || !q.sleep(wait) {
				q.drop(in, e, "it was throttled for too long")
				return
			}
			wait = min(2*wait, 5*time.Minute)
		default:
			if failures >= len(retries) {
				q.drop(in, e, "it failed every time")
				return
			}
			if !q.sleep(retries[failures]) {
				return
			}
			failures++
		}
	}
}

func (q *asyncQueue) drop(in *input, e process.Event, why string) {
	q.s.cfg.Log.Warn("an asynchronous invocation was given up", "function", in.name, "request", e.RequestID, "why", why)
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
