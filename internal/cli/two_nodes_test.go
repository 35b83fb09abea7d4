//go:build unix

package cli_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/postgres/postgrestest"
)

const sharedPolicy = `roles:
  viewer: ["document:read"]
resources:
  document:
    actions: [read]
`

// node is a `writ serve` of its own process.
type node struct {
	cmd      *exec.Cmd
	url, key string
}

// startNode starts a server with the policy on the database, and returns when it is ready.
func startNode(t *testing.T, store string, flags ...string) *node {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "policy.yml"), []byte(sharedPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	n := &node{cmd: exec.Command("writ", append([]string{"serve", dir, "--server-port", "0", "--format", "json"}, flags...)...)}
	n.cmd.Env = append(os.Environ(), "WRIT_STORE="+store)
	n.cmd.Stderr = os.Stderr
	out, err := n.cmd.StdoutPipe()
	if err == nil {
		err = n.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.kill)
	var ready struct {
		Server       string
		Environments []struct{ Key string }
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil || len(ready.Environments) != 1 {
		t.Fatalf("the server says %q: %v", line, err)
	}
	n.url, n.key = ready.Server, ready.Environments[0].Key
	return n
}

// kill ends the process with no warning (SIGKILL).
func (n *node) kill() {
	if n.cmd != nil {
		_ = n.cmd.Process.Kill()
		_ = n.cmd.Wait()
		n.cmd = nil
	}
}

// call asks a node, at a revision or with none, and gives status, body and the answer's revision.
func (n *node) call(t *testing.T, key, method, path, body, at string) (int, string, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, n.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	if at != "" {
		r.Header.Set("Writ-Revision", at)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header.Get("Writ-Revision")
}

// want asks until a node answers so: what others write arrives, but not at once.
func (n *node) want(t *testing.T, key, method, path, body, at string, status int, part string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		got, text, _ := n.call(t, key, method, path, body, at)
		if got == status && strings.Contains(text, part) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s %s is answered with %d %s, not with %d and %q", method, path, got, text, status, part)
		}
	}
}

const mayRead = `{"user":{"key":"USER"},"action":"read","resource":{"type":"document"}}`

// TestTwoNodes: two servers on one PostgreSQL. What one writes the other answers by at the
// revision that it was told; a key that one revokes the other refuses; one that is killed leaves the other
// serving; and while the database is down a node says that it is not ready, and answers from what it has.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	database, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Stop(); err != nil {
			t.Error(err)
		}
	})
	first := startNode(t, database.Address())
	second := startNode(t, database.Address())
	admin := first.key
	if admin == "" || second.key != "" {
		t.Fatalf("the first node made the key %q, the second %q", admin, second.key)
	}
	for _, user := range []string{"ann", "ben", "eve", "kim", "tom"} {
		status, text, revision := first.call(t, admin, "POST", "/v2/facts/default/default/users",
			`{"key":"`+user+`","role_assignments":[{"role":"viewer","tenant":"default"}]}`, "")
		if status != http.StatusCreated || revision == "" {
			t.Fatalf("a write: %d %s, revision %q", status, text, revision)
		}
		status, text, at := second.call(t, admin, "POST", "/allowed", strings.ReplaceAll(mayRead, "USER", user), revision)
		if status != http.StatusOK || !strings.Contains(text, `"allow":true`) {
			t.Fatalf("%s at revision %s of the other node: %d %s (at %s)", user, revision, status, text, at)
		}
	}

	status, text, revision := first.call(t, admin, "POST", "/v1/keys", `{"name":"app","role":"read"}`, "")
	var made struct{ ID, Token string }
	if err := json.Unmarshal([]byte(text), &made); err != nil || status != http.StatusCreated || revision == "" {
		t.Fatalf("a key: %d, revision %q, %v", status, revision, err)
	}
	ask := strings.ReplaceAll(mayRead, "USER", "ann")
	second.want(t, made.Token, "POST", "/allowed", ask, "", http.StatusOK, `"allow":true`)
	if status, text, _ := first.call(t, admin, "DELETE", "/v1/keys/"+made.ID, "", ""); status != http.StatusNoContent {
		t.Fatalf("the key is revoked: %d %s", status, text)
	}
	second.want(t, made.Token, "POST", "/allowed", ask, "", http.StatusForbidden, "not known")

	first.kill()
	status, text, revision = second.call(t, admin, "DELETE", "/v2/facts/default/default/users/ben", "", "")
	if status != http.StatusNoContent || revision == "" {
		t.Fatalf("a write after the other was killed: %d %s", status, text)
	}
	second.want(t, admin, "POST", "/allowed", strings.ReplaceAll(mayRead, "USER", "ben"), revision, http.StatusOK, `"allow":false`)
	second.want(t, "", "GET", "/ready", "", "", http.StatusOK, "")

	database.Down()
	second.want(t, "", "GET", "/ready", "", "", http.StatusServiceUnavailable, "cannot follow its store")
	second.want(t, admin, "POST", "/allowed", ask, "", http.StatusOK, `"allow":true`)
	if status, text, _ := second.call(t, admin, "DELETE", "/v2/facts/default/default/users/eve", "", ""); status < 500 {
		t.Fatalf("a write without the database: %d %s", status, text)
	}
	if err := database.Up(); err != nil {
		t.Fatal(err)
	}
	second.want(t, "", "GET", "/ready", "", "", http.StatusOK, "")
	second.want(t, admin, "DELETE", "/v2/facts/default/default/users/eve", "", "", http.StatusNoContent, "")
	// A node that starts now has all of it.
	third := startNode(t, database.Address())
	third.want(t, admin, "POST", "/allowed", ask, "", http.StatusOK, `"allow":true`)
	third.want(t, admin, "POST", "/allowed", strings.ReplaceAll(mayRead, "USER", "eve"), "", http.StatusOK, `"allow":false`)
}

