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
	"strings"

	"github.com/writ-dev/writ"
)

// buildTags leaves the old RPC mode out of aws-lambda-go, and with it net/rpc.
const buildTags = "lambda.norpc"

// goSources gives every file that the compiler would read but those of the
// standard library and of downloaded modules; go.mod and go.sum pin the latter.
func goSources(ctx context.Context, s Source) ([]string, error) {
	if err := needGo(s); err != nil {
		return nil, err
	}
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-tags", buildTags,
		"-json=Dir,GoFiles,CgoFiles,EmbedFiles,SFiles,HFiles,CFiles,Standard,Module", ".")
	list.Dir = s.Dir
	var stdout, stderr bytes.Buffer
	list.Stdout, list.Stderr = &stdout, &stderr
	if err := list.Run(); err != nil {
		return nil, doesNotBuild(s, stderr.String(), err)
	}
	var files []string
	modules := map[string]bool{}
	for decoder := json.NewDecoder(&stdout); ; {
		var p struct {
			Dir                                                   string
			GoFiles, CgoFiles, EmbedFiles, SFiles, HFiles, CFiles []string
			Standard                                              bool
			Module                                                *struct {
				Main           bool
				GoMod, Version string
			}
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, writ.Errorf(writ.CodeExternal, "read the answer of go list: %w", err)
		}
		if p.Standard || p.Module == nil || p.Module.Version != "" && !p.Module.Main {
			continue
		}
		for _, group := range [][]string{p.GoFiles, p.CgoFiles, p.EmbedFiles, p.SFiles, p.HFiles, p.CFiles} {
			for _, name := range group {
				files = append(files, filepath.Join(p.Dir, name))
			}
		}
		modules[p.Module.GoMod] = true
	}
	for mod := range modules {
		for _, path := range []string{mod, strings.TrimSuffix(mod, ".mod") + ".sum"} {
			if _, err := os.Stat(path); err == nil {
				files = append(files, path)
			}
		}
	}
	return realPaths(files)
}

// compile builds the function's binary under workDir and gives its path. The
// binary stays there, so that an unchanged function is not linked again.
func compile(ctx context.Context, s Source, target Target, workDir string) (string, error) {
	if err := needGo(s); err != nil {
		return "", err
	}
	out, err := filepath.Abs(filepath.Join(workDir, s.Name+"-"+target.OS+"-"+target.Arch, "bootstrap"))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return "", writ.Errorf(writ.CodeExternal, "make the build directory: %w", err)
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
		return "", doesNotBuild(s, string(output), err)
	}
	return out, nil
}

func needGo(s Source) error {
	if _, err := exec.LookPath("go"); err != nil {
		return writ.Errorf(writ.CodeExternal, "function %s is written in Go, and there is no go command on the PATH", s.Name).
			At(s.Position, "").WithHint("install Go from https://go.dev/dl, or give the function a `bootstrap` of its own")
	}
	return nil
}

func doesNotBuild(s Source, output string, cause error) error {
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
			return nil, err
		}
		paths[i] = resolved
	}
	return paths, nil
}
