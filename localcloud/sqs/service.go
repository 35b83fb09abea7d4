// Package sqs is Amazon SQS of the local cloud: standard and FIFO queues,
// durable messages, long polling, visibility, dead-letter queues, and queue
// policies that decide together with the callers' own.
package sqs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// Config is what the service is made of. DB, Account, Region and Endpoint are required.
type Config struct {
	DB              *store.DB
	Account, Region string
	// Endpoint is the cloud's own URL, which queue URLs begin with.
	Endpoint func() string
	Now      func() time.Time
	Rand     io.Reader
	Log      *slog.Logger
}

// Service is SQS. It implements gate.Service.
type Service struct {
	cfg    Config
	ops    map[string]operation
	stop   chan struct{}
	closed sync.Once

	// changes makes changes of queues one at a time; mu guards the map.
	changes sync.Mutex
	mu      sync.RWMutex
	queues  map[string]*queue
}

// operation is one row of the service.
type operation struct {
	asks func(*request) ([]gate.Ask, error)
	run  func(context.Context, *gate.Call, *request) (any, error)
}

// New reads the stored queues and makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, stop: make(chan struct{}), queues: map[string]*queue{}}
	s.ops = s.operations()
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("read queues: %w", err)
	}
	return s, nil
}

// Close ends the receives that wait; they answer with no messages.
func (s *Service) Close() { s.closed.Do(func() { close(s.stop) }) }

func (s *Service) operations() map[string]operation {
	on := s.onQueue
	return map[string]operation{
		"CreateQueue":                  {s.askCreate, s.createQueue},
		"DeleteQueue":                  {on("DeleteQueue"), s.deleteQueue},
		"GetQueueUrl":                  {s.askURL, s.getQueueURL},
		"ListQueues":                   {s.askList, s.listQueues},
		"ListDeadLetterSourceQueues":   {on("ListDeadLetterSourceQueues"), s.listSources},
		"GetQueueAttributes":           {on("GetQueueAttributes"), s.getAttributes},
		"SetQueueAttributes":           {on("SetQueueAttributes"), s.setAttributes},
		"PurgeQueue":                   {on("PurgeQueue"), s.purgeQueue},
		"TagQueue":                     {s.askTag, s.tagQueue},
		"UntagQueue":                   {s.askUntag, s.untagQueue},
		"ListQueueTags":                {on("ListQueueTags"), s.listTags},
		"AddPermission":                {on("AddPermission"), s.addPermission},
		"RemovePermission":             {on("RemovePermission"), s.removePermission},
		"SendMessage":                  {on("SendMessage"), s.sendMessage},
		"SendMessageBatch":             {on("SendMessage"), s.sendBatch},
		"ReceiveMessage":               {on("ReceiveMessage"), s.receiveMessage},
		"DeleteMessage":                {on("DeleteMessage"), s.deleteMessage},
		"DeleteMessageBatch":           {on("DeleteMessage"), s.deleteBatch},
		"ChangeMessageVisibility":      {on("ChangeMessageVisibility"), s.changeVisibility},
		"ChangeMessageVisibilityBatch": {on("ChangeMessageVisibility"), s.changeBatch},
	}
}

// request holds the members of all requests; each operation reads its own.
type request struct {
	entry

	QueueName, QueueUrl, QueueNamePrefix                               string
	Attributes                                                         map[string]string
	Tags                                                               map[string]string
	TagKeys                                                            []string
	AttributeNames, MessageSystemAttributeNames, MessageAttributeNames []string
	Entries                                                            []entry
	MaxNumberOfMessages, WaitTimeSeconds, MaxResults                   *int
	NextToken                                                          string
	Label                                                              string
	AWSAccountIds, Actions                                             []string

	// name is the queue's, whichever member gave it.
	name string
}

// entry is a message, or what is to be done with one.
type entry struct {
	ID                      string `json:"Id"`
	MessageBody             *string
	DelaySeconds            *int
	MessageAttributes       map[string]attribute
	MessageSystemAttributes map[string]attribute
	MessageDeduplicationID  string `json:"MessageDeduplicationId"`
	MessageGroupID          string `json:"MessageGroupId"`
	ReceiptHandle           string
	VisibilityTimeout       *int
}

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	return gate.Info{Name: "sqs", Protocol: gate.JSON10, Target: "AmazonSQS", ErrorPrefix: "com.amazonaws.sqs#"}
}

// Describe gives what IAM has to decide.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	o, ok := s.ops[c.Operation]
	if !ok {
		return nil, gate.UnknownOperation(s.Info(), c)
	}
	q := &request{}
	if len(c.Body) > 0 {
		if err := json.Unmarshal(c.Body, q); err != nil {
			return nil, gate.Errorf("SerializationException", "The request could not be read: %s", err)
		}
	}
	if q.QueueUrl != "" {
		var err error
		if q.name, err = s.nameOfURL(q.QueueUrl); err != nil {
			return nil, err
		}
	}
	c.Input = q
	return o.asks(q)
}

// Handle does the call.
func (s *Service) Handle(ctx context.Context, c *gate.Call) (*gate.Reply, error) {
	q, ok := c.Input.(*request)
	if !ok {
		return nil, fmt.Errorf("call of sqs:%s was not described", c.Operation)
	}
	answer, err := s.ops[c.Operation].run(ctx, c, q)
	if err != nil {
		return nil, err
	}
	r := &gate.Reply{Body: []byte("{}")}
	if answer != nil {
		if r.Body, err = json.Marshal(answer); err != nil {
			return nil, fmt.Errorf("encode answer: %w", err)
		}
	}
	return r, nil
}

func (s *Service) random(n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return hex.EncodeToString(b), nil
}

func (s *Service) uuid() (string, error) {
	h, err := s.random(16)
	if err != nil {
		return "", err
	}
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:], nil
}
