package cli

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

type destroyFlags struct {
	target targetFlags
	yes    bool
	format string
}

func newDestroy(sh *shell) *cobra.Command {
	var f destroyFlags
	cmd := &cobra.Command{
		Use:     "destroy [DIR]",
		Aliases: []string{"delete"},
		Short:   "Delete the stack",
		Long: `Deletes the stack of the sandbox with all that is in it, but stores that are marked
` + "`retain`" + `; nested topologies go before the ones that hold them. It asks first on a
terminal; elsewhere it needs --yes.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, sh, dirArg(args))
		},
	}
	f.target.register(cmd)
	formatFlag(cmd, &f.format)
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	return cmd
}

func (f *destroyFlags) run(cmd *cobra.Command, sh *shell, dir string) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	account, err := f.target.open(cmd.Context(), dir)
	if err != nil {
		return err
	}
	// The names are enough: code that does not build can be destroyed too.
	t, err := topology.Load(dir)
	if err != nil {
		return err
	}
	d := &deployer{account: account, progress: sh.stderr, style: style{sh.colorErr}}
	nodes := flatten(t)
	if err := checkOwners(cmd.Context(), account, nodes, f.target.sandbox); err != nil {
		return err
	}
	slices.Reverse(nodes)
	for _, node := range nodes {
		stack := synth.StackName(node, f.target.sandbox)
		deleted, kept, err := f.stack(cmd, sh, d, stack)
		if err != nil {
			return err
		}
		if f.format == "json" {
			err = json.NewEncoder(sh.stdout).Encode(destroyedJSON{stack, deleted, kept})
		} else {
			_, err = fmt.Fprintf(sh.stdout, "%s: %s\n", stack, map[bool]string{true: "deleted", false: "not deployed"}[deleted])
			for _, name := range kept {
				fmt.Fprintf(sh.stdout, "  kept: %s\n", name)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// destroyedJSON is what `writ destroy --format json` prints for each stack.
type destroyedJSON struct {
	Stack   string   `json:"stack"`
	Deleted bool     `json:"deleted"`
	Kept    []string `json:"kept,omitempty"`
}

// stack deletes one stack; it reports false when there is none. kept names
// the stores that stay.
func (f *destroyFlags) stack(cmd *cobra.Command, sh *shell, d *deployer, stack string) (deleted bool, kept []string, err error) {
	_, found, err := d.account.Stack(cmd.Context(), stack)
	if err != nil || !found {
		return false, nil, err
	}
	if !f.yes && !confirm(sh, fmt.Sprintf("Delete stack %s and its data?", stack)) {
		return false, nil, writ.Errorf(writ.CodeUsage, "stack %s was not deleted", stack).
			WithHint("answer yes, or give --yes where nobody can answer")
	}
	err = d.account.Delete(cmd.Context(), stack, func(e awscloud.StackEvent) {
		if e.Status == "DELETE_SKIPPED" {
			kept = append(kept, e.PhysicalID+" ("+e.Type+")")
		}
		d.showEvent(e)
	})
	return true, kept, err
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
