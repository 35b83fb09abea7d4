package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam/lint"
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
					Name  string
					Rules []struct {
						ID                   string
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
	if len(run.Tool.Driver.Rules) != len(lint.Rules()) || len(run.Results) != 3 {
		t.Fatalf("%d rules, %d results", len(run.Tool.Driver.Rules), len(run.Results))
	}
	for _, r := range run.Tool.Driver.Rules {
		if r.ID == "" || r.ShortDescription.Text == "" || !slices.Contains(levels, r.DefaultConfiguration.Level) {
			t.Errorf("the rule %+v lacks something", r)
		}
	}
	for _, r := range run.Results {
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
