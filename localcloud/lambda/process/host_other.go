//go:build unix && !linux

package process

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// processAttributes puts a process into a group of its own.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// awaitExit waits for the process to end.
func awaitExit(cmd *exec.Cmd) (err error, reaped bool) { return cmd.Wait(), true }

// killStrays does nothing: the environment of other processes is not to be had.
func killStrays(string) {}

// memoryGauge reads the memory that a process uses.
type memoryGauge struct {
	pid  int
	read time.Time
	mb   int
}

// usedMB gives the most memory that was seen, looking every ten seconds.
func (g *memoryGauge) usedMB() int {
	if now := time.Now(); now.Sub(g.read) > 10*time.Second {
		g.read = now
		if out, err := exec.Command("/bin/ps", "-o", "rss=", "-p", strconv.Itoa(g.pid)).Output(); err == nil {
			if kb, err := strconv.Atoi(strings.TrimSpace(string(out))); err == nil {
				g.mb = max(g.mb, (kb+1023)/1024)
			}
		}
	}
	return g.mb
}
