package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/openfga"
)

func newPolicyTest(sh *shell) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "test [FILE|DIR...]",
		Short: "Run the tests of policies",
		Long: `Runs the tests that policies carry: ` + "`tests:`" + ` of a policy file or of a topology's policy,
and OpenFGA store tests (.fga.yaml). Each answer that is not the wanted one is shown with
its reasons. The exit status is 1 when there is one, or no test at all.

` + policyOrder + ` The tests of an
OpenFGA model there are those of store.fga.yaml beside it.

  writ policy test
  writ policy test examples/documents store.fga.yaml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			var all []tested
			for _, path := range pathArgs(args) {
				p, err := openTests(path)
				if err != nil {
					return err
				}
				results, err := p.test(sh.now())
				if err != nil {
					return err
				}
				all = append(all, results...)
			}
			return showTests(sh, format, all)
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

// tested is the outcome of one question of a test.
type tested struct {
	File     string        `json:"file"`
	Test     string        `json:"test"`
	Question string        `json:"question"`
	Position writ.Position `json:"position,omitzero"`
	Want     string        `json:"want,omitempty"`
	Got      string        `json:"got,omitempty"`
	Passed   bool          `json:"passed"`
	Error    string        `json:"error,omitempty"`
	Reasons  []writ.Reason `json:"reasons,omitempty"`
	err      error
	source   string
}

// test runs the tests that the policy has; grants that expire are judged at now.
func (p *policyInput) test(now time.Time) ([]tested, error) {
	switch {
	case p.policy != nil:
		return p.testCases(now)
	case p.store != nil:
		return p.testStore(), nil
	}
	return nil, nil
}

func (p *policyInput) testCases(now time.Time) ([]tested, error) {
	results, err := p.policy.RunTests(now)
	if err != nil {
		return nil, err
	}
	var out []tested
	for _, r := range results {
		t := tested{
			File: p.path, Test: r.Test, Question: r.Case.Text, Position: r.Case.Position, source: r.Source,
			Want: r.Want, Got: r.Got, Passed: r.Passed, Reasons: r.Decision.Reasons, err: r.Err,
		}
		t.fail()
		out = append(out, t)
	}
	return out, nil
}

func (p *policyInput) testStore() []tested {
	var out []tested
	for _, r := range p.store.Run() {
		t := tested{
			File: p.path, Test: r.Test, Question: questionText(r.Question), Want: r.Want, Got: r.Got,
			Passed: r.Passed, Reasons: r.Reasons, err: r.Err,
		}
		t.Position, t.source = r.Question.At()
		t.fail()
		out = append(out, t)
	}
	return out
}

// fail tells the error in JSON too.
func (t *tested) fail() {
	if t.err != nil {
		t.Error = t.err.Error()
	}
}

func questionText(q openfga.Question) string {
	switch q.Kind {
	case "list_objects":
		return fmt.Sprintf("every %s that %s is %s of", q.Object, q.User, q.Relation)
	case "list_users":
		return fmt.Sprintf("every %s that is %s of %s", q.User, q.Relation, q.Object)
	}
	return fmt.Sprintf("%s is %s of %s", q.User, q.Relation, q.Object)
}

// showTests prints one line for each test and all that is wrong, and is an
// error when anything is, or when nothing was tested.
func showTests(sh *shell, format string, all []tested) error {
	failed := 0
	for _, t := range all {
		if !t.Passed {
			failed++
		}
	}
	if format == "json" {
		if err := writeJSON(sh.stdout, all); err != nil {
			return err
		}
	} else {
		writeTests(sh.stdout, style{sh.colorOut}, all)
	}
	switch {
	case len(all) == 0:
		return writ.Errorf(writ.CodeInvalid, "there are no tests here: nothing was tested")
	case failed > 0:
		return writ.Errorf(writ.CodeInvalid, "%d of %s answered otherwise than wanted", failed, counted(len(all), "question"))
	}
	return nil
}

func writeTests(w io.Writer, c style, all []tested) {
	for start := 0; start < len(all); {
		end, failed := start, 0
		for ; end < len(all) && all[end].File == all[start].File && all[end].Test == all[start].Test; end++ {
			if !all[end].Passed {
				failed++
			}
		}
		name := all[start].Test
		if name == "" {
			name = all[start].File
		}
		if failed == 0 {
			fmt.Fprintf(w, "%s    %s %s\n", c.green("ok"), name, c.faint("("+counted(end-start, "question")+")"))
		} else {
			fmt.Fprintf(w, "%s  %s %s\n", c.red("FAIL"), name, c.faint(fmt.Sprintf("(%d of %s)", failed, counted(end-start, "question"))))
		}
		said := "" // what is wrong with the file is wrong for each of its questions
		for _, t := range all[start:end] {
			if t.Passed || t.Error != "" && t.Error == said {
				continue
			}
			said = t.Error
			t.write(w)
		}
		start = end
	}
}

func (t tested) write(w io.Writer) {
	fmt.Fprintf(w, "      %s: %s\n", t.Position, t.Question)
	writ.WriteSource(w, t.Position, t.source)
	if t.err != nil {
		writ.WriteError(w, t.err)
		return
	}
	fmt.Fprintf(w, "      want %s\n      got  %s\n", t.Want, t.Got)
	for _, r := range t.Reasons {
		fmt.Fprintf(w, "      because %s\n", oneLine(r.Message))
		if r.Fix != nil {
			fmt.Fprintf(w, "        fix: %s\n", oneLine(r.Fix.Summary))
		}
	}
}
