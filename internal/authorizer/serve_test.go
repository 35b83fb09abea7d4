package authorizer_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/internal/authorizer"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/sqlite"
)

// serve runs `writ serve` on the policy and the facts of the tests, and gives its URL and a key that may only ask.
func serve(t *testing.T) (url, token string) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "writ")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, "github.com/writ-dev/writ/cmd/writ").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "shop.dev.db"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := environment.Open(t.Context(), environment.Config{
		Store: store, Now: time.Now, Parse: authorizer.ParseModel, Initial: authz.Source{Format: "policy", Text: policy},
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, e)
	token, key, err := server.NewKey("dev", "authorizer", server.Ask, time.Now(), time.Time{})
	if err == nil {
		err = server.AddKey(t.Context(), e, writ.Subject{Type: "test", ID: "test"}, key)
	}
	if err == nil {
		err = store.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "writ.yml")
	if err := os.WriteFile(config, []byte("store: sqlite:.\nenvironments: {shop/dev: {}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(program, "serve", "--config", config, "--server-port", "0", "--format", "json")
	run.Dir, run.Stderr = dir, os.Stderr
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Signal(syscall.SIGTERM) // it may have ended
		if err := run.Wait(); err != nil {
			t.Errorf("writ serve: %v", err)
		}
	})
	var ready struct{ Server string }
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&ready); err != nil || ready.Server == "" {
		t.Fatalf("writ serve is not ready: %v %+v", err, ready)
	}
	return ready.Server, token
}
