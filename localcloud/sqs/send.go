package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// dedupWindow is how long a FIFO queue knows a message again.
const dedupWindow = 5 * time.Minute

var idRule = regexp.MustCompile("^[A-Za-z0-9!\"#$%&'()*+,./:;<=>?@\\[\\\\\\]^_`{|}~-]{1,128}$")

// outgoing is a checked message on its way into a queue.
type outgoing struct {
	stored
	size int
	// key is what the message is known again by; "" in a standard queue.
	key string
	seq uint64
	// known is set for one that came before: nothing is stored.
	known bool
}

// sent answers one message.
type sent struct {
	ID                     string `json:"Id,omitempty"`
	MessageID              string `json:"MessageId"`
	MD5OfMessageBody       string
	MD5OfMessageAttributes string `json:",omitempty"`
	MD5OfMessageSystem     string `json:"MD5OfMessageSystemAttributes,omitempty"`
	SequenceNumber         string `json:",omitempty"`
}

func (o *outgoing) answer(id string) sent {
	out := sent{
		ID: id, MessageID: o.ID, MD5OfMessageBody: sum([]byte(o.Body)), MD5OfMessageAttributes: sumAttributes(o.Attributes),
		SequenceNumber: o.Sequence,
	}
	if o.Trace != "" {
		out.MD5OfMessageSystem = sumAttributes(map[string]attribute{"AWSTraceHeader": {DataType: "String", StringValue: &o.Trace}})
	}
	return out
}

