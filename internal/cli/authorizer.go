package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/internal/authorizer"
	"github.com/writ-dev/writ/internal/bundle"
	"github.com/writ-dev/writ/topology"
)

const modulePath = "github.com/writ-dev/writ"

type authorizerFlags struct {
	config, snapshot, arch, out, source, format string
}

func newAuthorizer(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "authorizer",
		Short: "Build the Lambda authorizer of an API",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAuthorizerBuild(sh))
	return cmd
}

func newAuthorizerBuild(sh *shell) *cobra.Command {
	var f authorizerFlags
	cmd := &cobra.Command{
		Use:   "build --config FILE",
		Short: "Make the zip of an authorizer for Lambda's provided.al2023 runtime",
		Long: `Compiles writ-authorizer for Lambda and zips it with its configuration, and with
the snapshot that this names. The same inputs give the same bytes. It needs the
go command; the source is that of the module in this directory, else of the
version of this program.

  writ policy export -o policy.frozen
  writ authorizer build --config authorizer.json --snapshot policy.frozen -o authorizer.zip`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkFormat(f.format); err != nil {
				return err
			}
			if err := checkChoice("arch", f.arch, []string{"arm64", "amd64"}); err != nil {
				return err
			}
			beside, later, err := f.files()
			if err != nil {
				return err
			}
			zip, err := f.build(cmd.Context(), beside)
			if err != nil {
				return err
			}
			if err := writeWhole(f.out, zip); err != nil {
				return err
			}
			return f.show(sh, zip, later)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "authorizer.json", "the configuration `FILE`")
	flags.StringVar(&f.snapshot, "snapshot", "", "the snapshot `FILE`; that which the configuration names, beside it, if not given")
	flags.StringVar(&f.arch, "arch", "arm64", "the processor of the function: arm64 or amd64 (which Lambda calls x86_64)")
	flags.StringVarP(&f.out, "output", "o", "authorizer.zip", "the `FILE` to write")
	flags.StringVar(&f.source, "source", "", "a `DIR` with the source of Writ to compile")
	formatFlag(cmd, &f.format)
	return cmd
}

func (f *authorizerFlags) show(sh *shell, zip []byte, later []string) error {
	if f.format == "json" {
		return writeJSON(sh.stdout, map[string]any{
			"file": f.out, "sha256": frozen.Name(zip), "bytes": len(zip), "arch": f.arch, "handler": "bootstrap", "runtime": "provided.al2023", "variables": later,
		})
	}
	fmt.Fprintf(sh.stdout, "%s  %s\n", frozen.Name(zip), f.out)
	fmt.Fprintf(sh.stderr, "%.1f MB for %s, runtime provided.al2023, handler bootstrap\n", float64(len(zip))/1e6, f.arch)
	if len(later) > 0 {
		fmt.Fprintf(sh.stderr, "the function needs the environment variables %s\n", strings.Join(later, ", "))
	}
	return nil
}

// files reads and checks what the zip is to hold beside the binary.
func (f *authorizerFlags) files() (beside []bundle.File, later []string, err error) {
	text, err := os.ReadFile(f.config)
	if err != nil {
		return nil, nil, writ.Errorf(writ.CodeNotFound, "the configuration cannot be read: %w", err)
	}
	c, later, err := authorizer.Validate(f.config, text)
	if err != nil {
		return nil, nil, err
	}
	beside = []bundle.File{{Name: "authorizer.json", Data: text}}
	s := c.Decide.Snapshot
	if s == nil || s.File == "" {
		if f.snapshot != "" {
			return nil, nil, writ.Errorf(writ.CodeUsage, "%s names no snapshot file, so there is no place for %s", f.config, f.snapshot).
				WithHint(`it would say  "decide": {"snapshot": {"file": "policy.frozen"}}`)
		}
		return beside, later, nil
	}
	from := f.snapshot
	if from == "" {
		from = filepath.Join(filepath.Dir(f.config), s.File)
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return nil, nil, writ.Errorf(writ.CodeNotFound, "the snapshot cannot be read: %w", err).WithHint("`writ policy export -o %s` makes it", from)
	}
	if _, err := frozen.Read(data, authorizer.ParseModel); err != nil {
		return nil, nil, writ.Errorf(writ.CodeOf(err), "%s: %w", from, err)
	}
	if sum := frozen.Name(data); s.SHA256 != "" && s.SHA256 != sum {
		return nil, nil, writ.Errorf(writ.CodeInvalid, "%s has the SHA-256 %s, and %s wants %s", from, sum, f.config, s.SHA256)
	}
	if !filepath.IsLocal(s.File) {
		return nil, nil, writ.Errorf(writ.CodeInvalid, "%s names the snapshot %s, which is not below its own directory", f.config, s.File)
	}
	return append(beside, bundle.File{Name: path.Clean(filepath.ToSlash(s.File)), Data: data}), later, nil
}

func (f *authorizerFlags) build(ctx context.Context, beside []bundle.File) ([]byte, error) {
	source, err := f.findSource(ctx)
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "writ-authorizer-")
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "make the build directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }() // a leftover harms nobody
	return bundle.Build(ctx, bundle.Source{
		Name: "authorizer", Dir: filepath.Join(source, "cmd", "writ-authorizer"), Language: topology.LanguageGo, Beside: beside,
	}, bundle.Target{OS: "linux", Arch: f.arch, Release: true}, work)
}

// findSource gives the directory of Writ's module: the one that is named, that of the module here (Writ itself, or one that
// requires it), or the version that this program was installed from.
func (f *authorizerFlags) findSource(ctx context.Context) (string, error) {
	if f.source != "" {
		if dir := sourceIn(f.source); dir != "" {
			return dir, nil
		}
		return "", writ.Errorf(writ.CodeNotFound, "%s does not hold the source of Writ: it has no cmd/writ-authorizer", f.source)
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "", writ.Errorf(writ.CodeExternal, "the authorizer is compiled, and there is no go command on the PATH").
			WithHint("install Go from https://go.dev/dl")
	}
	if out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", modulePath).Output(); err == nil {
		if dir := sourceIn(strings.TrimSpace(string(out))); dir != "" {
			return dir, nil
		}
	}
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == modulePath {
		version = info.Main.Version
	}
	if version == "" || version == "(devel)" || strings.Contains(version, "+") {
		return "", writ.Errorf(writ.CodeNotFound, "the source of Writ is not found: this program was built from a checkout that no version names").
			WithHint("name the checkout with  --source DIR")
	}
	var stdout, stderr bytes.Buffer
	download := exec.CommandContext(ctx, "go", "mod", "download", "-json", modulePath+"@"+version)
	download.Dir, download.Stdout, download.Stderr = os.TempDir(), &stdout, &stderr
	failed := download.Run()
	var got struct{ Dir, Error string }
	if json.Unmarshal(stdout.Bytes(), &got) == nil && got.Dir != "" {
		if dir := sourceIn(got.Dir); dir != "" {
			return dir, nil
		}
	}
	why := strings.TrimSpace(got.Error + " " + stderr.String())
	if why == "" && failed != nil {
		why = failed.Error()
	}
	return "", writ.Errorf(writ.CodeExternal, "the source of Writ %s cannot be had: %s", version, oneLine(why)).
		WithHint("name a checkout of it with  --source DIR")
}

// sourceIn gives a directory when it holds the source of the authorizer.
func sourceIn(dir string) string {
	if dir != "" && fileThere(filepath.Join(dir, "cmd", "writ-authorizer", "main.go")) {
		return dir
	}
	return ""
}
