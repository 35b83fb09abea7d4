package cli

import "github.com/spf13/cobra"

// newIAM groups the commands about AWS policies.
func newIAM(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "iam",
		Short: "Evaluate, explain and check AWS policies",
		Long: `Decides requests as AWS IAM does, and says why: from policy files, from a file of
cases, or from the topology in DIR, whose roles and policies are synthesised for
the question. Nothing has to be deployed and no cloud has to run.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newIAMEval(sh), newIAMExplain(sh), newIAMWhoCan(sh), newIAMLint(sh), newIAMSuggest(sh))
	return cmd
}
