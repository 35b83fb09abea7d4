package sqs

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
)

const maxBatch = 10

var entryRule = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// failed answers an entry of a batch that could not be done.
type failed struct {
	ID          string `json:"Id"`
	SenderFault bool
	Code        string
	Message     string
}

// batchAnswer answers a batch: each entry is in one of the lists.
type batchAnswer struct {
	Successful []any
	Failed     []failed `json:",omitempty"`
}

func (b *batchAnswer) fail(id string, err error) error {
	var known *gate.Error
	if !errors.As(err, &known) {
		return err
	}
	code, _, _ := strings.Cut(known.Header.Get("X-Amzn-Query-Error"), ";")
	b.Failed = append(b.Failed, failed{ID: id, SenderFault: true, Code: code, Message: known.Message})
	return nil
}

// checkBatch checks the entries' number and ids.
func checkBatch(list []entry, kind string) error {
	switch {
	case len(list) == 0:
		return failure("EmptyBatchRequest", simple+"EmptyBatchRequest", "There should be at least one %s in the request.", kind)
	case len(list) > maxBatch:
		return failure("TooManyEntriesInBatchRequest", simple+"TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(list))
	}
	ids := map[string]bool{}
	for _, e := range list {
		if !entryRule.MatchString(e.ID) {
			return failure("InvalidBatchEntryId", simple+"InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if ids[e.ID] {
			return failure("BatchEntryIdsNotDistinct", simple+"BatchEntryIdsNotDistinct", "Id %s repeated.", e.ID)
		}
		ids[e.ID] = true
	}
	return nil
}

func (s *Service) sendBatch(_ context.Context, c *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.Entries, "SendMessageBatchRequestEntry"); err != nil {
		return nil, err
	}
	r, _ := q.definition()
	answer := &batchAnswer{Successful: []any{}}
	var list []*outgoing
	var ids []string
	size := 0
	for i := range in.Entries {
		e := &in.Entries[i]
		if e.MessageBody != nil {
			size += len(*e.MessageBody)
		}
		o, err := s.prepare(c, &r, e)
		if err != nil {
			if err := answer.fail(e.ID, err); err != nil {
				return nil, err
			}
			continue
		}
		size += o.size - len(o.Body)
		list, ids = append(list, o), append(ids, e.ID)
	}
	if size > maxMessage {
		return nil, failure("BatchRequestTooLong", simple+"BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, size)
	}
	if len(list) > 0 {
		if err := s.put(q, list); err != nil {
			return nil, err
		}
	}
	for i, o := range list {
		answer.Successful = append(answer.Successful, o.answer(ids[i]))
	}
	return answer, nil
}

// eachEntry does the entries of a batch one after the other.
func (s *Service) eachEntry(in *request, kind string, do func(*queue, *entry) error) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.Entries, kind); err != nil {
		return nil, err
	}
	answer := &batchAnswer{Successful: []any{}}
	for i := range in.Entries {
		e := &in.Entries[i]
		if err := do(q, e); err != nil {
			if err := answer.fail(e.ID, err); err != nil {
				return nil, err
			}
			continue
		}
		answer.Successful = append(answer.Successful, map[string]string{"Id": e.ID})
	}
	return answer, nil
}

func (s *Service) deleteBatch(_ context.Context, _ *gate.Call, in *request) (any, error) {
	return s.eachEntry(in, "DeleteMessageBatchRequestEntry", s.deleteOne)
}

func (s *Service) changeBatch(_ context.Context, _ *gate.Call, in *request) (any, error) {
	return s.eachEntry(in, "ChangeMessageVisibilityBatchRequestEntry", s.changeOne)
}
