package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server"
)

// environmentFlag is --environment of a command.
type environmentFlag struct {
	name string
	cmd  *cobra.Command
}

const environmentFlagName = "environment"

func (f *environmentFlag) register(cmd *cobra.Command, what string) {
	f.cmd = cmd
	cmd.Flags().StringVar(&f.name, environmentFlagName, server.DefaultProject+"/"+server.DefaultEnv, "the `PROJECT/ENVIRONMENT` "+what)
}

// given: the user has named the environment. With --server the key names one, and another is an error.
func (f *environmentFlag) given() bool { return f.cmd.Flags().Changed(environmentFlagName) }

func (f *environmentFlag) read() (serveEnvironment, error) { return parseEnvironment(f.name) }

// parseEnvironment reads project/environment.
func parseEnvironment(name string) (serveEnvironment, error) {
	project, env, ok := strings.Cut(name, "/")
	if !ok || !environmentName.MatchString(project) || !environmentName.MatchString(env) {
		return serveEnvironment{}, writ.Errorf(writ.CodeUsage, "%q is not written project/environment", oneLine(name)).
			WithHint("that of a server which was told of no other is default/default")
	}
	return serveEnvironment{project: project, env: env}, nil
}

// byDefault: it is the environment of a server that was told of none.
func (e serveEnvironment) byDefault() bool {
	return e.project == server.DefaultProject && e.env == server.DefaultEnv
}
