package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cases"
)

// maxShownErrors bounds how many bad lines are shown; all are counted.
const maxShownErrors = 20

func newIAMEval(sh *shell) *cobra.Command {
	e := &caseRun{sh: sh}
	cmd := &cobra.Command{
		Use:   "eval FILE.jsonl...",
		Short: "Decide cases from a file, one JSON verdict per line",
		Long: `Reads cases, one JSON object per line, and prints for each, in the same order,
  {"id":"...","verdict":"Allowed","blockedBy":[]}
The verdict is Allowed, ImplicitlyDenied or ExplicitlyDenied; blockedBy names what
denied or did not allow: identity, resource, pb (permissions boundary), session,
scp, rcp, vpce (endpoint policy), s3-bpa (Block Public Access), aws-owned. FILE - is
standard input.

A line that is no case is an error with its place; the others are still decided,
and the command ends with status 1. So it does for files that hold no case.

--check compares with what the cases expect and prints only what differs.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(e.format); err != nil {
				return err
			}
			return e.files(cmd.Context(), args)
		},
	}
	cmd.Flags().BoolVar(&e.check, "check", false, "compare with what the cases expect, print what differs and a count")
	formatFlag(cmd, &e.format)
	return cmd
}

// caseRun is one run over files of cases.
type caseRun struct {
	sh     *shell
	check  bool
	format string

	out                       *bufio.Writer
	cases, agree, differ, bad int
}

func (e *caseRun) files(ctx context.Context, names []string) error {
	// Little is alive at any time: fewer collections make the run quicker.
	defer debug.SetGCPercent(debug.SetGCPercent(200))
	e.out = bufio.NewWriterSize(e.sh.stdout, 1<<16)
	for _, name := range names {
		if err := e.file(ctx, name); err != nil {
			_ = e.out.Flush() // the error says more than one of the output could
			return err
		}
	}
	if err := e.summary(); err != nil {
		return err
	}
	if err := e.out.Flush(); err != nil {
		return err
	}
	switch {
	case e.bad > 0:
		return writ.Errorf(writ.CodeInvalid, "%s could not be read; %d cases were decided", counted(e.bad, "line"), e.cases)
	case e.cases == 0:
		return writ.Errorf(writ.CodeInvalid, "there are no cases in %s", quotedList(names))
	case e.check && e.agree+e.differ == 0:
		return writ.Errorf(writ.CodeInvalid, "none of the %s says what is expected", counted(e.cases, "case"))
	case e.differ > 0:
		return exitError(1)
	}
	return nil
}

func (e *caseRun) file(ctx context.Context, name string) error {
	in := e.sh.stdin
	if name == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return writ.Errorf(writ.CodeNotFound, "read the cases: %w", err)
		}
		defer f.Close() // only read
		in = f
	}
	worker := func() func(cases.Line) decided {
		var cache cases.Cache
		return func(line cases.Line) decided { return decideLine(&cache, line, name) }
	}
	return inOrder(ctx, cases.Lines(in), worker, func(d decided) error { return e.take(name, d) })
}

// decided is what came of one line.
type decided struct {
	line    int
	c       *cases.Case
	verdict iam.Verdict
	blocked []string
	err     error
}

func decideLine(cache *cases.Cache, line cases.Line, file string) decided {
	d := decided{line: line.Number}
	if d.c, d.err = line.Case(file); d.err != nil {
		return d
	}
	req, policies, err := cache.IAM(d.c)
	if err != nil {
		d.err = line.In(file, err)
		return d
	}
	decision := iam.Evaluate(req, policies)
	d.verdict, d.blocked = decision.Verdict, cases.BlockerNames(decision.BlockedBy)
	return d
}

func (e *caseRun) take(file string, d decided) error {
	if d.err != nil {
		if e.bad++; e.bad <= maxShownErrors {
			showError(e.sh.stderr, d.err)
		}
		return nil
	}
	e.cases++
	if !e.check {
		return e.write(struct {
			ID        string      `json:"id"`
			Verdict   iam.Verdict `json:"verdict"`
			BlockedBy []string    `json:"blockedBy"`
		}{d.c.ID, d.verdict, d.blocked})
	}
	if d.c.Expected == "" {
		return nil
	}
	if d.c.Agrees(d.verdict) && d.c.AgreesBlockedBy(d.blocked) {
		e.agree++
		return nil
	}
	e.differ++
	return e.mismatch(file, d)
}

func (e *caseRun) mismatch(file string, d decided) error {
	if e.format == "json" {
		return e.write(struct {
			File              string      `json:"file"`
			Line              int         `json:"line"`
			ID                string      `json:"id"`
			Verdict           iam.Verdict `json:"verdict"`
			BlockedBy         []string    `json:"blockedBy"`
			Expected          string      `json:"expected"`
			ExpectedBlockedBy []string    `json:"expectedBlockedBy,omitempty"`
		}{file, d.line, d.c.ID, d.verdict, d.blocked, d.c.Expected, d.c.ExpectedBlockedBy})
	}
	want := d.c.Expected
	if d.c.ExpectedBlockedBy != nil {
		want += fmt.Sprintf(" by %v", d.c.ExpectedBlockedBy)
	}
	_, err := fmt.Fprintf(e.out, "%s:%d: %s: %s by %v, expected %s\n", oneLine(file), d.line, oneLine(d.c.ID), d.verdict, d.blocked, oneLine(want))
	return err
}

// write writes one line of JSON.
func (e *caseRun) write(v any) error {
	var b bytes.Buffer
	j := json.NewEncoder(&b)
	j.SetEscapeHTML(false)
	if err := j.Encode(v); err != nil {
		return err
	}
	_, err := e.out.Write(b.Bytes())
	return err
}

func (e *caseRun) summary() error {
	if !e.check {
		return nil
	}
	silent := e.cases - e.agree - e.differ
	if e.format == "json" {
		return e.write(struct {
			Cases     int `json:"cases"`
			Agree     int `json:"agree"`
			Differ    int `json:"differ"`
			Unchecked int `json:"unchecked"`
			Unread    int `json:"unread"`
		}{e.cases, e.agree, e.differ, silent, e.bad})
	}
	text := fmt.Sprintf("%s: %d as expected, %d not", counted(e.cases, "case"), e.agree, e.differ)
	if silent > 0 {
		text += fmt.Sprintf(", %d without an expectation", silent)
	}
	_, err := io.WriteString(e.out, text+"\n")
	return err
}

func quotedList(names []string) string {
	var b bytes.Buffer
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoted(name))
	}
	return b.String()
}
