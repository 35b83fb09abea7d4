package diff_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/diff"
)

const reference = "../../shared/reference"

func parse(t *testing.T, path string) *cfn.Template {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	template, err := cfn.Parse(src, path)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func text(t *testing.T, c *diff.Changes, o diff.TextOptions) string {
	t.Helper()
	var b strings.Builder
	if err := c.WriteText(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// later lists the pairs whose tables a later capability prints.
var later = map[string]string{
	"sg-ingress-everyone":    "security group tables",
	"sso-permission-set-new": "Identity Center tables",
}

// TestAgainstCDK compares with the printed output of the real cdk diff.
func TestAgainstCDK(t *testing.T) {
	t.Parallel()
	pairs, err := filepath.Glob(filepath.Join(reference, "iam-diff", "*", "before.json"))
	if err != nil || len(pairs) == 0 {
		t.Skipf("the corpus of cdk diff is not beside the checkout (%v)", err)
	}
	ran := 0
	for _, before := range pairs {
		dir := filepath.Dir(before)
		name := filepath.Base(dir)
		if later[name] != "" {
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := diff.Compare("", parse(t, before), parse(t, filepath.Join(dir, "after.json")))
			for file, o := range map[string]diff.TextOptions{
				"expected.txt":     {CDK: true},
				"expected.w80.txt": {CDK: true, Width: 80},
			} {
				want, err := os.ReadFile(filepath.Join(dir, file))
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text(t, c, o), "\n")); d != "" {
					t.Errorf("%s:\n%s", file, d)
				}
			}
		})
	}
	t.Logf("%d pairs compared with cdk diff, %d left to later capabilities", ran, len(later))
	if ran == 0 {
		t.Fatal("no pair was compared")
	}
}

// TestTheLesson compares the steps of the CDK workshop.
func TestTheLesson(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reference, "workshop")
	stages := map[string]string{
		"new": "", "a": "a-hello", "b": "b-hitcounter-no-grants", "c": "c-table-grant", "d": "d-invoke-grant",
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the lesson's templates are not beside the checkout: %v", err)
	}
	ran := 0
	for _, step := range []string{"a-to-b", "b-to-c", "c-to-d", "new-to-d"} {
		from, to, _ := strings.Cut(step, "-to-")
		before := &cfn.Template{Root: &cfn.Object{}}
		if from != "new" {
			before = parse(t, filepath.Join(dir, stages[from]+".template.json"))
		}
		c := diff.Compare("CdkWorkshopStack", before, parse(t, filepath.Join(dir, stages[to]+".template.json")))
		for file, width := range map[string]int{step + ".diff.txt": 0, step + ".diff.w100.txt": 100} {
			ran++
			want, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			body, _, _ := strings.Cut(string(want), "\n\n\n✨")
			// The output's construct path stands in the cloud assembly, not in the template.
			body = strings.Replace(body, "Output Endpoint/Endpoint ", "Output Endpoint8024A810 ", 1)
			got := strings.TrimRight(text(t, c, diff.TextOptions{CDK: true, Width: width}), "\n")
			if d := cmp.Diff(strings.Split(strings.TrimRight(body, "\n"), "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("%s:\n%s", file, d)
			}
		}
	}
	t.Logf("%d printed diffs of the lesson compared", ran)
}
