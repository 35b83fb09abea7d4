package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/internal/authorizer"
	"github.com/writ-dev/writ/server"
)

type exportFlags struct {
	out, environment, policy, format string
}

// exported is what `writ policy export` says of the file that it has made.
type exported struct {
	File     string    `json:"file"`
	SHA256   string    `json:"sha256"`
	Bytes    int       `json:"bytes"`
	Tuples   int       `json:"tuples"`
	Records  int       `json:"records"`
	Revision uint64    `json:"revision,omitempty"`
	Time     time.Time `json:"time,omitzero"`
}

func newPolicyExport(sh *shell) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export [DIR]",
		Short: "Write a policy with its facts into one file, for a function that decides by itself",
		Long: `Writes a policy with all its facts into one file: what is stored in DIR/.writ/policy
(or in WRIT_STORE), at its newest revision, else the policy of DIR with the facts
beside it; with --policy FILE that of a file, whatever is stored. It prints the
SHA-256 of the file, which is the same for the same state. API keys and the
secrets of proxy configs are not in it.

A SQLite store is not read while a server has it open.

  writ policy export -o policy.frozen`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(f.format); err != nil {
				return err
			}
			s, err := f.state(cmd.Context(), sh, pathArgs(args)[0])
			if err != nil {
				return err
			}
			made, err := f.write(s)
			if err != nil {
				return err
			}
			if f.format == "json" {
				return writeJSON(sh.stdout, made)
			}
			fmt.Fprintf(sh.stdout, "%s  %s\n", made.SHA256, made.File)
			fmt.Fprintf(sh.stderr, "%s, %s, %s bytes%s\n", counted(made.Tuples, "tuple"), counted(made.Records, "record"), fmt.Sprint(made.Bytes), made.when())
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "output", "o", "policy.frozen", "the `FILE` to write")
	flags.StringVar(&f.environment, "environment", server.DefaultProject+"/"+server.DefaultEnv, "the stored `PROJECT/ENVIRONMENT`")
	flags.StringVar(&f.policy, "policy", "", "export the policy in a `FILE`, and nothing that is stored")
	formatFlag(cmd, &f.format)
	return cmd
}

func (e *exported) when() string {
	if e.Revision == 0 {
		return ""
	}
	return fmt.Sprintf(", revision %d of %s", e.Revision, e.Time.UTC().Format(time.RFC3339))
}

// state finds what is to be exported.
func (f *exportFlags) state(ctx context.Context, sh *shell, dir string) (frozen.State, error) {
	e, err := parseEnvironment(f.environment)
	if err != nil {
		return frozen.State{}, err
	}
	stored := fileThere(filepath.Join(stateDir(dir), "policy", e.project+"."+e.env+".db")) || sh.getenv("WRIT_STORE") != ""
	if f.policy == "" && stored {
		return storedState(ctx, sh, dir, e)
	}
	var p *startPolicy
	if f.policy != "" {
		p, err = readStart(f.policy)
	} else if info, statErr := os.Stat(dir); statErr != nil || !info.IsDir() {
		return frozen.State{}, writ.Errorf(writ.CodeNotFound, "there is no directory %s", dir).WithHint("a file is exported with  --policy FILE")
	} else {
		p, err = findPolicy(dir, nil)
	}
	switch {
	case err != nil:
		return frozen.State{}, err
	case p == nil:
		return frozen.State{}, writ.Errorf(writ.CodeNotFound, "there is no policy in %s", dir).
			WithHint("it is looked for in policy: of topology.yml, in policy.yml and model.fga")
	}
	snapshot, err := p.snapshot()
	return frozen.State{Source: p.source, Snapshot: snapshot}, err
}

// storedState reads a store that no server has open.
func storedState(ctx context.Context, sh *shell, dir string, e serveEnvironment) (frozen.State, error) {
	store, closing, err := openStore(ctx, dir, sh.getenv("WRIT_STORE"), e)
	if err != nil {
		if writ.CodeOf(err) == writ.CodeConflict {
			return frozen.State{}, writ.Errorf(writ.CodeConflict, "the store of %s is in use: %w", dir, err).
				WithHint("stop the server for the moment, or export what its policy file says with  --policy FILE")
		}
		return frozen.State{}, err
	}
	if closing != nil {
		defer func() { _ = closing() }() // nothing was written
	}
	live, err := openEnvironment(ctx, store, nil, sh.now)
	if err != nil {
		return frozen.State{}, err
	}
	return frozen.Of(live.State()), nil
}

// write writes the file in one step, so that there is never half of one.
func (f *exportFlags) write(s frozen.State) (*exported, error) {
	var err error
	if s.Source.Text, err = withoutSecrets(s.Source.Format, s.Source.Text); err != nil {
		return nil, err
	}
	file, err := frozen.Write(s)
	if err != nil {
		return nil, err
	}
	// Whoever is to decide by it must be able to read it.
	if _, err := frozen.Read(file, authorizer.ParseModel); err != nil {
		return nil, writ.Errorf(writ.CodeInternal, "the snapshot that was made cannot be read back: %w", err)
	}
	if err := writeWhole(f.out, file); err != nil {
		return nil, err
	}
	made := &exported{File: f.out, SHA256: frozen.Name(file), Bytes: len(file), Revision: s.Revision, Time: s.Time}
	made.Tuples, made.Records = s.Snapshot.Count()
	return made, nil
}

// withoutSecrets takes the secrets of proxy configs out of a policy: they are for the proxy, and decide nothing.
func withoutSecrets(format, text string) (string, error) {
	if format != policyFormat {
		return text, nil
	}
	p, err := schema.Parse([]byte(text))
	if err != nil {
		return "", err
	}
	secret := false
	for i := range p.Routes {
		secret = secret || p.Routes[i].Secret != nil
		p.Routes[i].Secret = nil
	}
	if !secret {
		return text, nil
	}
	out, err := json.Marshal(p)
	if err != nil {
		return "", writ.Errorf(writ.CodeInternal, "write the policy: %w", err)
	}
	return string(out), nil
}

// writeWhole puts a file in place with all its bytes or not at all.
func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".writ-*")
	if err == nil {
		_, err = f.Write(data)
		if closing := f.Close(); err == nil {
			err = closing
		}
		if err == nil {
			err = os.Chmod(f.Name(), 0o644)
		}
		if err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			_ = os.Remove(f.Name()) // the first error counts
		}
	}
	if err != nil {
		return writ.Errorf(writ.CodeExternal, "write %s: %w", path, err)
	}
	return nil
}
