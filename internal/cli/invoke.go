package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

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

type invokeFlags struct {
	target  targetFlags
	payload string
	showLog bool
	format  string
}

func newInvoke(sh *shell) *cobra.Command {
	var f invokeFlags
	cmd := &cobra.Command{
		Use:   "invoke FUNCTION [DIR]",
		Short: "Call a function and print its answer",
		Long: `Calls a function with a JSON event and prints what it answers. A function that fails
prints its error object and ends with status 1. --payload @FILE reads the event
from a file and - from standard input.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, sh, args[0], dirArg(args[1:]))
		},
	}
	f.target.register(cmd)
	formatFlag(cmd, &f.format)
	cmd.Flags().StringVarP(&f.payload, "payload", "p", "{}", "the event: JSON, @FILE, or - for standard input")
	cmd.Flags().BoolVar(&f.showLog, "log", false, "print the end of the call's log to standard error")
	return cmd
}

func (f *invokeFlags) run(cmd *cobra.Command, sh *shell, function, dir string) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	event, err := readPayload(sh, f.payload)
	if err != nil {
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
	done := working(sh.stderr, style{sh.colorErr}, "waiting for "+function)
	answer, err := account.Invoke(cmd.Context(), name, event)
	done()
	if err != nil {
		return deployFirst(err, dir)
	}
	if err := f.show(sh, answer); err != nil {
		return err
	}
	if answer.FunctionError != "" {
		return exitError(1)
	}
	return nil
}

func (f *invokeFlags) show(sh *shell, answer awscloud.Answer) error {
	if f.format == "json" {
		return json.NewEncoder(sh.stdout).Encode(answerJSON{jsonOrText(answer.Payload), answer.FunctionError, answer.LogTail})
	}
	if f.showLog || answer.FunctionError != "" {
		fmt.Fprint(sh.stderr, printable(answer.LogTail))
	}
	text := string(answer.Payload)
	if sh.terminalOut { // elsewhere the bytes go on as they are
		text = printable(text)
	}
	_, err := fmt.Fprintf(sh.stdout, "%s\n", text)
	return err
}

// answerJSON is what `writ invoke --format json` prints.
type answerJSON struct {
	Payload       any    `json:"payload"`
	FunctionError string `json:"functionError,omitempty"`
	Log           string `json:"log"`
}

// jsonOrText keeps JSON as it is; a custom runtime may answer anything.
func jsonOrText(payload []byte) any {
	if json.Valid(payload) {
		return json.RawMessage(payload)
	}
	return string(payload)
}

// maxEvent is the most that Lambda takes for an event, in bytes.
const maxEvent = 6 << 20

func readPayload(sh *shell, payload string) (event []byte, err error) {
	event = []byte(payload)
	switch {
	case payload == "-":
		event, err = io.ReadAll(io.LimitReader(sh.stdin, maxEvent+1))
	case strings.HasPrefix(payload, "@"):
		event, err = os.ReadFile(payload[1:])
	}
	switch {
	case err != nil:
		return nil, writ.Errorf(writ.CodeUsage, "read the event: %w", err)
	case len(event) > maxEvent:
		return nil, writ.Errorf(writ.CodeTooLarge, "the event is over the 6 MB that Lambda takes")
	case len(event) > 0 && !json.Valid(event):
		return nil, writ.Errorf(writ.CodeUsage, "the event is not JSON").
			WithHint(`write --payload '{"key": "value"}', --payload @FILE, or --payload - for standard input`)
	}
	return event, nil
}
