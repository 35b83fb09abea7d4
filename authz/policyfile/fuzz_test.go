package policyfile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/policyfile"
)

// FuzzParse holds Parse to three promises on any text: it returns, each error lies within the text wherever
// that stands in its file, and what it accepts can be stored and its tests can be run.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/errors/*.yml", "testdata/semantics/*.yml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no seeds in %s: %v", pattern, err)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(src), 1, 1)
		}
	}
	f.Add("resources:\r\n  document: {actions: [read]}\r\nuser_sets:\r\n  a: |\r\n    user.x ==\r\n      1 1\r\n", 7, 3)
	f.Add("roles: {a: [b:c:d, b:*], b:c: x, \"d\":1, e:f: {may: [g:h]}}\n", 2, 5)
	f.Fuzz(func(t *testing.T, text string, line, col int) {
		at := writ.Position{File: "topology.yml", Line: 1 + line&0xff, Col: 1 + col&0x1f}
		p, err := policyfile.Parse([]byte(text), at, policyfile.Options{File: func(string) ([]byte, error) { return nil, fs.ErrNotExist }})
		if err != nil {
			checkPositions(t, err, text, at)
			return
		}
		if _, err := p.Source(); err != nil {
			t.Fatal(err)
		}
		if _, err := p.RunTests(time.Unix(1e9, 0)); err != nil {
			t.Fatal(err)
		}
	})
}
