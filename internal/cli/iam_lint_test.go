package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam/lint"
	"github.com/writ-dev/writ/synth"
)

// What SARIF 2.1.0 requires of a log, and what code hosts require on top: an
// id and a level that rules have, a place with a relative URI.
func TestSARIF(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := writeSARIF(&b, []lint.Finding{
		{Code: "unknown-action", Severity: lint.Error, Message: "m", Hint: "h", Position: writ.Position{File: "a b/p.json", Line: 3, Col: 7}},
		{Code: "redundant-statement", Severity: lint.Suggestion, Message: "m", Position: writ.Position{File: "p.json"}},
		{Code: "allow-all", Severity: lint.Security, Message: "m"},
		{Code: "allow-all", Severity: lint.Security, Message: "m"},
	}, "1.0")
	if err != nil {
		t.Fatal(err)
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name           string
					InformationURI string
					Rules          []struct {
						ID, HelpURI string
						Properties  struct {
							SecuritySeverity string `json:"security-severity"`
						}
						ShortDescription     struct{ Text string }
						DefaultConfiguration struct{ Level string }
					}
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Prints    map[string]string `json:"partialFingerprints"`
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           *struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || !strings.Contains(log.Schema, "sarif-2.1.0") || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" {
		t.Fatalf("the head of the log is %+v", log)
	}
	run := log.Runs[0]
	levels := []string{"error", "warning", "note"}
	if len(run.Tool.Driver.Rules) != len(lint.Rules()) || len(run.Results) != 4 {
		t.Fatalf("%d rules, %d results", len(run.Tool.Driver.Rules), len(run.Results))
	}
	for _, r := range run.Tool.Driver.Rules {
		if n, err := strconv.ParseFloat(r.Properties.SecuritySeverity, 64); err != nil || n <= 0 || n > 10 || !strings.HasPrefix(r.HelpURI, run.Tool.Driver.InformationURI+"/") {
			t.Errorf("the rule %+v has no rating or no page", r)
		}
		if r.ID == "" || r.ShortDescription.Text == "" || !slices.Contains(levels, r.DefaultConfiguration.Level) {
			t.Errorf("the rule %+v lacks something", r)
		}
	}
	prints := map[string]bool{}
	for _, r := range run.Results {
		if print := r.Prints["writIamLint/v1"]; print == "" || prints[print] {
			t.Errorf("the fingerprint of %+v is empty or another's", r)
		} else {
			prints[print] = true
		}
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || r.Message.Text == "" || !slices.Contains(levels, r.Level) {
			t.Errorf("the result %+v lacks something", r)
		}
	}
	first := run.Results[0].Locations[0].PhysicalLocation
	if first.ArtifactLocation.URI != "a%20b/p.json" || first.Region.StartLine != 3 || first.Region.StartColumn != 7 {
		t.Errorf("the place is %+v", first)
	}
	if run.Results[1].Locations[0].PhysicalLocation.Region != nil || run.Results[2].Locations != nil {
		t.Error("a place that is not known is told")
	}
}

// The table of docs/iam-lint.md is the table of rules.
func TestLintPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/iam-lint.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range lint.Rules() {
		want = append(want, "| `"+r.Code+"` | "+string(r.Severity)+" | "+r.Doc+" |")
	}
	got := regexp.MustCompile("(?m)^\\| `.*$").FindAllString(string(page), -1)
	if !slices.Equal(got, want) {
		t.Errorf("the table of docs/iam-lint.md should be:\n%s", strings.Join(want, "\n"))
	}
}

// A finding about a statement that comes from an edge of the topology stands
// there; others stand in the template.
func TestAtEdge(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "topology.yml")
	if err := os.WriteFile(file, []byte("name: a\nfunctions: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := &synth.Output{Statements: []synth.Provenance{{Policy: "HelloPolicy", Index: 1, Position: writ.Position{File: file, Line: 2, Col: 1}}}}
	template := writ.Position{File: "template", Line: 9, Col: 9}
	in := atEdge(lint.Input{Name: "HelloPolicy", Place: func(...string) (writ.Position, string) { return template, "there" }}, out)
	for path, want := range map[string]string{
		"Statement 1 Action 0": file + ":2:1 functions: {}",
		"Statement 0 Action 0": "template:9:9 there",
		"Version":              "template:9:9 there",
	} {
		at, line := in.Place(strings.Fields(path)...)
		if got := at.String() + " " + line; got != want {
			t.Errorf("%s is at %s, want %s", path, got, want)
		}
	}
}
