package sqs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

func (s *Service) deleteMessage(_ context.Context, _ *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	return nil, s.deleteOne(q, &in.entry)
}

// deleteOne removes a message by the handle of its last receive. An older
// handle removes nothing and is no error; in a FIFO queue it is one.
func (s *Service) deleteOne(q *queue, e *entry) error {
	if e.ReceiptHandle == "" {
		return missing("ReceiptHandle")
	}
	seq, nonce, err := q.readHandle(e.ReceiptHandle)
	if err != nil {
		return err
	}
	now := s.cfg.Now().UnixMilli()
	q.mu.Lock()
	i, ok := q.place(seq)
	if !ok {
		q.mu.Unlock()
		return nil // deleted before
	}
	m := q.messages[i]
	if q.record.fifo() && (m.nonce != nonce || m.visible <= now) {
		q.mu.Unlock()
		return invalidReason(e.ReceiptHandle, "ReceiptHandle", "The receipt handle has expired.")
	}
	if m.nonce != nonce {
		q.mu.Unlock()
		return nil
	}
	q.take(seq)
	q.mu.Unlock()
	if err := s.drop(q, []uint64{seq}); err != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.insert(m)
		return err
	}
	if strings.HasSuffix(q.name, ".fifo") { // the rest of its group may go on
		q.mu.Lock()
		defer q.mu.Unlock()
		q.rouse()
	}
	return nil
}

func (s *Service) changeVisibility(_ context.Context, _ *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	return nil, s.changeOne(q, &in.entry)
}

// changeOne sets how long from now a message that is in flight stays hidden.
func (s *Service) changeOne(q *queue, e *entry) error {
	switch {
	case e.ReceiptHandle == "":
		return missing("ReceiptHandle")
	case e.VisibilityTimeout == nil:
		return missing("VisibilityTimeout")
	case *e.VisibilityTimeout < 0 || *e.VisibilityTimeout > maxVisibility:
		return invalidReason(fmt.Sprint(*e.VisibilityTimeout), "VisibilityTimeout", "VisibilityTimeout must be an integer between 0 and 43200")
	}
	seq, nonce, err := q.readHandle(e.ReceiptHandle)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	q.mu.Lock()
	i, ok := q.place(seq)
	if !ok {
		q.mu.Unlock()
		return invalidReason(e.ReceiptHandle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	}
	m := q.messages[i]
	if m.nonce != nonce || m.visible <= now.UnixMilli() || !m.flying {
		q.mu.Unlock()
		return failure("MessageNotInflight", simple+"MessageNotInflight", "The specified message is not in flight.")
	}
	m.visible = now.Add(time.Duration(*e.VisibilityTimeout) * time.Second).UnixMilli()
	m.flying = *e.VisibilityTimeout > 0
	visible, flying := m.visible, m.flying
	q.rouse()
	q.mu.Unlock()
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := bucketOf(tx, q)
		if err != nil {
			return err
		}
		var full stored
		key := string(messageKey(seq))
		if found, err := b.GetJSON(key, &full); err != nil || !found || full.Nonce != nonce {
			return err // deleted or received again meanwhile
		}
		full.Visible, full.Flying = visible, flying
		return b.PutJSON(key, full)
	})
}
