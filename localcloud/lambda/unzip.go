package lambda

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Bounds of a deployment package, "Lambda quotas".
const (
	maxZipped   = 50 << 20
	maxUnzipped = 250 << 20
	maxEntries  = 100_000
)

var (
	errNotZip      = errors.New("not a zip archive")
	errEmptyZip    = errors.New("the archive is empty")
	errTooBig      = errors.New("the archive is too big when unpacked")
	errEscapes     = errors.New("an entry leads out of the archive")
	errBadEntry    = errors.New("an entry is neither a file, a directory nor a link")
	errManyEntries = errors.New("the archive has too many entries")
)

// Unzip unpacks an archive into dir, which must be empty. Nothing is written
// outside dir whatever the archive says: entries that would are an error, and
// so are links that lead out of it. At most limit bytes are written.
func Unzip(archive []byte, dir string, limit int64) (err error) {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return fmt.Errorf("%w: %w", errNotZip, err)
	}
	switch {
	case len(r.File) == 0:
		return errEmptyZip
	case len(r.File) > maxEntries:
		return errManyEntries
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	var links []*zip.File
	for _, f := range r.File {
		name := strings.TrimSuffix(f.Name, "/")
		if !safeName(name) {
			return fmt.Errorf("%w: %q", errEscapes, f.Name)
		}
		switch mode := f.Mode(); {
		case mode.IsDir() || strings.HasSuffix(f.Name, "/"):
			err = root.MkdirAll(name, 0o755)
		case mode&fs.ModeSymlink != 0:
			links = append(links, f) // last, so that nothing is written through one
		case mode.IsRegular():
			limit, err = unzipFile(root, f, name, limit)
		default:
			err = fmt.Errorf("%w: %q", errBadEntry, f.Name)
		}
		if err != nil {
			return err
		}
	}
	return unzipLinks(root, dir, links)
}

// safeName admits relative names that stay below where they start.
func safeName(name string) bool {
	return filepath.IsLocal(filepath.FromSlash(name)) && path.Clean(name) == name && name != "." &&
		!strings.ContainsAny(name, "\\\x00") && len(name) < 1024
}

// unzipFile writes one file and gives what is left of limit. The size in the
// archive's directory is not believed.
func unzipFile(root *os.Root, f *zip.File, name string, limit int64) (left int64, err error) {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return limit, fmt.Errorf("unpack %q: %w", name, err)
	}
	in, err := f.Open()
	if err != nil {
		return limit, fmt.Errorf("%w: %q: %w", errNotZip, name, err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	mode := f.Mode().Perm()
	if mode == 0 { // made on a system without permissions
		mode = 0o644
	}
	out, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode&0o755|0o600)
	if err != nil {
		return limit, fmt.Errorf("unpack %q: %w", name, err)
	}
	n, err := io.Copy(out, io.LimitReader(in, limit+1))
	if err = errors.Join(err, out.Close()); err != nil {
		return limit, fmt.Errorf("%w: %q: %w", errNotZip, name, err)
	}
	if n > limit {
		return 0, errTooBig
	}
	return limit - n, nil
}

// unzipLinks makes the symbolic links and checks where each one really leads.
func unzipLinks(root *os.Root, dir string, links []*zip.File) error {
	if len(links) == 0 {
		return nil
	}
	for _, f := range links {
		target, err := linkTarget(f)
		if err != nil {
			return err
		}
		if err := root.MkdirAll(path.Dir(f.Name), 0o755); err != nil {
			return fmt.Errorf("%w: %q", errEscapes, f.Name)
		}
		if err := root.Symlink(target, f.Name); err != nil {
			return fmt.Errorf("unpack %q: %w", f.Name, err)
		}
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("open %s: %w", dir, err)
	}
	for _, f := range links {
		at, err := filepath.EvalSymlinks(filepath.Join(dir, filepath.FromSlash(f.Name)))
		if err != nil { // leads nowhere, or round in a circle
			return fmt.Errorf("%w: %q", errEscapes, f.Name)
		}
		if at != real && !strings.HasPrefix(at, real+string(filepath.Separator)) {
			return fmt.Errorf("%w: %q", errEscapes, f.Name)
		}
	}
	return nil
}

func linkTarget(f *zip.File) (target string, err error) {
	in, err := f.Open()
	if err != nil {
		return "", fmt.Errorf("%w: %q: %w", errNotZip, f.Name, err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	text, err := io.ReadAll(io.LimitReader(in, 4096))
	if err != nil {
		return "", fmt.Errorf("%w: %q: %w", errNotZip, f.Name, err)
	}
	target = string(text)
	if target == "" || strings.ContainsRune(target, 0) || path.IsAbs(target) {
		return "", fmt.Errorf("%w: %q", errEscapes, f.Name)
	}
	return target, nil
}
