// Command isolation proves that stacks of the local cloud cannot touch each
// other: every role of each tries all that it may do on every resource of each
// other one, by real requests with the role's own credentials.
//
//	eval "$(writ credentials DIR)"; isolation [--widen] DIR STACK...
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	widened := flag.Bool("widen", false, "give each role by hand what it has on every resource, and prove that the check sees it")
	writ := flag.String("writ", "writ", "the writ command")
	flag.Parse()
	failed, err := run(ctx, os.Stdout, *writ, flag.Args(), *widened)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
	}
	if err != nil || failed > 0 {
		os.Exit(1)
	}
}

// run checks the stacks, prints what it counted and gives the number of failures.
func run(ctx context.Context, out io.Writer, writ string, args []string, widened bool) (failed int, err error) {
	if len(args) < 3 {
		return 0, fmt.Errorf("usage: isolation [--widen] [--writ COMMAND] DIR STACK STACK")
	}
	dev, err := asDeveloper()
	if err != nil {
		return 0, err
	}
	var stacks []*stack
	for _, name := range args[1:] {
		s, err := readStack(ctx, dev, name)
		if err != nil {
			return 0, err
		}
		for _, r := range s.roles {
			if r.as, err = dev.as(ctx, writ, args[0], r.name); err != nil {
				return 0, err
			}
		}
		if err := s.seed(ctx, dev); err != nil {
			return 0, err
		}
		describe(out, s)
		stacks = append(stacks, s)
	}
	if widened {
		return widenAll(ctx, out, dev, stacks)
	}
	return checkAll(ctx, out, dev, stacks)
}

func describe(out io.Writer, s *stack) {
	kinds := map[string]int{}
	for _, t := range s.targets {
		kinds[t.kind]++
	}
	actions := map[string]bool{}
	for _, r := range s.roles {
		tried, _, _ := r.actions() // an error comes when they are tried
		for _, a := range tried {
			actions[a] = true
		}
	}
	fmt.Fprintf(out, "%s: %d roles with %d actions; %d targets: %s; no role acts on %s\n", s.name, len(s.roles), len(actions), len(s.targets), list(kinds), list(s.untouched))
}

func list(counts map[string]int) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%d %s", counts[name], name))
	}
	return strings.Join(all, ", ")
}

func checkAll(ctx context.Context, out io.Writer, dev *cloud, stacks []*stack) (failed int, err error) {
	own, ownByCode := &tally{}, &tally{}
	closed, closedByCode := &tally{}, &tally{}
	others, othersByCode := &tally{}, &tally{}
	simulated, simulatedOwn := &tally{}, &tally{}
	arrived, crossed := &tally{}, &tally{}
	for _, s := range stacks {
		if err := control(ctx, directly, s, own, closed); err != nil {
			return 0, err
		}
		functions := s.withFunctions()
		if err := control(ctx, byFunction(dev), functions, ownByCode, closedByCode); err != nil {
			return 0, err
		}
		if err := simulate(ctx, dev, s, s, "allowed", simulatedOwn); err != nil {
			return 0, err
		}
		for _, other := range stacks {
			if other == s {
				continue
			}
			if err := attack(ctx, directly, s, other, others); err != nil {
				return 0, err
			}
			if err := attack(ctx, byFunction(dev), functions, other, othersByCode); err != nil {
				return 0, err
			}
			if err := simulate(ctx, dev, s, other, "implicitDeny", simulated); err != nil {
				return 0, err
			}
		}
	}
	if err := crossing(ctx, dev, stacks, arrived, crossed); err != nil {
		return 0, err
	}
	return report(out, []line{
		{"calls on another stack, with the role's credentials: denied", others},
		{"calls on another stack, by the function's own code: denied", othersByCode},
		{"the same calls on the own stack, where an edge allows: done", own},
		{"the same by the function's own code: done", ownByCode},
		{"the same calls on the own stack, without an edge: denied", closed},
		{"the same by the function's own code: denied", closedByCode},
		{"actions that no request can be, on another stack: denied by SimulatePrincipalPolicy", simulated},
		{"the same on the own stack: allowed", simulatedOwn},
		{"messages heard in their own stack", arrived},
		{"messages that another stack could have heard: none did", crossed},
	}), nil
}

func widenAll(ctx context.Context, out io.Writer, dev *cloud, stacks []*stack) (failed int, err error) {
	opened, closed := &tally{}, &tally{}
	for _, s := range stacks {
		others := slices.DeleteFunc(slices.Clone(stacks), func(other *stack) bool { return other == s })
		for _, by := range s.roles {
			if err := widen(ctx, dev, by, others, opened, closed); err != nil {
				return 0, err
			}
		}
	}
	return report(out, []line{
		{"calls on another stack that a wildcard by hand allows: done", opened},
		{"the same without it: denied", closed},
	}), nil
}

// withFunctions is the stack with the roles that a function runs with.
func (s *stack) withFunctions() *stack {
	some := *s
	some.roles = slices.DeleteFunc(slices.Clone(s.roles), func(r *role) bool { return r.function == "" })
	return &some
}

type line struct {
	text  string
	tally *tally
}

// shown is how many failures of one kind are printed.
const shown = 50

// report prints the counts and the failures. Nothing counted is a failure too.
func report(out io.Writer, lines []line) (failed int) {
	for _, l := range lines {
		fmt.Fprintf(out, "%6d  %s\n", l.tally.n, l.text)
		if l.tally.n == 0 {
			l.tally.fail("nothing was tried: %s", l.text)
		}
	}
	for _, l := range lines {
		for i, failure := range l.tally.failures {
			if i == shown {
				fmt.Fprintf(out, "... and %d more\n", len(l.tally.failures)-shown)
				break
			}
			fmt.Fprintln(out, "FAILED:", failure)
		}
		failed += len(l.tally.failures)
	}
	fmt.Fprintf(out, "%6d  failed\n", failed)
	return failed
}
