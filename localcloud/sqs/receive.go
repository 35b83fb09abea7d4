package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// received is one message of an answer.
type received struct {
	MessageID              string `json:"MessageId"`
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string    `json:",omitempty"`
	MessageAttributes      map[string]attribute `json:",omitempty"`
	MD5OfMessageAttributes string               `json:",omitempty"`
}

var systemNames = []string{
	"All", "AWSTraceHeader", "ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "DeadLetterQueueSourceArn",
	"MessageDeduplicationId", "MessageGroupId", "SenderId", "SentTimestamp", "SequenceNumber",
}

// bounds reads the numbers of a receive.
func (in *request) bounds(r *record) (most int, hide, wait time.Duration, err error) {
	most, hide, wait = 1, r.seconds("VisibilityTimeout"), r.seconds("ReceiveMessageWaitTimeSeconds")
	if n := in.MaxNumberOfMessages; n != nil {
		if most = *n; most < 1 || most > maxBatch {
			return 0, 0, 0, invalidReason(fmt.Sprint(most), "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
		}
	}
	if n := in.VisibilityTimeout; n != nil {
		if *n < 0 || *n > maxVisibility {
			return 0, 0, 0, invalidReason(fmt.Sprint(*n), "VisibilityTimeout", "Must be between 0 and 43200, if provided.")
		}
		hide = time.Duration(*n) * time.Second
	}
	if n := in.WaitTimeSeconds; n != nil {
		if *n < 0 || *n > 20 {
			return 0, 0, 0, invalidReason(fmt.Sprint(*n), "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
		}
		wait = time.Duration(*n) * time.Second
	}
	for _, name := range slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames) {
		if !slices.Contains(systemNames, name) {
			return 0, 0, 0, failure("InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	return most, hide, wait, nil
}

// receiveMessage waits for messages as long as it is asked to.
func (s *Service) receiveMessage(ctx context.Context, _ *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	r, _ := q.definition()
	most, hide, wait, err := in.bounds(&r)
	if err != nil {
		return nil, err
	}
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	for {
		list, wake, next, err := s.receive(q, in, most, hide)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			return map[string]any{"Messages": list}, nil
		}
		due := time.NewTimer(next)
		if next == 0 {
			due.Stop()
		}
		again := false
		select {
		case <-wake:
			again = true
		case <-due.C:
			again = true
		case <-deadline.C:
		case <-ctx.Done():
		case <-s.stop:
		}
		if due.Stop(); !again {
			return nil, nil
		}
	}
}

// picked is what a receive takes from a queue.
type picked struct {
	list   []*message
	before []message  // as they were
	dead   []*message // received too often
	old    []uint64   // kept too long
}

// receive takes messages that are there now. wake is closed when there may be
// more, next is when one becomes visible by itself, 0 for none.
func (s *Service) receive(q *queue, in *request, most int, hide time.Duration) (out []received, wake <-chan struct{}, next time.Duration, err error) {
	nonce, err := s.random(16)
	if err != nil {
		return nil, nil, 0, err
	}
	r, _ := q.definition()
	to := s.deadLetters(&r)
	now := s.cfg.Now()
	q.mu.Lock()
	if q.deleted {
		q.mu.Unlock()
		return nil, nil, 0, errNoQueue()
	}
	p, due, err := q.pick(now, most, to.limit)
	for i, m := range p.list {
		m.receives++
		m.visible, m.flying, m.nonce = now.Add(hide).UnixMilli(), hide > 0, nonce+strconv.Itoa(i)
	}
	wake = q.wake
	q.mu.Unlock()
	if err != nil {
		return nil, nil, 0, err
	}
	if due > 0 {
		next = max(time.Duration(due-now.UnixMilli())*time.Millisecond, time.Millisecond)
	}
	if err := s.bury(q, to, p); err != nil {
		s.cfg.Log.Warn("dead letters could not be moved", "queue", q.name, "error", err)
		q.mu.Lock()
		for _, m := range p.dead {
			q.insert(m)
		}
		q.mu.Unlock()
	}
	if len(p.list) == 0 {
		return nil, wake, next, nil
	}
	if out, err = s.fetch(q, in, now, p.list); err != nil {
		q.mu.Lock()
		for i, m := range p.list {
			*m = p.before[i]
		}
		q.mu.Unlock()
	}
	return out, wake, next, err
}

// pick chooses messages in their order; those of a group that is under way, or
// comes later, wait. due is when the next one becomes visible, 0 for none. The
// caller holds q.mu.
func (q *queue) pick(now time.Time, most, limit int) (p picked, due int64, err error) {
	at := now.UnixMilli()
	oldest := at - q.record.seconds("MessageRetentionPeriod").Milliseconds()
	fifo, flying, blocked := q.record.fifo(), 0, map[string]bool{}
	for _, m := range q.messages {
		if m.sent < oldest {
			p.old = append(p.old, m.seq)
			continue
		}
		if m.visible > at {
			if m.flying {
				flying++
			}
			blocked[m.group] = fifo
			if due == 0 || m.visible < due {
				due = m.visible
			}
			continue
		}
		switch {
		case blocked[m.group]:
		case limit > 0 && m.receives >= limit:
			p.dead = append(p.dead, m)
		case len(p.list) < most:
			p.list, p.before = append(p.list, m), append(p.before, *m)
		default:
			blocked[m.group] = fifo
		}
	}
	if over := maxFlying; flying+len(p.list) > over || fifo && flying+len(p.list) > maxFlyingFIFO {
		p.list, p.before = nil, nil
		if !fifo {
			err = failure("OverLimit", "OverLimit", "Too many messages are in flight in the queue; the limit is %d.", over).WithStatus(403)
		}
	}
	for _, seq := range p.old {
		q.take(seq)
	}
	for _, m := range p.dead {
		q.take(m.seq)
	}
	return p, due, err
}

// fetch reads the bodies and stores that the messages were received.
func (s *Service) fetch(q *queue, in *request, now time.Time, list []*message) (out []received, err error) {
	q.mu.Lock()
	taken := make([]message, len(list))
	for i, m := range list {
		taken[i] = *m
	}
	q.mu.Unlock()
	err = s.cfg.DB.Update(func(tx *store.Tx) error {
		out = nil
		b, err := bucketOf(tx, q)
		if err != nil {
			return err
		}
		for i := range taken {
			m := &taken[i]
			var full stored
			key := string(messageKey(m.seq))
			if found, err := b.GetJSON(key, &full); err != nil || !found {
				if err != nil {
					return err
				}
				continue // deleted meanwhile
			}
			full.Receives, full.Visible, full.Flying, full.Nonce = m.receives, m.visible, m.flying, m.nonce
			if full.First == 0 {
				full.First = now.UnixMilli()
			}
			if err := b.PutJSON(key, full); err != nil {
				return err
			}
			out = append(out, full.answer(q.handle(m), in))
		}
		return nil
	})
	return out, err
}

// answer gives a message with the attributes that were asked for.
func (m *stored) answer(handle string, in *request) received {
	out := received{MessageID: m.ID, ReceiptHandle: handle, Body: m.Body, MD5OfBody: sum([]byte(m.Body))}
	asked := slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
	for name, value := range map[string]string{
		"SenderId": m.Sender, "SentTimestamp": strconv.FormatInt(m.Sent, 10), "ApproximateReceiveCount": strconv.Itoa(m.Receives),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.First, 10), "MessageGroupId": m.Group, "MessageDeduplicationId": m.Dedup,
		"SequenceNumber": m.Sequence, "AWSTraceHeader": m.Trace, "DeadLetterQueueSourceArn": m.Source,
	} {
		if value != "" && (slices.Contains(asked, "All") || slices.Contains(asked, name)) {
			if out.Attributes == nil {
				out.Attributes = map[string]string{}
			}
			out.Attributes[name] = value
		}
	}
	for name, a := range m.Attributes {
		if slices.ContainsFunc(in.MessageAttributeNames, func(want string) bool {
			prefix, all := strings.CutSuffix(want, ".*")
			return want == "All" || want == name || all && (prefix == "" || strings.HasPrefix(name, prefix+"."))
		}) {
			if out.MessageAttributes == nil {
				out.MessageAttributes = map[string]attribute{}
			}
			out.MessageAttributes[name] = a
		}
	}
	out.MD5OfMessageAttributes = sumAttributes(out.MessageAttributes)
	return out
}

// deadLetters gives where a queue's dead letters go; a limit of 0 means nowhere.
func (s *Service) deadLetters(r *record) redrive {
	text := r.Attributes["RedrivePolicy"]
	if text == "" {
		return redrive{}
	}
	to, err := s.readRedrive(r, text)
	if err != nil { // the dead-letter queue is gone or refuses: messages stay
		return redrive{}
	}
	return to
}

// bury removes what a queue kept too long, and moves what was received too
// often to the dead-letter queue.
func (s *Service) bury(q *queue, to redrive, p picked) error {
	if err := s.drop(q, p.old); err != nil || len(p.dead) == 0 {
		return err
	}
	target := s.find(to.name)
	if target == nil {
		return errNoQueue()
	}
	fifo := strings.HasSuffix(target.name, ".fifo")
	if fifo {
		target.order.Lock()
		defer target.order.Unlock()
	}
	var moved []*message
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		moved = nil
		from, err := bucketOf(tx, q)
		if err != nil {
			return err
		}
		into, err := bucketOf(tx, target)
		if err != nil {
			return err
		}
		for _, dead := range p.dead {
			seq := dead.seq
			raw := from.Get(messageKey(seq))
			if raw == nil {
				continue
			}
			var m stored
			if err := json.Unmarshal(raw, &m); err != nil {
				return fmt.Errorf("decode message %d of %s: %w", seq, q.name, err)
			}
			m.Source, m.Visible, m.Flying, m.Nonce = s.arn(q.name), s.cfg.Now().UnixMilli(), false, ""
			if fifo { // a FIFO queue counts a message's age anew
				m.Sent = m.Visible
			}
			number, err := into.NextSequence()
			if err != nil {
				return err
			}
			if err := into.PutJSON(string(messageKey(number)), m); err != nil {
				return err
			}
			if err := from.Delete(messageKey(seq)); err != nil {
				return err
			}
			known := m.known(number)
			moved = append(moved, known)
		}
		return nil
	})
	if err != nil {
		return err
	}
	target.mu.Lock()
	defer target.mu.Unlock()
	for _, m := range moved {
		target.insert(m)
	}
	target.rouse()
	return nil
}
