package cli

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"sort"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
)

func newDeploy(sh *shell) *cobra.Command {
	var target targetFlags
	var format string
	cmd := &cobra.Command{
		Use:     "deploy [DIR]",
		Aliases: []string{"create", "update"},
		Short:   "Build the code and apply the template",
		Long: `Builds the functions, uploads what the account does not have yet, and applies the
template through a CloudFormation change set. The local cloud and AWS go the
same way. Nothing happens when nothing changed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			dir, ctx := dirArg(args), cmd.Context()
			account, err := target.open(ctx, dir)
			if err != nil {
				return err
			}
			systems, err := loadSystems(ctx, dir, target.sandbox, target.env())
			if err != nil {
				return err
			}
			d := &deployer{
				account: account, workDir: filepath.Join(stateDir(dir), "build"),
				progress: &lockedWriter{w: sh.stderr}, style: style{sh.colorErr},
			}
			for _, s := range systems {
				stack, changed, err := d.deploy(ctx, s)
				if err != nil {
					return err
				}
				showSkipped(sh.stderr, style{sh.colorErr}, s)
				if format == "json" {
					err = json.NewEncoder(sh.stdout).Encode(map[string]any{"stack": stack, "changed": changed})
				} else {
					err = printDeployed(sh, stack.Name, stack.Outputs, changed)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	target.register(cmd)
	formatFlag(cmd, &format)
	return cmd
}

func printDeployed(sh *shell, stack string, outputs map[string]string, changed bool) error {
	st := style{sh.colorOut}
	if !changed {
		_, err := fmt.Fprintf(sh.stdout, "%s: no changes\n", stack)
		return err
	}
	if _, err := fmt.Fprintf(sh.stdout, "%s: %s\n", stack, st.green("deployed")); err != nil {
		return err
	}
	names := make([]string, 0, len(outputs))
	width := 0
	for name := range outputs {
		names = append(names, name)
		width = max(width, len(name))
	}
	sort.Strings(names)
	for _, name := range names {
		if _, err := fmt.Fprintf(sh.stdout, "  %-*s  %s\n", width, name, outputs[name]); err != nil {
			return err
		}
	}
	return nil
}

func newDestroy(sh *shell) *cobra.Command {
	var target targetFlags
	var yes bool
	cmd := &cobra.Command{
		Use:     "destroy [DIR]",
		Aliases: []string{"delete"},
		Short:   "Delete the stack",
		Long: `Deletes the stack of the sandbox with all that is in it, but stores that are marked
` + "`retain`" + `. It asks first on a terminal; elsewhere it needs --yes.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, ctx := dirArg(args), cmd.Context()
			account, err := target.open(ctx, dir)
			if err != nil {
				return err
			}
			systems, err := loadSystems(ctx, dir, target.sandbox, target.env())
			if err != nil {
				return err
			}
			d := &deployer{account: account, progress: &lockedWriter{w: sh.stderr}, style: style{sh.colorErr}}
			for i := len(systems) - 1; i >= 0; i-- {
				s := systems[i]
				_, found, err := account.Stack(ctx, s.stack)
				if err != nil {
					return err
				}
				if !found {
					fmt.Fprintf(sh.stdout, "%s: not deployed\n", s.stack)
					continue
				}
				if !yes && !confirm(sh, fmt.Sprintf("Delete stack %s and its data?", s.stack)) {
					return writ.Errorf(writ.CodeUsage, "stack %s was not deleted", s.stack).
						WithHint("answer yes, or give --yes where nobody can answer")
				}
				if err := account.Delete(ctx, s.stack, d.showEvent); err != nil {
					return err
				}
				fmt.Fprintf(sh.stdout, "%s: deleted\n", s.stack)
			}
			return nil
		},
	}
	target.register(cmd)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

// confirm asks on standard error; only a plain yes is one.
func confirm(sh *shell, question string) bool {
	fmt.Fprintf(sh.stderr, "%s [yes/no] ", question)
	var answer string
	if _, err := fmt.Fscanln(sh.stdin, &answer); err != nil {
		return false
	}
	return answer == "yes" || answer == "y"
}
