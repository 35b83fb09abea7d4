package cli_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// get calls the HTTP API of the cloud that runs in a directory and prints
// status and body: `get DIR PATH`.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: get DIR PATH")
	}
	call(ts, http.MethodGet, args[0], args[1], "")
}

// post is get with a body: `post DIR PATH BODY`.
func post(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: post DIR PATH BODY")
	}
	call(ts, http.MethodPost, args[0], args[1], args[2])
}

func call(ts *testscript.TestScript, method, dir, path, body string) {
	var local struct{ HTTP string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(dir, ".writ", "local.json"))), &local))
	request, err := http.NewRequest(method, local.HTTP+path, strings.NewReader(body))
	ts.Check(err)
	status, text := answerTo(ts, request)
	fmt.Fprintf(ts.Stdout(), "%d %s\n", status, text)
}

func answerTo(ts *testscript.TestScript, request *http.Request) (status int, text []byte) {
	client := &http.Client{Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	answer, err := client.Do(request)
	ts.Check(err)
	defer answer.Body.Close() // only read
	text, err = io.ReadAll(answer.Body)
	ts.Check(err)
	return answer.StatusCode, text
}

// status runs a program that must end with a status: `status N PROGRAM ARGS…`.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N PROGRAM ARGS")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s ended with status %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// eventually runs a program until it prints a text: `eventually TEXT PROGRAM ARGS…`.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually TEXT PROGRAM ARGS")
	}
	for range 100 {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("never printed %q", args[0])
}