// TestANodeThatIsBehindForTooLong: with `limits.max_behind` a node whose database hangs answers by what it has for so long
// and then no more, says so, holds no write for ever, and is well again when the database is.
func TestANodeThatIsBehindForTooLong(t *testing.T) {
	t.Parallel()
	database, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Stop(); err != nil {
			t.Error(err)
		}
	})
	config := filepath.Join(t.TempDir(), "writ.yml")
	if err := os.WriteFile(config, []byte("environments:\n  default/default:\nlimits: {max_behind: 2s}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bounded := startNode(t, database.Address(), "--config", config)
	key := bounded.key
	unbounded := startNode(t, database.Address())
	ask := strings.ReplaceAll(mayRead, "USER", "ann")
	bounded.want(t, key, "POST", "/allowed", ask, "", http.StatusOK, `"allow":false`)
	unbounded.want(t, key, "POST", "/allowed", ask, "", http.StatusOK, `"allow":false`)

	if err := database.Freeze(); err != nil {
		t.Fatal(err)
	}
	written := make(chan string, 1)
	go func() {
		defer close(written) // also when the call fails the test
		status, text, _ := unbounded.call(t, key, "POST", "/v2/facts/default/default/users", `{"key":"eve"}`, "")
		written <- strconv.Itoa(status) + " " + text
	}()
	bounded.want(t, "", "GET", "/ready", "", "", http.StatusServiceUnavailable, "cannot follow its store")
	bounded.want(t, key, "POST", "/allowed", ask, "", http.StatusOK, `"allow":false`)
	bounded.want(t, key, "POST", "/allowed", ask, "", http.StatusServiceUnavailable, "too old to answer from")
	status, text, _ := unbounded.call(t, key, "POST", "/allowed", ask, "")
	if status != http.StatusOK {
		t.Errorf("a node without a bound: %d %s", status, text)
	}
	// The write is answered, and not as if it had not happened: nobody knows.
	if said := <-written; !strings.HasPrefix(said, "502 ") || !strings.Contains(said, "may have happened") {
		t.Errorf("a write to a database that hangs: %s", said)
	}
	if err := database.Thaw(); err != nil {
		t.Fatal(err)
	}
	bounded.want(t, key, "POST", "/allowed", ask, "", http.StatusOK, `"allow":false`)
	bounded.want(t, "", "GET", "/ready", "", "", http.StatusOK, "")
}
