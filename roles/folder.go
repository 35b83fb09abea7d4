package roles

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// Repository gives the directory at or above dir that holds .git, "" for none.
func Repository(dir string) string {
	abs, err := filepath.Abs(dir)
	if dir == "" || err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(abs, ".git")); err == nil && !everybodys(abs) {
			return abs
		}
		up := filepath.Dir(abs)
		if up == abs {
			return ""
		}
		abs = up
	}
}

// treeRoot gives the root of a tree with topologies/ and infrastructure/ in it,
// "" where the topology is in none, or the root is above the repository.
func (s *search) treeRoot() string {
	abs, err := filepath.Abs(s.files.topology.Dir)
	if err != nil {
		return ""
	}
	root, _, ok := topology.TreeRoot(abs)
	if root = filepath.FromSlash(root); !ok || s.root != "" && !within(s.root, root) {
		return ""
	}
	return root
}

// everybodys reports a directory in which every user of the machine may make
// files and none may delete those of others, as /tmp: what stands there for a
// repository may be a stranger's.
func everybodys(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.Mode()&fs.ModeSticky != 0 && info.Mode().Perm()&0o002 != 0
}

// within reports whether an absolute path is root or below it.
func within(root, path string) bool {
	separator := string(filepath.Separator)
	return path == root || strings.HasPrefix(path, strings.TrimSuffix(root, separator)+separator)
}

// relative names a path of the repository as the topology's own files are named.
func (s *search) relative(abs string) string {
	dir, err := filepath.Abs(s.files.topology.Dir)
	if err != nil {
		return abs
	}
	rel, err := filepath.Rel(dir, abs)
	if err != nil {
		return abs
	}
	return filepath.Join(s.files.topology.Dir, rel)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// jsonFiles lists the JSON files of a folder without their ending, sorted. One
// that is there and cannot be listed might hold roles, which must not be lost.
func (s *search) jsonFiles(folder string) []string {
	entries, err := os.ReadDir(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil
	case err != nil:
		s.errs = append(s.errs, writ.Errorf(writ.CodeExternal, "look for role files: %w", err))
		return nil
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok && !e.IsDir() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
