package cli

import (
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/diff"
)

type diffFlags struct {
	target       targetFlags
	roles        roleFlags
	oldFile      string
	newFile      string
	compat       string
	format       string
	failOn       string
	securityOnly bool
}

func newDiff(sh *shell) *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff [DIR]",
		Short: "Show what a deploy would change, IAM statements first",
		Long: `Compares the topology in DIR with what is deployed, or any two CloudFormation
templates (JSON or YAML) given with --old and --new. IAM statement changes come
first, then the resources.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if f.oldFile != "" {
				if len(args) > 0 || f.target.sandbox != "" || f.target.profile != "" {
					return writ.Errorf(writ.CodeUsage, "--old and --new compare two files: they take no DIR, -s or -e")
				}
				return f.files(sh)
			}
			return f.deployed(cmd, sh, dirArg(args))
		},
	}
	f.target.register(cmd)
	f.roles.register(cmd)
	formatFlag(cmd, &f.format)
	cmd.Flags().StringVar(&f.oldFile, "old", "", "the template before")
	cmd.Flags().StringVar(&f.newFile, "new", "", "the template after")
	cmd.Flags().StringVar(&f.compat, "compat", "", "cdk: print exactly what cdk diff prints")
	cmd.Flags().StringVar(&f.failOn, "fail-on", "never", "end with status 4 on differences: never, any, or widen (added permissions)")
	cmd.Flags().BoolVar(&f.securityOnly, "security-only", false, "print only changes of permissions")
	return cmd
}

func (f *diffFlags) check() error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	if (f.oldFile == "") != (f.newFile == "") {
		return writ.Errorf(writ.CodeUsage, "--old and --new go together")
	}
	if f.compat != "" {
		if err := checkChoice("compat", f.compat, []string{"cdk"}); err != nil {
			return err
		}
	}
	return checkChoice("fail-on", f.failOn, []string{"never", "any", "widen"})
}

func (f *diffFlags) files(sh *shell) error {
	before, err := readTemplate(f.oldFile)
	if err != nil {
		return err
	}
	after, err := readTemplate(f.newFile)
	if err != nil {
		return err
	}
	return f.show(sh, []*diff.Changes{diff.Compare("", before, after)})
}

func readTemplate(path string) (*cfn.Template, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "read the template: %w", err)
	}
	return cfn.Parse(src, path)
}

func (f *diffFlags) deployed(cmd *cobra.Command, sh *shell, dir string) error {
	account, err := f.target.open(cmd.Context(), dir)
	if err != nil {
		return err
	}
	systems, err := sh.load(cmd.Context(), f.target.order(dir, account, f.roles))
	if err != nil {
		return err
	}
	var all []*diff.Changes
	for _, s := range systems {
		before := &cfn.Template{Root: &cfn.Object{}}
		body, found, err := account.Template(cmd.Context(), s.stack)
		if err != nil {
			return err
		}
		if found {
			if before, err = cfn.Parse(body, "the deployed template of "+s.stack); err != nil {
				return err
			}
		}
		all = append(all, diff.Compare(s.stack, before, s.output.Template))
		showSkipped(sh.stderr, style{sh.colorErr}, s)
	}
	return f.show(sh, all)
}

func (f *diffFlags) show(sh *shell, all []*diff.Changes) error {
	width, _ := strconv.Atoi(sh.getenv("COLUMNS"))
	different, widened := 0, false
	for _, changes := range all {
		if !changes.Empty() {
			different++
		}
		widened = widened || changes.Widens()
	}
	if f.format == "json" {
		if err := writeJSON(sh.stdout, all); err != nil {
			return err
		}
	} else {
		options := diff.TextOptions{Color: sh.colorOut, Width: width, CDK: f.compat == "cdk", SecurityOnly: f.securityOnly}
		for _, changes := range all {
			if err := changes.WriteText(sh.stdout, options); err != nil {
				return err
			}
		}
		if f.compat == "" && different == 0 {
			fmt.Fprintln(sh.stdout, "no differences")
		}
	}
	if f.failOn == "any" && different > 0 || f.failOn == "widen" && widened {
		return exitError(4)
	}
	return nil
}
