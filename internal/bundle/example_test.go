package bundle_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/writ-dev/writ/internal/bundle"
	"github.com/writ-dev/writ/topology"
)

func ExampleHash() {
	dir, err := os.MkdirTemp("", "bundle-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "handler.py"), []byte("def handler(event, context): return event\n"), 0o644); err != nil {
		fmt.Println(err)
		return
	}
	s := bundle.Source{Name: "echo", Dir: dir, Language: topology.LanguagePython}
	name, err := bundle.Hash(context.Background(), s)
	if err != nil {
		fmt.Println(err)
		return
	}
	zip, err := bundle.Build(context.Background(), s, bundle.Target{OS: "linux", Arch: "amd64", Release: true}, dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(name[:12], len(zip) > 0)
	// Output: fc45a1f8ecd0 true
}
