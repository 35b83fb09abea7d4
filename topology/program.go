package topology

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/writ-dev/writ"
)

// Bounds on a Go program that makes a topology. Building the first time
// compiles Writ's own packages as well.
const (
	buildTimeout   = 5 * time.Minute
	programTimeout = 30 * time.Second
	maxOutput      = 64 << 10
	maxEmitted     = 16 << 20
)

// OutputVariable names the environment variable with the file that Emit
// writes the topology to.
const OutputVariable = "WRIT_TOPOLOGY_OUT"

// loadProgram builds and runs the Go program in dir and reads what it emits.
func loadProgram(dir string) (*Topology, error) {
	tmp, err := os.MkdirTemp("", "writ-topology-")
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "make a directory for the program: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }() // what is left is the system's to clear
	binary, out := filepath.Join(tmp, "topology.exe"), filepath.Join(tmp, "topology.json")

	// go build and the binary rather than go run: a program that hangs can be ended.
	if output, err := runIn(dir, buildTimeout, nil, "go", "build", "-trimpath=false", "-buildvcs=false", "-o", binary, "."); err != nil {
		return nil, programError(dir, "does not build", output, err)
	}
	output, runErr := runIn(dir, programTimeout, []string{OutputVariable + "=" + out}, binary)
	emitted, err := readEmitted(out)
	if runErr != nil && emitted == nil {
		return nil, programError(dir, "failed", output, runErr)
	}
	if err != nil || emitted == nil {
		return nil, programError(dir, "made no topology", output, err).
			WithHint("the program must end with  app.Emit()")
	}
	return receive(dir, emitted)
}

// runIn runs a command in dir within a time and gives its bounded output.
func runIn(dir string, limit time.Duration, env []string, name string, args ...string) (output string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.WaitDelay = dir, 2*time.Second
	cmd.Env = append(os.Environ(), env...)
	var b boundedBuffer
	cmd.Stdout, cmd.Stderr = &b, &b
	err = cmd.Run()
	if ctx.Err() != nil {
		err = errors.New("it did not end within " + limit.String())
	}
	return b.String(), err
}

// boundedBuffer keeps the first maxOutput bytes.
type boundedBuffer struct{ bytes.Buffer }

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if room := maxOutput - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// programError tells what the Go program wrote, at the place it names first.
func programError(dir, what, output string, cause error) *writ.Error {
	e := writ.Errorf(writ.CodeInvalid, "the Go program in %s %s", dir, what)
	if output = strings.TrimSpace(output); output != "" {
		e.Message += ":\n" + output
	} else if cause != nil {
		e.Message += ": " + cause.Error()
	}
	e.Err = cause
	if errors.Is(cause, exec.ErrNotFound) {
		e.Code, e.Hint = writ.CodeExternal, "a topology written in Go needs the go command; see https://go.dev/dl"
	}
	return e
}

// emission is what Emit writes when the topology is wrong; a right one is
// written as it is.
type emission struct {
	Problems []emittedProblem `json:"problems"`
}

type emittedProblem struct {
	Message  string        `json:"message"`
	Hint     string        `json:"hint,omitempty"`
	Position writ.Position `json:"position,omitzero"`
}

func readEmitted(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		if os.IsNotExist(err) {
			return nil, nil
		}
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(f, maxEmitted+1))
	if err == nil && len(text) > maxEmitted {
		err = errors.New("the topology is larger than 16 MiB")
	}
	return text, err
}

// receive checks an emitted topology as if it had been written in YAML.
func receive(dir string, emitted []byte) (*Topology, error) {
	p := newProblems()
	var wrong emission
	if err := json.Unmarshal(emitted, &wrong); err == nil && len(wrong.Problems) > 0 {
		for _, e := range wrong.Problems {
			p.add(p.localPosition(dir, e.Position), "%s", e.Message).Hint = e.Hint
		}
		return nil, p.err()
	}
	t := &Topology{}
	decoder := json.NewDecoder(bytes.NewReader(emitted))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(t); err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the Go program in %s wrote no topology: %w", dir, err).
			WithHint("the program and this writ are of different versions; run  go get github.com/writ-dev/writ")
	}
	t.Dir = dir
	localise(p, t, dir)
	t.File = t.Pos.File
	for _, f := range t.Functions {
		completeFunction(p, dir, f, false)
	}
	addAuthorizerFunctions(t)
	normalise(t)
	p.check(t)
	if err := p.err(); err != nil {
		return nil, err
	}
	return t, nil
}

