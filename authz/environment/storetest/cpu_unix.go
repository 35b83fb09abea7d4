//go:build unix

package storetest

import (
	"syscall"
	"time"
)

// processorTime is what this process has used, in all its threads and in the system for it.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
