package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/writ-dev/writ/localcloud/session"
)

type state int

const (
	stateNew state = iota // no process yet
	stateStarting
	stateReady // asked for its first event
	stateDead
)

// killReason says why a process was killed; it decides what its caller gets.
type killReason int

const (
	killedNot killReason = iota
	killedIdle
	killedStopping
	killedTimeout
	killedInitTimeout
	killedInitError
)

// handover is how long a process that has answered may take to ask for its
// next event before the event goes to another process.
const handover = 250 * time.Millisecond

// Credentials last for credentialsFor; a process takes no new events in the
// last credentialsMargin and its own timeout before they expire.
const (
	credentialsFor    = 6 * time.Hour
	credentialsMargin = time.Minute
)

// instance is one process and its own Runtime API.
type instance struct {
	pool *Pool
	spec *Spec

	stream   *Stream
	cmd      *exec.Cmd
	out      *output
	listener net.Listener
	server   *http.Server
	host     string // what the Host header must be
	tmp      string
	marker   string // unique text in the process's environment

	born     time.Time
	useUntil time.Time
	initDone *time.Timer
	pending  chan *invocation
	dead     chan struct{} // closed when the process is gone

	idleSince time.Time // guarded by fleet.mu

	mu        sync.Mutex
	st        state
	reason    killReason
	current   *invocation
	parked    bool // not idle, not owned: released when it asks for an event
	leaving   bool // to be killed once it is quiet
	initError []byte
	initTook  time.Duration
	memory    memoryGauge
}

func newInstance(p *Pool) *instance {
	return &instance{pool: p, spec: &p.spec, pending: make(chan *invocation, 1), dead: make(chan struct{})}
}

func (in *instance) state() state {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.st
}

// start takes on the role and starts the process. A process that cannot be
// started at all is dead at once, with the reason in initError.
func (in *instance) start(ctx context.Context) error {
	f := in.pool.fleet
	// The process serves later callers as well: it does not end with ctx.
	creds, caller, err := f.cfg.Roles.AssumeForService(context.WithoutCancel(ctx), session.ServiceRole{
		Principal: "lambda.amazonaws.com", RoleARN: in.spec.RoleARN, SessionName: in.spec.Name,
		FunctionARN: in.spec.ARN, Duration: credentialsFor,
	})
	if err != nil {
		return &RoleError{err}
	}
	id, err := f.randomHex(16)
	if err != nil {
		return err
	}
	now := f.cfg.Now()
	in.born, in.marker = now, id
	in.useUntil = creds.Expiration.Add(-credentialsMargin - in.spec.Timeout)
	in.stream = &Stream{
		Function: in.spec.Name, Group: in.spec.LogGroup, Caller: caller,
		Name: now.UTC().Format("2006/01/02") + "/[" + in.spec.Version + "]" + id,
	}
	in.tmp = filepath.Join(f.cfg.Dir, "tmp", id)
	if err := os.MkdirAll(in.tmp, 0o700); err != nil {
		return fmt.Errorf("make a temporary directory: %w", err)
	}
	if err := in.launch(creds); err != nil {
		return err
	}
	return nil
}

// launch opens the Runtime API and starts the process.
func (in *instance) launch(creds session.Credentials) error {
	f := in.pool.fleet
	argv, problem := f.command(in.spec)
	if problem != nil {
		in.stillborn(problem.payload)
		return nil
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		in.removeTemp()
		return fmt.Errorf("open the Runtime API: %w", err)
	}
	in.listener, in.host = listener, listener.Addr().String()
	out, childEnd, err := newOutput(in.line)
	if err != nil {
		_ = listener.Close()
		in.removeTemp()
		return err
	}
	in.out = out
	in.server = &http.Server{Handler: http.HandlerFunc(in.serve), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = in.server.Serve(listener) }() // ends when the server is closed

	in.cmd = &exec.Cmd{
		Path: argv[0], Args: argv, Dir: in.spec.TaskRoot, Env: in.environment(creds),
		Stdout: childEnd, Stderr: childEnd, SysProcAttr: processAttributes(),
	}
	in.mu.Lock()
	if in.st == stateDead || in.reason != killedNot { // killed before it began
		err = ErrClosed
	} else if err = f.spawn.start(in.cmd); err == nil {
		in.st = stateStarting
		f.guard.add(in.cmd.Process.Pid, in.marker)
		in.memory.pid = in.cmd.Process.Pid
		in.initDone = time.AfterFunc(InitTimeout, in.initTimedOut)
	}
	in.mu.Unlock()
	_ = childEnd.Close() // the process has its own
	if err != nil {
		in.out.close()
		in.stopServing()
		if errors.Is(err, ErrClosed) {
			in.removeTemp()
			return err
		}
		in.stillborn(functionError("Runtime.InvalidEntrypoint", "Error: %s", err).Payload)
		return nil
	}
	go in.out.loop()
	go in.watch()
	return nil
}

