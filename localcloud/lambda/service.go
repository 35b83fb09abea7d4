// Package lambda is AWS Lambda of the local cloud: functions are real
// processes (package process), invocations pass through the gate, and what
// functions print goes to the terminal and to CloudWatch Logs, written with
// the function's own role.
//
// Asynchronous invocations wait in memory only: those not yet run are lost
// when the cloud stops. AWS keeps them for up to six hours. The records of
// those that have run are stored until their destinations have them.
package lambda

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/delivery"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/lambda/poller"
	"github.com/writ-dev/writ/localcloud/lambda/process"
	"github.com/writ-dev/writ/localcloud/store"
)

// Config is what the service is made of. DB, Account, Region, Do, Roles and
// Dir are required.
type Config struct {
	DB              *store.DB
	Account, Region string
	Now             func() time.Time
	Rand            io.Reader
	Log             *slog.Logger
	// Do makes calls to S3 (for code), CloudWatch Logs, and the destinations of
	// asynchronous invocations.
	Do gate.Doer
	// Roles takes on a function's role.
	Roles process.Roles
	// Endpoint is the cloud's own URL, which functions get as AWS_ENDPOINT_URL.
	Endpoint func() string
	// Variables are further variables of a function by its name: see process.Config.
	Variables func(function string) map[string]string
	// Dir holds the functions' code; it belongs to the service alone.
	Dir string
	// OnLog is called for every line of a function's log, in order within one
	// process; it must be quick and may be called from several goroutines.
	OnLog func(function, line string)
	// Getenv reads the host's environment, of which functions get PATH alone.
	Getenv func(string) string
	// MaxProcesses, MaxPerFunction and Idle bound the processes; zero means
	// the defaults of process.Config.
	MaxProcesses, MaxPerFunction int
	Idle                         time.Duration
	// Retries are the waits before the second and third attempt of a failed
	// asynchronous invocation. Nil means 1 and 2 seconds; AWS waits 1 and 2 minutes.
	Retries []time.Duration
	// SendPause is the wait before a destination is tried again; 0 means the
	// delivery's own.
	SendPause time.Duration
	// PollPause is the first wait after an event source could not be read; 0
	// means the poller's own.
	PollPause time.Duration
}

// Service is Lambda. It implements gate.Service.
type Service struct {
	cfg   Config
	ops   map[string]operation
	fleet *process.Fleet
	ship  *shipper
	async *asyncQueue
	// post brings the records of asynchronous invocations to their destinations.
	post *delivery.Post
	// pollers are the event source mappings.
	pollers *poller.Pollers

	// changes makes changes of functions one at a time; mu guards the map.
	changes   sync.Mutex
	mu        sync.RWMutex
	functions map[string]*function
}

// function is one version of a function as it stands: it is replaced as a
// whole, never changed.
type function struct {
	record Record
	arn    string
	policy *iam.Policy
	pool   *process.Pool
	// running counts invocations under way; all generations of a function share it.
	running *atomic.Int64
}

// New reads the stored functions and makes the service; Close ends it. It
// starts no function.
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
	if cfg.OnLog == nil {
		cfg.OnLog = func(string, string) {}
	}
	if cfg.Getenv == nil {
		cfg.Getenv = os.Getenv
	}
	if cfg.Retries == nil {
		cfg.Retries = []time.Duration{time.Second, 2 * time.Second}
	}
	var err error
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return nil, fmt.Errorf("find the code directory: %w", err)
	}
	s := &Service{cfg: cfg, functions: map[string]*function{}}
	s.ops = s.operations()
	s.ship = newShipper(cfg)
	s.fleet, err = process.NewFleet(process.Config{
		Region: cfg.Region, Endpoint: cfg.Endpoint, Variables: cfg.Variables, Roles: cfg.Roles, Lines: s.ship,
		Dir: filepath.Join(cfg.Dir, "run"), Getenv: cfg.Getenv, Now: cfg.Now, Rand: cfg.Rand, Log: cfg.Log,
		MaxProcesses: cfg.MaxProcesses, MaxPerFunction: cfg.MaxPerFunction, Idle: cfg.Idle,
	})
	if err != nil {
		s.ship.close()
		return nil, err
	}
	s.async = newAsyncQueue(s)
	s.post = delivery.New(delivery.Config{
		DB: cfg.DB, Name: "lambda", Account: cfg.Account, Region: cfg.Region, Do: cfg.Do, Roles: cfg.Roles, Now: cfg.Now, Log: cfg.Log, Pause: cfg.SendPause,
	})
	s.pollers, err = poller.New(poller.Config{
		DB: cfg.DB, Account: cfg.Account, Region: cfg.Region, Do: cfg.Do, Roles: cfg.Roles, Functions: fed{s},
		Now: cfg.Now, Rand: cfg.Rand, Log: cfg.Log, Show: cfg.OnLog, Pause: cfg.PollPause,
	})
	if err == nil {
		err = s.load()
	}
	if err != nil {
		_ = s.Close() // the error that counts is the one of reading
		return nil, err
	}
	return s, nil
}

// Resume starts the event source mappings and takes up the records that a stop
// left on their way; the gate must be there.
func (s *Service) Resume() error {
	s.pollers.Resume()
	return s.post.Resume()
}

// Close stops all functions, and returns when their processes are gone and
// their logs are written.
func (s *Service) Close() error {
	if s.pollers != nil {
		s.pollers.Close()
	}
	s.async.close()
	s.post.Close()
	err := s.fleet.Close()
	s.ship.close()
	return err
}

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	return gate.Info{Name: "lambda", Protocol: gate.RESTJSON, Route: Route}
}

// Describe gives what IAM has to decide.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	if c.Operation == "" || c.Vars == nil {
		op, ok := Route(c)
		if !ok || (c.Operation != "" && op != c.Operation) {
			return nil, fmt.Errorf("no operation %q at %s %s", c.Operation, c.Method, c.Path)
		}
		c.Operation = op
	}
	op, ok := s.ops[c.Operation]
	if !ok {
		return nil, gate.Errorf("UnknownOperationException", "The local cloud has no operation lambda:%s.", c.Operation).WithStatus(404)
	}
	in, err := s.target(c)
	if err != nil {
		return nil, err
	}
	c.Input = in
	if op.decode != nil {
		if in.body, err = op.decode(c); err != nil {
			return nil, err
		}
	}
	return op.asks(c, in)
}

// Handle does the call.
func (s *Service) Handle(ctx context.Context, c *gate.Call) (*gate.Reply, error) {
	in, ok := c.Input.(*input)
	if !ok {
		return nil, fmt.Errorf("call of lambda:%s was not described", c.Operation)
	}
	return s.ops[c.Operation].run(ctx, c, in)
}

// find gives a function, or its version that qualifier names.
func (s *Service) find(name, qualifier string) *function {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if qualifier != "" && qualifier != latest {
		name += ":" + qualifier
	}
	return s.functions[name]
}
