package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// line is one benchmark: its figures by unit.
type line struct {
	name    string  // without "Benchmark" and the number of processors
	times   float64 // how often it ran
	figures map[string]float64
}

type run struct {
	processor string
	lines     []line
}

// time is the processor's where the run has it, else the clock's.
func (l line) time() float64 {
	if v, ok := l.figures["cpu-ns/op"]; ok {
		return v
	}
	return l.figures["ns/op"]
}

// parse reads what `go test -bench` prints.
func parse(text string) (run, error) {
	var r run
	for raw := range strings.Lines(text) {
		fields := strings.Fields(raw)
		if p, ok := strings.CutPrefix(raw, "cpu: "); ok {
			r.processor = strings.TrimSpace(p)
		}
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		l := line{name: strings.TrimPrefix(fields[0], "Benchmark"), figures: map[string]float64{}}
		if at := strings.LastIndexByte(l.name, '-'); at > 0 {
			if _, err := strconv.Atoi(l.name[at+1:]); err == nil {
				l.name = l.name[:at]
			}
		}
		times, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			return r, fmt.Errorf("%s: %w", l.name, err)
		}
		l.times = times
		for i := 2; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return r, fmt.Errorf("%s: %w", l.name, err)
			}
			l.figures[fields[i+1]] = v
		}
		r.lines = append(r.lines, l)
	}
	if len(r.lines) == 0 {
		return r, fmt.Errorf("no benchmark in it")
	}
	return r, nil
}

// result is one engine in one workload.
type result struct {
	engine                  string
	ns, allocs              float64
	checked, asked          float64
	hand                    float64 // ns of the hand-written code of the same run
	timesHand, timesFastest float64
}

// results are the engines of a workload, hand and Writ from the first run that has them, then the
// peers by their time.
func results(runs []run, workload string) []result {
	var all []result
	seen := map[string]bool{}
	for _, r := range runs {
		hand := 0.0
		for _, l := range r.lines {
			w, engine := split(l.name)
			if w != workload {
				continue
			}
			if engine == "hand" {
				hand = l.time()
			}
			if seen[engine] {
				continue
			}
			seen[engine] = true
			f := l.figures
			all = append(all, result{
				engine: engine, ns: l.time(), allocs: f["allocs/op"], checked: f["checked"], asked: l.times, hand: hand,
			})
		}
	}
	fastest := 0.0
	for i := range all {
		r := &all[i]
		if r.timesHand = r.ns / r.hand; isPeer(r.engine) && (fastest == 0 || r.timesHand < fastest) {
			fastest = r.timesHand
		}
	}
	for i := range all {
		all[i].timesFastest = all[i].timesHand / fastest
	}
	slices.SortStableFunc(all, func(a, b result) int {
		if !isPeer(a.engine) || !isPeer(b.engine) {
			return 0
		}
		return cmp.Compare(a.timesHand, b.timesHand)
	})
	return all
}

func isPeer(engine string) bool {
	return engine != "hand" && engine != "writ" && engine != "writ-reasons" && engine != "writ-anew"
}

// split takes W4's list, "documents" say, as part of the workload.
func split(name string) (workload, engine string) {
	parts := strings.Split(name, "/")
	switch len(parts) {
	case 2:
		return parts[0], parts[1]
	case 3: // hand's and Writ's lists
		return parts[0] + "/" + parts[1], parts[2]
	case 4: // a peer's, under its name
		return parts[0] + "/" + parts[2], parts[3]
	}
	return name, ""
}

// point is one size of growth.
type point struct {
	kind                    string
	facts, ns, bytesPerFact float64
}

func growthOf(runs []run) []point {
	var points []point
	for _, r := range runs {
		for _, l := range r.lines {
			if rest, ok := strings.CutPrefix(l.name, "Growth/"); ok {
				kind, _, _ := strings.Cut(rest, "/")
				points = append(points, point{kind, l.figures["facts"], l.time(), l.figures["bytes/fact"]})
			}
		}
	}
	return points
}
