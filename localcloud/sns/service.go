// Package sns is Amazon SNS of the local cloud: topics, subscriptions of
// queues and functions, filters, and deliveries that come in as the service
// itself, so that queue and function policies decide on them.
package sns

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// Principal is the service as a caller of others.
const Principal = "sns.amazonaws.com"

// Config is what the service is made of. DB, Account, Region and Do are required.
type Config struct {
	DB              *store.DB
	Account, Region string
	// Do makes the deliveries.
	Do   gate.Doer
	Now  func() time.Time
	Rand io.Reader
	Log  *slog.Logger
	// Retries are the waits before a delivery that failed is tried again; nil
	// means 1, 2 and 4 seconds. AWS tries for 23 days.
	Retries []time.Duration
}

// Service is SNS. It implements gate.Service.
type Service struct {
	cfg  Config
	ops  map[string]operation
	post *post

	// changes makes changes one at a time; mu guards the maps.
	changes       sync.Mutex
	mu            sync.RWMutex
	topics        map[string]*topic
	subscriptions map[string]*subscription // by ARN
}

// operation is one row of the service.
type operation struct {
	asks func(*gate.Call) ([]gate.Ask, error)
	run  func(*gate.Call) (any, error)
}

// New reads the stored topics and makes the service; Resume starts the
// deliveries that a stop cut short, Close ends them.
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
	if cfg.Retries == nil {
		cfg.Retries = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}
	}
	s := &Service{cfg: cfg, topics: map[string]*topic{}, subscriptions: map[string]*subscription{}}
	s.ops, s.post = s.operations(), newPost(s)
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("read topics: %w", err)
	}
	return s, nil
}

// Close stops the deliveries; those under way go on at the next start.
func (s *Service) Close() { s.post.close() }

func (s *Service) operations() map[string]operation {
	on, sub := s.onTopic, s.onSubscription
	return map[string]operation{
		"CreateTopic":               {s.askCreate, s.createTopic},
		"DeleteTopic":               {on("DeleteTopic", "TopicArn"), s.deleteTopic},
		"ListTopics":                {anywhere("ListTopics"), s.listTopics},
		"GetTopicAttributes":        {on("GetTopicAttributes", "TopicArn"), s.getTopicAttributes},
		"SetTopicAttributes":        {on("SetTopicAttributes", "TopicArn"), s.setTopicAttributes},
		"AddPermission":             {on("AddPermission", "TopicArn"), s.addPermission},
		"RemovePermission":          {on("RemovePermission", "TopicArn"), s.removePermission},
		"Subscribe":                 {s.askSubscribe, s.subscribe},
		"Unsubscribe":               {sub("Unsubscribe"), s.unsubscribe},
		"ListSubscriptions":         {anywhere("ListSubscriptions"), s.listSubscriptions},
		"ListSubscriptionsByTopic":  {on("ListSubscriptionsByTopic", "TopicArn"), s.listSubscriptions},
		"GetSubscriptionAttributes": {sub("GetSubscriptionAttributes"), s.getSubscriptionAttributes},
		"SetSubscriptionAttributes": {sub("SetSubscriptionAttributes"), s.setSubscriptionAttributes},
		"Publish":                   {s.askPublish, s.publish},
		"PublishBatch":              {on("Publish", "TopicArn"), s.publishBatch},
		"TagResource":               {s.askTag, s.tagResource},
		"UntagResource":             {s.askUntag, s.untagResource},
		"ListTagsForResource":       {on("ListTagsForResource", "ResourceArn"), s.listTags},
	}
}

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	return gate.Info{Name: "sns", Protocol: gate.Query, Version: "2010-03-31", XMLNamespace: "http://sns.amazonaws.com/doc/2010-03-31/"}
}

// Describe gives what IAM has to decide.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	o, ok := s.ops[c.Operation]
	if !ok {
		return nil, gate.UnknownOperation(s.Info(), c)
	}
	return o.asks(c)
}

// Handle does the call.
func (s *Service) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	o, ok := s.ops[c.Operation]
	if !ok {
		return nil, fmt.Errorf("call of sns:%s was not described", c.Operation)
	}
	answer, err := o.run(c)
	if err != nil {
		return nil, err
	}
	return gate.XMLReply(s.Info(), c, answer)
}

// nothing is the result of operations that answer nothing but that they are done.
type nothing struct{}

func (s *Service) arn(name string) string {
	return "arn:aws:sns:" + s.cfg.Region + ":" + s.cfg.Account + ":" + name
}

var nameRule = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// topicName reads a topic's name from its ARN.
func (s *Service) topicName(arn, parameter string) (string, error) {
	name, ok := strings.CutPrefix(arn, s.arn(""))
	if !ok || !nameRule.MatchString(strings.TrimSuffix(name, ".fifo")) {
		return "", invalid("%s Reason: An ARN must have at least 6 elements and name a topic of this account and region, not %s", parameter, arn)
	}
	return name, nil
}

