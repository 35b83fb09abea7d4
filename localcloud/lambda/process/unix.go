//go:build unix

package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// spawner starts all processes from one thread that lives as long as the
// fleet: on Linux a child's death signal is bound to the thread it was made by.
type spawner struct {
	jobs chan func()
	once sync.Once
}

func startSpawner() *spawner {
	s := &spawner{jobs: make(chan func())}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for job := range s.jobs {
			job()
		}
	}()
	return s
}

func (s *spawner) start(cmd *exec.Cmd) error {
	done := make(chan error)
	s.jobs <- func() { done <- cmd.Start() }
	return <-done
}

func (s *spawner) close() { s.once.Do(func() { close(s.jobs) }) }

// killGroup kills a process and those it started that stayed in its group.
func killGroup(pid int) {
	_ = syscall.Kill(-pid, syscall.SIGKILL) // it may be gone already
}

// watchdogScript kills every group it was told of when its input ends, which
// happens when the cloud's process is gone, for whatever reason. Each line is
// "+ PID MARKER" or "- PID MARKER"; the marker finds processes that left the
// group by their environment, where /proc shows it.
const watchdogScript = `trap '' INT TERM HUP
live=" "
while read -r op pid mark; do
  case $op in
    +) live="$live$pid:$mark " ;;
    -) live="${live%%" $pid:$mark "*} ${live#*" $pid:$mark "}" ;;
  esac
done
for entry in $live; do kill -9 -"${entry%%:*}" 2>/dev/null; done
for entry in $live; do
  for env in /proc/[0-9]*/environ; do
    if grep -aqs "${entry#*:}" "$env" 2>/dev/null; then p=${env#/proc/}; kill -9 "${p%/environ}" 2>/dev/null; fi
  done
done
exit 0
`

// watchdog is the process that cleans up after a cloud that was killed.
type watchdog struct {
	mu  sync.Mutex
	in  io.WriteCloser
	cmd *exec.Cmd
}

// startWatchdog starts it in a session of its own, so that a Ctrl-C or a
// killed process group does not take it along.
func startWatchdog() (*watchdog, error) {
	cmd := exec.Command("/bin/sh", "-c", watchdogScript)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the watchdog: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the watchdog: %w", err)
	}
	return &watchdog{in: in, cmd: cmd}, nil
}

func (w *watchdog) add(pid int, marker string)    { w.tell('+', pid, marker) }
func (w *watchdog) remove(pid int, marker string) { w.tell('-', pid, marker) }

func (w *watchdog) tell(op rune, pid int, marker string) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	// When somebody killed the watchdog, Close and the death signal remain.
	_, _ = fmt.Fprintf(w.in, "%c %d %s\n", op, pid, marker)
}

func (w *watchdog) close() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.in.Close(); err == nil || errors.Is(err, os.ErrClosed) {
		_ = w.cmd.Wait() // its exit status says nothing
	}
}
