package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// buildTags leaves the old RPC mode out of aws-lambda-go, and with it net/rpc.
const buildTags = "lambda.norpc"

// goPackage is what `go list` says of a package.
type goPackage struct {
	Dir                                                 string
	GoFiles, CgoFiles, CFiles, CXXFiles, MFiles, HFiles []string
	FFiles, SFiles, SwigFiles, SwigCXXFiles, SysoFiles  []string
	EmbedFiles, IgnoredGoFiles, IgnoredOtherFiles       []string
	Standard                                            bool
	Module                                              *goModule
}

type goModule struct {
	Main                bool
	Dir, GoMod, Version string
	Replace             *goModule
}

// listed are the fields that `go list` is asked for.
const listed = "-json=Dir,GoFiles,CgoFiles,CFiles,CXXFiles,MFiles,HFiles,FFiles,SFiles,SwigFiles,SwigCXXFiles,SysoFiles," +
	"EmbedFiles,IgnoredGoFiles,IgnoredOtherFiles,Standard,Module"

// goSources gives every file that the compiler would read but those of the
// standard library and of downloaded modules; go.mod and go.sum pin the latter.
func goSources(ctx context.Context, s Source) ([]string, error) {
	if err := needGo(s); err != nil {
		return nil, err
	}
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-tags", buildTags, listed, ".")
	list.Dir = s.Dir
	// One machine for all, so that the name is the same everywhere; files for
	// other machines are in the lists of ignored ones.
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	var stdout, stderr bytes.Buffer
	list.Stdout, list.Stderr = &stdout, &stderr
	if err := list.Run(); err != nil {
		return nil, doesNotBuild(ctx, s, stderr.String(), err)
	}
	files, modules := []string{}, map[string]bool{}
	for decoder := json.NewDecoder(&stdout); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, writ.Errorf(writ.CodeExternal, "read the answer of go list: %w", err)
		}
		if p.Standard || p.Module == nil || p.Module.downloaded(p.Dir) {
			continue
		}
		files = append(files, p.files()...)
		modules[p.Module.goMod()] = true
	}
	delete(modules, "") // a vendored module has none
	for mod := range modules {
		files = append(files, existing(mod, strings.TrimSuffix(mod, ".mod")+".sum")...)
	}
	return realPaths(append(files, workspace(s.Dir)...))
}

// downloaded reports whether a package comes from the module cache. One that
// is replaced by a directory, or vendored, can be edited.
func (m *goModule) downloaded(dir string) bool {
	switch {
	case m.Main || m.Version == "":
		return false
	case m.Replace != nil && m.Replace.Version == "":
		return false
	}
	return !strings.Contains(filepath.ToSlash(dir), "/vendor/")
}

// goMod gives the go.mod that rules the module, "" for a vendored one.
func (m *goModule) goMod() string {
	if m.Replace != nil {
		return m.Replace.GoMod
	}
	return m.GoMod
}

// files gives all that may be compiled or embedded, on whatever machine.
func (p *goPackage) files() []string {
	var files []string
	for _, group := range [][]string{
		p.GoFiles, p.CgoFiles, p.CFiles, p.CXXFiles, p.MFiles, p.HFiles, p.FFiles, p.SFiles,
		p.SwigFiles, p.SwigCXXFiles, p.SysoFiles, p.EmbedFiles, p.IgnoredGoFiles, p.IgnoredOtherFiles,
	} {
		for _, name := range group {
			base := filepath.Base(name)
			ignored := strings.HasPrefix(base, "_") || strings.HasPrefix(base, ".") || strings.HasSuffix(base, "_test.go")
			if ignored && !slices.Contains(p.EmbedFiles, name) {
				continue
			}
			files = append(files, filepath.Join(p.Dir, name))
		}
	}
	return files
}

