package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/topology"
)

// said passes on each thing that is written.
type said chan string

func (s said) Write(p []byte) (int, error) { s <- string(p); return len(p), nil }

// A denied call does not wait until a topology that is a program has run: the
// denial stands in the log at once, its fix when it is known.
func TestFixOfAProgramComesLater(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() // read by showFixes alone: what takes its time in a program
	text := "name: shop\nfunctions:\n  web:\n    root: web\nstores:\n  hits: {key: path}\n"
	if err := os.WriteFile(filepath.Join(dir, "topology.yml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "web"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "web", "handler.py"), []byte("def handler(e, c): pass\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := make(said, 2)
	u := &up{log: log, dir: dir, flags: upFlags{sandbox: "dev"}, later: make(chan missing, waitingFixes)}
	const table = "arn:aws:dynamodb:us-east-1:000000000000:table/shop_hits_dev"
	u.denied(gate.Verdict{
		Call:    &gate.Call{Caller: gate.Caller{RoleName: "tc-shop-web-dev"}},
		Ask:     gate.Ask{Action: "dynamodb:UpdateItem", Resource: table},
		Message: "no",
	})
	if got, want := <-log, "DENIED dynamodb:UpdateItem on "+table+"\n  no\n"; got != want {
		t.Errorf("at once: %q\nwant %q", got, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go u.showFixes(ctx)
	want := "fix for dynamodb:UpdateItem on " + table + ": grant function web writeData on store hits\n" +
		"  add after " + filepath.ToSlash(filepath.Join(dir, "topology.yml")) + ":4:\n" +
		"  +     grants:\n  +       - {store: hits, access: writeData}\n"
	if got := <-log; got != want {
		t.Errorf("later: %q\nwant   %q", got, want)
	}
}

func TestIsProgram(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]bool{"shop/topology.yml": false, "shop/main.go": true} {
		if got := isProgram([]*system{{topology: &topology.Topology{File: file}}}); got != want {
			t.Errorf("%s: %v", file, got)
		}
	}
}
