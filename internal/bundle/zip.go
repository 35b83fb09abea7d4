package bundle

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/writ-dev/writ"
)

// entry is one file of a zip, on disk at path or with data of its own.
type entry struct {
	name, path string
	data       []byte
	executable bool
}

// plainSources gives the files of a function that is not compiled, but hidden
// ones and what interpreters leave behind.
func plainSources(dir string) ([]string, error) {
	base, err := realDir(dir)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "the code directory %s: %w", dir, err)
	}
	var files []string
	err = filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(d.Name(), ".") && path != base
		switch {
		case d.IsDir() && (hidden || d.Name() == "__pycache__"):
			return filepath.SkipDir
		case d.IsDir() || hidden || strings.HasSuffix(d.Name(), ".pyc"):
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			if inside, err := linksInside(base, path); err != nil || !inside {
				return err // a link out of the function is not part of it
			}
		case !d.Type().IsRegular():
			return nil
		}
		files = append(files, path)
		return nil
	})
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "read %s: %w", dir, err)
	}
	return files, nil
}

// linksInside reports whether a link leads to a regular file below base.
func linksInside(base, path string) (bool, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false, nil // a dangling link is no file
	}
	info, err := os.Stat(target)
	if err != nil {
		return false, err
	}
	return info.Mode().IsRegular() && strings.HasPrefix(target, base+string(filepath.Separator)), nil
}

// method stores what stays on this machine and deflates what goes over a network.
func method(t Target) uint16 {
	if t.Release {
		return zip.Deflate
	}
	return zip.Store
}

// zipFiles makes the same bytes from the same files: sorted, with one fixed
// time. What is too large is refused before it is read into memory.
func zipFiles(s Source, entries []entry, method uint16) ([]byte, error) {
	for _, f := range s.Beside {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) || slices.ContainsFunc(entries, func(e entry) bool { return e.name == f.Name }) {
			return nil, writ.Errorf(writ.CodeInvalid, "function %s: there cannot be a file %q beside its code", s.Name, f.Name).At(s.Position, "")
		}
		entries = append(entries, entry{name: f.Name, data: f.Data})
	}
	if err := checkSize(s, entries); err != nil {
		return nil, err
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].name < entries[j].name })
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	left := int64(MaxSize)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: method, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		header.SetMode(0o644)
		if e.executable {
			header.SetMode(0o755)
		}
		dst, err := w.CreateHeader(header)
		if err != nil {
			return nil, writ.Errorf(writ.CodeExternal, "zip function %s: %w", s.Name, err)
		}
		n, err := e.copy(dst, left+1)
		if err != nil {
			return nil, writ.Errorf(writ.CodeExternal, "zip function %s: %w", s.Name, err)
		}
		if left -= n; left < 0 { // it grew since it was looked at
			return nil, tooLarge(s)
		}
	}
	if err := w.Close(); err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "zip function %s: %w", s.Name, err)
	}
	return out.Bytes(), nil
}

// checkSize refuses files that hold more together than Lambda takes.
func checkSize(s Source, entries []entry) error {
	var sum int64
	for _, e := range entries {
		size := int64(len(e.data))
		if e.path != "" {
			info, err := os.Stat(e.path)
			if err != nil {
				return writ.Errorf(writ.CodeExternal, "read the code of function %s: %w", s.Name, err)
			}
			size = info.Size()
		}
		if sum += size; sum > MaxSize {
			return tooLarge(s)
		}
	}
	return nil
}

func tooLarge(s Source) error {
	return writ.Errorf(writ.CodeTooLarge, "the code of function %s is over the 250 MB that Lambda takes", s.Name).
		At(s.Position, "").WithHint("%s holds more than the function needs", s.Dir)
}

// copy copies at most limit bytes and gives how many they were.
func (e *entry) copy(dst io.Writer, limit int64) (int64, error) {
	if e.path == "" {
		n, err := dst.Write(e.data)
		return int64(n), err
	}
	src, err := os.Open(e.path)
	if err != nil {
		return 0, err
	}
	defer src.Close() // only read
	return io.Copy(dst, io.LimitReader(src, limit))
}
