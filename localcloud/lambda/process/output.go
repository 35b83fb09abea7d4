package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
)

// maxLine is the longest line that is kept whole, CloudWatch's bound of one event.
const maxLine = 256 << 10

// output is the pipe that a process prints into, stdout and stderr together.
//
// What a process printed before it posted its answer is in the pipe by then;
// drain takes it out before the answer is dealt with, so that a line always
// belongs to the right invocation.
type output struct {
	file *os.File
	conn syscall.RawConn
	emit func(line string)

	mu      sync.Mutex
	chunk   []byte
	partial []byte
	owner   *invocation
}

// newOutput makes the pipe; the caller closes the child's end.
func newOutput(emit func(string)) (*output, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make a pipe: %w", err)
	}
	conn, err := r.SyscallConn()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("make a pipe: %w", err), r.Close(), w.Close())
	}
	return &output{file: r, conn: conn, emit: emit, chunk: make([]byte, 16<<10)}, w, nil
}

// loop reads until the pipe is closed on either side.
func (o *output) loop() {
	_ = o.conn.Read(func(fd uintptr) bool { return o.readAll(int(fd)) }) // the error says closed
}

// drain reads what lies in the pipe now.
func (o *output) drain() {
	_ = o.conn.Control(func(fd uintptr) { o.readAll(int(fd)) }) // the error says closed
}

// readAll reads until the pipe is empty; true means that it has ended.
func (o *output) readAll(fd int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		n, err := syscall.Read(fd, o.chunk)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return false
		case err != nil || n <= 0:
			return true
		}
		o.split(o.chunk[:n])
	}
}

// split emits the whole lines of data and keeps the rest.
func (o *output) split(data []byte) {
	for len(data) > 0 {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			o.partial = append(o.partial, data...)
			for len(o.partial) >= maxLine {
				o.emitLine(o.partial[:maxLine])
				o.partial = append(o.partial[:0], o.partial[maxLine:]...)
			}
			return
		}
		if len(o.partial) > 0 {
			o.partial = append(o.partial, data[:i]...)
			o.emitLine(o.partial)
			o.partial = o.partial[:0]
		} else {
			o.emitLine(data[:i])
		}
		data = data[i+1:]
	}
}

// emitLine passes a line on. A carriage return inside a line is a line break
// of one message, as AWS's runtimes write stack traces.
func (o *output) emitLine(line []byte) {
	text := string(bytes.TrimRight(line, "\r"))
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	if text != "" {
		o.emit(text)
	}
}

// flush emits a last line that has no line end.
func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
}

func (o *output) flushLocked() {
	if len(o.partial) > 0 {
		o.emitLine(o.partial)
		o.partial = o.partial[:0]
	}
}

// say emits a line of the platform's own, after all that was printed.
func (o *output) say(lines ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
	for _, l := range lines {
		o.emit(l)
	}
}

// own sets the invocation that lines belong to from here on.
func (o *output) own(inv *invocation) {
	o.mu.Lock()
	o.owner = inv
	o.mu.Unlock()
}

// close must not hold the lock: it waits for readers, which take it.
func (o *output) close() {
	_ = o.file.Close() // a pipe's read end has nothing to lose
}