// prepare checks one message.
func (s *Service) prepare(c *gate.Call, r *record, e *entry) (*outgoing, error) {
	switch {
	case e.MessageBody == nil:
		return nil, missing("MessageBody")
	case *e.MessageBody == "":
		return nil, missing("MessageBody")
	case !validText(*e.MessageBody):
		return nil, invalidContents()
	}
	size, err := checkAttributes(e.MessageAttributes)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Now()
	o := &outgoing{size: size + len(*e.MessageBody)}
	o.Body, o.Attributes, o.Sent, o.Group = *e.MessageBody, e.MessageAttributes, now.UnixMilli(), e.MessageGroupID
	if limit := r.number("MaximumMessageSize"); int64(o.size) > limit {
		return nil, invalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
	}
	for name, a := range e.MessageSystemAttributes {
		if name != "AWSTraceHeader" || a.DataType != "String" || a.StringValue == nil {
			return nil, invalid("Message system attribute name '%s' is invalid.", name)
		}
		o.Trace = *a.StringValue
	}
	if o.Sender = c.Caller.UserID; o.Sender == "" {
		o.Sender = c.Caller.ARN
	}
	delay := r.seconds("DelaySeconds")
	if e.DelaySeconds != nil {
		if *e.DelaySeconds < 0 || *e.DelaySeconds > 900 {
			return nil, invalidReason(fmt.Sprint(*e.DelaySeconds), "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
		}
		if r.fifo() && *e.DelaySeconds > 0 {
			return nil, invalidReason(fmt.Sprint(*e.DelaySeconds), "DelaySeconds", "The request include parameter that is not valid for this queue type.")
		}
		if !r.fifo() {
			delay = time.Duration(*e.DelaySeconds) * time.Second
		}
	}
	o.Visible = now.Add(delay).UnixMilli()
	if o.Group != "" && !idRule.MatchString(o.Group) {
		return nil, invalidReason(o.Group, "MessageGroupId", "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if err := o.identify(r, e); err != nil {
		return nil, err
	}
	o.ID, err = s.uuid()
	return o, err
}

// identify finds what a FIFO queue knows the message again by.
func (o *outgoing) identify(r *record, e *entry) error {
	o.Dedup = e.MessageDeduplicationID
	if !r.fifo() {
		if o.Dedup != "" {
			return invalidReason(o.Dedup, "MessageDeduplicationId", "The request include parameter that is not valid for this queue type.")
		}
		return nil
	}
	switch {
	case o.Group == "":
		return missing("MessageGroupId")
	case o.Dedup == "" && r.Attributes["ContentBasedDeduplication"] != "true":
		return invalid("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	case o.Dedup == "":
		h := sha256.Sum256([]byte(o.Body))
		o.Dedup = hex.EncodeToString(h[:])
	case !idRule.MatchString(o.Dedup):
		return invalidReason(o.Dedup, "MessageDeduplicationId", "MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if o.key = o.Dedup; r.Attributes["DeduplicationScope"] == "messageGroup" {
		o.key = o.Group + "\x00" + o.Dedup
	}
	return nil
}

// put stores messages together and lets receivers see them.
func (s *Service) put(q *queue, list []*outgoing) error {
	if strings.HasSuffix(q.name, ".fifo") {
		q.order.Lock()
		defer q.order.Unlock()
		q.recognise(list)
	}
	now := s.cfg.Now().UnixMilli()
	over := q.over(now) // before the write: the writer must never wait for q.mu
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := bucketOf(tx, q)
		if err != nil {
			return err
		}
		for _, o := range list {
			if o.known {
				continue
			}
			if o.seq, err = b.NextSequence(); err != nil {
				return err
			}
			if o.key != "" {
				if err := s.remember(tx, q, o); err != nil {
					return err
				}
			}
			if err := b.PutJSON(string(messageKey(o.seq)), o.stored); err != nil {
				return err
			}
		}
		return forget(tx, q, over, now)
	})
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return errNoQueue()
	}
	for key, one := range q.seen {
		if one.Until <= now {
			delete(q.seen, key)
		}
	}
	same := map[string]*outgoing{}
	for _, o := range list {
		switch {
		case !o.known:
			q.insert(o.stored.known(o.seq))
			same[o.key] = o
			if o.key != "" {
				q.seen[o.key] = seen{o.Sent + dedupWindow.Milliseconds(), o.ID, o.Sequence}
			}
		case same[o.key] != nil: // twice in one batch
			o.ID, o.Sequence = same[o.key].ID, same[o.key].Sequence
		}
	}
	q.rouse()
	return nil
}

// recognise marks the messages that the queue got before. The caller holds q.order.
func (q *queue) recognise(list []*outgoing) {
	q.mu.Lock()
	defer q.mu.Unlock()
	inBatch := map[string]bool{}
	for _, o := range list {
		if one, ok := q.seen[o.key]; ok && one.Until > o.Sent {
			o.known, o.ID, o.Sequence = true, one.ID, one.Sequence
		} else if inBatch[o.key] {
			o.known = true
		}
		inBatch[o.key] = true
	}
}

// remember stores what a message is known again by, and gives it its number.
func (s *Service) remember(tx *store.Tx, q *queue, o *outgoing) error {
	o.Sequence = fmt.Sprintf("%020d", 18_000_000_000_000_000_000+o.seq)
	b, err := tx.Bucket("sqs", "seen", q.id)
	if err != nil {
		return err
	}
	return b.PutJSON(o.key, seen{o.Sent + dedupWindow.Milliseconds(), o.ID, o.Sequence})
}

// over gives the keys of the messages whose window is over.
func (q *queue) over(now int64) (keys []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for key, one := range q.seen {
		if one.Until <= now {
			keys = append(keys, key)
		}
	}
	return keys
}

// forget removes the stored memory of messages, unless they came anew meanwhile.
func forget(tx *store.Tx, q *queue, keys []string, now int64) error {
	if len(keys) == 0 {
		return nil
	}
	b, err := tx.Bucket("sqs", "seen", q.id)
	if err != nil {
		return err
	}
	for _, key := range keys {
		var one seen
		if found, err := b.GetJSON(key, &one); err != nil || !found || one.Until > now {
			continue
		}
		if err := b.Delete([]byte(key)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) sendMessage(_ context.Context, c *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	r, _ := q.definition()
	o, err := s.prepare(c, &r, &in.entry)
	if err != nil {
		return nil, err
	}
	if err := s.put(q, []*outgoing{o}); err != nil {
		return nil, err
	}
	return o.answer(""), nil
}
