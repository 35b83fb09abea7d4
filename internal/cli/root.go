// Package cli is the command line: one file per command. It is the only
// package that knows all others, and the only one that reads the environment,
// the clock and the terminal.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
)

// shell is what a command may touch of the process.
type shell struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer // takes whole lines from many goroutines
	getenv func(string) string
	// color is set when standard error, respectively output, is a terminal that wants it.
	colorOut, colorErr bool
	// terminalOut is set when standard output is a terminal.
	terminalOut bool
	now         func() time.Time
}

// Main runs the command line of the process and gives its exit status.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	sh := &shell{
		stdin: os.Stdin, stdout: os.Stdout, stderr: &lockedWriter{w: os.Stderr}, getenv: os.Getenv,
		colorOut: wantsColor(os.Stdout), colorErr: wantsColor(os.Stderr), terminalOut: isTerminal(os.Stdout), now: time.Now,
	}
	return run(ctx, sh, os.Args[1:])
}

func wantsColor(f *os.File) bool {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	return isTerminal(f)
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// exitError ends the process with a status and says nothing more.
type exitError int

func (e exitError) Error() string { return "" }

func run(ctx context.Context, sh *shell, args []string) int {
	root := newRoot(sh)
	root.SetArgs(args)
	ran, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	var status exitError
	if errors.As(err, &status) {
		return int(status)
	}
	var known *writ.Error
	if !errors.As(err, &known) {
		// What cobra itself refuses: unknown commands, flags, a wrong number of arguments.
		usage := writ.Errorf(writ.CodeUsage, "%w", err).WithHint("`writ --help` lists the commands and `writ COMMAND --help` their flags")
		if ran.HasParent() {
			usage = usage.WithHint("usage: %s\n`%s --help` explains it", ran.UseLine(), ran.CommandPath())
		}
		err = usage
	}
	showError(sh.stderr, err)
	return writ.CodeOf(err).ExitStatus()
}

// failing makes a *writ.Error of whatever a command that ran returns: only
// what cobra returns is a mistake on the command line.
func failing(command func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := command(cmd, args)
		var known *writ.Error
		var status exitError
		if err == nil || errors.As(err, &known) || errors.As(err, &status) {
			return err
		}
		if errors.Is(err, context.Canceled) {
			return writ.Errorf(writ.CodeCancelled, "stopped: %w", err)
		}
		return writ.Errorf(writ.CodeExternal, "%w", err)
	}
}

// wrap makes commands and those below them failing.
func wrap(commands []*cobra.Command) {
	for _, command := range commands {
		command.RunE = failing(command.RunE)
		wrap(command.Commands())
	}
}

func newRoot(sh *shell) *cobra.Command {
	root := &cobra.Command{
		Use:   "writ",
		Short: "Every permission of a serverless system: declared once, shown before it changes, enforced, explained",
		Long: `writ holds every permission of a serverless system.

It reads a topology (topology.yml, or a Go program) and makes the smallest IAM
roles that its edges need; it runs the system on your machine with these roles
really enforced; and it shows who gains what before a deploy changes anything.
It also decides what the users of the application may do (policy, check, tuple, serve).`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
	}
	root.SetIn(sh.stdin)
	root.SetOut(sh.stdout)
	root.SetErr(sh.stderr)
	root.AddCommand(
		newInit(sh), newUp(sh), newSynth(sh), newRoles(sh), newDiff(sh), newDeploy(sh),
		newDestroy(sh), newInvoke(sh), newLogs(sh), newCredentials(sh), newIAM(sh), newPolicy(sh), newAuthorizer(sh), newLedger(sh), newServe(sh), newCheck(sh), newTuple(sh), newKey(sh), newVersion(sh),
	)
	wrap(root.Commands())
	root.SetFlagErrorFunc(knownFlag)
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

func newVersion(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(sh.stdout, "writ version %s\n", version())
			return err
		},
	}
}

// version comes from the build: the module's version, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "devel " + s.Value
		}
	}
	return "devel"
}

// dirArg gives the DIR argument, "." by default.
func dirArg(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

// formatFlag adds --format to a command that prints a result, as text, as JSON
// or in a form of its own.
func formatFlag(cmd *cobra.Command, format *string, own ...string) {
	cmd.Flags().StringVar(format, "format", "text", "how to print the result: "+alternatives(formats(own)))
}

func checkFormat(format string, own ...string) error {
	return checkChoice("format", format, formats(own))
}

func formats(own []string) []string { return append([]string{"text", "json"}, own...) }

// checkChoice refuses a value that a flag does not take.
func checkChoice[S ~string](flag string, value S, choices []S) error {
	if slices.Contains(choices, value) {
		return nil
	}
	return writ.Errorf(writ.CodeUsage, "--%s %s is not known", flag, value).WithHint("it takes %s", alternatives(choices))
}

// alternatives writes "a, b or c".
func alternatives[S ~string](words []S) string {
	var b strings.Builder
	for i, word := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(word))
	}
	return b.String()
}
