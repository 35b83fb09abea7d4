// Package process runs Lambda functions as real processes that speak the
// Lambda Runtime API: no containers, one invocation at a time each, more
// processes for more concurrency.
//
// A [Fleet] owns all processes. A [Pool] is one version of one function's code
// and configuration; [Pool.Invoke] finds an idle process or starts one. No
// process outlives its fleet, also when the fleet's own process is killed.
//
// The contract towards functions is AWS's Lambda Developer Guide, "Using the
// Lambda runtime API for custom runtimes".
package process

import (
	"context"
	"errors"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
)

// Limits of AWS, "Lambda quotas".
const (
	// MaxResponse is the largest answer of a function, in bytes.
	MaxResponse = 6<<20 + 100
	// InitTimeout is how long a process may take until it asks for its first event.
	InitTimeout = 10 * time.Second
	// maxTail is how much of the log an invocation may give back.
	maxTail = 4 << 10
)

// Errors of [Pool.Invoke] besides those of the context.
var (
	// ErrRetired says that the pool was replaced; the caller takes the new one.
	ErrRetired = errors.New("process: the function was replaced")
	// ErrBusy says that no process became free in time.
	ErrBusy = errors.New("process: no process is free")
	// ErrClosed says that the fleet is stopping.
	ErrClosed = errors.New("process: the fleet is closed")
)

// RoleError says that the function's role could not be taken on.
type RoleError struct{ Err error }

// Error gives the reason.
func (e *RoleError) Error() string { return "assume the function's role: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *RoleError) Unwrap() error { return e.Err }

// Spec says what to run. It is not changed once a pool is made of it.
type Spec struct {
	Name    string
	ARN     string
	Version string // "$LATEST" or a number
	// Runtime is AWS's identifier: "provided.al2023", "nodejs22.x", "python3.13".
	Runtime string
	Handler string
	// TaskRoot is the directory of the unpacked code.
	TaskRoot string
	RoleARN  string
	LogGroup string
	MemoryMB int
	Timeout  time.Duration
	Env      map[string]string
}

// Event is one invocation's input.
type Event struct {
	RequestID     string
	InvokedARN    string
	TraceID       string
	ClientContext string // JSON, "" for none
	Payload       []byte
	// WantLog asks for the end of the log; the answer then waits for the
	// invocation's REPORT line.
	WantLog bool
}

// Result is what an invocation came to.
type Result struct {
	Payload []byte
	// Error is "" or "Unhandled"; Payload then holds the error's JSON.
	Error string
	// Log is the last 4 KB of the invocation's log, when asked for.
	Log []byte
}

// Stream is the log stream of one process.
type Stream struct {
	Function string
	Group    string
	// Name is as AWS makes it: "2026/11/22/[$LATEST]" and 32 hex digits.
	Name string
	// Caller is the function's role session, which the log is written as.
	Caller gate.Caller
}

// Lines receives what functions print, line by line, in order within a stream.
// Its methods are called on the way of an invocation and must be quick.
type Lines interface {
	Line(s *Stream, at time.Time, text string)
	// End says that no more lines follow.
	End(s *Stream)
}

// Roles gives a function its credentials.
type Roles interface {
	AssumeForService(ctx context.Context, r session.ServiceRole) (session.Credentials, gate.Caller, error)
}
