// Command iam measures the IAM engine beside minio/pkg v3 in one run: the same
// policies and requests, compiled beforehand, verdicts compared first. It
// prints a Markdown table of CPU time per evaluation.
package main

import (
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/writ-dev/writ/iam"
)

// contender is one way to evaluate a workload's i-th request.
type contender struct {
	name    string
	allowed func(i int) bool
}

func main() {
	rounds := flag.Int("rounds", 9, "alternating repetitions; the median is shown")
	batch := flag.Duration("batch", 200*time.Millisecond, "CPU time of one repetition")
	flag.Parse()
	if err := run(*rounds, *batch); err != nil {
		log.Fatal(err)
	}
}

func run(rounds int, batch time.Duration) error {
	for _, w := range []*workload{w1(), w2(), role(100), role(10_000)} {
		peer, err := w.peer()
		if err != nil {
			return err
		}
		ours, err := w.contenders()
		if err != nil {
			return err
		}
		if err := w.print(append([]contender{peer}, ours...), rounds, batch); err != nil {
			return err
		}
	}
	return nil
}

func (w *workload) peer() (contender, error) {
	args, merged, err := w.minio()
	return contender{"minio/pkg v3, `IsAllowed`", func(i int) bool { return merged.IsAllowed(args[i%rotation]) }}, err
}

// contenders are Writ's ways, over the list of policies as loaded and, where
// there are several, over their union.
func (w *workload) contenders() ([]contender, error) {
	requests, list, err := w.writ()
	if err != nil {
		return nil, err
	}
	decide := func(p *iam.Policies) func(int) bool {
		return func(i int) bool { return iam.Decide(requests[i%rotation], p) == iam.Allowed }
	}
	evaluate := func(p *iam.Policies) func(int) bool {
		return func(i int) bool { return iam.Evaluate(requests[i%rotation], p).Verdict == iam.Allowed }
	}
	all := []contender{{"`Decide`", decide(list)}, {"`Evaluate`", evaluate(list)}}
	if len(list.Identity) > 1 {
		union := &iam.Policies{Identity: []*iam.Policy{iam.Union(list.Identity)}}
		all = append(all, contender{"`Decide`, `Union`", decide(union)}, contender{"`Evaluate`, `Union`", evaluate(union)})
	}
	return append(all,
		contender{"`Explain`", func(i int) bool {
			return iam.Explain(requests[i%rotation], list).Decision.Verdict == iam.Allowed
		}},
		contender{"`Evaluate` and `Reasons`", func(i int) bool {
			d := iam.Evaluate(requests[i%rotation], list)
			return len(d.Reasons(requests[i%rotation])) > 0 && d.Verdict == iam.Allowed
		}}), nil
}

// print checks that all agree, measures, and prints one table.
func (w *workload) print(all []contender, rounds int, batch time.Duration) error {
	allowed, err := w.agree(all)
	if err != nil {
		return err
	}
	costs := measure(all, rounds, batch)
	fmt.Printf("\n%s: %d of %d requests allowed by all\n\n| engine | ns per evaluation | allocations | times the peer's rate |\n| --- | ---: | ---: | ---: |\n", w.name, allowed, len(w.requests))
	for i, c := range all {
		fmt.Printf("| %s | %.0f | %.1f | %.1f |\n", c.name, costs[i].nanoseconds, costs[i].allocations, costs[0].nanoseconds/costs[i].nanoseconds)
	}
	return nil
}

// agree compares the verdicts on every request and counts the allowed ones.
func (w *workload) agree(all []contender) (allowed int, err error) {
	for i := range w.requests {
		want := all[0].allowed(i)
		if want {
			allowed++
		}
		for _, c := range all[1:] {
			if c.allowed(i) != want {
				return 0, fmt.Errorf("%s: %+v: %s allows: %t, %s: %t", w.name, w.requests[i], all[0].name, want, c.name, !want)
			}
		}
	}
	return allowed, nil
}
