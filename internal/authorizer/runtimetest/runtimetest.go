// Package runtimetest runs a binary as Lambda would: with a Runtime API of its own, which hands it events and takes
// its answers. It is for tests and benchmarks.
package runtimetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Function is a running binary.
type Function struct {
	api    *httptest.Server
	cmd    *exec.Cmd
	events chan event
	ended  chan struct{}

	mu      sync.Mutex
	stderr  bytes.Buffer
	waiting map[string]chan Answer
	number  int
}

type event struct {
	id   string
	body []byte
}

// Answer is what a function gave: a body, or the type and message of an error.
type Answer struct {
	Body                    []byte
	ErrorType, ErrorMessage string
}

// ErrEnded says that the process ended instead of answering.
var ErrEnded = errors.New("the process ended")

// Start starts a binary with variables beside those that Lambda gives, and not those of this process.
func Start(binary string, env ...string) (*Function, error) {
	f := &Function{events: make(chan event), ended: make(chan struct{}), waiting: map[string]chan Answer{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", f.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		f.answer(r.PathValue("id"), Answer{Body: body})
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) {
		var said struct{ ErrorMessage, ErrorType string }
		_ = json.NewDecoder(r.Body).Decode(&said) // then it says nothing
		w.WriteHeader(http.StatusAccepted)
		f.answer(r.PathValue("id"), Answer{ErrorType: said.ErrorType, ErrorMessage: said.ErrorMessage})
	})
	f.api = httptest.NewServer(mux)
	f.cmd = exec.Command(binary)
	f.cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(f.api.URL, "http://"), "_HANDLER=bootstrap",
		"AWS_LAMBDA_FUNCTION_NAME=authorizer", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512", "AWS_REGION=eu-west-1", "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(),
	}, env...)
	f.cmd.Stderr = &locked{f: f}
	if err := f.cmd.Start(); err != nil {
		f.api.Close()
		return nil, err
	}
	go func() {
		_ = f.cmd.Wait() // how it ended is in Log
		close(f.ended)
	}()
	return f, nil
}

type locked struct{ f *Function }

// Write implements [io.Writer].
func (l *locked) Write(b []byte) (int, error) {
	l.f.mu.Lock()
	defer l.f.mu.Unlock()
	return l.f.stderr.Write(b)
}

// Log is what the function has written to standard error so far.
func (f *Function) Log() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stderr.String()
}

func (f *Function) next(w http.ResponseWriter, r *http.Request) {
	select {
	case e := <-f.events:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", e.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(10*time.Second).UnixMilli()))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:000000000000:function:authorizer")
		_, _ = w.Write(e.body) // a function that is gone has ended
	case <-r.Context().Done():
	}
}

func (f *Function) answer(id string, a Answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.waiting[id]; c != nil {
		c <- a
		delete(f.waiting, id)
	}
}

// Invoke hands the function an event and waits for its answer. One event is in the function at a time.
func (f *Function) Invoke(ctx context.Context, body []byte) (Answer, error) {
	answer := make(chan Answer, 1)
	f.mu.Lock()
	f.number++
	id := fmt.Sprintf("request-%d", f.number)
	f.waiting[id] = answer
	f.mu.Unlock()
	select {
	case f.events <- event{id, body}:
	case <-f.ended:
		return Answer{}, ErrEnded
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
	select {
	case a := <-answer:
		return a, nil
	case <-f.ended:
		return Answer{}, ErrEnded
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

// Stop ends the process and waits for it.
func (f *Function) Stop() {
	_ = f.cmd.Process.Kill() // it may have ended before
	<-f.ended
	f.api.CloseClientConnections()
	f.api.Close()
}

// CPU is the processor time of a process that was stopped.
func (f *Function) CPU() time.Duration {
	<-f.ended
	return f.cmd.ProcessState.UserTime() + f.cmd.ProcessState.SystemTime()
}
