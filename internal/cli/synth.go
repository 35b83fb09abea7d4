package cli

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ/topology"
)

func newSynth(sh *shell) *cobra.Command {
	var sandbox, env string
	var role roleFlags
	cmd := &cobra.Command{
		Use:   "synth [DIR]",
		Short: "Print the CloudFormation template",
		Long: `Prints the CloudFormation template of the topology in DIR: for each function a role
with one trusted service and the smallest policy that its edges need. The same
topology gives the same bytes on every machine. A topology with nested ones
prints a template for each, one after the other.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			systems, err := sh.load(cmd.Context(), order{dir: dirArg(args), sandbox: sandbox, profile: env, where: onAWS, roles: role})
			if err != nil {
				return err
			}
			for _, s := range systems {
				if _, err := sh.stdout.Write(s.template); err != nil {
					return err
				}
				showSkipped(sh.stderr, style{sh.colorErr}, s)
			}
			return nil
		},
	}
	role.register(cmd)
	cmd.Flags().StringVarP(&env, "profile", "e", localEnv, "the AWS profile, which {{env}} stands for")
	cmd.Flags().StringVarP(&sandbox, "sandbox", "s", defaultSandbox, "the sandbox")
	return cmd
}

// showSkipped names what the template holds and the topology does not declare,
// and the reverse.
func showSkipped(w io.Writer, st style, s *system) {
	for _, f := range s.topology.Functions {
		if f.Inferred {
			fmt.Fprintf(w, "%s\n", st.faint(fmt.Sprintf("function %s was found in %s: the topology does not declare it", f.Name, filepath.Join(s.topology.Dir, f.Root))))
		}
	}
	for _, n := range topology.Warnings(s.topology) {
		fmt.Fprintf(w, "%s\n", st.yellow(fmt.Sprintf("%s: warning: %s %s: %s", n.Pos, n.Kind, n.Name, n.Why)))
	}
	for _, line := range guardLines(s.guards) {
		fmt.Fprintf(w, "%s\n", st.yellow(oneLine(line)))
	}
	for _, skipped := range s.output.Skipped {
		if skipped.Kind == "node" {
			continue // it is a system of its own, and has its own template
		}
		label := "not synthesised yet"
		if skipped.Made {
			label = "note"
		}
		fmt.Fprintf(w, "%s\n", st.yellow(fmt.Sprintf("%s: %s: %s %s: %s", skipped.Pos, label, skipped.Kind, skipped.Name, skipped.Why)))
	}
}
