package cli

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// functionName gives the deployed name of a function of the topology in dir,
// or of one that is named as it is deployed.
func functionName(dir, sandbox, name string) (string, error) {
	t, err := topology.Load(dir)
	if err != nil {
		return "", err
	}
	var known []string
	for _, node := range flatten(t) {
		for _, f := range node.Functions {
			physical := synth.FunctionName(node, f.Name, sandbox)
			if name == f.Name || name == physical {
				return physical, nil
			}
			known = append(known, f.Name)
		}
	}
	e := writ.Errorf(writ.CodeNotFound, "%s has no function %q", t.File, name)
	if near := writ.Nearest(name, known); near != "" {
		return "", e.WithHint("did you mean %s?", near)
	}
	return "", e.WithHint("it has %s", strings.Join(known, ", "))
}

func newInvoke(sh *shell) *cobra.Command {
	var target targetFlags
	var payload string
	var showLog bool
	cmd := &cobra.Command{
		Use:   "invoke FUNCTION [DIR]",
		Short: "Call a function and print its answer",
		Long: `Calls a function with a JSON event and prints what it answers. A function that fails
prints its error object and ends with status 1. --payload @FILE reads the event
from a file and - from standard input.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := dirArg(args[1:])
			account, err := target.open(cmd.Context(), dir)
			if err != nil {
				return err
			}
			name, err := functionName(dir, target.sandbox, args[0])
			if err != nil {
				return err
			}
			event, err := readPayload(sh, payload)
			if err != nil {
				return err
			}
			answer, err := account.Invoke(cmd.Context(), name, event)
			if err != nil {
				return err
			}
			if showLog || answer.FunctionError != "" {
				fmt.Fprint(sh.stderr, answer.LogTail)
			}
			if _, err := fmt.Fprintf(sh.stdout, "%s\n", answer.Payload); err != nil {
				return err
			}
			if answer.FunctionError != "" {
				return exitError(1)
			}
			return nil
		},
	}
	target.register(cmd)
	cmd.Flags().StringVarP(&payload, "payload", "p", "{}", "the event: JSON, @FILE, or - for standard input")
	cmd.Flags().BoolVar(&showLog, "log", false, "print the end of the call's log to standard error")
	return cmd
}

func readPayload(sh *shell, payload string) ([]byte, error) {
	switch {
	case payload == "-":
		return io.ReadAll(io.LimitReader(sh.stdin, 6<<20+1))
	case strings.HasPrefix(payload, "@"):
		data, err := os.ReadFile(payload[1:])
		if err != nil {
			return nil, writ.Errorf(writ.CodeUsage, "read the event: %w", err)
		}
		return data, nil
	}
	return []byte(payload), nil
}

func newLogs(sh *shell) *cobra.Command {
	var target targetFlags
	var follow bool
	var since time.Duration
	cmd := &cobra.Command{
		Use:   "logs FUNCTION [DIR]",
		Short: "Read a function's log",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := dirArg(args[1:])
			account, err := target.open(cmd.Context(), dir)
			if err != nil {
				return err
			}
			name, err := functionName(dir, target.sandbox, args[0])
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			st := style{sh.colorOut}
			return account.Logs(ctx, "/aws/lambda/"+name, time.Now().Add(-since), follow, func(l awscloud.LogLine) {
				fmt.Fprintf(sh.stdout, "%s %s\n", st.faint(l.Time.Format("15:04:05.000")), strings.TrimRight(l.Message, "\n"))
			})
		},
	}
	target.register(cmd)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with new lines until interrupted")
	cmd.Flags().DurationVar(&since, "since", time.Hour, "how far to look back")
	return cmd
}
