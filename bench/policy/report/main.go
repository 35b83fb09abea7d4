// Report turns the output of the policy benchmarks into docs/bench/policy.md and a plot of growth.
// Every figure is divided by the hand-written code of the same run, so that runs can stand side by side.
//
//	go run ./report -out ../../docs/bench [-note TEXT] RUN.txt...
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	out := flag.String("out", ".", "directory of policy.md and policy-growth.svg")
	note := flag.String("note", "", "a sentence on how busy the machine was")
	flag.Parse()
	if err := report(*out, *note, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func report(out, note string, files []string) error {
	var runs []run
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		r, err := parse(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		runs = append(runs, r)
	}
	page, err := page(runs, note)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "policy.md"), []byte(page), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "policy-growth.svg"), []byte(plot(growthOf(runs))), 0o644)
}
