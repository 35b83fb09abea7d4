package main

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

type cost struct {
	nanoseconds float64 // of CPU time, median of the rounds
	allocations float64
}

// measure runs the contenders in turn, round after round, so that whatever
// else the machine does falls on all of them alike.
func measure(all []contender, rounds int, batch time.Duration) []cost {
	samples := make([][]float64, len(all))
	sizes := make([]int, len(all))
	for i, c := range all {
		sizes[i] = size(c, batch)
	}
	for range rounds {
		for i, c := range all {
			samples[i] = append(samples[i], float64(c.run(sizes[i]))/float64(sizes[i]))
		}
	}
	costs := make([]cost, len(all))
	for i, c := range all {
		slices.Sort(samples[i])
		next := 0
		costs[i] = cost{samples[i][rounds/2], testing.AllocsPerRun(640, func() { c.allowed(next); next++ })}
	}
	return costs
}

// size is how many evaluations fill a batch.
func size(c contender, batch time.Duration) int {
	n := 64
	for {
		if took := c.run(n); took >= batch/8 {
			return max(64, int(float64(n)*float64(batch)/float64(took)))
		}
		n *= 2
	}
}

// run gives the CPU time that n evaluations take, the collector's included.
func (c contender) run(n int) time.Duration {
	begin := cpu()
	for i := range n {
		c.allowed(i)
	}
	return cpu() - begin
}

// cpu is the CPU time of the process so far, of all its threads.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // cannot happen for the process itself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
