package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/server"
)

func newLedger(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Verify the history of the policy server",
		Long: `Every change of facts, policy and keys that the policy server makes is an entry of its
history, each with the hash of the one before; its number is the revision that answers
carry. ` + "`verify`" + ` checks that nobody has altered it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLedgerVerify(sh))
	return cmd
}

func newLedgerVerify(sh *shell) *cobra.Command {
	var name, format string
	cmd := &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Check the chain of hashes, and the stored state against it",
		Long: `Goes through the whole history of an environment of the policy server, checks the hash of
every entry, and compares the stored facts, keys and model with what the history comes to.
What was altered or added behind the server's back is named. The server must not run
on a file at the same time; with WRIT_STORE=postgres://... it may.

  writ ledger verify
  writ ledger verify DIR --environment shop/production`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			e, err := parseEnvironment(name)
			if err != nil {
				return err
			}
			dir, where := dirArg(args), sh.getenv("WRIT_STORE")
			store, closing, err := openExisting(cmd.Context(), dir, where, e)
			if err != nil {
				return err
			}
			if store == nil {
				return nothingStored(dir, where, e)
			}
			defer func() { _ = closing() }() // nothing was written
			v, err := environment.Verify(cmd.Context(), store)
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(sh.stdout, map[string]any{"entries": v.Entries, "things": v.Things, "head": v.Head.Hash})
			}
			_, err = fmt.Fprintf(sh.stdout, "%s %d entries, %d stored things, head %x\n", style{sh.colorOut}.green("ok"), v.Entries, v.Things, v.Head.Hash[:8])
			return err
		},
	}
	cmd.Flags().StringVar(&name, "environment", server.DefaultProject+"/"+server.DefaultEnv, "the `PROJECT/ENVIRONMENT`")
	formatFlag(cmd, &format)
	return cmd
}
