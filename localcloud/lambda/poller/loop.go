package poller

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
)

const (
	// usualConcurrency is how many batches of one mapping run at once unless it
	// says otherwise; AWS begins with 5 and goes up to 1250.
	usualConcurrency = 5
	longestPause     = 30 * time.Second
	longPoll         = 20
	maxReceive       = 10
	maxEvent         = 6 << 20 // the bytes of an invocation
	renewBefore      = 5 * time.Minute
	throttledTries   = 6
)

// loop reads one queue for one function.
type loop struct {
	p     *Pollers
	m     Mapping
	ctx   context.Context // of receiving
	stop  context.CancelFunc
	slots chan struct{}

	mu      sync.Mutex
	caller  gate.Caller
	role    string
	expires time.Time
	told    string // the trouble that was shown last
}

func newLoop(p *Pollers, m Mapping) *loop {
	l := &loop{p: p, m: m, slots: make(chan struct{}, usualConcurrency)}
	if m.Most > 0 {
		l.slots = make(chan struct{}, m.Most)
	}
	l.ctx, l.stop = context.WithCancel(p.ctx)
	return l
}

// run receives until it is stopped; each batch runs beside the others.
func (l *loop) run() {
	defer l.stop()
	pause := l.p.cfg.Pause
	for {
		select {
		case l.slots <- struct{}{}:
		case <-l.ctx.Done():
			return
		}
		batch, err := l.collect()
		if len(batch) > 0 {
			l.p.work.Go(func() {
				defer func() { <-l.slots }()
				for _, part := range split(batch) {
					l.feed(part)
				}
			})
		} else {
			<-l.slots
		}
		switch {
		case l.ctx.Err() != nil:
			return
		case err != nil:
			l.trouble(err)
			if !wait(l.ctx, pause) {
				return
			}
			pause = min(2*pause, longestPause)
		default:
			pause = l.p.cfg.Pause
		}
	}
}

// wait sleeps, and says whether it was not interrupted.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// trouble shows once why a function gets no messages, and forgets the session.
func (l *loop) trouble(err error) {
	text := err.Error()
	var known *gate.Error
	if errors.As(err, &known) {
		text = known.Message
	}
	l.mu.Lock()
	l.role = ""
	news := l.told != text
	l.told = text
	l.mu.Unlock()
	l.p.note(l.m.UUID, "PROBLEM: "+text)
	if !news {
		return
	}
	line := "writ: " + l.m.Function + " gets no messages of " + l.m.Source + ": " + text
	if denied(err) {
		line += " (its role reads the queue; it is tried again)"
	}
	l.p.cfg.Show(l.m.Function, line)
}

func (l *loop) well() {
	l.mu.Lock()
	l.told = ""
	l.mu.Unlock()
}

// as gives the session of the function's role, new when the role has changed
// or the session comes to its end.
func (l *loop) as(ctx context.Context) (gate.Caller, error) {
	role, _, ok := l.p.cfg.Functions.Role(l.m.Function, l.m.Qualifier)
	l.mu.Lock()
	defer l.mu.Unlock()
	if ok && role == l.role && l.p.cfg.Now().Before(l.expires.Add(-renewBefore)) {
		return l.caller, nil
	}
	credentials, caller, err := l.p.assume(ctx, &l.m)
	if err != nil {
		return caller, err
	}
	// AWS's pollers also look at the queue, and need the permission for it.
	if _, err := l.p.hidden(ctx, caller, &l.m); err != nil {
		return caller, err
	}
	l.role, l.caller, l.expires = role, caller, credentials.Expiration
	return caller, nil
}

// collect receives one batch: what is there, or with a batching window what
// comes until it ends. On an error what was received so far is given as well.
func (l *loop) collect() (batch []message, err error) {
	var end time.Time
	size := 0
	for {
		seconds := longPoll
		if len(batch) > 0 {
			left := time.Until(end)
			if left <= 0 || size > maxEvent/2 {
				return batch, nil
			}
			seconds = min(longPoll, int(left.Seconds()))
		}
		list, err := l.receive(min(maxReceive, l.m.Batch-len(batch)), seconds)
		if err != nil {
			return batch, err
		}
		l.well()
		if len(batch) == 0 {
			end = time.Now().Add(time.Duration(l.m.Window) * time.Second)
		}
		for _, one := range list {
			size += 2 * len(one.Body)
		}
		batch = append(batch, list...)
		if l.ctx.Err() != nil || len(batch) >= l.m.Batch || l.m.Window == 0 || len(batch) == 0 {
			return batch, nil
		}
		if len(list) == 0 && seconds == 0 && !wait(l.ctx, min(time.Until(end), 100*time.Millisecond)) {
			return batch, nil
		}
	}
}

