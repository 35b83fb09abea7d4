package topology_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/asl"
	"github.com/writ-dev/writ/topology"
)

// TestStates reads state machines in a small topology: NAME.asl.yml or .json
// gives NAME.txt, which holds the edges and the doubts, or the errors as a user
// sees them.
func TestStates(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/states/*.asl.*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases found: %v", err)
	}
	for _, file := range files {
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := fmt.Sprintf(statesTopology, filepath.Base(file))
			got, err := topology.Parse([]byte(src), "testdata/states/topology.yml", "testdata/states")
			var shown bytes.Buffer
			if err != nil {
				writ.WriteError(&shown, err)
			} else {
				showStates(&shown, got)
			}
			compareGolden(t, filepath.Join("testdata/states", name+".txt"), shown.Bytes())
		})
	}
	t.Logf("%d cases", len(files))
}

const statesTopology = `name: shop
mode: Standard
states: %s
functions:
  check: {root: code, runtime: {lang: node22, handler: index.handler}}
  pay: {root: code, runtime: {lang: node22, handler: index.handler}}
  resize: {root: code, runtime: {lang: node22, handler: index.handler}}
queues:
  mail:
stores:
  orders: {key: id}
  photos: {kind: bucket}
events:
  Paid: {function: check}
`

func showStates(w *bytes.Buffer, got *topology.Topology) {
	for _, e := range topology.Edges(got) {
		if e.Source.Kind == topology.KindState {
			fmt.Fprintf(w, "state %s -> %s %s (%s) at %s\n", e.Source.Name, e.Target.Kind, e.Target.Name, e.Access, e.Pos)
		}
	}
	for _, c := range got.States.Machine.Calls {
		fmt.Fprintf(w, "%s calls %s:%s", c.State, c.Service, c.Action)
		if c.Use != asl.UseTask {
			fmt.Fprintf(w, " as %s", c.Use)
		}
		if c.Pattern != asl.RequestResponse {
			fmt.Fprintf(w, " and waits with .%s", c.Pattern)
		}
		fmt.Fprintln(w)
	}
	for _, n := range topology.Warnings(got) {
		fmt.Fprintf(w, "warning %s: %s: %s\n", n.Pos, n.Name, n.Why)
	}
	fmt.Fprintln(w, got.States.JSON)
}

// FuzzStates holds the reader of state machines to its promises on any text: it
// returns, and each error lies within the file.
func FuzzStates(f *testing.F) {
	files, err := filepath.Glob("testdata/states/*.asl.*")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		text := append([]byte("name: shop\nstates:\n  "), bytes.ReplaceAll(src, []byte("\n"), []byte("\n  "))...)
		got, err := topology.Parse(text, "topology.yml", "")
		if err != nil {
			checkPositions(t, err, text)
			return
		}
		if got.States == nil || got.States.Machine == nil {
			return
		}
		topology.Edges(got)
		topology.Warnings(got)
		if got.States.JSON == "" || got.States.JSON[0] != '{' {
			t.Errorf("the definition is %q", got.States.JSON)
		}
	})
}
