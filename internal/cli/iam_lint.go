package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/lint"
)

type lintFlags struct {
	kind, format, failOn string
	sandbox, profile     string
}

func newIAMLint(sh *shell) *cobra.Command {
	var f lintFlags
	cmd := &cobra.Command{
		Use:   "lint FILE|DIR...",
		Short: "Find what is wrong with policies: unknown names, width, dead statements, escalation",
		Long: `Reads policy documents (JSON or YAML), CloudFormation templates and directories of
them, and says what is wrong with the policies in them: actions and condition keys
that AWS does not have, statements that allow more than anybody needs, statements
that never have an effect, and grants that together make their owner an
administrator. In a directory with a topology, the policies that Writ makes of it
are judged.

The type of a document that does not stand in a template is guessed from its
Principal, and said; --type sets it. The exit status is 1 when there is a finding
at or above --fail-on.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			s := &policySource{kind: iam.PolicyType(f.kind), load: func(dir string) ([]*system, error) {
				return sh.load(cmd.Context(), dir, f.sandbox, f.profile, onAWS)
			}}
			for _, path := range args {
				if err := s.add(path); err != nil {
					return err
				}
			}
			return f.show(sh, s)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.kind, "type", "", "the type of the documents: "+alternatives(policyTypes))
	flags.StringVar(&f.failOn, "fail-on", string(lint.Error), "the least severity that fails: "+alternatives(lint.Severities()))
	flags.StringVarP(&f.profile, "profile", "e", localEnv, "the AWS profile, which {{env}} in a topology stands for")
	flags.StringVarP(&f.sandbox, "sandbox", "s", defaultSandbox, "the sandbox of a topology")
	formatFlag(cmd, &f.format, "sarif")
	return cmd
}

var policyTypes = []iam.PolicyType{
	iam.TypeIdentity, iam.TypeResource, iam.TypeTrust, iam.TypeKey, iam.TypeBoundary, iam.TypeSession, iam.TypeSCP, iam.TypeRCP, iam.TypeEndpoint,
}

func (f *lintFlags) check() error {
	if f.kind != "" {
		if err := checkChoice("type", iam.PolicyType(f.kind), policyTypes); err != nil {
			return err
		}
	}
	if err := checkChoice("fail-on", lint.Severity(f.failOn), lint.Severities()); err != nil {
		return err
	}
	return checkFormat(f.format, "sarif")
}

func (f *lintFlags) show(sh *shell, s *policySource) error {
	found := lint.Policies(s.found)
	var err error
	switch f.format {
	case "json":
		err = writeJSON(sh.stdout, append([]lint.Finding{}, found...)) // a list, also when it is empty
	case "sarif":
		err = writeSARIF(sh.stdout, found, version())
	default:
		err = showFindings(sh.stdout, style{sh.colorOut}, found, s)
	}
	if err != nil {
		return err
	}
	for _, skipped := range s.skipped {
		fmt.Fprintf(sh.stderr, "%s\n", style{sh.colorErr}.yellow("not read: "+oneLine(skipped)))
	}
	if len(found) >= lint.MaxFindings {
		return writ.Errorf(writ.CodeTooLarge, "there are more than %d findings, and the others are not shown", lint.MaxFindings)
	}
	if slices.ContainsFunc(found, func(x lint.Finding) bool { return x.Severity.AtLeast(lint.Severity(f.failOn)) }) {
		return exitError(1)
	}
	return nil
}

// showFindings writes a paragraph for each finding, and a line of summary.
func showFindings(w io.Writer, st style, found []lint.Finding, s *policySource) error {
	var b strings.Builder
	for _, guess := range s.guesses {
		b.WriteString(st.faint(oneLine(guess)) + "\n")
	}
	if len(s.guesses) > 0 && len(found) > 0 {
		b.WriteString("\n")
	}
	for i := range found {
		showFinding(&b, st, &found[i])
	}
	b.WriteString(summary(found, len(s.found), s.others) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func showFinding(b *strings.Builder, st style, f *lint.Finding) {
	colour := st.faint
	switch f.Severity {
	case lint.Error, lint.Security:
		colour = st.red
	case lint.Warning:
		colour = st.yellow
	}
	fmt.Fprintf(b, "%s: %s %s: %s\n", oneLine(f.Position.String()), colour(string(f.Severity)), f.Code, oneLine(f.Message))
	at, line := printableSource(f.Position, f.Source)
	writ.WriteSource(b, at, line)
	if f.Hint != "" {
		fmt.Fprintf(b, "  %s\n", st.cyan("hint: "+oneLine(f.Hint)))
	}
	b.WriteString("\n")
}

// summary is "3 findings in 2 policies: 1 error, 2 warnings".
func summary(found []lint.Finding, policies, others int) string {
	var parts []string
	for _, severity := range lint.Severities() {
		n := 0
		for i := range found {
			if found[i].Severity == severity {
				n++
			}
		}
		switch {
		case n > 0 && severity == lint.Security:
			parts = append(parts, fmt.Sprintf("%d security", n))
		case n > 0:
			parts = append(parts, counted(n, string(severity)))
		}
	}
	text := "nothing found in " + counted(policies, "policy")
	if len(found) > 0 {
		text = fmt.Sprintf("%s in %s: %s", counted(len(found), "finding"), counted(policies, "policy"), strings.Join(parts, ", "))
	}
	if others > 0 {
		text += fmt.Sprintf(" (%s without policies)", counted(others, "file"))
	}
	return text
}
