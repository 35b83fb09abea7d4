package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"sort"
	"strings"

	"github.com/spf13/cobra"
)

func newDeploy(sh *shell) *cobra.Command {
	var target targetFlags
	var role roleFlags
	var format string
	var accept bool
	cmd := &cobra.Command{
		Use:     "deploy [DIR]",
		Aliases: []string{"create", "update"},
		Short:   "Build the code and apply the template",
		Long: `Builds the functions, uploads what the account does not have yet, and applies the
template through a CloudFormation change set. The local cloud and AWS go the
same way. Nothing happens when nothing changed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			dir, ctx := dirArg(args), cmd.Context()
			account, err := target.open(ctx, dir)
			if err != nil {
				return err
			}
			o := target.order(dir, account, role)
			systems, err := sh.load(ctx, o)
			if err == nil {
				err = sh.checkRoles(ctx, sh.stderr, o, systems, accept)
			}
			if err != nil {
				return err
			}
			if err := checkOwners(ctx, account, topologiesOf(systems), target.sandbox); err != nil {
				return err
			}
			d := &deployer{
				account: account, workDir: os.TempDir(),
				progress: sh.stderr, style: style{sh.colorErr},
			}
			for _, s := range systems {
				stack, changed, err := d.deploy(ctx, s)
				if err != nil {
					return err
				}
				showSkipped(sh.stderr, style{sh.colorErr}, s)
				if format == "json" {
					err = json.NewEncoder(sh.stdout).Encode(map[string]any{"stack": stack, "changed": changed})
				} else {
					err = printDeployed(sh, stack.Name, stack.Outputs, changed, target.servedAt(stack.Outputs))
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	target.register(cmd)
	role.register(cmd)
	acceptFlag(cmd, &accept)
	formatFlag(cmd, &format)
	return cmd
}

// printDeployed shows the stack's outputs, and where a local cloud serves the
// routes: the URLs of the outputs are AWS's.
func printDeployed(sh *shell, stack string, outputs map[string]string, changed bool, served []string) error {
	st := style{sh.colorOut}
	if !changed {
		_, err := fmt.Fprintf(sh.stdout, "%s: no changes\n", stack)
		return err
	}
	if _, err := fmt.Fprintf(sh.stdout, "%s: %s\n", stack, st.green("deployed")); err != nil {
		return err
	}
	names := make([]string, 0, len(outputs))
	width := 0
	for name := range outputs {
		names = append(names, name)
		width = max(width, len(name))
	}
	sort.Strings(names)
	for _, url := range served {
		if _, err := fmt.Fprintf(sh.stdout, "  %-*s  %s\n", width, "served here", st.bold(url)); err != nil {
			return err
		}
	}
	for _, name := range names {
		if _, err := fmt.Fprintf(sh.stdout, "  %-*s  %s\n", width, oneLine(name), oneLine(outputs[name])); err != nil {
			return err
		}
	}
	return nil
}

// awsURL is the URL of an API in a stack's outputs.
var awsURL = regexp.MustCompile(`^https://([a-z0-9]+)\.execute-api\.[^/]+/(.*)$`)

// servedAt gives the URLs at which a local cloud serves the APIs of a stack:
// the port itself for its own sandbox, the API's name for another.
func (t *targetFlags) servedAt(outputs map[string]string) []string {
	port := strings.TrimPrefix(t.local.HTTP, "http://127.0.0.1")
	var urls []string
	for _, value := range outputs {
		match := awsURL.FindStringSubmatch(value)
		switch {
		case match == nil || t.local.HTTP == "":
		case t.sandbox == t.local.Sandbox:
			return []string{t.local.HTTP + "/"}
		default:
			urls = append(urls, "http://"+match[1]+".execute-api.localhost"+port+"/"+match[2])
		}
	}
	sort.Strings(urls)
	return urls
}