// workspace gives the go.work above a directory, and its sums.
func workspace(dir string) []string {
	work := os.Getenv("GOWORK")
	if work == "off" {
		return nil
	}
	if work != "" {
		return existing(work, work+".sum")
	}
	dir, err := realDir(dir)
	if err != nil {
		return nil
	}
	for {
		if found := existing(filepath.Join(dir, "go.work"), filepath.Join(dir, "go.work.sum")); len(found) > 0 {
			return found
		}
		above := filepath.Dir(dir)
		if above == dir {
			return nil
		}
		dir = above
	}
}

func existing(paths ...string) []string {
	var found []string
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			found = append(found, path)
		}
	}
	return found
}

// compile builds the function's binary in a directory and gives its path.
func compile(ctx context.Context, s Source, target Target, dir string) (string, error) {
	if err := needGo(s); err != nil {
		return "", err
	}
	out, err := filepath.Abs(filepath.Join(dir, "bootstrap"))
	if err != nil {
		return "", writ.Errorf(writ.CodeExternal, "find the build directory: %w", err)
	}
	if !target.Release && fromCache(ctx, s, target, out) {
		return out, nil
	}
	args := []string{"build", "-tags", buildTags, "-buildvcs=false", "-ldflags", "-s -w", "-o", out}
	if target.Release {
		args = append(args, "-trimpath")
	}
	build := exec.CommandContext(ctx, "go", append(args, ".")...)
	build.Dir = s.Dir
	build.Env = append(os.Environ(), "GOOS="+target.OS, "GOARCH="+target.Arch)
	if target.Release {
		build.Env = append(build.Env, "CGO_ENABLED=0")
	}
	output, err := build.CombinedOutput()
	if err != nil {
		return "", doesNotBuild(ctx, s, string(output), err)
	}
	if info, err := os.Stat(out); err != nil || info.Mode()&0o111 == 0 {
		// `go build` of a library succeeds, and writes an archive.
		return "", doesNotBuild(ctx, s, "the package is not `main`", errNotMain)
	}
	return out, nil
}

// fromCache puts the binary at out by way of `go run`, which, other than `go
// build`, keeps linked programs in the build cache: a function that was built
// before, for whatever directory, is not linked again. The program is not run:
// cp is in its place. When that fails `go build` has the word.
func fromCache(ctx context.Context, s Source, target Target, out string) bool {
	if target.OS == "windows" {
		return false
	}
	run := exec.CommandContext(ctx, "go", "run", "-exec", "cp", "-tags", buildTags, "-buildvcs=false", "-ldflags", "-s -w", ".", out)
	run.Dir = s.Dir
	run.Env = append(os.Environ(), "GOOS="+target.OS, "GOARCH="+target.Arch)
	if run.Run() != nil {
		return false
	}
	info, err := os.Stat(out)
	return err == nil && info.Mode()&0o111 != 0
}

var errNotMain = errors.New("not a program")

func needGo(s Source) error {
	if _, err := exec.LookPath("go"); err != nil {
		return writ.Errorf(writ.CodeExternal, "function %s is written in Go, and there is no go command on the PATH", s.Name).
			At(s.Position, "").WithHint("install Go from https://go.dev/dl, or give the function a `bootstrap` of its own")
	}
	return nil
}

func doesNotBuild(ctx context.Context, s Source, output string, cause error) error {
	if ctx.Err() != nil { // the compiler was stopped
		return writ.Errorf(writ.CodeCancelled, "building function %s was stopped: %w", s.Name, ctx.Err())
	}
	output = strings.TrimSpace(output)
	if output == "" {
		output = cause.Error()
	}
	return (&writ.Error{
		Code: writ.CodeInvalid, Err: cause,
		Message: "function " + s.Name + " does not build:\n    " + strings.ReplaceAll(output, "\n", "\n    "),
	}).At(s.Position, "").WithHint("run `go build` in %s to see it again; nothing was deployed", s.Dir)
}

func realPaths(paths []string) ([]string, error) {
	for i, p := range paths {
		resolved, err := filepath.EvalSymlinks(p)
		if err != nil {
			return nil, writ.Errorf(writ.CodeExternal, "read the code: %w", err)
		}
		paths[i] = resolved
	}
	return paths, nil
}
