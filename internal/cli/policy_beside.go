package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// mostBeside bounds a file that a policy names, in bytes.
const mostBeside = 16 << 20

// readBeside reads a file that a policy names: a regular one in the policy's directory or below it, wherever links
// lead. Who writes a policy may not have others read what is theirs, or wait for a pipe.
func readBeside(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() // only read
	path := filepath.Join(dir, filepath.FromSlash(name))
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, fmt.Errorf("%s is not below %s: a policy names files of its own directory", name, dir)
	}
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe is not waited for
	if os.IsNotExist(err) {
		return nil, fmt.Errorf("there is no file %s", path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	defer f.Close() // only read
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, mostBeside+1))
	if len(text) > mostBeside {
		return nil, fmt.Errorf("%s has more than %d MiB", path, mostBeside>>20)
	}
	return text, err
}