// stillborn marks an instance whose process could not be started. The pool
// forgets it when its first event is answered.
func (in *instance) stillborn(payload []byte) {
	in.mu.Lock()
	in.st, in.initError = stateDead, payload
	in.mu.Unlock()
	in.removeTemp()
	close(in.dead)
	in.pool.fleet.cfg.Lines.Line(in.stream, in.now(), "INIT_START failed: "+string(payload))
	in.pool.fleet.cfg.Lines.End(in.stream)
	in.pool.fleet.gone(in)
}

// run gives the process one event and waits for its result. delivered is
// false when the process never took it, so that another one may.
func (in *instance) run(ctx context.Context, inv *invocation) (res Result, delivered bool, err error) {
	inv.phase.Store(phaseWaiting)
	patience := handover
	if in.state() != stateReady {
		patience += InitTimeout
	}
	in.pending <- inv
	timer := time.NewTimer(patience)
	defer timer.Stop()
	slow := timer.C
	for {
		select {
		case res := <-inv.answer:
			return in.withTail(ctx, inv, res), true, nil
		case <-slow:
			if inv.phase.CompareAndSwap(phaseWaiting, phaseWithdrawn) {
				in.park()
				return Result{}, false, nil
			}
			slow = nil
		case <-in.dead:
			return in.afterDeath(ctx, inv)
		case <-ctx.Done():
			// The event is the process's now; its answer goes nowhere.
			return Result{}, true, ctx.Err()
		}
	}
}

// afterDeath gives the result of an event whose process has ended.
func (in *instance) afterDeath(ctx context.Context, inv *invocation) (Result, bool, error) {
	if !inv.phase.CompareAndSwap(phaseWaiting, phaseWithdrawn) {
		return in.withTail(ctx, inv, <-inv.answer), true, nil // watch answers before it closes dead
	}
	in.mu.Lock()
	wasReady, reason, initError := in.initTook > 0, in.reason, in.initError
	in.mu.Unlock()
	var res Result
	var status string
	switch {
	case reason == killedStopping:
		return Result{}, false, ErrClosed
	case wasReady:
		return Result{}, false, nil
	case initError != nil:
		res, status = Result{Payload: initError, Error: "Unhandled"}, errorStatus(errorType(initError))
	case reason == killedInitTimeout:
		res = functionError("Sandbox.Timedout", "RequestId: %s Error: Task timed out after %.2f seconds", inv.RequestID, InitTimeout.Seconds())
		status = "Status: timeout"
	default:
		res, status = in.exitError(inv.RequestID), errorStatus("Runtime.ExitError")
	}
	in.failedBeforeEvent(inv, status)
	return in.withTail(ctx, inv, res), true, nil
}

// withTail adds the log's end, for which the invocation must be through.
func (in *instance) withTail(ctx context.Context, inv *invocation, res Result) Result {
	if !inv.WantLog || in.out == nil {
		return res
	}
	select {
	case <-inv.done:
	case <-in.dead:
	case <-ctx.Done():
	}
	in.out.mu.Lock()
	res.Log = inv.lastTail()
	in.out.mu.Unlock()
	return res
}

// park leaves the instance to be released when it asks for its next event.
func (in *instance) park() {
	in.mu.Lock()
	in.parked = true
	in.mu.Unlock()
}

// line is called for every line the process prints, with the output's lock held.
func (in *instance) line(text string) {
	in.pool.fleet.cfg.Lines.Line(in.stream, in.pool.fleet.cfg.Now(), text)
	if inv := in.out.owner; inv != nil && inv.WantLog {
		inv.addTail(text)
	}
}
