package process

import (
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// invocation is one event on its way through a process.
type invocation struct {
	Event
	// phase goes from waiting to delivered, or to withdrawn when the process
	// did not take it in time.
	phase atomic.Int32

	answer   chan Result // holds the one result
	answered atomic.Bool
	// done is closed when the REPORT line is written.
	done     chan struct{}
	doneOnce sync.Once

	// Set at delivery, by the process's own goroutine.
	started  time.Time
	deadline time.Time
	timer    *time.Timer
	init     time.Duration // 0 for a warm process
	fault    string        // the REPORT line's status when the answer was refused; guarded by the instance's lock
	tail     []byte        // guarded by the output's lock
}

const (
	phaseWaiting int32 = iota
	phaseDelivered
	phaseWithdrawn
)

func newInvocation(e Event) *invocation {
	return &invocation{Event: e, answer: make(chan Result, 1), done: make(chan struct{})}
}

// claim gives the right to set the result, to the first who asks.
func (inv *invocation) claim() bool { return inv.answered.CompareAndSwap(false, true) }

// finish sets the result; only the first one counts.
func (inv *invocation) finish(r Result) {
	if inv.claim() {
		inv.answer <- r
	}
}

func (inv *invocation) close() { inv.doneOnce.Do(func() { close(inv.done) }) }

// addTail keeps the end of the log.
func (inv *invocation) addTail(line string) {
	inv.tail = append(append(inv.tail, line...), '\n')
	if len(inv.tail) > 4*maxTail {
		inv.tail = append(inv.tail[:0], inv.tail[len(inv.tail)-maxTail:]...)
	}
}

func (inv *invocation) lastTail() []byte {
	return append([]byte(nil), inv.tail[max(0, len(inv.tail)-maxTail):]...)
}

// functionError is the payload of a failure that the runtime did not report
// itself, as AWS words it.
func functionError(errorType, format string, args ...any) Result {
	body, err := json.Marshal(struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	}{errorType, fmt.Sprintf(format, args...)})
	if err != nil { // two strings always encode
		body = []byte(`{"errorType":"Runtime.Unknown"}`)
	}
	return Result{Payload: body, Error: "Unhandled"}
}

// errorStatus is the status at the end of a REPORT or INIT_REPORT line.
func errorStatus(errorType string) string { return "Status: error\tError Type: " + errorType }

// reportLine is the REPORT line of an invocation. A status of "" is success.
func (inv *invocation) reportLine(spec *Spec, took time.Duration, memoryMB int, status string) string {
	ms := float64(took) / float64(time.Millisecond)
	initMS := float64(inv.init) / float64(time.Millisecond)
	line := fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		inv.RequestID, ms, math.Ceil(ms+initMS), spec.MemoryMB, memoryMB)
	if inv.init > 0 {
		line += fmt.Sprintf("Init Duration: %.2f ms\t", initMS)
	}
	return line + status
}
