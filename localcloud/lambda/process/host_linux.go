package process

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// processAttributes puts a process into a group of its own and lets the kernel
// kill it when the cloud dies.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitExit waits for the process to end and leaves it to be reaped, so that
// its pid is not given to another one meanwhile.
func awaitExit(cmd *exec.Cmd) (err error, reaped bool) {
	const (
		pPID    = 1          // P_PID of waitid(2)
		exited  = 4          // WEXITED
		dontEat = 0x01000000 // WNOWAIT
	)
	var info [128]byte // siginfo_t
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pPID, uintptr(cmd.Process.Pid), uintptr(unsafe.Pointer(&info)), exited|dontEat, 0, 0)
		if errno != syscall.EINTR {
			return nil, false
		}
	}
}

// killStrays kills the processes that left a function's process group but
// still carry its environment.
func killStrays(marker string) {
	want := []byte(marker)
	for range 3 { // a stray may fork while we look
		found := false
		entries, err := processes()
		if err != nil {
			return
		}
		for _, entry := range entries {
			env, err := os.ReadFile("/proc/" + entry + "/environ")
			if err != nil || !bytes.Contains(env, want) {
				continue // not ours to read, or gone
			}
			if pid, err := strconv.Atoi(entry); err == nil && pid != os.Getpid() {
				found = true
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone already
			}
		}
		if !found {
			return
		}
	}
}

// processes lists /proc, without a look at each entry as filepath.Glob takes:
// it is read whenever a process ends, often while the next one starts.
func processes() ([]string, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close() // only read
	names, err := dir.Readdirnames(-1)
	return slices.DeleteFunc(names, func(name string) bool { return name[0] < '0' || name[0] > '9' }), err
}

// memoryGauge reads the most memory that a process has used.
type memoryGauge struct {
	pid  int
	read time.Time
	mb   int
}

// usedMB gives the high-water mark in MB, not newer than half a second: the
// file is not free to read.
func (g *memoryGauge) usedMB() int {
	if now := time.Now(); now.Sub(g.read) > 500*time.Millisecond {
		g.read = now
		if data, err := os.ReadFile("/proc/" + strconv.Itoa(g.pid) + "/status"); err == nil {
			if mb := highWater(string(data)); mb > 0 {
				g.mb = mb
			}
		}
	}
	return g.mb
}

func highWater(status string) int {
	_, rest, ok := strings.Cut(status, "VmHWM:")
	if !ok {
		return 0
	}
	line, _, _ := strings.Cut(rest, "\n")
	kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), "kB")))
	if err != nil {
		return 0
	}
	return (kb + 1023) / 1024
}
