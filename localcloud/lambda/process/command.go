package process

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/writ-dev/writ/localcloud/session"
)

//go:embed clients/node.mjs
var nodeClient []byte

//go:embed clients/python.py
var pythonClient []byte

// Kind gives how a runtime identifier of AWS is run: "provided", "node",
// "python", or "" when it cannot be run here.
func Kind(identifier string) string {
	switch {
	case identifier == "provided.al2023" || identifier == "provided.al2" || identifier == "provided" || identifier == "go1.x":
		return "provided"
	case strings.HasPrefix(identifier, "nodejs"):
		return "node"
	case strings.HasPrefix(identifier, "python3."):
		return "python"
	}
	return ""
}

// startProblem is why a function cannot be started, as the payload of an init error.
type startProblem struct{ payload []byte }

func problem(errorType, format string, args ...any) *startProblem {
	return &startProblem{functionError(errorType, format, args...).Payload}
}

// command gives the program and arguments that run a function.
func (f *Fleet) command(spec *Spec) ([]string, *startProblem) {
	switch Kind(spec.Runtime) {
	case "provided":
		bootstrap := filepath.Join(spec.TaskRoot, "bootstrap")
		if info, err := os.Stat(bootstrap); err != nil || info.IsDir() {
			return nil, problem("Runtime.InvalidEntrypoint", "Error: Couldn't find valid bootstrap(s): [%s]", bootstrap)
		}
		return []string{bootstrap}, nil
	case "node":
		node, err := f.interpreters.find(f.cfg.Getenv, "node", "process.stdout.write(process.execPath)", "-e")
		if err != nil {
			return nil, problem("Runtime.InvalidEntrypoint", "function %s has the runtime %s, and no `node` runs here (%s): install Node.js 18 or newer and put it in PATH", spec.Name, spec.Runtime, err)
		}
		return []string{node, filepath.Join(f.cfg.Dir, "node.mjs")}, nil
	case "python":
		python, err := f.interpreters.find(f.cfg.Getenv, "python3", "import sys; sys.stdout.write(sys.executable)", "-c")
		if err != nil {
			return nil, problem("Runtime.InvalidEntrypoint", "function %s has the runtime %s, and no `python3` runs here (%s): install Python 3.9 or newer and put it in PATH", spec.Name, spec.Runtime, err)
		}
		return []string{python, "-u", filepath.Join(f.cfg.Dir, "python.py")}, nil
	}
	return nil, problem("Runtime.InvalidRuntime", "function %s has the runtime %s, which does not run locally yet: provided.al2023, provided.al2, nodejs* and python3.* do", spec.Name, spec.Runtime)
}

// interpreters remembers where the real interpreters are: version managers put
// slow wrappers into PATH that also need the developer's environment.
type interpreters struct {
	mu    sync.Mutex
	paths map[string]string
}

func (i *interpreters) find(getenv func(string) string, name, question, flag string) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if path := i.paths[name]; path != "" {
		return path, nil
	}
	wrapper := ""
	for _, dir := range filepath.SplitList(getenv("PATH")) {
		candidate := filepath.Join(dir, name)
		if info, err := os.Stat(candidate); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 && filepath.IsAbs(candidate) {
			wrapper = candidate
			break
		}
	}
	if wrapper == "" {
		return "", fmt.Errorf("%s is not in PATH", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), InitTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, wrapper, flag, question).Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", wrapper, err)
	}
	path := strings.TrimSpace(string(out))
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("%s does not say where it is", wrapper)
	}
	if i.paths == nil {
		i.paths = map[string]string{}
	}
	i.paths[name] = path
	return path, nil
}

// writeClients puts the embedded clients where interpreters can read them.
func writeClients(dir string) error {
	if err := os.RemoveAll(filepath.Join(dir, "tmp")); err != nil { // of a cloud that was killed
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "node.mjs"), nodeClient, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "python.py"), pythonClient, 0o600)
}

// environment is the process's whole environment, as the Lambda Developer
// Guide lists it under "Defined runtime environment variables". Of the host's
// own only PATH gets in; HOME and TMPDIR are a directory of the process's own.
func (in *instance) environment(creds session.Credentials) []string {
	f, spec := in.pool.fleet, in.spec
	env := map[string]string{}
	for k, v := range spec.Env {
		env[k] = v
	}
	for k, v := range map[string]string{
		"TZ": ":UTC", "LANG": "en_US.UTF-8", "PATH": orText(f.cfg.Getenv("PATH"), "/usr/local/bin:/usr/bin:/bin"),
		"HOME": in.tmp, "TMPDIR": in.tmp,
	} {
		if _, set := env[k]; !set {
			env[k] = v
		}
	}
	if f.cfg.Variables != nil {
		for k, v := range f.cfg.Variables(spec.Name) {
			if _, set := env[k]; !set {
				env[k] = v
			}
		}
	}
	if url := f.cfg.Endpoint(); url != "" && env["AWS_ENDPOINT_URL"] == "" {
		env["AWS_ENDPOINT_URL"] = url
	}
	for k, v := range map[string]string{
		"_HANDLER": spec.Handler, "AWS_REGION": f.cfg.Region, "AWS_DEFAULT_REGION": f.cfg.Region,
		"AWS_EXECUTION_ENV": executionEnv(spec.Runtime), "AWS_LAMBDA_FUNCTION_NAME": spec.Name,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(spec.MemoryMB), "AWS_LAMBDA_FUNCTION_VERSION": spec.Version,
		"AWS_LAMBDA_LOG_GROUP_NAME": in.stream.Group, "AWS_LAMBDA_LOG_STREAM_NAME": in.stream.Name,
		"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_RUNTIME_API": in.host,
		"LAMBDA_TASK_ROOT": spec.TaskRoot, "LAMBDA_RUNTIME_DIR": f.cfg.Dir,
		"AWS_ACCESS_KEY_ID": creds.AccessKeyID, "AWS_SECRET_ACCESS_KEY": creds.SecretAccessKey,
		"AWS_SESSION_TOKEN": creds.SessionToken,
	} {
		env[k] = v
	}
	list := make([]string, 0, len(env))
	for k, v := range env {
		list = append(list, k+"="+v)
	}
	sort.Strings(list)
	return list
}

// executionEnv is AWS_EXECUTION_ENV, which custom runtimes do not get.
func executionEnv(runtime string) string {
	if Kind(runtime) == "provided" {
		return ""
	}
	return "AWS_Lambda_" + runtime
}
