package cli

import "github.com/spf13/cobra"

// newIAM groups the commands about AWS policies.
func newIAM(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "iam",
		Short: "Evaluate, explain and check AWS policies",
		Long: `Decides requests as AWS IAM does, and says why: from policy files, from a file of
cases, or from the topology in DIR, whose roles and policies are synthesised for
the question; says what is wrong with policies; and suggests grants from what
"writ up --record" saw. Nothing has to be deployed and no cloud has to run.

Commands end with status 0, or 1 when something failed or was found, 2 for a
mistake on the command line, 3 when what was asked is denied.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newIAMEval(sh), newIAMExplain(sh), newIAMWhoCan(sh), newIAMLint(sh), newIAMSuggest(sh))
	return cmd
}
