// Package poller feeds SQS queues to Lambda functions: event source mappings
// and what runs them. Queues are read as the function's own role, through the
// gate, as on AWS: a role that may not receive gets nothing, and is told so.
package poller

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/store"
)

// Roles takes on a function's role.
type Roles interface {
	AssumeForService(ctx context.Context, r session.ServiceRole) (session.Credentials, gate.Caller, error)
}

// Functions are the functions that mappings feed, by name and qualifier.
type Functions interface {
	// Role gives a function's role and timeout; ok is false when there is no such function.
	Role(name, qualifier string) (arn string, timeout time.Duration, ok bool)
	// Run invokes a function. failed says that the function itself failed.
	Run(ctx context.Context, name, qualifier string, event []byte) (answer []byte, failed bool, err error)
}

// Config is what the pollers are made of. DB, Account, Region, Do, Roles and
// Functions are required.
type Config struct {
	DB              *store.DB
	Account, Region string
	Do              gate.Doer
	Roles           Roles
	Functions       Functions
	Now             func() time.Time
	Rand            io.Reader
	Log             *slog.Logger
	// Show is called with a line for the developer when a function gets no messages.
	Show func(function, line string)
	// Pause is the first wait after a failure; each further one waits twice as
	// long, up to half a minute. 0 means a quarter of a second.
	Pause time.Duration
}

// Pollers are all event source mappings. Its methods may be called by several goroutines.
type Pollers struct {
	cfg Config

	mu       sync.Mutex
	mappings map[string]*running
	started  bool
	closed   bool
	work     sync.WaitGroup
	ctx      context.Context // of what runs
	cut      context.CancelFunc
}

// running is a mapping and the loop that runs it, nil when it is disabled.
type running struct {
	mapping Mapping
	loop    *loop
}

// New reads the stored mappings; Resume starts them.
func New(cfg Config) (*Pollers, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Show == nil {
		cfg.Show = func(string, string) {}
	}
	if cfg.Pause == 0 {
		cfg.Pause = 250 * time.Millisecond
	}
	p := &Pollers{cfg: cfg, mappings: map[string]*running{}}
	p.ctx, p.cut = context.WithCancel(context.Background())
	err := cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket("lambda", "mappings")
		if err != nil {
			return err
		}
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			var m Mapping
			if err := json.Unmarshal(v, &m); err != nil {
				return fmt.Errorf("decode event source mapping %s: %w", k, err)
			}
			p.mappings[m.UUID] = &running{mapping: m}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read event source mappings: %w", err)
	}
	return p, nil
}

// Resume starts the mappings that are enabled; calls can be made from then on.
func (p *Pollers) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started = true
	for _, r := range p.mappings {
		p.start(r)
	}
}

// start runs a mapping's loop when it is enabled. The caller holds p.mu.
func (p *Pollers) start(r *running) {
	if p.closed || !p.started || !r.mapping.Enabled {
		return
	}
	r.loop = newLoop(p, r.mapping)
	p.work.Go(r.loop.run)
}

// halt lets a mapping receive no more; what it has received is still run.
func (r *running) halt() {
	if r.loop != nil {
		r.loop.stop()
		r.loop = nil
	}
}

// grace is how long invocations under way may take when the cloud stops.
const grace = 2 * time.Second

// Close stops receiving, lets invocations under way finish for a moment, and
// cuts off the rest: their messages become visible again.
func (p *Pollers) Close() {
	p.mu.Lock()
	p.closed = true
	for _, r := range p.mappings {
		r.halt()
	}
	p.mu.Unlock()
	timer := time.AfterFunc(grace, p.cut)
	p.work.Wait()
	timer.Stop()
	p.cut()
}

// Get gives a mapping.
func (p *Pollers) Get(uuid string) (Mapping, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.mappings[uuid]
	if !ok {
		return Mapping{}, false
	}
	return r.mapping, true
}

// List gives the mappings of a function and of a source, "" for any, by their id.
func (p *Pollers) List(function, source string) []Mapping {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Mapping
	for _, uuid := range slices.Sorted(maps.Keys(p.mappings)) {
		m := p.mappings[uuid].mapping
		if (function == "" || function == m.Function) && (source == "" || source == m.Source) {
			out = append(out, m)
		}
	}
	return out
}

