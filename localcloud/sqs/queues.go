package sqs

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

const maxTags = 50

func checkQueueName(name string, attributes map[string]string) error {
	wantsFIFO := attributes["FifoQueue"] == "true"
	switch {
	case wantsFIFO && (!validName(name) || !strings.HasSuffix(name, ".fifo")):
		return invalid("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.")
	case !wantsFIFO && (!validName(name) || strings.HasSuffix(name, ".fifo")):
		return invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	return nil
}

// createQueue is idempotent: a queue that is there and has the attributes that
// were asked for is answered as if it were new.
func (s *Service) createQueue(_ context.Context, _ *gate.Call, in *request) (any, error) {
	if err := checkQueueName(in.QueueName, in.Attributes); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	answer := map[string]string{"QueueUrl": s.url(in.QueueName)}
	now := s.cfg.Now()
	r := record{Name: in.QueueName, Created: now.Unix(), Modified: now.Unix(), Attributes: map[string]string{}, Tags: in.Tags}
	if err := s.apply(&r, in.Attributes); err != nil {
		return nil, err
	}
	if there := s.find(in.QueueName); there != nil {
		have := s.describe(there)
		for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
			if have[name] != r.Attributes[name] {
				return nil, failure("QueueNameExists", "QueueAlreadyExists", "A queue already exists with the same name and a different value for attribute %s", name)
			}
		}
		return answer, nil
	}
	var err error
	if r.ID, err = s.random(8); err != nil {
		return nil, err
	}
	q, err := newQueue(r)
	if err != nil {
		return nil, err
	}
	if err := s.save(r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.queues[r.Name] = q
	s.mu.Unlock()
	return answer, nil
}

// deleteQueue removes a queue with its messages. Unlike AWS a queue of the
// same name may be made at once.
func (s *Service) deleteQueue(_ context.Context, _ *gate.Call, in *request) (any, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	err = s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("sqs", "queues")
		if err != nil {
			return err
		}
		if err := b.Delete([]byte(q.name)); err != nil {
			return err
		}
		if err := tx.DeleteBucket("sqs", "seen", q.id); err != nil {
			return err
		}
		return tx.DeleteBucket("sqs", "messages", q.id)
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	delete(s.queues, q.name)
	s.mu.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.deleted, q.messages = true, nil
	q.rouse()
	return nil, nil
}

func (s *Service) getQueueURL(_ context.Context, _ *gate.Call, in *request) (any, error) {
	if s.find(in.QueueName) == nil {
		return nil, errNoQueue()
	}
	return map[string]string{"QueueUrl": s.url(in.QueueName)}, nil
}

func (s *Service) names() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.queues))
}

func (s *Service) listQueues(_ context.Context, _ *gate.Call, in *request) (any, error) {
	return s.page(in, "QueueUrls", func(name string) bool { return strings.HasPrefix(name, in.QueueNamePrefix) })
}

// listSources lists the queues whose dead letters go to this one.
func (s *Service) listSources(_ context.Context, _ *gate.Call, in *request) (any, error) {
	target, err := s.need(in)
	if err != nil {
		return nil, err
	}
	return s.page(in, "queueUrls", func(name string) bool {
		q := s.find(name)
		if q == nil {
			return false
		}
		r, _ := q.definition()
		to, err := s.readRedrive(&r, r.Attributes["RedrivePolicy"])
		return err == nil && to.name == target.name
	})
}

// page lists the URLs of some queues, at most 1000 at once.
func (s *Service) page(in *request, member string, wanted func(string) bool) (any, error) {
	limit := 1000
	if in.MaxResults != nil {
		if limit = *in.MaxResults; limit < 1 || limit > 1000 {
			return nil, invalidReason("", "MaxResults", "MaxResults must be an integer between 1 and 1000.")
		}
	}
	after, err := base64.RawURLEncoding.DecodeString(in.NextToken)
	if err != nil {
		return nil, invalidReason(in.NextToken, "NextToken", "Invalid NextToken value.")
	}
	urls, answer, last := []string{}, map[string]any{}, ""
	for _, name := range s.names() {
		if name <= string(after) || !wanted(name) {
			continue
		}
		if len(urls) == limit {
			if in.MaxResults != nil {
				answer["NextToken"] = base64.RawURLEncoding.EncodeToString([]byte(last))
			}
			break
		}
		urls, last = append(urls, s.url(name)), name
	}
	answer[member] = urls
	return answer, nil
}

// purgeQueue drops all messages; once a minute, as on AWS.
func (s *Service) purgeQueue(_ context.Context, _ *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Now()
	q.mu.Lock()
	if !q.purged.IsZero() && now.Sub(q.purged) < time.Minute {
		q.mu.Unlock()
		return nil, failure("PurgeQueueInProgress", simple+"PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name).WithStatus(403)
	}
	list, before := q.messages, q.purged
	q.purged, q.messages = now, nil
	q.mu.Unlock()
	var keys []uint64
	for _, m := range list {
		keys = append(keys, m.seq)
	}
	err = s.drop(q, keys)
	if err != nil { // nothing was removed
		q.mu.Lock()
		defer q.mu.Unlock()
		q.purged = before
		for _, m := range list {
			q.insert(m)
		}
	}
	return nil, err
}

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return invalid("Too many tags added for queue. Maximum number of tags is %d.", maxTags)
	}
	for k, v := range tags {
		if k == "" || len(k) > 128 || len(v) > 256 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return invalid("Tag keys must be between 1 and 128 characters in length, must not begin with aws:, and values at most 256: %s", k)
		}
	}
	return nil
}

func (s *Service) tagQueue(_ context.Context, _ *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, missing("Tags")
	}
	return nil, s.change(q, func(r *record) error {
		if err := checkTags(in.Tags); err != nil {
			return err
		}
		maps.Copy(r.Tags, in.Tags)
		return checkTags(r.Tags)
	})
}

func (s *Service) untagQueue(_ context.Context, _ *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	if len(in.TagKeys) == 0 {
		return nil, missing("TagKeys")
	}
	return nil, s.change(q, func(r *record) error {
		for _, k := range in.TagKeys {
			delete(r.Tags, k)
		}
		return nil
	})
}

func (s *Service) listTags(_ context.Context, _ *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	r, _ := q.definition()
	if len(r.Tags) == 0 {
		return nil, nil
	}
	return map[string]any{"Tags": r.Tags}, nil
}
