package permit_test

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// enabled skips where the SDKs ought not to be downloaded.
func enabled(t *testing.T) {
	if os.Getenv("WRIT_SDKS") == "" {
		t.Skip("the SDKs are downloaded for this test: `make sdks` sets WRIT_SDKS=1 and runs it")
	}
	t.Parallel()
}

const token = "writ_test_0123456789abcdefghijklmnopqrstuvwxyz"

// serve runs `writ serve` in a directory of its own and gives its URL. The environment
// is empty, its key is token.
func serve(t *testing.T, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "writ")
	run(t, ".", nil, "go", "build", "-o", binary, "github.com/writ-dev/writ/cmd/writ")
	c := exec.Command(binary, append([]string{"serve", "--server-port", "0", "--format", "json", dir}, flags...)...)
	c.Env = append(os.Environ(), "WRIT_API_KEY="+token)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt) // Wait tells whether it ended well
		if err := c.Wait(); err != nil {
			t.Errorf("writ serve: %v", err)
		}
	})
	var ready struct{ Server string }
	if err := json.NewDecoder(out).Decode(&ready); err != nil || ready.Server == "" {
		t.Fatalf("writ serve does not say where it is: %v", err)
	}
	return ready.Server
}

// run runs a program and fails with its output when it does.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// The integration test of Permit's Go SDK v1.2.8, as it was published. It sleeps
// for 51 s by itself, for servers that see a write late.
func TestGoSDK(t *testing.T) {
	enabled(t)
	binary := filepath.Join(t.TempDir(), "permit-sdk.test")
	run(t, "golang", []string{"GOWORK=off"}, "go", "test", "-c", "-o", binary, "github.com/permitio/permit-golang/pkg/tests")
	url := serve(t)
	out := run(t, t.TempDir(), []string{"PDP_URL=" + url, "API_URL=" + url, "PROJECT=default", "ENV=default", "PDP_API_KEY=" + token},
		binary, "-test.v", "-test.parallel=2")
	passed := regexp.MustCompile(`(?m)^--- PASS: (Test\w+)`).FindAllStringSubmatch(out, -1)
	if len(passed) != 2 {
		t.Errorf("%d of the SDK's 2 tests passed:\n%s", len(passed), out)
	}
	for _, p := range passed {
		t.Logf("%s passed", p[1])
	}
}

// What Permit's Go SDK has beside what its own test calls.
func TestGoCalls(t *testing.T) {
	enabled(t)
	binary := filepath.Join(t.TempDir(), "calls")
	run(t, "golang", []string{"GOWORK=off"}, "go", "build", "-o", binary, ".")
	url := serve(t)
	counted(t, "Go SDK", run(t, t.TempDir(), []string{"PDP_URL=" + url, "API_URL=" + url, "PDP_API_KEY=" + token}, binary))
}

// counted holds a program to the count of checks that it ends with.
func counted(t *testing.T, name, out string) {
	t.Helper()
	count := regexp.MustCompile(`(?m)^\d{2,} checks passed$`).FindString(out)
	if count == "" {
		t.Fatalf("the program did not end with a count of what it checked:\n%s", out)
	}
	t.Logf("%s: %s", name, count)
}

// What an application does with Permit's Node SDK 2.7.6.
func TestNodeSDK(t *testing.T) {
	enabled(t)
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "check.mjs"} {
		text, err := os.ReadFile(filepath.Join("node", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, nil, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
	// With useOpa the SDK asks on 8181 and nowhere else.
	const opaPort = "8181"
	var flags, env []string
	if l, err := net.Listen("tcp", "127.0.0.1:"+opaPort); err != nil {
		t.Logf("useOpa is not tried: port %s is taken: %v", opaPort, err)
	} else {
		_ = l.Close() // it is free
		flags, env = []string{"--opa-port", opaPort}, []string{"OPA=" + opaPort}
	}
	url := serve(t, flags...)
	counted(t, "Node SDK", run(t, dir, append(env, "PDP_URL="+url, "API_URL="+url, "PDP_API_KEY="+token), "node", "check.mjs"))
}
