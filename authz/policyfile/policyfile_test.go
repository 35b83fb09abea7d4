package policyfile_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/policyfile"
	"github.com/writ-dev/writ/topology"
)

var update = flag.Bool("update", false, "write the golden files anew")

// other gives the files that a policy of the tests may name.
func other(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join("testdata", "errors", name))
}

// TestErrors shows what a user sees of each wrong policy: NAME.yml gives NAME.txt.
func TestErrors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/errors/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases found: %v", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "-facts.yml") {
			continue // named by another
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yml"), func(t *testing.T) {
			t.Parallel()
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, got := policyfile.Parse(src, writ.Position{File: "policy.yml", Line: 1, Col: 1}, policyfile.Options{File: other})
			if got == nil {
				t.Fatal("no error")
			}
			checkPositions(t, got, string(src), writ.Position{File: "policy.yml", Line: 1, Col: 1})
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

// checkPositions makes sure that every error of the text lies within it.
func checkPositions(t *testing.T, err error, text string, at writ.Position) {
	t.Helper()
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	lines := strings.Split(text, "\n")
	for _, one := range all {
		e, ok := one.(*writ.Error)
		if !ok {
			t.Errorf("%v is a %T, not a *writ.Error", one, one)
			continue
		}
		p := e.Position
		if p.File != at.File || p.Line == 0 {
			continue
		}
		n := p.Line - at.Line
		if n < 0 || n >= len(lines) {
			t.Errorf("%v: line %d of %d", e, p.Line, len(lines))
			continue
		}
		line := strings.Repeat(" ", at.Col-1) + strings.TrimSuffix(lines[n], "\r")
		if p.Col < at.Col || p.Col > len([]rune(line))+1 {
			t.Errorf("%v: column %d of %q", e, p.Col, line)
		}
		if n > 0 && e.Source != line {
			t.Errorf("%v: source line %q, want %q", e, e.Source, line)
		}
	}
}

// TestExample runs the tests of examples/documents, read as a section of a topology.
func TestExample(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "examples", "documents")
	src, err := os.ReadFile(filepath.Join(dir, "topology.yml"))
	if err != nil {
		t.Fatal(err)
	}
	top, err := topology.Parse(src, "topology.yml", dir)
	if err != nil {
		t.Fatal(err)
	}
	p, err := policyfile.Parse([]byte(top.Policy.YAML), top.Policy.Pos, policyfile.Options{
		File: func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) },
	})
	if err != nil {
		var shown bytes.Buffer
		writ.WriteError(&shown, err)
		t.Fatal(shown.String())
	}
	results, err := p.RunTests(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil || len(results) < 20 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for _, r := range results {
		if !r.Passed {
			t.Errorf("%s: %s: %s: got %s, %v", r.Case.Position, r.Test, r.Case.Text, r.Got, r.Err)
		}
	}
	t.Logf("%d cases", len(results))
}

// TestSemantics runs the policies of testdata/semantics, each of which states one rule of what policies mean.
func TestSemantics(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/semantics/*.yml")
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
			p, err := policyfile.Parse(src, writ.Position{File: file, Line: 1, Col: 1}, policyfile.Options{})
			if err != nil {
				var shown bytes.Buffer
				writ.WriteError(&shown, err)
				t.Fatal(shown.String())
			}
			results, err := p.RunTests(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
			if err != nil {
				t.Fatal(err)
			}
			allowed, denied := 0, 0
			for _, r := range results {
				if !r.Passed {
					t.Errorf("%s: %s: %s: got %s, %v", r.Case.Position, r.Test, r.Case.Text, r.Got, r.Err)
				}
				if r.Case.Allowed {
					allowed++
				} else {
					denied++
				}
			}
			if allowed == 0 || denied == 0 {
				t.Errorf("%d cases allow and %d deny: some of both are needed", allowed, denied)
			}
		})
	}
}

// TestPage runs what docs/policy.md shows: a policy, its facts, and more tests.
func TestPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "policy.md"))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, part := range strings.Split(string(page), "```yaml\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	if len(blocks) != 3 {
		t.Fatalf("%d blocks of YAML, not a policy, facts and tests", len(blocks))
	}
	before, _, _ := strings.Cut(blocks[0], "  tests:\n")
	more := before + "  " + strings.ReplaceAll(blocks[2], "\n", "\n  ")
	for _, text := range []string{blocks[0], more} {
		p, err := policyfile.Parse([]byte(text), writ.Position{File: "policy.md", Line: 1, Col: 1}, policyfile.Options{
			File: func(string) ([]byte, error) { return []byte(blocks[1]), nil },
		})
		if err != nil {
			var shown bytes.Buffer
			writ.WriteError(&shown, err)
			t.Fatal(shown.String())
		}
		results, err := p.RunTests(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil || len(results) == 0 {
			t.Fatalf("%d results, %v", len(results), err)
		}
		for _, r := range results {
			if !r.Passed {
				t.Errorf("%s: %s: got %s, %v", r.Test, r.Case.Text, r.Got, r.Err)
			}
		}
	}
}

// TestNamesThatAreNotThere holds that a case about nothing fails, though its answer is the expected one.
func TestNamesThatAreNotThere(t *testing.T) {
	t.Parallel()
	p, err := policyfile.Parse([]byte(`
subjects: [team#member]
resources:
  team: {relations: {member: user}}
  document: {actions: [read], roles: {viewer: read}}
tests:
  about nothing:
    - ann may not raed document:a
    - ann may not viewer document:a
    - ann may not read planet:a
    - usr:ann may not read document:a
    - team:t#membr may not read document:a
    - {list: box, for: ann, may: read, expect: []}
    - {list: usr, on: document:a, may: read, expect: []}
  about something:
    - ann may not read document:a
    - team:t#member may not read document:a
`), writ.Position{File: "policy.yml", Line: 1, Col: 1}, policyfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	results, err := p.RunTests(time.Time{})
	if err != nil || len(results) != 9 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for i, want := range []string{
		`document has no action "raed"`, `document has no action "viewer"`, `no type "planet"`, `no type "usr"`, `team has no relation "membr"`,
		`no type "box"`, `no type "usr"`, "", "",
	} {
		r := results[i]
		if r.Passed != (want == "") || (r.Err == nil) != r.Passed || r.Err != nil && !strings.Contains(r.Err.Error(), want) {
			t.Errorf("%s: passed %v, %v; want %q", r.Case.Text, r.Passed, r.Err, want)
		}
	}
}