// Create makes a mapping and starts it.
func (p *Pollers) Create(ctx context.Context, s Settings) (Mapping, error) {
	m := Mapping{Enabled: true, Batch: 10, Modified: p.cfg.Now()}
	if s.Source == "" {
		return m, invalid("Event source ARN is required.")
	}
	m.Source, m.Tags = s.Source, s.Tags
	if err := p.settle(ctx, &m, s); err != nil {
		return m, err
	}
	raw := make([]byte, 16)
	if _, err := io.ReadFull(p.cfg.Rand, raw); err != nil {
		return m, fmt.Errorf("read randomness: %w", err)
	}
	h := hex.EncodeToString(raw)
	m.UUID = h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.mappings {
		if have := r.mapping; have.Source == m.Source && have.Function == m.Function && have.Qualifier == m.Qualifier {
			return m, failure(409, "ResourceConflictException", "An event source mapping with SQS arn (\" %s \") and function (\" %s \") already exists. Please update or delete the existing mapping with UUID %s",
				m.Source, m.Function, have.UUID)
		}
	}
	if err := p.save(m); err != nil {
		return m, err
	}
	r := &running{mapping: m}
	p.mappings[m.UUID] = r
	p.start(r)
	return m, nil
}

// Update changes a mapping. What it has received already is run as before.
func (p *Pollers) Update(ctx context.Context, uuid string, s Settings) (Mapping, error) {
	m, ok := p.Get(uuid)
	if !ok {
		return m, NotFound()
	}
	if s.Source != "" && s.Source != m.Source {
		return m, invalid("The event source of a mapping cannot be changed.")
	}
	m.Modified = p.cfg.Now()
	if err := p.settle(ctx, &m, s); err != nil {
		return m, err
	}
	return p.replace(uuid, func(now *Mapping) { m.Tags = now.Tags; *now = m })
}

// Tag changes a mapping's tags.
func (p *Pollers) Tag(uuid string, tags map[string]string) error {
	_, err := p.replace(uuid, func(m *Mapping) { m.Tags = tags })
	return err
}

func (p *Pollers) replace(uuid string, edit func(*Mapping)) (Mapping, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.mappings[uuid]
	if !ok {
		return Mapping{}, NotFound()
	}
	m := r.mapping
	edit(&m)
	if err := p.save(m); err != nil {
		return m, err
	}
	r.halt()
	r.mapping = m
	p.start(r)
	return m, nil
}

// Delete removes a mapping.
func (p *Pollers) Delete(uuid string) (Mapping, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.mappings[uuid]
	if !ok {
		return Mapping{}, NotFound()
	}
	err := p.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("lambda", "mappings")
		if err != nil {
			return err
		}
		return b.Delete([]byte(uuid))
	})
	if err != nil {
		return Mapping{}, fmt.Errorf("delete event source mapping: %w", err)
	}
	r.halt()
	delete(p.mappings, uuid)
	return r.mapping, nil
}

func (p *Pollers) save(m Mapping) error {
	err := p.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("lambda", "mappings")
		if err != nil {
			return err
		}
		return b.PutJSON(m.UUID, m)
	})
	if err != nil {
		return fmt.Errorf("store event source mapping: %w", err)
	}
	return nil
}

// note keeps how a mapping's last work went.
func (p *Pollers) note(uuid, result string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r, ok := p.mappings[uuid]; ok {
		r.mapping.Result = result
	}
}

// call makes a call of SQS as a function's role.
func (p *Pollers) call(ctx context.Context, as gate.Caller, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode %s: %w", operation, err)
	}
	reply, err := p.cfg.Do.Do(ctx, &gate.Call{
		Service: "sqs", Operation: operation, Body: body, Caller: as, Account: p.cfg.Account, Region: p.cfg.Region,
		UserAgent: "lambda.amazonaws.com", Secure: true,
	})
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(reply.Body, out)
}

// url gives a queue's URL of its ARN; SQS reads the path alone.
func (p *Pollers) url(arn string) string {
	return "https://sqs." + p.cfg.Region + ".amazonaws.com/" + p.cfg.Account + "/" + arn[strings.LastIndexByte(arn, ':')+1:]
}

// assume takes on a function's role.
func (p *Pollers) assume(ctx context.Context, m *Mapping) (session.Credentials, gate.Caller, error) {
	role, _, ok := p.cfg.Functions.Role(m.Function, m.Qualifier)
	if !ok {
		return session.Credentials{}, gate.Caller{}, failure(404, "ResourceNotFoundException", "Function not found: %s", m.Function)
	}
	return p.cfg.Roles.AssumeForService(ctx, session.ServiceRole{
		Principal: "lambda.amazonaws.com", RoleARN: role, SessionName: m.Function, Duration: time.Hour,
	})
}
