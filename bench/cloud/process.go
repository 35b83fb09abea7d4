package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cloud is a running `writ up`.
type cloud struct {
	cmd  *exec.Cmd
	HTTP string `json:"http"`
	AWS  string `json:"aws"`
	dir  string
	// Ready is the time from the start of the process to its ready line.
	Ready time.Duration `json:"-"`
}

// start runs `writ up` on dir and waits for its ready line.
func start(writ, dir string) (*cloud, error) { return startIn("", dir, writ) }

// startIn runs a command that is writ, in a directory.
func startIn(in, dir string, command ...string) (*cloud, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	args := append(command[1:], "up", absolute, "--aws-port", "0", "--http-port", "0", "--format", "json")
	c := &cloud{dir: absolute, cmd: exec.Command(command[0], args...)}
	c.cmd.Dir = in
	// A group of its own: `go run` does not pass a signal on.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		c.Ready = time.Since(begin)
		err = json.Unmarshal(line, c)
	}
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("writ up %s was not ready: %w", dir, err)
	}
	return c, nil
}

func (c *cloud) stop() {
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGINT)
	_ = c.cmd.Wait()
}

// resident is the memory of a process in MB.
func resident(pid int) float64 {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024
		}
	}
	return 0
}

// get is one request; it fails on any status but 200.
func get(url string) (time.Duration, error) {
	begin := time.Now()
	response, err := http.Get(url)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s %s", url, response.Status, body)
	}
	return time.Since(begin), err
}
