//go:build unix

// Package postgrestest runs a server of PostgreSQL for tests: a fresh one in a
// temporary folder, reached by a Unix socket alone, gone when the tests are over.
package postgrestest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/writ-dev/writ"
)

// Server is a server that runs, or is down for a while.
type Server struct {
	dir, bin string
	as       *syscall.Credential
	cmd      *exec.Cmd
	done     chan struct{} // closed when it has ended
}

// Start starts a server and returns when it answers. It keeps PostgreSQL's own settings
// (what is written is synced). No binaries is an error that says how to get them: tests fail then, they do not skip.
func Start() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "writ-postgres-")
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "no folder for PostgreSQL's data: %w", err)
	}
	s := &Server{dir: dir, bin: bin, as: as}
	if err = s.initialize(); err == nil {
		err = s.Up()
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

// URL is the connection string of a superuser.
func (s *Server) URL() string {
	return "host=" + s.dir + " user=writ dbname=postgres sslmode=disable"
}

// Address is URL in the form of a URL.
func (s *Server) Address() string {
	return "postgres://writ@/postgres?" + url.Values{"host": {s.dir}, "sslmode": {"disable"}}.Encode()
}

// Stop ends the server and removes its data.
func (s *Server) Stop() error {
	s.Down()
	return os.RemoveAll(s.dir)
}

// Down ends the server and keeps its data.
func (s *Server) Down() {
	if s.cmd == nil {
		return
	}
	_ = s.Thaw()                           // what stands still ends by no signal that it could answer
	_ = s.cmd.Process.Signal(os.Interrupt) // "fast": it ends sessions and then itself
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Signal(syscall.SIGQUIT)
		<-s.done
	}
	s.cmd = nil
}

// Freeze stops the server's processes where they stand (SIGSTOP): it neither answers nor refuses, as a machine
// that hangs. Thaw lets them go on.
func (s *Server) Freeze() error { return s.signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (s *Server) Thaw() error { return s.signal(syscall.SIGCONT) }

// signal sends a signal to the server's first process, so that it starts no more, and to those it has started.
func (s *Server) signal(sig syscall.Signal) error {
	first := s.cmd.Process.Pid
	if err := syscall.Kill(first, sig); err != nil {
		return writ.Errorf(writ.CodeExternal, "signal PostgreSQL: %w", err)
	}
	list, err := exec.Command("ps", "-A", "-o", "ppid=,pid=").Output()
	if err != nil {
		return writ.Errorf(writ.CodeExternal, "ps: %w", err)
	}
	for line := range strings.Lines(string(list)) {
		var parent, pid int
		if _, err := fmt.Sscan(line, &parent, &pid); err == nil && parent == first {
			_ = syscall.Kill(pid, sig) // it may have ended since
		}
	}
	return nil
}

// binaries finds initdb and postgres.
func binaries() (string, error) {
	var folders []string
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin"} {
		found, _ := filepath.Glob(pattern)
		slices.Reverse(found) // the newest first
		folders = append(folders, found...)
	}
	for _, f := range folders {
		if _, err := os.Stat(filepath.Join(f, "postgres")); err == nil {
			return f, nil
		}
	}
	return "", writ.Errorf(writ.CodeExternal, "the server of PostgreSQL is not on this machine, and these tests need it").
		WithHint("run scripts/prepare, or on Debian: sudo apt-get install postgresql")
}

// unprivileged says as whom the server runs: PostgreSQL refuses to be root.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if errUID == nil && errGID == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, writ.Errorf(writ.CodeExternal, "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as").
		WithHint("run the tests as an ordinary user")
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...)
	c.Dir = s.dir
	c.Env = []string{"PATH=" + s.bin + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.as, Setpgid: true} // a Ctrl-C is for the tests
	return c
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) initialize() error {
	if s.as != nil {
		if err := os.Chown(s.dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			return writ.Errorf(writ.CodeExternal, "the folder of PostgreSQL's data: %w", err)
		}
	}
	out, err := s.command("initdb", "--pgdata="+s.data(), "--username=writ", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync").CombinedOutput()
	if err != nil {
		return writ.Errorf(writ.CodeExternal, "initdb: %w\n%s", err, out)
	}
	return nil
}

// Up starts the server again that is down, and returns when it answers.
func (s *Server) Up() error {
	cmd := s.command("postgres", "-D", s.data(), "-k", s.dir, "-h", "")
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return writ.Errorf(writ.CodeExternal, "PostgreSQL: %w", err)
	}
	s.cmd, s.done = cmd, make(chan struct{})
	return s.awaitReady(log)
}

// awaitReady reads the server's log until it says that it answers, and then leaves a
// goroutine to read on until the server has ended.
func (s *Server) awaitReady(log io.Reader) error {
	ready := make(chan error, 1)
	cmd, done := s.cmd, s.done
	go func() {
		defer close(done)
		var said bytes.Buffer
		lines, up := bufio.NewScanner(log), false
		for lines.Scan() {
			if up {
				continue
			}
			fmt.Fprintln(&said, lines.Text())
			if up = strings.Contains(lines.Text(), "ready to accept connections"); up {
				ready <- nil
			}
		}
		_, _ = io.Copy(io.Discard, log) // after a line too long for the scanner
		err := cmd.Wait()
		if !up {
			ready <- writ.Errorf(writ.CodeExternal, "PostgreSQL ended before it answered: %v\n%s", err, &said)
		}
	}()
	return <-ready
}
