package bundle

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/writ-dev/writ"
)

// entry is one file of a zip.
type entry struct {
	name, path string
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

// zipFiles makes the same bytes from the same files: sorted, with one fixed time.
func zipFiles(s Source, entries []entry, method uint16) ([]byte, error) {
	sort.Slice(entries, func(i, j int) bool { return entries[i].name < entries[j].name })
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: method, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		header.SetMode(0o644)
		if e.executable {
			header.SetMode(0o755)
		}
		dst, err := w.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if err := copyFile(dst, e.path); err != nil {
			return nil, writ.Errorf(writ.CodeExternal, "zip function %s: %w", s.Name, err)
		}
		if out.Len() > MaxZip {
			return nil, writ.Errorf(writ.CodeTooLarge, "the code of function %s is over Lambda's 250 MB", s.Name).
				At(s.Position, "").WithHint("%s holds more than the function needs", s.Dir)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func copyFile(dst io.Writer, path string) error {
	src, err := os.Open(path)
	if err != nil {
		return err
	}
	defer src.Close() // only read
	_, err = io.Copy(dst, src)
	return err
}