func anywhere(action string) func(*gate.Call) ([]gate.Ask, error) {
	return func(*gate.Call) ([]gate.Ask, error) { return []gate.Ask{{Action: "sns:" + action, Resource: "*"}}, nil }
}

func (s *Service) ask(action, name string, keys iam.Context) gate.Ask {
	ask := gate.Ask{Action: "sns:" + action, Resource: s.arn(name), Context: keys}
	if t := s.topic(name); t != nil {
		ask.ResourcePolicy, ask.ResourceTags = t.policy, t.record.Tags
	}
	return ask
}

// onTopic asks for one action on the topic that a parameter names.
func (s *Service) onTopic(action, parameter string) func(*gate.Call) ([]gate.Ask, error) {
	return func(c *gate.Call) ([]gate.Ask, error) {
		name, err := s.topicName(c.Form.Get(parameter), parameter)
		if err != nil {
			return nil, err
		}
		return []gate.Ask{s.ask(action, name, nil)}, nil
	}
}

// onSubscription asks for one action on the topic of a subscription: SNS has
// no resource type of subscriptions (Service Authorization Reference).
func (s *Service) onSubscription(action string) func(*gate.Call) ([]gate.Ask, error) {
	return func(c *gate.Call) ([]gate.Ask, error) {
		arn := c.Form.Get("SubscriptionArn")
		i := strings.LastIndexByte(arn, ':')
		if i < 0 {
			return nil, invalid("SubscriptionArn Reason: An ARN must have at least 6 elements, not 1")
		}
		name, err := s.topicName(arn[:i], "SubscriptionArn")
		if err != nil {
			return nil, err
		}
		return []gate.Ask{s.ask(action, name, nil)}, nil
	}
}

func (s *Service) askCreate(c *gate.Call) ([]gate.Ask, error) {
	tags := tagsOf(c)
	asks := []gate.Ask{s.ask("CreateTopic", c.Form.Get("Name"), tagContext(tags))}
	if len(tags) > 0 {
		asks = append(asks, s.ask("TagResource", c.Form.Get("Name"), tagContext(tags)))
	}
	return asks, nil
}

func (s *Service) askSubscribe(c *gate.Call) ([]gate.Ask, error) {
	name, err := s.topicName(c.Form.Get("TopicArn"), "TopicArn")
	if err != nil {
		return nil, err
	}
	keys := iam.Context{"sns:protocol": iam.One(c.Form.Get("Protocol"))}
	if endpoint := c.Form.Get("Endpoint"); endpoint != "" {
		keys["sns:endpoint"] = iam.One(endpoint)
	}
	return []gate.Ask{s.ask("Subscribe", name, keys)}, nil
}

// askPublish finds the topic in either of the parameters that may name it.
func (s *Service) askPublish(c *gate.Call) ([]gate.Ask, error) {
	name, err := s.topicName(target(c), "TopicArn")
	if err != nil {
		return nil, err
	}
	return []gate.Ask{s.ask("Publish", name, nil)}, nil
}

func target(c *gate.Call) string {
	if arn := c.Form.Get("TopicArn"); arn != "" {
		return arn
	}
	return c.Form.Get("TargetArn")
}

func (s *Service) askTag(c *gate.Call) ([]gate.Ask, error) {
	name, err := s.topicName(c.Form.Get("ResourceArn"), "ResourceArn")
	if err != nil {
		return nil, err
	}
	return []gate.Ask{s.ask("TagResource", name, tagContext(tagsOf(c)))}, nil
}

func (s *Service) askUntag(c *gate.Call) ([]gate.Ask, error) {
	name, err := s.topicName(c.Form.Get("ResourceArn"), "ResourceArn")
	if err != nil {
		return nil, err
	}
	return []gate.Ask{s.ask("UntagResource", name, iam.Context{"aws:tagkeys": iam.Many(members(c, "TagKeys")...)})}, nil
}

func (s *Service) topic(name string) *topic {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.topics[name]
}

// need finds the topic of an ARN.
func (s *Service) need(arn, parameter string) (*topic, error) {
	name, err := s.topicName(arn, parameter)
	if err != nil {
		return nil, err
	}
	t := s.topic(name)
	if t == nil {
		return nil, gate.Errorf("NotFound", "Topic does not exist").WithStatus(404)
	}
	return t, nil
}

func invalid(format string, args ...any) *gate.Error {
	return gate.Errorf("InvalidParameter", "Invalid parameter: "+format, args...)
}

func (s *Service) uuid() (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:], nil
}
