package sqs

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// record is a queue as it is stored.
type record struct {
	// ID tells a queue from one of the same name before it.
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Created    int64             `json:"created"` // seconds
	Modified   int64             `json:"modified"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
}

// number gives an attribute, or its default.
func (r *record) number(name string) int64 {
	text, ok := r.Attributes[name]
	if !ok {
		return settable[name].usual
	}
	n, _ := strconv.ParseInt(text, 10, 64) // checked when it was set
	return n
}

func (r *record) seconds(name string) time.Duration {
	return time.Duration(r.number(name)) * time.Second
}

func (r *record) fifo() bool { return strings.HasSuffix(r.Name, ".fifo") }

// queue is a queue as it stands. Its definition is replaced as a whole.
type queue struct {
	id, name string

	// order makes the messages of a FIFO queue come in one after the other.
	order sync.Mutex

	mu       sync.Mutex
	record   record
	policy   *iam.Policy
	deleted  bool
	purged   time.Time
	messages []*message // by seq
	seen     map[string]seen
	wake     chan struct{} // closed when a receive may find more
}

// definition gives the queue's record and policy.
func (q *queue) definition() (record, *iam.Policy) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.record, q.policy
}

// rouse lets the receives that wait look again. The caller holds q.mu.
func (q *queue) rouse() {
	close(q.wake)
	q.wake = make(chan struct{})
}

func newQueue(r record) (*queue, error) {
	q := &queue{id: r.ID, name: r.Name, wake: make(chan struct{}), seen: map[string]seen{}}
	return q, q.define(r)
}

// define sets what the queue is. The caller holds q.mu, or q is new.
func (q *queue) define(r record) error {
	policy, err := compile(r.Attributes["Policy"], r.Name)
	if err != nil {
		return err
	}
	q.record, q.policy = r, policy
	return nil
}

func compile(text, name string) (*iam.Policy, error) {
	if text == "" {
		return nil, nil
	}
	policy, err := iam.Load([]byte(text), iam.Origin{Type: iam.TypeResource, Name: name})
	if err != nil {
		return nil, badAttribute("Policy")
	}
	return policy, nil
}

func (s *Service) arn(name string) string {
	return "arn:aws:sqs:" + s.cfg.Region + ":" + s.cfg.Account + ":" + name
}

func (s *Service) url(name string) string {
	return strings.TrimSuffix(s.cfg.Endpoint(), "/") + "/" + s.cfg.Account + "/" + name
}

// nameOfURL reads the queue's name from its URL, by the path alone: the cloud
// may have been started on another port since.
func (s *Service) nameOfURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", failure("InvalidAddress", "InvalidAddress", "The address %s is not valid for this endpoint.", text)
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	name := parts[len(parts)-1]
	if len(parts) > 1 && parts[len(parts)-2] != s.cfg.Account || !validName(name) {
		return "", errNoQueue()
	}
	return name, nil
}

// nameOfARN reads the queue's name from its ARN.
func (s *Service) nameOfARN(arn string) (string, bool) {
	name, ok := strings.CutPrefix(arn, s.arn(""))
	return name, ok && validName(name)
}

var nameRule = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

func validName(name string) bool {
	base := strings.TrimSuffix(name, ".fifo")
	return nameRule.MatchString(base) && len(name) <= 80
}

func (s *Service) find(name string) *queue {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.queues[name]
}

func (s *Service) need(q *request) (*queue, error) {
	if q.QueueUrl == "" {
		return nil, missing("QueueUrl")
	}
	found := s.find(q.name)
	if found == nil {
		return nil, errNoQueue()
	}
	return found, nil
}

// onQueue asks for one action on the queue of the URL.
func (s *Service) onQueue(action string) func(*request) ([]gate.Ask, error) {
	return func(q *request) ([]gate.Ask, error) {
		if q.QueueUrl == "" {
			return nil, missing("QueueUrl")
		}
		return []gate.Ask{s.ask(action, q.name, nil)}, nil
	}
}

func (s *Service) ask(action, name string, keys iam.Context) gate.Ask {
	ask := gate.Ask{Action: "sqs:" + action, Resource: s.arn(name), Context: keys}
	if found := s.find(name); found != nil {
		r, policy := found.definition()
		ask.ResourcePolicy, ask.ResourceTags = policy, r.Tags
	}
	return ask
}

func (s *Service) askURL(q *request) ([]gate.Ask, error) {
	if q.QueueName == "" {
		return nil, missing("QueueName")
	}
	return []gate.Ask{s.ask("GetQueueUrl", q.QueueName, nil)}, nil
}

func (s *Service) askList(*request) ([]gate.Ask, error) {
	return []gate.Ask{{Action: "sqs:ListQueues", Resource: "*"}}, nil
}

// askCreate asks for sqs:TagQueue as well when the queue is to have tags.
func (s *Service) askCreate(q *request) ([]gate.Ask, error) {
	if q.QueueName == "" {
		return nil, missing("QueueName")
	}
	keys := tagContext(q.Tags)
	asks := []gate.Ask{s.ask("CreateQueue", q.QueueName, keys)}
	if len(q.Tags) > 0 {
		asks = append(asks, s.ask("TagQueue", q.QueueName, keys))
	}
	return asks, nil
}

func (s *Service) askTag(q *request) ([]gate.Ask, error) {
	if q.QueueUrl == "" {
		return nil, missing("QueueUrl")
	}
	return []gate.Ask{s.ask("TagQueue", q.name, tagContext(q.Tags))}, nil
}

func (s *Service) askUntag(q *request) ([]gate.Ask, error) {
	if q.QueueUrl == "" {
		return nil, missing("QueueUrl")
	}
	return []gate.Ask{s.ask("UntagQueue", q.name, iam.Context{"aws:tagkeys": iam.Many(q.TagKeys...)})}, nil
}

// tagContext gives the keys that a request with tags has.
func tagContext(tags map[string]string) iam.Context {
	if len(tags) == 0 {
		return nil
	}
	keys := iam.Context{"aws:tagkeys": iam.Many(slices.Sorted(maps.Keys(tags))...)}
	for k, v := range tags {
		keys["aws:requesttag/"+iam.Key(k)] = iam.One(v)
	}
	return keys
}

// load reads all queues and what is to be known of their messages.
func (s *Service) load() error {
	return s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket("sqs", "queues")
		if err != nil {
			return err
		}
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			var r record
			if err := json.Unmarshal(v, &r); err != nil {
				return fmt.Errorf("decode queue %s: %w", k, err)
			}
			q, err := newQueue(r)
			if err != nil {
				return fmt.Errorf("read queue %s: %w", k, err)
			}
			if err := q.load(tx); err != nil {
				return err
			}
			s.queues[r.Name] = q
		}
		return nil
	})
}

// save stores a queue's record.
func (s *Service) save(r record) error {
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("sqs", "queues")
		if err != nil {
			return err
		}
		return b.PutJSON(r.Name, r)
	})
}

// change edits a copy of a queue's record, stores it and makes it the one that stands.
func (s *Service) change(q *queue, edit func(*record) error) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	if s.find(q.name) != q {
		return errNoQueue()
	}
	r, _ := q.definition()
	r.Attributes, r.Tags = maps.Clone(r.Attributes), maps.Clone(r.Tags)
	if r.Attributes == nil {
		r.Attributes = map[string]string{}
	}
	if r.Tags == nil {
		r.Tags = map[string]string{}
	}
	if err := edit(&r); err != nil {
		return err
	}
	if _, err := compile(r.Attributes["Policy"], r.Name); err != nil {
		return err
	}
	if err := s.save(r); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rouse()
	return q.define(r)
}
