package authorizer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/authorizer"
	"github.com/writ-dev/writ/server/client"
)

// lockedBuffer is what a process writes, while it is read.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// listening runs the binary beside other programs, and gives its address.
func listening(t *testing.T, w *world, env ...string) (address string, cmd *exec.Cmd, ended chan error) {
	t.Helper()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(program, "--listen", "127.0.0.1:0")
	cmd.Env = append([]string{"WRIT_AUTHORIZER_CONFIG=" + w.config(t, `{"snapshot": {"file": "policy.frozen"}}`)}, env...)
	var log lockedBuffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended = make(chan error, 1)
	over := make(chan struct{})
	go func() {
		ended <- cmd.Wait()
		close(over)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended before
		<-over
	})
	at := regexp.MustCompile(`"address":"([^"]+)"`)
	for range 600 {
		if m := at.FindStringSubmatch(log.String()); m != nil {
			return "http://" + m[1], cmd, ended
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("it does not listen: %s", log.String())
	return "", nil, nil
}

const question = `{"subject": {"type": "user", "id": "%s"}, "action": {"name": "read"}, "resource": {"type": "document", "id": "d0", "properties": {"tenant": "default"}}}`

// What u0 and u9 may read, as programs of other languages ask for it.
func TestOtherLanguages(t *testing.T) {
	t.Parallel()
	address, _, _ := listening(t, newWorld(t))
	for name, program := range map[string][]string{
		"python3": {"-c", `
import json, sys, urllib.request
for user in ["u0", "u9"]:
    body = json.dumps({"subject": {"type": "user", "id": user}, "action": {"name": "read"},
        "resource": {"type": "document", "id": "d0", "properties": {"tenant": "default"}}}).encode()
    r = urllib.request.Request(sys.argv[1] + "/access/v1/evaluation", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(r, timeout=10) as answer:
        print(json.load(answer)["decision"])`},
		"node": {"-e", `
const url = process.argv[1] + "/access/v1/evaluation";
(async () => { for (const user of ["u0", "u9"]) {
  const r = await fetch(url, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({
    subject: {type: "user", id: user}, action: {name: "read"}, resource: {type: "document", id: "d0", properties: {tenant: "default"}}})});
  const {decision} = await r.json();
  console.log(decision === true ? "True" : decision === false ? "False" : "?");
} })()`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(name); err != nil {
				t.Skipf("%s is not on this machine: %v", name, err)
			}
			out, err := exec.Command(name, append(program, address)...).CombinedOutput()
			if err != nil || string(out) != "True\nFalse\n" {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	t.Run("go", func(t *testing.T) {
		t.Parallel()
		c, err := client.New(client.Config{URL: address, Key: "none"})
		if err != nil {
			t.Fatal(err)
		}
		for user, want := range map[string]bool{"u0": true, "u9": false} {
			d, err := c.Check(t.Context(), writ.Request{
				Subject: writ.Subject{Type: "user", ID: user}, Action: writ.Action{Name: "read"}, Resource: writ.Resource{Type: "document", ID: "d0"},
			})
			if err != nil || d.Allowed != want || d.Revision != "3" || len(d.Reasons) == 0 {
				t.Errorf("%s: %+v %v", user, d, err)
			}
		}
	})
}

// The port refuses what is no question, and pages of other sites.
func TestListenRefuses(t *testing.T) {
	t.Parallel()
	address, _, _ := listening(t, newWorld(t))
	good := fmt.Sprintf(question, "u0")
	for name, c := range map[string]struct {
		method, path, kind, host, body string
		want                           int
	}{
		"a question":          {"POST", "/access/v1/evaluation", "application/json; charset=utf-8", "", good, 200},
		"another host":        {"POST", "/access/v1/evaluation", "application/json", "evil.example.com", good, 403},
		"a form":              {"POST", "/access/v1/evaluation", "text/plain", "", good, 400},
		"no type":             {"POST", "/access/v1/evaluation", "", "", good, 400},
		"a question to read":  {"GET", "/access/v1/evaluation", "application/json", "", "", 405},
		"many":                {"POST", "/access/v1/evaluations", "application/json", "", good, 404},
		"no JSON":             {"POST", "/access/v1/evaluation", "application/json", "", "{", 400},
		"nothing":             {"POST", "/access/v1/evaluation", "application/json", "", "", 400},
		"two":                 {"POST", "/access/v1/evaluation", "application/json", "", good + good, 400},
		"two subjects":        {"POST", "/access/v1/evaluation", "application/json", "", `{"Subject": {"type": "user", "id": "u0"}, ` + good[1:], 400},
		"no subject":          {"POST", "/access/v1/evaluation", "application/json", "", `{"action": {"name": "read"}}`, 400},
		"a number for a name": {"POST", "/access/v1/evaluation", "application/json", "", strings.Replace(good, `"u0"`, "7", 1), 400},
		"too long":            {"POST", "/access/v1/evaluation", "application/json", "", good + strings.Repeat(" ", 1<<20), 413},
		"too deep":            {"POST", "/access/v1/evaluation", "application/json", "", `{"context": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", 400},
		"an unknown member":   {"POST", "/access/v1/evaluation", "application/json", "", `{"more": 1, ` + good[1:], 200},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, address+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.kind != "" {
			r.Header.Set("Content-Type", c.kind)
		}
		r.Host = c.host
		r.Header.Set("X-Request-ID", "id-1")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != c.want {
			t.Errorf("%s: %d %s", name, answer.StatusCode, body)
		}
		if allowed := strings.Contains(string(body), `"decision":true`); allowed != (c.want == 200) {
			t.Errorf("%s: %s", name, body)
		}
	}
	for _, bad := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "127.0.0.1", "example.com:80"} {
		if l, err := authorizer.Listen(t.Context(), bad); err == nil {
			l.Close()
			t.Errorf("it would listen at %s", bad)
		}
	}
}

// An extension registers when its port is open, and ends when the environment is shut down.
func TestExtension(t *testing.T) {
	t.Parallel()
	shutdown := make(chan struct{})
	var calls lockedBuffer
	asked := make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintln(&calls, r.Method, r.URL.Path, r.Header.Get("Lambda-Extension-Name"), r.Header.Get("Lambda-Extension-Identifier"), string(body))
		if r.URL.Path == "/2020-01-01/extension/register" {
			w.Header().Set("Lambda-Extension-Identifier", "x-1")
			return
		}
		close(asked)
		select {
		case <-shutdown:
			_ = json.NewEncoder(w).Encode(map[string]string{"eventType": "SHUTDOWN"})
		case <-r.Context().Done():
		}
	}))
	defer api.Close()
	address, _, ended := listening(t, newWorld(t), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(api.URL, "http://"))
	select {
	case <-asked:
	case <-time.After(20 * time.Second):
		t.Fatalf("it asks for no event: %s", calls.String())
	}
	answer, err := http.Post(address+"/access/v1/evaluation", "application/json", strings.NewReader(fmt.Sprintf(question, "u0")))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	close(shutdown)
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not end")
	}
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	want := "POST /2020-01-01/extension/register " + filepath.Base(program) + "  {\"events\":[\"SHUTDOWN\"]}\nGET /2020-01-01/extension/event/next  x-1 \n"
	if calls.String() != want {
		t.Errorf("it called\n%s", calls.String())
	}
}

// Without Lambda and without a port there is nothing to do, and that is said.
func TestAlone(t *testing.T) {
	t.Parallel()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	cmd := exec.Command(program)
	cmd.Env = []string{"WRIT_AUTHORIZER_CONFIG=" + w.config(t, `{"snapshot": {"file": "policy.frozen"}}`)}
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "--listen 127.0.0.1:PORT") {
		t.Errorf("%v: %s", err, out)
	}
}

// surroundings are those of a test.
func surroundings(t *testing.T, env map[string]string) authorizer.Surroundings {
	t.Helper()
	return authorizer.Surroundings{
		Getenv: func(name string) string { return env[name] }, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Transport: http.DefaultTransport, TempDir: t.TempDir(),
	}
}

// open puts a configuration to work in this process.
func open(ctx context.Context, t *testing.T, file string, s authorizer.Surroundings) (*authorizer.Authorizer, error) {
	t.Helper()
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	return authorizer.Open(ctx, file, s)
}
