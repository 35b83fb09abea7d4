// Command cloud measures the local cloud as a user meets it: as a process,
// over HTTP, with signed calls.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	writ := flag.String("writ", "../bin/writ", "the writ binary")
	examples := flag.String("examples", "../examples", "the directory of the examples")
	dynalite := flag.String("dynalite", "", "a directory with node_modules/dynalite, to measure it too")
	flag.Parse()
	ctx := context.Background()
	fmt.Println("| what | figure |\n| --- | --- |")
	for _, name := range []string{"hitcounter", "hitcounter-node", "hitcounter-python"} {
		if err := measureExample(ctx, *writ, filepath.Join(*examples, name)); err != nil {
			log.Printf("%s: not measured: %v", name, err)
		}
	}
	if err := measureTables(ctx, *writ, filepath.Join(*examples, "hitcounter"), *dynalite); err != nil {
		log.Print(err)
		os.Exit(1)
	}
}

func row(what, format string, args ...any) {
	fmt.Printf("| %s | %s |\n", what, fmt.Sprintf(format, args...))
}
