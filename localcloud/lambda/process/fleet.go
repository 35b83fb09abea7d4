package process

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Config is what a fleet is made of. Roles, Lines and Dir are required.
type Config struct {
	Region string
	// Endpoint gives AWS_ENDPOINT_URL for functions. It is asked at each start of a process.
	Endpoint func() string
	// Variables gives further variables of a function, by its name, which stand in no configuration of it; nil for none.
	// They give way to those that it sets itself. It is asked at each start of a process.
	Variables func(function string) map[string]string
	Roles     Roles
	Lines     Lines
	// Dir is a directory of the fleet's own: the small runtime clients and
	// the processes' temporary directories.
	Dir string
	// Getenv reads the host's environment; only PATH is taken from it.
	Getenv func(string) string
	Now    func() time.Time
	Rand   io.Reader
	Log    *slog.Logger
	// MaxProcesses bounds all processes, MaxPerFunction those of one pool.
	// Zero means 128 and 32.
	MaxProcesses   int
	MaxPerFunction int
	// Idle is how long a process may wait for work before it is stopped. Zero means 5 minutes.
	Idle time.Duration
	// WaitForProcess is how long an invocation waits when the bounds are
	// reached. Zero means 30 seconds.
	WaitForProcess time.Duration
}

// Fleet owns the processes of all functions.
type Fleet struct {
	cfg          Config
	spawn        *spawner
	guard        *watchdog
	interpreters interpreters

	mu     sync.Mutex
	pools  map[*Pool]struct{}
	total  int
	closed bool
	// dying are the processes that were not yet seen to end.
	dying sync.WaitGroup
	stop  chan struct{}
	loops sync.WaitGroup
}

// NewFleet makes a fleet; Close ends it.
func NewFleet(cfg Config) (*Fleet, error) {
	cfg.MaxProcesses = orInt(cfg.MaxProcesses, 128)
	cfg.MaxPerFunction = orInt(cfg.MaxPerFunction, 32)
	cfg.Idle = orDuration(cfg.Idle, 5*time.Minute)
	cfg.WaitForProcess = orDuration(cfg.WaitForProcess, 30*time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Getenv == nil {
		cfg.Getenv = os.Getenv
	}
	if cfg.Endpoint == nil {
		cfg.Endpoint = func() string { return "" }
	}
	if err := writeClients(cfg.Dir); err != nil {
		return nil, fmt.Errorf("write runtime clients: %w", err)
	}
	guard, err := startWatchdog()
	if err != nil {
		// Without it, processes still die with the fleet on Close, and on
		// Linux on its death.
		cfg.Log.Warn("functions may outlive a killed cloud", "error", err)
	}
	f := &Fleet{cfg: cfg, spawn: startSpawner(), guard: guard, pools: map[*Pool]struct{}{}, stop: make(chan struct{})}
	f.loops.Go(f.reap)
	return f, nil
}

func orInt(v, otherwise int) int {
	if v > 0 {
		return v
	}
	return otherwise
}

func orDuration(v, otherwise time.Duration) time.Duration {
	if v > 0 {
		return v
	}
	return otherwise
}

// Pool makes a pool. No process is started before the first Invoke.
func (f *Fleet) Pool(spec Spec) *Pool {
	p := &Pool{fleet: f, spec: spec, all: map[*instance]struct{}{}}
	f.mu.Lock()
	f.pools[p] = struct{}{}
	f.mu.Unlock()
	return p
}

// Close kills every process and returns when all are gone and their last
// lines were handed to Lines.
func (f *Fleet) Close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed = true
	var victims []*instance
	for p := range f.pools {
		p.retired = true
		p.wakeAll()
		for in := range p.all {
			victims = append(victims, in)
		}
	}
	f.mu.Unlock()
	for _, in := range victims {
		in.kill(killedStopping)
	}
	f.dying.Wait()
	close(f.stop)
	f.loops.Wait()
	f.spawn.close()
	f.guard.close()
	return nil
}

// reap stops processes that were idle for too long.
func (f *Fleet) reap() {
	tick := time.NewTicker(max(f.cfg.Idle/4, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-f.stop:
			return
		case <-tick.C:
		}
		now := f.cfg.Now()
		var victims []*instance
		f.mu.Lock()
		for p := range f.pools {
			victims = append(victims, p.takeIdleBefore(now.Add(-f.cfg.Idle))...)
		}
		f.mu.Unlock()
		for _, in := range victims {
			in.kill(killedIdle)
		}
	}
}

// evictIdle takes the process that has been idle longest, of any pool. The
// caller holds f.mu and kills what it is given.
func (f *Fleet) evictIdle() *instance {
	var oldest *instance
	for p := range f.pools {
		if len(p.idle) > 0 && (oldest == nil || p.idle[0].idleSince.Before(oldest.idleSince)) {
			oldest = p.idle[0]
		}
	}
	if oldest != nil {
		oldest.pool.idle = oldest.pool.idle[1:]
	}
	return oldest
}

// gone forgets a process that has ended and lets those who wait try again.
func (f *Fleet) gone(in *instance) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := in.pool
	if _, ok := p.all[in]; !ok {
		return
	}
	delete(p.all, in)
	p.dropIdle(in)
	f.total--
	if p.retired && len(p.all) == 0 {
		delete(f.pools, p)
	}
	for p := range f.pools {
		p.wakeAll()
	}
	f.dying.Done()
}

// Processes gives the number of processes that run.
func (f *Fleet) Processes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.total
}

// randomHex gives n random bytes in hex.
func (f *Fleet) randomHex(n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(f.cfg.Rand, b); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return hex.EncodeToString(b), nil
}
