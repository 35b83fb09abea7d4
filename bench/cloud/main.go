// Command cloud measures the local cloud as a user meets it: as a process,
// over HTTP, with signed calls. It prints a Markdown table.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"
)

func main() {
	writ := flag.String("writ", "../bin/writ", "the writ binary")
	repo := flag.String("repo", "..", "the checkout, for `go run ./cmd/writ`")
	examples := flag.String("examples", "../examples", "the directory of the examples; their .writ is removed")
	dynalite := flag.String("dynalite", "", "a directory with node_modules/dynalite, to measure it too")
	flag.Parse()
	ctx := context.Background()
	fmt.Println("| what | figure |\n| --- | --- |")
	failed := false
	measure := func(name string, err error) {
		if err != nil {
			failed = true
			log.Printf("%s: not measured: %v", name, err)
		}
	}
	measure("the gate", measureGate())
	measure("the cloud in process", measureOpen())
	measure("go run", measureGoRun(*repo, filepath.Join(*examples, "hitcounter")))
	for _, name := range []string{"hitcounter", "hitcounter-node", "hitcounter-python"} {
		measure(name, measureExample(ctx, *writ, filepath.Join(*examples, name)))
	}
	measure("tables", measureTables(ctx, *writ, filepath.Join(*examples, "hitcounter"), *dynalite))
	if failed {
		os.Exit(1)
	}
}

func row(what, format string, args ...any) {
	fmt.Printf("| %s | %s |\n", what, fmt.Sprintf(format, args...))
}

// measureGoRun measures the README's first command, from its start to the
// first answer, with a warm build cache: the first round fills it.
func measureGoRun(repo, dir string) error {
	for _, empty := range []bool{true, false} {
		var total sample
		for round := range 4 {
			if empty {
				if err := os.RemoveAll(filepath.Join(dir, ".writ")); err != nil {
					return err
				}
			}
			begin := time.Now()
			c, err := startIn(repo, dir, "go", "run", "./cmd/writ")
			if err != nil {
				return err
			}
			_, err = get(c.HTTP + "/hello")
			took := time.Since(begin)
			c.stop()
			if err != nil {
				return err
			}
			if round > 0 {
				total = append(total, took)
			}
		}
		state := "state there"
		if empty {
			state = "empty state"
		}
		row("`go run ./cmd/writ up` to the first answer of /hello, "+state, "median %.2f s, best %.2f s", total.quantile(0.5).Seconds(), total.quantile(0).Seconds())
	}
	return nil
}
