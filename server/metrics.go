package server

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// metrics counts what /metrics shows. Labels are names that we or the operator gave: never
// a user's, so their number is bounded.
type metrics struct {
	allows   atomic.Uint64
	unlogged atomic.Uint64 // decisions that the log did not take
	checks   series[checkLabels, histogram]
	writes   series[writeLabels, atomic.Uint64]
	requests series[requestLabels, histogram]
}

type checkLabels struct{ protocol, project, env, decision string }

type writeLabels struct{ protocol, project, env, outcome string }

type requestLabels struct {
	protocol string
	status   int
}

// series is one number, or histogram, for each set of labels.
type series[L comparable, V any] struct {
	mu  sync.RWMutex
	all map[L]*V
}

func (s *series[L, V]) of(labels L) *V {
	s.mu.RLock()
	v := s.all[labels]
	s.mu.RUnlock()
	if v != nil {
		return v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v = s.all[labels]; v == nil {
		if s.all == nil {
			s.all = map[L]*V{}
		}
		v = new(V)
		s.all[labels] = v
	}
	return v
}

// sorted gives the labels in the order of compare.
func (s *series[L, V]) sorted(compare func(a, b L) int) []L {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]L, 0, len(s.all))
	for l := range s.all {
		list = append(list, l)
	}
	slices.SortFunc(list, compare)
	return list
}

// bounds are the upper ends of the buckets of durations.
var bounds = [...]time.Duration{
	time.Microsecond, 5 * time.Microsecond, 10 * time.Microsecond, 25 * time.Microsecond, 50 * time.Microsecond,
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond,
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 10 * time.Second,
}

type histogram struct {
	buckets [len(bounds) + 1]atomic.Uint64
	sum     atomic.Int64 // nanoseconds
}

