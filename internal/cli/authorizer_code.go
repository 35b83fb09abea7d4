package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/writ-dev/writ"
)

const modulePath = "github.com/writ-dev/writ"

// releaseHint is for commands that cannot be told where the source is.
const releaseHint = "install a release with  go install " + modulePath + "/cmd/writ@latest  or name a checkout in a go.mod beside the topology:  " +
	"go mod edit -require=" + modulePath + "@v0.0.0 -replace=" + modulePath + "=CHECKOUT"

// authorizerCode gives the directory of the authorizer's code: of the module that dir lies in (Writ itself, or one that requires
// it; empty is the current directory), of the checkout that this program was built from, or of the version that it was installed from.
// hint is what to do where there is none.
func authorizerCode(ctx context.Context, dir, hint string) (string, error) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", modulePath)
	list.Dir = dir
	if out, err := list.Output(); err == nil {
		if code := codeIn(strings.TrimSpace(string(out))); code != "" {
			return code, nil
		}
	}
	if _, file, _, ok := runtime.Caller(0); ok { // not there in a build with -trimpath
		if code := codeIn(filepath.Dir(filepath.Dir(filepath.Dir(file)))); code != "" {
			return code, nil
		}
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "", writ.Errorf(writ.CodeExternal, "the authorizer is compiled, and there is no go command on the PATH").
			WithHint("install Go from https://go.dev/dl")
	}
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == modulePath {
		version = info.Main.Version
	}
	return downloadedCode(ctx, version, hint)
}

// downloadedCode gives the directory of the code in a released version, which the go command fetches.
func downloadedCode(ctx context.Context, version, hint string) (string, error) {
	if version == "" || version == "(devel)" || strings.Contains(version, "+") {
		return "", writ.Errorf(writ.CodeNotFound, "the source of Writ is not found: this program was built from a checkout that no version names").
			WithHint("%s", hint)
	}
	var stdout, stderr bytes.Buffer
	download := exec.CommandContext(ctx, "go", "mod", "download", "-json", modulePath+"@"+version)
	download.Dir, download.Stdout, download.Stderr = os.TempDir(), &stdout, &stderr
	failed := download.Run()
	var got struct{ Dir, Error string }
	if json.Unmarshal(stdout.Bytes(), &got) == nil && got.Dir != "" {
		if code := codeIn(got.Dir); code != "" {
			return code, nil
		}
	}
	why := strings.TrimSpace(got.Error + " " + stderr.String())
	if why == "" && failed != nil {
		why = failed.Error()
	}
	return "", writ.Errorf(writ.CodeExternal, "the source of Writ %s cannot be had: %s", version, oneLine(why)).WithHint("%s", hint)
}

// codeIn gives the directory of the authorizer's code in the source of Writ; "" when that is not there.
func codeIn(source string) string {
	if code := filepath.Join(source, "cmd", "writ-authorizer"); source != "" && fileThere(filepath.Join(code, "main.go")) {
		return code
	}
	return ""
}