func (l *loop) receive(n, seconds int) ([]message, error) {
	as, err := l.as(l.ctx)
	if err != nil {
		return nil, err
	}
	var out struct{ Messages []message }
	err = l.p.call(l.ctx, as, "ReceiveMessage", map[string]any{
		"QueueUrl": l.p.url(l.m.Source), "MaxNumberOfMessages": n, "WaitTimeSeconds": seconds,
		"MessageSystemAttributeNames": []string{"All"}, "MessageAttributeNames": []string{"All"},
	}, &out)
	return out.Messages, err
}

// split cuts a batch where its event would be larger than an invocation takes.
func split(batch []message) (parts [][]message) {
	from, size := 0, 0
	for i, one := range batch {
		n := 2*len(one.Body) + 4096 // a body may double in JSON
		if size+n > maxEvent && i > from {
			parts, from, size = append(parts, batch[from:i]), i, 0
		}
		size += n
	}
	return append(parts, batch[from:])
}

// feed runs the function on a batch and deletes what it has done. What it has
// not becomes visible again by itself.
func (l *loop) feed(batch []message) {
	ctx := l.p.ctx
	event, err := l.p.event(&l.m, batch)
	if err != nil {
		l.p.cfg.Log.Error("messages could not be made an event", "function", l.m.Function, "error", err)
		return
	}
	answer, failed, err := l.invoke(ctx, event)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		l.trouble(err)
		return
	case failed:
		l.p.note(l.m.UUID, "PROBLEM: Function call failed")
		return
	}
	done, ok := batch, true
	if l.m.Partial {
		done, ok = succeeded(batch, answer)
	}
	l.p.note(l.m.UUID, "OK")
	if !ok {
		l.p.note(l.m.UUID, "PROBLEM: Function returned invalid batch item failures")
	}
	for len(done) > 0 && err == nil {
		n := min(maxReceive, len(done))
		err = l.delete(ctx, done[:n])
		done = done[n:]
	}
	if err != nil && ctx.Err() == nil {
		l.trouble(err)
	}
}

// invoke runs the function; one that is throttled is tried again.
func (l *loop) invoke(ctx context.Context, event []byte) (answer []byte, failed bool, err error) {
	pause := l.p.cfg.Pause
	for range throttledTries {
		answer, failed, err = l.p.cfg.Functions.Run(ctx, l.m.Function, l.m.Qualifier, event)
		if gate.CodeOf(err) != "TooManyRequestsException" || !wait(ctx, pause) {
			break
		}
		pause *= 2
	}
	return answer, failed, err
}

// succeeded gives the messages that a function did, by its partial answer. An
// answer that cannot be understood says that none was done, ok is false then.
func succeeded(batch []message, answer []byte) (done []message, ok bool) {
	var out struct {
		Failures []struct {
			Item *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &out); err != nil {
			return nil, false
		}
	}
	left := map[string]bool{}
	for _, one := range batch {
		left[one.MessageID] = true
	}
	for _, f := range out.Failures {
		if f.Item == nil || !left[*f.Item] {
			return nil, false
		}
	}
	for _, f := range out.Failures {
		delete(left, *f.Item)
	}
	for _, one := range batch {
		if left[one.MessageID] {
			done = append(done, one)
		}
	}
	return done, true
}

func (l *loop) delete(ctx context.Context, list []message) error {
	as, err := l.as(ctx)
	if err != nil {
		return err
	}
	type entry struct {
		ID            string `json:"Id"`
		ReceiptHandle string
	}
	entries := make([]entry, len(list))
	for i, one := range list {
		entries[i] = entry{one.MessageID, one.ReceiptHandle}
	}
	return l.p.call(ctx, as, "DeleteMessageBatch", map[string]any{"QueueUrl": l.p.url(l.m.Source), "Entries": entries}, nil)
}
