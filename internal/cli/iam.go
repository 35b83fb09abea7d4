package cli

import "github.com/spf13/cobra"

// newIAM groups the commands about policies.
func newIAM(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "iam",
		Short: "Check IAM policies",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newIAMLint(sh))
	for _, command := range cmd.Commands() {
		command.RunE = failing(command.RunE)
	}
	return cmd
}
