package main

import (
	"fmt"
	"sort"
	"time"
)

// sample is a list of latencies.
type sample []time.Duration

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// quantile gives the q-th part, 0.5 for the median.
func (s sample) quantile(q float64) time.Duration {
	sorted := append(sample(nil), s...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
	return sorted[int(q*float64(len(sorted)-1))]
}

// String gives the median and the 99th percentile.
func (s sample) String() string {
	return fmt.Sprintf("median %.2f ms, p99 %.2f ms", ms(s.quantile(0.5)), ms(s.quantile(0.99)))
}
