package topology_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestErrors shows what a user sees of each wrong topology: NAME.yml gives NAME.txt.
func TestErrors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/errors/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases found: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yml"), func(t *testing.T) {
			t.Parallel()
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, got := topology.Parse(src, "topology.yml", "testdata/code")
			if got == nil {
				t.Fatal("no error")
			}
			checkPositions(t, got, src)
			var shown bytes.Buffer
			writ.WriteError(&shown, got)
			compareGolden(t, strings.TrimSuffix(file, ".yml")+".txt", shown.Bytes())
		})
	}
	t.Logf("%d cases", len(files))
}

func compareGolden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; write anew with -update):\n%s", file, diff)
	}
}

// checkPositions makes sure that every error of the file lies within it and
// shows its line.
func checkPositions(t *testing.T, err error, src []byte) {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("not a list of errors: %T", err)
	}
	lines := strings.Split(string(src), "\n")
	for _, one := range joined.Unwrap() {
		e, ok := one.(*writ.Error)
		if !ok {
			t.Errorf("%v is a %T, not a *writ.Error", one, one)
			continue
		}
		p := e.Position
		if p.File != "topology.yml" || p.IsZero() || p.Line == 0 && e.Code == writ.CodeTooLarge {
			continue
		}
		if p.Line < 1 || p.Line > len(lines) {
			t.Errorf("%v: line %d of %d", e, p.Line, len(lines))
			continue
		}
		line := strings.TrimSuffix(lines[p.Line-1], "\r")
		if p.Col < 1 || p.Col > len([]rune(line))+1 {
			t.Errorf("%v: column %d of %q", e, p.Col, line)
		}
		if !strings.HasPrefix(strings.ToValidUTF8(line, "\uFFFD"), e.Source) && p.Line > 1 { // a byte order mark may precede line 1
			t.Errorf("%v: source line %q, want %q", e, e.Source, line)
		}
	}
}
