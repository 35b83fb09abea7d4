package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func goEnv(name string) string {
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// waitFor waits until a file holds something: `waitfor FILE [TEXT]`.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: waitfor FILE [TEXT]")
	}
	path := ts.MkAbs(args[0])
	if !filepath.IsAbs(path) {
		ts.Fatalf("%s", path)
	}
	for range 600 {
		data, err := os.ReadFile(path)
		if err == nil && len(data) > 0 && (len(args) == 1 || strings.Contains(string(data), args[1])) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	data, _ := os.ReadFile(path)
	ts.Fatalf("%s never held what was waited for:\n%s", args[0], data)
}
