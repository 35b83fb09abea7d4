// Package bundle makes the code asset of a function: it names the asset by the
// hash of the sources, and builds the zip file that Lambda takes.
//
// The name depends on the sources alone, so a template is the same on every
// machine; the zip is built for the machine that will run it.
package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// MaxSize is the most that the files of a function may hold together, in
// bytes: Lambda's limit, which is of the files and not of their zip.
const MaxSize = 250 << 20

// Target is the machine that will run the code, in Go's names.
type Target struct {
	OS, Arch string
	// Release strips and trims the binary; a local build keeps the build
	// cache that `go run` has filled.
	Release bool
}

// Source is the code of one function.
type Source struct {
	Name     string
	Dir      string
	Language topology.Language
	Position writ.Position
	// Text is the whole code, of one file named File; "" where it lies in Dir.
	Text, File string
	// Beside are files that the zip holds beside the code: configuration, data.
	Beside []File
}

// File is a file of a zip that lies on no disk.
type File struct {
	Name string // with slashes, below the root of the function
	Data []byte
}

// Hash gives the name of the function's code: 64 hexadecimal digits.
func Hash(ctx context.Context, s Source) (string, error) {
	name, err := hashCode(ctx, s)
	if err != nil || len(s.Beside) == 0 {
		return name, err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "writ bundle 1\n%s\n", name)
	for _, f := range sortedFiles(s.Beside) {
		fmt.Fprintf(sum, "%s\x00beside\x00%d\x00%s", f.Name, len(f.Data), f.Data)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// sortedFiles gives files in the order of their names.
func sortedFiles(files []File) []File {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

// hashCode names the code alone.
func hashCode(ctx context.Context, s Source) (string, error) {
	if s.Text != "" {
		sum := sha256.New()
		fmt.Fprintf(sum, "writ bundle 1\n%s\n%s\x00text\x00%s", s.Language, s.File, s.Text)
		return hex.EncodeToString(sum.Sum(nil)), nil
	}
	var files []string
	var err error
	if s.Language == topology.LanguageGo {
		files, err = goSources(ctx, s)
	} else {
		files, err = plainSources(s.Dir)
	}
	if err != nil {
		return "", located(s, err)
	}
	return hashFiles(s, files)
}

// located says of which function the directory is that is not there: that of an
// image or of a remote uri need not be, until it is deployed.
func located(s Source, err error) error {
	if writ.CodeOf(err) != writ.CodeNotFound {
		return err
	}
	return writ.Errorf(writ.CodeNotFound, "function %s: %w", s.Name, err).At(s.Position, "").
		WithHint("its code has to lie in a directory: fetch it there, or name another with  root: DIRECTORY")
}

// hashFiles hashes the contents with their names, relative to the function, so
// that moving the checkout changes nothing.
func hashFiles(s Source, files []string) (string, error) {
	sort.Strings(files)
	sum := sha256.New()
	fmt.Fprintf(sum, "writ bundle 1\n%s\n", s.Language)
	base, err := realDir(s.Dir)
	if err != nil {
		return "", writ.Errorf(writ.CodeNotFound, "function %s: %w", s.Name, err).At(s.Position, "")
	}
	for _, path := range files {
		relative, err := filepath.Rel(base, path)
		if err != nil {
			return "", writ.Errorf(writ.CodeInternal, "function %s: %w", s.Name, err)
		}
		if err := hashFile(sum, relative, path, s.Language != topology.LanguageGo); err != nil {
			return "", writ.Errorf(writ.CodeExternal, "read the code of function %s: %w", s.Name, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// hashFile adds one file. Of its mode only whether it is executable counts, and
// of what a compiler reads not even that.
func hashFile(sum io.Writer, name, path string, withMode bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() // only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(sum, "%s\x00%v\x00%d\x00", filepath.ToSlash(name), withMode && info.Mode()&0o111 != 0, info.Size())
	_, err = io.Copy(sum, f)
	return err
}

// Build gives the bytes of the zip file. For Go it calls the compiler, whose
// messages come back in the error; it works below workDir and leaves nothing.
func Build(ctx context.Context, s Source, target Target, workDir string) ([]byte, error) {
	if s.Text != "" {
		return zipFiles(s, []entry{{name: s.File, data: []byte(s.Text)}}, method(target))
	}
	if s.Language != topology.LanguageGo {
		entries, err := plainEntries(s)
		if err != nil {
			return nil, err
		}
		return zipFiles(s, entries, method(target))
	}
	if err := os.MkdirAll(workDir, 0o755); err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "make the build directory: %w", err)
	}
	// A directory of its own: another deploy may build the same function now.
	dir, err := os.MkdirTemp(workDir, "go-")
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "make the build directory: %w", err)
	}
	defer os.RemoveAll(dir) // a leftover harms nobody
	binary, err := compile(ctx, s, target, dir)
	if err != nil {
		return nil, err
	}
	return zipFiles(s, []entry{{name: "bootstrap", path: binary, executable: true}}, method(target))
}

// plainEntries gives the files of a function that is not compiled.
func plainEntries(s Source) ([]entry, error) {
	files, err := plainSources(s.Dir)
	if err != nil {
		return nil, err
	}
	base, err := realDir(s.Dir)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "function %s: %w", s.Name, err).At(s.Position, "")
	}
	entries := make([]entry, 0, len(files))
	for _, path := range files {
		relative, err := filepath.Rel(base, path)
		if err != nil {
			return nil, writ.Errorf(writ.CodeInternal, "function %s: %w", s.Name, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, writ.Errorf(writ.CodeExternal, "read the code of function %s: %w", s.Name, err)
		}
		entries = append(entries, entry{name: filepath.ToSlash(relative), path: path, executable: info.Mode()&0o111 != 0})
	}
	return entries, nil
}

// realDir gives the absolute path of a directory without links.
func realDir(dir string) (string, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(absolute)
}
