package policy

import (
	"syscall"
	"testing"
	"time"
)

// cpu is what this process has used of the processors, in all threads: on a machine that others use too,
// it says more than the clock.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// loop times one question after another, and reports both clock and processor.
func loop(b *testing.B, ask func(i int) error) {
	b.ReportAllocs()
	before := cpu(b)
	for i := 0; b.Loop(); i++ {
		if err := ask(i); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
}
