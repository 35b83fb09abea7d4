package cli

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/internal/authorizer"
	"github.com/writ-dev/writ/internal/bundle"
	"github.com/writ-dev/writ/topology"
)

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
checkout or the version that this program was built from. What routes ask is
held against the policy of the snapshot.

  writ policy export -o policy.frozen
  writ authorizer build --config authorizer.json --snapshot policy.frozen -o authorizer.zip`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkFormat(f.format); err != nil {
				return err
			}
			if f.arch == "x86_64" { // Lambda's name for it
				f.arch = "amd64"
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
	flags.StringVar(&f.arch, "arch", "arm64", "the processor of the function: arm64 or amd64, which Lambda calls x86_64")
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
	state, err := frozen.Read(data, authorizer.ParseModel)
	if err != nil {
		return nil, nil, writ.Errorf(writ.CodeOf(err), "%s: %w", from, err)
	}
	if sum := frozen.Name(data); s.SHA256 != "" && s.SHA256 != sum {
		return nil, nil, writ.Errorf(writ.CodeInvalid, "%s has the SHA-256 %s, and %s wants %s", from, sum, f.config, s.SHA256)
	}
	if !filepath.IsLocal(s.File) {
		return nil, nil, writ.Errorf(writ.CodeInvalid, "%s names the snapshot %s, which is not below its own directory", f.config, s.File)
	}
	if err := authorizer.CheckWords(f.config, text, state.Snapshot.Model()); err != nil {
		return nil, nil, err
	}
	return append(beside, bundle.File{Name: path.Clean(filepath.ToSlash(s.File)), Data: data}), later, nil
}

func (f *authorizerFlags) build(ctx context.Context, beside []bundle.File) ([]byte, error) {
	code, err := f.code(ctx)
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "writ-authorizer-")
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "make the build directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }() // a leftover harms nobody
	return bundle.Build(ctx, bundle.Source{
		Name: "authorizer", Dir: code, Language: topology.LanguageGo, Beside: beside,
	}, bundle.Target{OS: "linux", Arch: f.arch, Release: true}, work)
}

// code gives the directory of the function's code: that in the named source, else what every command finds.
func (f *authorizerFlags) code(ctx context.Context) (string, error) {
	if f.source == "" {
		return authorizerCode(ctx, "", "name a checkout of Writ with  --source DIR")
	}
	if dir := codeIn(f.source); dir != "" {
		return dir, nil
	}
	return "", writ.Errorf(writ.CodeNotFound, "%s does not hold the source of Writ: it has no cmd/writ-authorizer", f.source)
}
