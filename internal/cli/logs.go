package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ/awscloud"
)

type logsFlags struct {
	target targetFlags
	follow bool
	since  time.Duration
	format string
}

func newLogs(sh *shell) *cobra.Command {
	var f logsFlags
	cmd := &cobra.Command{
		Use:   "logs FUNCTION [DIR]",
		Short: "Read a function's log",
		Long: `Prints the log of a function since some time ago, and with -f what comes after it.
--format json prints one object for each line.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, sh, args[0], dirArg(args[1:]))
		},
	}
	f.target.register(cmd)
	formatFlag(cmd, &f.format)
	cmd.Flags().BoolVarP(&f.follow, "follow", "f", false, "go on with new lines until interrupted")
	cmd.Flags().DurationVar(&f.since, "since", time.Hour, "how far to look back")
	return cmd
}

func (f *logsFlags) run(cmd *cobra.Command, sh *shell, function, dir string) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	account, err := f.target.open(cmd.Context(), dir)
	if err != nil {
		return err
	}
	name, err := functionName(dir, f.target.sandbox, function)
	if err != nil {
		return err
	}
	var failed error // a reader that went away, such as `head`
	err = account.Logs(cmd.Context(), "/aws/lambda/"+name, time.Now().Add(-f.since), f.follow, func(l awscloud.LogLine) {
		if err := f.show(sh, l); failed == nil {
			failed = err
		}
	})
	if err != nil {
		return deployFirst(err, dir)
	}
	return failed
}

func (f *logsFlags) show(sh *shell, l awscloud.LogLine) error {
	l.Message = strings.TrimRight(l.Message, "\r\n")
	if f.format == "json" {
		return json.NewEncoder(sh.stdout).Encode(l)
	}
	st := style{sh.colorOut}
	_, err := fmt.Fprintf(sh.stdout, "%s %s\n", st.faint(l.Time.Format("15:04:05.000")), printable(l.Message))
	return err
}
