package cli

import "github.com/spf13/cobra"

func newIAM(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "iam",
		Short: "Evaluate and explain AWS policies",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newIAMSuggest(sh))
	return cmd
}