// localPosition names the file of a position as the user would.
func (p *problems) localPosition(dir string, at writ.Position) writ.Position {
	if at.File == "" {
		return at
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return at
	}
	rel, err := filepath.Rel(abs, filepath.FromSlash(at.File))
	if err != nil {
		return at
	}
	shown := path.Join(filepath.ToSlash(dir), filepath.ToSlash(rel))
	p.paths[shown] = at.File
	at.File = shown
	return at
}

// localise does so for every position of the topology.
func localise(p *problems, t *Topology, dir string) {
	fix := func(at *writ.Position) { *at = p.localPosition(dir, *at) }
	fix(&t.Pos)
	if t.Roles != nil {
		fix(&t.Roles.Pos)
		fix(&t.Roles.DirPos)
	}
	for _, f := range t.Functions {
		fix(&f.Pos)
		for _, at := range []*writ.Position{&f.Runtime.Pos, &f.Runtime.RolePos, &f.Runtime.RoleFilePos, &f.Runtime.RoleNamePos} {
			fix(at)
		}
		for i := range f.Environment {
			fix(&f.Environment[i].Pos)
		}
		for i := range f.Targets {
			fix(&f.Targets[i].Pos)
		}
		for i := range f.Grants {
			fix(&f.Grants[i].Pos)
		}
	}
	for _, s := range t.Stores {
		fix(&s.Pos)
		for i := range s.Notify {
			fix(&s.Notify[i].Pos)
			fix(&s.Notify[i].Target.Pos)
		}
	}
	for _, r := range t.Routes {
		fix(&r.Pos)
		fix(&r.Target.Pos)
		if ask := r.Authorize; ask != nil {
			for _, at := range []*writ.Position{&ask.Pos, &ask.ActionPos, &ask.ResourcePos, &ask.TenantPos} {
				fix(at)
			}
		}
	}
	for _, a := range t.Authorizers {
		for _, at := range []*writ.Position{&a.Pos, &a.Subject.Pos, &a.Decide.Pos, &a.Decide.SecretPos} {
			fix(at)
		}
		for i := range a.Identity {
			fix(&a.Identity[i].Pos)
		}
	}
	target := func(to *Target) {
		if to != nil {
			fix(&to.Pos)
		}
	}
	for _, f := range t.Functions {
		target(f.DeadLetter)
		if f.Network != nil {
			fix(&f.Network.Pos)
		}
	}
	for _, q := range t.Queues {
		fix(&q.Pos)
		target(q.Target)
		target(q.DeadLetter)
	}
	for _, e := range t.Events {
		fix(&e.Pos)
		target(e.DeadLetter)
		for i := range e.Targets {
			fix(&e.Targets[i].Pos)
		}
	}
	for _, s := range t.Schedules {
		fix(&s.Pos)
		target(s.Target)
	}
	for _, topic := range t.Topics {
		fix(&topic.Pos)
		for i := range topic.Targets {
			fix(&topic.Targets[i].Pos)
		}
	}
	for _, s := range t.Streams {
		fix(&s.Pos)
		target(s.Target)
	}
	for _, b := range t.Buses {
		fix(&b.Pos)
	}
	for _, s := range t.Secrets {
		fix(&s.Pos)
	}
	for _, x := range t.Parameters {
		fix(&x.Pos)
	}
	for _, k := range t.Keys {
		fix(&k.Pos)
	}
	for _, i := range t.Imports {
		fix(&i.Pos)
		for n := range i.Functions {
			fix(&i.Functions[n].Pos)
		}
	}
}
