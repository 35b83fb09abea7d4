package topology_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// TestTc parses topologies in tc's own keys, as they are, and keeps what became
// of each in NAME.json.
func TestTc(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/tc/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases found: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := topology.Parse(src, "topology.yml", "")
			if err != nil {
				var shown bytes.Buffer
				writ.WriteError(&shown, err)
				t.Fatalf("\n%s", shown.String())
			}
			text, err := json.MarshalIndent(struct {
				Topology *topology.Topology
				Edges    []topology.Edge
				NotRun   []topology.Notice
			}{got, topology.Edges(got), topology.NotRun(got)}, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, strings.TrimSuffix(file, ".yml")+".json", append(text, '\n'))
		})
	}
	t.Logf("%d cases", len(files))
}
