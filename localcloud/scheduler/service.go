// Package scheduler is Amazon EventBridge Scheduler of the local cloud:
// schedules in groups, each of which calls its target as the role that it was
// given, so that the role's trust and rights decide.
package scheduler

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/writ-dev/writ/localcloud/delivery"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// Principal is the service as one who takes on roles.
const Principal = "scheduler.amazonaws.com"

// Config is what the service is made of. DB, Account, Region, Do and Roles are required.
type Config struct {
	DB              *store.DB
	Account, Region string
	// Do makes the calls of the targets, Roles takes on the schedules' roles.
	Do    gate.Doer
	Roles delivery.Roles
	Now   func() time.Time
	Rand  io.Reader
	Log   *slog.Logger
	// Pause is the wait before the first retry of a call; 0 means a second.
	Pause time.Duration
	// Every is how often the clock is looked at; 0 means a second.
	Every time.Duration
}

// Service is EventBridge Scheduler. It implements gate.Service.
type Service struct {
	cfg    Config
	ops    map[string]operation
	post   *delivery.Post
	stop   chan struct{}
	closed sync.Once
	clock  sync.WaitGroup

	// changes makes changes one at a time; mu guards the maps.
	changes   sync.Mutex
	mu        sync.RWMutex
	groups    map[string]groupRecord
	schedules map[string]*schedule // by group and name, see key
}

// operation is one row of the service.
type operation struct {
	asks func(*request) ([]gate.Ask, error)
	run  func(context.Context, *request) (any, error)
}

// New reads the stored schedules. Resume starts them, Close stops them.
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
	s := &Service{cfg: cfg, stop: make(chan struct{}), groups: map[string]groupRecord{}, schedules: map[string]*schedule{}}
	s.ops = s.operations()
	s.post = delivery.New(delivery.Config{
		DB: cfg.DB, Name: "scheduler", Account: cfg.Account, Region: cfg.Region, Do: cfg.Do, Roles: cfg.Roles, Now: cfg.Now, Log: cfg.Log, Pause: cfg.Pause,
	})
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("read schedules: %w", err)
	}
	return s, nil
}

// Resume takes up the calls that a stop left and starts the clock.
func (s *Service) Resume() error {
	if err := s.post.Resume(); err != nil {
		return err
	}
	s.clock.Go(s.run)
	return nil
}

// Close stops the clock and the calls, which go on at the next start.
func (s *Service) Close() {
	s.closed.Do(func() { close(s.stop) })
	s.clock.Wait()
	s.post.Close()
}

func (s *Service) operations() map[string]operation {
	return map[string]operation{
		"CreateScheduleGroup": {s.askCreateGroup, s.createGroup},
		"GetScheduleGroup":    {s.onGroup("GetScheduleGroup"), s.getGroup},
		"DeleteScheduleGroup": {s.onGroup("DeleteScheduleGroup"), s.deleteGroup},
		"ListScheduleGroups":  {anywhere("ListScheduleGroups"), s.listGroups},
		"CreateSchedule":      {s.askPut("CreateSchedule"), s.createSchedule},
		"UpdateSchedule":      {s.askPut("UpdateSchedule"), s.updateSchedule},
		"GetSchedule":         {s.onSchedule("GetSchedule"), s.getSchedule},
		"DeleteSchedule":      {s.onSchedule("DeleteSchedule"), s.deleteSchedule},
		"ListSchedules":       {anywhere("ListSchedules"), s.listSchedules},
		"TagResource":         {s.askTag("TagResource"), s.tagResource},
		"UntagResource":       {s.askTag("UntagResource"), s.untagResource},
		"ListTagsForResource": {s.askTag("ListTagsForResource"), s.listTags},
	}
}

// request is a decoded call: the body, what the path names and the query.
type request struct {
	scheduleInput
	Tags        []tag
	ClientToken string

	name  string // of the path
	group string
	arn   string
	query url.Values
}

type tag struct{ Key, Value string }

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	return gate.Info{Name: "scheduler", Protocol: gate.RESTJSON, Route: route}
}

// rows are the paths of the API and what each method does there.
var rows = []struct {
	collection string
	named      bool
	methods    map[string]string
}{
	{"schedules", true, map[string]string{"POST": "CreateSchedule", "GET": "GetSchedule", "PUT": "UpdateSchedule", "DELETE": "DeleteSchedule"}},
	{"schedules", false, map[string]string{"GET": "ListSchedules"}},
	{"schedule-groups", true, map[string]string{"POST": "CreateScheduleGroup", "GET": "GetScheduleGroup", "DELETE": "DeleteScheduleGroup"}},
	{"schedule-groups", false, map[string]string{"GET": "ListScheduleGroups"}},
	{"tags", true, map[string]string{"GET": "ListTagsForResource", "POST": "TagResource", "DELETE": "UntagResource"}},
}

// route names the operation of a call. A tagged resource's ARN may stand in the
// path with its slash.
func route(c *gate.Call) (string, bool) {
	collection, rest, named := strings.Cut(strings.TrimPrefix(c.Path, "/"), "/")
	name, err := url.PathUnescape(rest)
	if err != nil || named && name == "" {
		return "", false
	}
	for _, row := range rows {
		if row.collection == collection && row.named == named {
			c.Vars = map[string]string{"Name": name}
			operation, ok := row.methods[c.Method]
			return operation, ok
		}
	}
	return "", false
}

// Describe gives what IAM has to decide.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	o, ok := s.ops[c.Operation]
	if !ok {
		return nil, gate.UnknownOperation(s.Info(), c)
	}
	q := &request{query: c.Query, name: c.Vars["Name"], arn: c.Vars["Name"]}
	if len(c.Body) > 0 {
		if err := json.Unmarshal(c.Body, q); err != nil {
			return nil, gate.Errorf("SerializationException", "The request could not be read: %s", err)
		}
	}
	q.group = q.GroupName
	if c.Method == http.MethodGet || c.Method == http.MethodDelete {
		q.group = c.Query.Get("groupName")
	}
	if q.group == "" {
		q.group = "default"
	}
	c.Input = q
	return o.asks(q)
}

// Handle does the call.
func (s *Service) Handle(ctx context.Context, c *gate.Call) (*gate.Reply, error) {
	q, ok := c.Input.(*request)
	if !ok {
		return nil, fmt.Errorf("call of scheduler:%s was not described", c.Operation)
	}
	answer, err := s.ops[c.Operation].run(ctx, q)
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

func (s *Service) groupARN(group string) string {
	return "arn:aws:scheduler:" + s.cfg.Region + ":" + s.cfg.Account + ":schedule-group/" + group
}

func (s *Service) scheduleARN(group, name string) string {
	return "arn:aws:scheduler:" + s.cfg.Region + ":" + s.cfg.Account + ":schedule/" + group + "/" + name
}

func (s *Service) uuid() (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:], nil
}

// failure is an error of the service, whose shapes write Message.
func failure(status int, code, format string, args ...any) *gate.Error {
	e := gate.Errorf(code, format, args...).WithStatus(status)
	e.Fields = map[string]any{"Message": e.Message}
	return e
}

func invalid(format string, args ...any) *gate.Error {
	return failure(http.StatusBadRequest, "ValidationException", format, args...)
}

func constraint(value, field, rule string) *gate.Error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, field, rule)
}
