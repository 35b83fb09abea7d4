// Package events is Amazon EventBridge of the local cloud: buses with their
// policies, rules with patterns or schedules, and targets that are called as
// the service itself or as a role, so that IAM decides each delivery.
package events

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/writ-dev/writ/localcloud/delivery"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// Principal is the service as a caller of others.
const Principal = "events.amazonaws.com"

// Config is what the service is made of. DB, Account, Region and Do are
// required, Roles for targets that have a role.
type Config struct {
	DB              *store.DB
	Account, Region string
	// Do makes the deliveries.
	Do    gate.Doer
	Roles delivery.Roles
	Now   func() time.Time
	Rand  io.Reader
	Log   *slog.Logger
	// Pause is the wait before the first retry of a delivery; 0 means a second.
	Pause time.Duration
	// Every is how often rules with a schedule are looked at; 0 means a second.
	Every time.Duration
}

// Service is EventBridge. It implements gate.Service.
type Service struct {
	cfg    Config
	ops    map[string]operation
	post   *delivery.Post
	stop   chan struct{}
	closed sync.Once
	clock  sync.WaitGroup

	// changes makes changes one at a time; mu guards the maps.
	changes sync.Mutex
	mu      sync.RWMutex
	buses   map[string]*bus
	rules   map[string]*rule // by bus and name, see ruleKey
}

// operation is one row of the service.
type operation struct {
	asks func(*gate.Call, *request) ([]gate.Ask, error)
	run  func(context.Context, *gate.Call, *request) (any, error)
}

// New reads the stored buses and rules. Resume starts the deliveries and the
// clock, Close stops them.
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
	if cfg.Every == 0 {
		cfg.Every = time.Second
	}
	s := &Service{cfg: cfg, stop: make(chan struct{}), buses: map[string]*bus{}, rules: map[string]*rule{}}
	s.ops = s.operations()
	s.post = delivery.New(delivery.Config{
		DB: cfg.DB, Name: "events", Account: cfg.Account, Region: cfg.Region, Do: cfg.Do, Roles: cfg.Roles,
		Now: cfg.Now, Log: cfg.Log, Code: errorCode, Pause: cfg.Pause,
	})
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("read event buses: %w", err)
	}
	return s, nil
}

// Resume takes up the deliveries that a stop left and starts the clock; calls
// can be made from then on.
func (s *Service) Resume() error {
	if err := s.post.Resume(); err != nil {
		return err
	}
	s.clock.Go(s.run)
	return nil
}

// Close stops the clock and the deliveries, which go on at the next start.
func (s *Service) Close() {
	s.closed.Do(func() { close(s.stop) })
	s.clock.Wait()
	s.post.Close()
}

func (s *Service) operations() map[string]operation {
	bus, rule := s.onBus, s.onRule
	return map[string]operation{
		"CreateEventBus":        {s.askCreateBus, s.createBus},
		"DeleteEventBus":        {bus("DeleteEventBus"), s.deleteBus},
		"DescribeEventBus":      {bus("DescribeEventBus"), s.describeBus},
		"UpdateEventBus":        {bus("UpdateEventBus"), s.updateBus},
		"ListEventBuses":        {anywhere("ListEventBuses"), s.listBuses},
		"PutPermission":         {anywhere("PutPermission"), s.putPermission},
		"RemovePermission":      {anywhere("RemovePermission"), s.removePermission},
		"PutRule":               {s.askPutRule, s.putRule},
		"DeleteRule":            {rule("DeleteRule"), s.deleteRule},
		"DescribeRule":          {rule("DescribeRule"), s.describeRule},
		"EnableRule":            {rule("EnableRule"), s.enableRule},
		"DisableRule":           {rule("DisableRule"), s.disableRule},
		"ListRules":             {anywhere("ListRules"), s.listRules},
		"PutTargets":            {s.askPutTargets, s.putTargets},
		"RemoveTargets":         {rule("RemoveTargets"), s.removeTargets},
		"ListTargetsByRule":     {rule("ListTargetsByRule"), s.listTargets},
		"ListRuleNamesByTarget": {anywhere("ListRuleNamesByTarget"), s.listRuleNames},
		"PutEvents":             {s.askPutEvents, s.putEvents},
		"TestEventPattern":      {anywhere("TestEventPattern"), s.testPattern},
		"TagResource":           {s.askTag("TagResource"), s.tagResource},
		"UntagResource":         {s.askTag("UntagResource"), s.untagResource},
		"ListTagsForResource":   {s.askTag("ListTagsForResource"), s.listTags},
	}
}

// request holds the members of all requests; each operation reads its own.
type request struct {
	Name, EventBusName, Description   string
	KmsKeyIdentifier, EventSourceName string
	DeadLetterConfig                  *deadLetter
	Tags                              []tag
	TagKeys                           []string
	ResourceARN                       string
	NamePrefix, NextToken             string
	Limit                             *int
	StatementID                       string `json:"StatementId"`
	Action, Principal, Policy         string
	Condition                         *struct{ Type, Key, Value string }
	RemoveAllPermissions              bool
	EventPattern, ScheduleExpression  string
	State, RoleArn, Rule, TargetArn   string
	Targets                           []target
	IDs                               []string `json:"Ids"`
	Entries                           []entry
	Event                             string

	letter *delivery.Letter
}

type tag struct{ Key, Value string }

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	return gate.Info{Name: "events", Protocol: gate.JSON11, Target: "AWSEvents"}
}

// Describe gives what IAM has to decide.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	o, ok := s.ops[c.Operation]
	if !ok {
		return nil, gate.UnknownOperation(s.Info(), c)
	}
	q := &request{}
	q.letter, _ = c.Input.(*delivery.Letter) // a delivery of another bus
	if len(c.Body) > 0 {
		if err := json.Unmarshal(c.Body, q); err != nil {
			return nil, gate.Errorf("SerializationException", "The request could not be read: %s", err)
		}
	}
	c.Input = q
	return o.asks(c, q)
}

// Handle does the call.
func (s *Service) Handle(ctx context.Context, c *gate.Call) (*gate.Reply, error) {
	q, ok := c.Input.(*request)
	if !ok {
		return nil, fmt.Errorf("call of events:%s was not described", c.Operation)
	}
	answer, err := s.ops[c.Operation].run(ctx, c, q)
	if err != nil {
		return nil, err
	}
	r := &gate.Reply{Status: http.StatusOK, Body: []byte("{}")}
	if answer != nil {
		if r.Body, err = json.Marshal(answer); err != nil {
			return nil, fmt.Errorf("encode answer: %w", err)
		}
	}
	return r, nil
}

func (s *Service) arn(resource string) string {
	return "arn:aws:events:" + s.cfg.Region + ":" + s.cfg.Account + ":" + resource
}

func (s *Service) uuid() (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:], nil
}

// errorCode words why a delivery failed, as EventBridge does in dead letters.
func errorCode(err error) string {
	code := gate.CodeOf(err)
	switch {
	case strings.HasPrefix(code, "AccessDenied") || code == "AuthorizationError":
		return "NO_PERMISSIONS"
	case strings.Contains(code, "NotFound") || strings.Contains(code, "NonExistent") || code == "QueueDoesNotExist":
		return "NO_RESOURCE"
	case code == "":
		return "INTERNAL_ERROR"
	}
	return code
}

func invalid(format string, args ...any) *gate.Error {
	return gate.Errorf("ValidationException", format, args...)
}

func constraint(value, field, rule string) *gate.Error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, field, rule)
}

func notFound(format string, args ...any) *gate.Error {
	return gate.Errorf("ResourceNotFoundException", format, args...)
}
