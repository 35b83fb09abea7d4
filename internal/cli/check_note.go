package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/server"
)

// noteRemote says on standard error when the policy file that a server in DIR has read, or that lies there, is
// another than the one that decides. A question about the past, or to a server elsewhere, is not about it.
func (f *checkFlags) noteRemote(ctx context.Context, sh *shell, remote *remoteServer, dir string) {
	if f.server != "" || f.asOf != "" {
		return
	}
	noteDeployedFacts(sh, dir, addThere)
	info, err := remote.model(ctx)
	if err != nil {
		return // the question meets it as well, and says so
	}
	if remote.policy == "" && f.environment.name != server.DefaultProject+"/"+server.DefaultEnv {
		return // DIR's policy is that of the environment which a server has when it is told of none
	}
	noteDrift(sh, dir, nearPath(remote.policy), info.SHA256, "a server reads it when it starts, so start it again")
}

// noteStored is noteRemote for what is stored while no server runs.
func (f *checkFlags) noteStored(sh *shell, dir string, e serveEnvironment, state *environment.State) {
	if f.asOf != "" || sh.getenv("WRIT_STORE") != "" || !e.byDefault() {
		return
	}
	noteDeployedFacts(sh, dir, addThere)
	noteDrift(sh, dir, "", server.SourceHash(state.Source), fmt.Sprintf("what is stored decides; `writ serve %s` takes the file up", quoted(dir)))
}

// noteDrift compares a policy file, or with none named the policy of DIR, with the hash of the one that decides.
func noteDrift(sh *shell, dir, file, decides, then string) {
	var p *startPolicy
	var err error
	switch {
	case file == "":
		p, err = findPolicy(dir, nil)
	case !isRegular(file):
		return // what it was decides, and nothing says otherwise
	default:
		p, err = readStart(file)
	}
	if p != nil && file == "" {
		file = p.file
	}
	switch {
	case err != nil && file == "":
		note(sh, fmt.Sprintf("the policy in %s has errors (`writ policy validate %s` shows them): %s", dir, quoted(dir), then))
	case err != nil:
		note(sh, fmt.Sprintf("%s has errors (`writ policy validate %s` shows them): %s", file, quoted(file), then))
	case p != nil && server.SourceHash(p.source) != decides:
		note(sh, fmt.Sprintf("%s is not the policy that answered: %s", file, then))
	}
}

func note(sh *shell, line string) {
	fmt.Fprintln(sh.stderr, style{sh.colorErr}.yellow("note: "+oneLine(line)))
}

// nearPath is a path from where the user stands, when it is below.
func nearPath(path string) string {
	here, err := os.Getwd()
	if err != nil || path == "" {
		return path
	}
	if near, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(near) {
		return near
	}
	return path
}

// isRegular keeps from reading what has no end.
func isRegular(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular()
}
