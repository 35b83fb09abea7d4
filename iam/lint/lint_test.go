package lint_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/lint"
)

var update = flag.Bool("update", false, "write the findings into the golden files")

// A golden file holds policies, named by their type ("identity.json",
// "boundary-2.json"), and what is found in them. Identity policies and
// boundaries belong to one role.
func TestFindings(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 30 {
		t.Fatalf("%d golden files, %v", len(paths), err)
	}
	seen := map[string]bool{}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := lint.Policies(inputs(t, path, archive))
		for _, f := range found {
			seen[f.Code] = true
		}
		last := &archive.Files[len(archive.Files)-1]
		if last.Name != "findings" {
			t.Fatalf("%s does not end with the file findings", path)
		}
		got := text(found)
		if *update {
			last.Data = []byte(got)
			if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(last.Data), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	for _, r := range lint.Rules() {
		if !seen[r.Code] {
			t.Errorf("no golden file shows %s", r.Code)
		}
	}
}

func inputs(t *testing.T, path string, archive *txtar.Archive) []lint.Input {
	t.Helper()
	var in []lint.Input
	for _, f := range archive.Files {
		name, isPolicy := strings.CutSuffix(f.Name, ".json")
		if !isPolicy {
			continue
		}
		kind, _, _ := strings.Cut(name, "-")
		doc, err := iam.Parse(f.Data)
		if err != nil {
			t.Fatalf("%s: %s: %v", path, f.Name, err)
		}
		input := lint.Input{Document: doc, Type: iam.PolicyType(kind), Name: name, File: f.Name, Source: f.Data}
		if input.Type == iam.TypeIdentity || input.Type == iam.TypeBoundary {
			input.Owner = "role app"
		}
		in = append(in, input)
	}
	return in
}

// text writes a finding as its place, the line with a caret, and the hint.
func text(found []lint.Finding) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%s: %s: %s: %s\n", f.Position, f.Severity, f.Code, f.Message)
		if f.Source != "" {
			fmt.Fprintf(&b, "    %s\n    %s^\n", f.Source, strings.Repeat(" ", f.Position.Col-1))
		}
		if f.Hint != "" {
			fmt.Fprintf(&b, "    hint: %s\n", f.Hint)
		}
	}
	if len(found) == 0 {
		return "nothing\n"
	}
	return b.String()
}

// Unknown text is one variable however long its name is, and another name is
// another text.
func TestUnknownIsOneVariable(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("{Fn::Join: [a, $é*]}", 500)
	for _, name := range []string{"", "Table", "AWS.name.Table", "${}", "a'b", long} {
		text := lint.Unknown(name)
		if iam.VariableLen(text) != len(text) || lint.IsKnown("x"+text) {
			t.Errorf("%q is not one unknown text", text)
		}
	}
	if lint.Unknown(long+"a") == lint.Unknown(long+"b") {
		t.Error("two long names stand for the same text")
	}
}