func (h *histogram) add(d time.Duration) {
	i, _ := slices.BinarySearch(bounds[:], d)
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

func (h *histogram) write(b *bytes.Buffer, name, labels string) {
	var count uint64
	for i := range h.buckets {
		count += h.buckets[i].Load()
		end := "+Inf"
		if i < len(bounds) {
			end = strconv.FormatFloat(bounds[i].Seconds(), 'g', -1, 64)
		}
		fmt.Fprintf(b, "%s_bucket{%s,le=\"%s\"} %d\n", name, labels, end, count)
	}
	fmt.Fprintf(b, "%s_sum{%s} %g\n%s_count{%s} %d\n", name, labels, time.Duration(h.sum.Load()).Seconds(), name, labels, count)
}

func (m *metrics) check(l checkLabels, took time.Duration) { m.checks.of(l).add(took) }

func (m *metrics) write(l writeLabels) { m.writes.of(l).Add(1) }

func (m *metrics) request(x *exchange, took time.Duration) {
	name := "none"
	if x.protocol != nil {
		name = x.protocol.Name
	}
	m.requests.of(requestLabels{name, cmp.Or(x.status, http.StatusOK)}).add(took) // what net/http sends when nothing is said
}

// showMetrics writes everything in the text format 0.0.4 of Prometheus.
func (s *Server) showMetrics(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	s.writeChecks(&b)
	s.writeState(&b)
	s.writeProcess(&b)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the client may be gone
}

func head(b *bytes.Buffer, name, kind, help string) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (s *Server) writeChecks(b *bytes.Buffer) {
	m := &s.metrics
	head(b, "writ_check_duration_seconds", "histogram", "Decisions by protocol, environment and outcome, and the time that the engine took.")
	for _, l := range m.checks.sorted(func(x, y checkLabels) int {
		return cmp.Or(cmp.Compare(x.protocol, y.protocol), cmp.Compare(x.project, y.project), cmp.Compare(x.env, y.env), cmp.Compare(x.decision, y.decision))
	}) {
		m.checks.of(l).write(b, "writ_check_duration_seconds", labels("protocol", l.protocol, "project", l.project, "environment", l.env, "decision", l.decision))
	}
	head(b, "writ_writes_total", "counter", "Writes that callers asked for, by outcome.")
	for _, l := range m.writes.sorted(func(x, y writeLabels) int {
		return cmp.Or(cmp.Compare(x.protocol, y.protocol), cmp.Compare(x.project, y.project), cmp.Compare(x.env, y.env), cmp.Compare(x.outcome, y.outcome))
	}) {
		fmt.Fprintf(b, "writ_writes_total{%s} %d\n", labels("protocol", l.protocol, "project", l.project, "environment", l.env, "outcome", l.outcome), m.writes.of(l).Load())
	}
	head(b, "writ_decision_log_failures_total", "counter", "Decisions that could not be written to the decision log.")
	fmt.Fprintf(b, "writ_decision_log_failures_total %d\n", m.unlogged.Load())
	head(b, "writ_http_request_duration_seconds", "histogram", "Requests by protocol and status, and the time until they were answered.")
	for _, l := range m.requests.sorted(func(x, y requestLabels) int {
		return cmp.Or(cmp.Compare(x.protocol, y.protocol), cmp.Compare(x.status, y.status))
	}) {
		m.requests.of(l).write(b, "writ_http_request_duration_seconds", labels("protocol", l.protocol, "status", strconv.Itoa(l.status)))
	}
}

// writeState shows what each environment holds.
func (s *Server) writeState(b *bytes.Buffer) {
	gauges := []struct {
		name, help string
		lines      bytes.Buffer
	}{
		{name: "writ_environment_ready", help: "1 when the environment is loaded and follows its store."},
		{name: "writ_environment_revision", help: "The revision that decisions are made at."},
		{name: "writ_environment_tuples", help: "Stored tuples."},
		{name: "writ_environment_records", help: "Stored records of users, tenants and resources."},
		{name: "writ_environment_keys", help: "API keys."},
	}
	for _, r := range s.rooms.all() {
		of := labels("project", r.project, "environment", r.env)
		e := r.environment.Load()
		ready := 0
		if r.trouble() == "" {
			ready = 1
		}
		fmt.Fprintf(&gauges[0].lines, "%s{%s} %d\n", gauges[0].name, of, ready)
		if e == nil || e.State() == nil {
			continue
		}
		state := e.State()
		tuples, records := state.Snapshot.Count()
		for i, n := range []uint64{state.Head.Seq, uint64(tuples), uint64(records), uint64(len(state.Keys))} {
			fmt.Fprintf(&gauges[i+1].lines, "%s{%s} %d\n", gauges[i+1].name, of, n)
		}
	}
	for i := range gauges {
		head(b, gauges[i].name, "gauge", gauges[i].help)
		b.Write(gauges[i].lines.Bytes())
	}
}

func (s *Server) writeProcess(b *bytes.Buffer) {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	for _, g := range []struct {
		name, help string
		value      float64
	}{
		{"writ_http_requests_in_flight", "Requests that are being answered.", float64(len(s.slots))},
		{"go_goroutines", "Goroutines.", float64(runtime.NumGoroutine())},
		{"go_memstats_heap_alloc_bytes", "Bytes of the heap in use.", float64(mem.HeapAlloc)},
		{"go_memstats_sys_bytes", "Bytes taken from the system.", float64(mem.Sys)},
		{"process_start_time_seconds", "When the server was made, in seconds since 1970.", float64(s.started.UnixMilli()) / 1000},
	} {
		head(b, g.name, "gauge", g.help)
		fmt.Fprintf(b, "%s %s\n", g.name, strconv.FormatFloat(g.value, 'f', -1, 64))
	}
	head(b, "writ_build_info", "gauge", "The program's version.")
	fmt.Fprintf(b, "writ_build_info{%s} 1\n", labels("version", s.config.Version))
}

// labels writes names and values in turn.
func labels(pairs ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(pairs[i] + `="` + escape.Replace(pairs[i+1]) + `"`)
	}
	return b.String()
}
