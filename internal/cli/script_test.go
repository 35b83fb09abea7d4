package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/writ-dev/writ/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"writ": func() { os.Exit(cli.Main()) }})
}

// oneAtATime are scripts of commands that end before anything else begins: they
// are left out of short runs, which look for races.
var oneAtATime = regexp.MustCompile(`^(attack-(diff|iam-.*)|check|diff-files|docs.*|errors|exit-codes|iam-.*|init|inline-code|json|nested-empty|not-running|synth|terminal|topology-in-go|unsafe-text|usage|build-error)\.txtar$`)

// TestScripts runs the command line as a user would: one text file per story.
func TestScripts(t *testing.T) {
	t.Parallel()
	scripts, err := os.ReadDir("testdata/script")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var files []string
	for _, script := range scripts {
		if !testing.Short() || !oneAtATime.MatchString(script.Name()) {
			files = append(files, filepath.Join("testdata/script", script.Name()))
		}
	}
	testscript.Run(t, testscript.Params{
		Files: files,
		Setup: func(env *testscript.Env) error {
			repo, err := filepath.Abs("../..")
			if err != nil {
				return err
			}
			env.Setenv("REPO", repo)
			// Handlers are built in scripts: share the machine's build cache.
			for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS"} {
				if v := goEnv(name); v != "" {
					env.Setenv(name, v)
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"waitfor": waitFor, "get": get, "post": post, "status": status, "api": api, "eventually": eventually, "rundocs": runDocs, "server": callServer, "certificate": makeCertificate, "runshown": runShown, "walk": walk},
	})
}
