package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// kill ends the process and all that it started. The first reason counts.
func (in *instance) kill(reason killReason) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.reason == killedNot {
		in.reason = reason
	}
	if in.cmd != nil && (in.st == stateStarting || in.st == stateReady) {
		killGroup(in.cmd.Process.Pid)
	}
}

// killWhenQuiet kills the process now when it has no event, else when it next
// asks for one.
func (in *instance) killWhenQuiet() {
	in.mu.Lock()
	busy := in.current != nil
	in.leaving = true
	in.mu.Unlock()
	if !busy {
		in.kill(killedIdle)
	}
}

func (in *instance) initTimedOut() {
	in.mu.Lock()
	late := in.st == stateStarting
	in.mu.Unlock()
	if late {
		in.out.say(fmt.Sprintf("INIT_REPORT Init Duration: %.2f ms\tPhase: init\tStatus: timeout", float64(InitTimeout)/float64(time.Millisecond)))
		in.kill(killedInitTimeout)
	}
}

// timedOut is called when an invocation's time is over.
func (in *instance) timedOut(inv *invocation) {
	in.mu.Lock()
	current := in.current == inv
	in.mu.Unlock()
	if current {
		in.kill(killedTimeout)
	}
}

// watch waits for the process to end, by itself or killed, and settles what is open.
func (in *instance) watch() {
	f := in.pool.fleet
	pid := in.cmd.Process.Pid
	err, reaped := awaitExit(in.cmd)
	in.mu.Lock()
	in.st = stateDead // nobody signals the pid from here on, so that it may be reaped
	inv := in.current
	in.current = nil
	in.mu.Unlock()
	killGroup(pid) // what it left behind
	if !reaped {
		err = in.cmd.Wait()
	}
	in.initDone.Stop()
	in.out.drain()
	in.out.flush()
	if inv != nil {
		in.settle(inv, err)
	}
	in.reportInit(err)
	close(in.dead)
	killStrays(in.marker)
	f.guard.remove(pid, in.marker)
	in.out.close()
	in.stopServing()
	in.removeTemp()
	f.cfg.Lines.End(in.stream)
	f.gone(in)
}

// settle answers the event that the process was at when it ended.
func (in *instance) settle(inv *invocation, cause error) {
	in.mu.Lock()
	reason, fault := in.reason, inv.fault
	in.mu.Unlock()
	inv.timer.Stop()
	took := time.Since(inv.started)
	status := errorStatus("Runtime.ExitError")
	switch {
	case reason == killedTimeout:
		took = in.spec.Timeout
		status = "Status: timeout"
		seconds := in.spec.Timeout.Seconds()
		in.out.say(fmt.Sprintf("%s %s Task timed out after %.2f seconds", in.now().UTC().Format("2006-01-02T15:04:05.000Z"), inv.RequestID, seconds))
		inv.finish(functionError("Sandbox.Timedout", "RequestId: %s Error: Task timed out after %.2f seconds", inv.RequestID, seconds))
	case inv.answered.Load(): // it ended after its answer, which stands
		status = fault
	default:
		in.out.say("RequestId: " + inv.RequestID + " Error: " + exitText(cause))
		in.out.say("Runtime.ExitError")
		inv.finish(functionError("Runtime.ExitError", "RequestId: %s Error: %s", inv.RequestID, exitText(cause)))
	}
	in.endLines(inv, took, status)
}

// reportInit notes that the process ended before it asked for an event, and
// why: Lambda's INIT_REPORT line. Writ's own reasons to end it are none.
func (in *instance) reportInit(cause error) {
	in.mu.Lock()
	ready, reason, initError := in.initTook > 0, in.reason, in.initError
	in.mu.Unlock()
	kind := "Runtime.ExitError"
	switch {
	case ready, reason != killedNot && reason != killedInitError: // the line of a timeout is written already
		return
	case initError != nil:
		kind = errorType(initError)
	default:
		in.out.say("Error: "+exitText(cause), kind)
	}
	took := float64(in.now().Sub(in.born)) / float64(time.Millisecond)
	in.out.say(fmt.Sprintf("INIT_REPORT Init Duration: %.2f ms\tPhase: init\t%s", took, errorStatus(kind)))
}

// failedBeforeEvent writes the lines of an invocation whose process never came
// to ask for it. The process and its stream have ended; this is said after them.
func (in *instance) failedBeforeEvent(inv *invocation, status string) {
	if in.out == nil {
		return // it was not even started, and its log says so
	}
	in.out.own(inv)
	in.out.say("START RequestId: " + inv.RequestID + " Version: " + in.spec.Version)
	in.endLines(inv, in.now().Sub(in.born), status)
	in.pool.fleet.cfg.Lines.End(in.stream)
}

// errorType is the type that an error's JSON names.
func errorType(payload []byte) string {
	var e struct {
		ErrorType string `json:"errorType"`
	}
	if err := json.Unmarshal(payload, &e); err != nil || e.ErrorType == "" {
		return "Runtime.Unknown"
	}
	return e.ErrorType
}

// exitError is the result of a process that ended before it asked for an event.
func (in *instance) exitError(requestID string) Result {
	var cause error
	if s := in.cmd.ProcessState; s != nil && !s.Success() {
		cause = &exec.ExitError{ProcessState: s}
	}
	return functionError("Runtime.ExitError", "RequestId: %s Error: %s", requestID, exitText(cause))
}

// exitText words the end of a process as AWS does.
func exitText(cause error) string {
	var exit *exec.ExitError
	if errors.As(cause, &exit) {
		return "Runtime exited with error: " + exit.String()
	}
	return "Runtime exited without providing a reason"
}

func (in *instance) stopServing() {
	if in.server != nil {
		_ = in.server.Close() // also closes the listener; there is nobody to tell
	}
}

func (in *instance) removeTemp() {
	if err := os.RemoveAll(in.tmp); err != nil {
		in.pool.fleet.cfg.Log.Warn("remove a function's temporary directory", "error", err)
	}
}

func (in *instance) now() time.Time { return in.pool.fleet.cfg.Now() }
