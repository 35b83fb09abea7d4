package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/writ-dev/writ"
)

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
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newIAMEval(sh), newIAMExplain(sh), newIAMWhoCan(sh), newIAMLint(sh), newIAMSuggest(sh))
	return cmd
}

// knownCommand refuses a word that is no command of a group, with the one that
// was probably meant: it begins so, or is spelt nearly so.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := writ.Errorf(writ.CodeUsage, "%q is not a command of `%s`", args[0], cmd.CommandPath())
	var names, begin []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
		if strings.HasPrefix(c.Name(), args[0]) {
			begin = append(begin, c.Name())
		}
	}
	if near := writ.Nearest(args[0], names); len(begin) == 0 && near != "" {
		begin = []string{near}
	}
	if len(begin) == 0 {
		return err.WithHint("the commands are %s", strings.Join(names, ", "))
	}
	return err.WithHint("did you mean `%s %s`?", cmd.CommandPath(), strings.Join(begin, "`, or `"+cmd.CommandPath()+" "))
}

// knownFlag adds to cobra's error about a flag the one that was probably meant.
func knownFlag(cmd *cobra.Command, err error) error {
	name, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	wrong := writ.Errorf(writ.CodeUsage, "unknown flag: --%s", name)
	if near := writ.Nearest(name, names); near != "" {
		return wrong.WithHint("did you mean --%s?\nusage: %s", near, cmd.UseLine())
	}
	return wrong.WithHint("usage: %s\n`%s --help` explains it", cmd.UseLine(), cmd.CommandPath())
}
