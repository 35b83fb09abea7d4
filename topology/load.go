package topology

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/tree"
)

// maxNodes bounds how many sub-topologies one tree may have, and how deep.
const (
	maxTopologies    = 500
	maxTopologyDepth = 12
)

// topologyNames are the files that hold a topology, in the order looked for.
var topologyNames = []string{"topology.yml", "topology.yaml"}

// Load reads the topology of a directory: its topology.yml (or .yaml), or
// else the Go program there, which is built and run to obtain it. Runtimes are
// filled in from the code, tc's overlays are laid on, and sub-folders with
// topologies of their own become Nodes if the file asks for it with nodes: or
// recursive: true (tc's rule).
//
// All problems come together, as a join of *writ.Error.
func Load(dir string) (*Topology, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "directory %s: %s", dir, plainReason(err))
	}
	if !info.IsDir() {
		return nil, writ.Errorf(writ.CodeUsage, "%s is a file", dir).
			WithHint("name the directory that holds it: %s", filepath.Dir(dir))
	}
	l := &loader{seen: map[string]bool{}}
	return l.load(filepath.Clean(dir), 0, nil)
}

// loader reads a tree of topologies.
type loader struct {
	seen map[string]bool // real directories, so that links cannot make a circle
	// loaded are the topologies that are right in themselves.
	loaded namespaces
}

// load reads one topology and its nodes. A node of a recursive topology is
// recursive too; ignore then holds the directories that its parents leave out,
// else it is nil.
func (l *loader) load(dir string, depth int, ignore []string) (*Topology, error) {
	file, text := topologyFile(dir)
	if file == "" {
		if len(globGo(dir)) > 0 {
			return l.loadProgram(dir)
		}
		return nil, noTopology(dir)
	}
	if text == nil {
		text = []byte{}
	}
	r := newReader(filepath.ToSlash(filepath.Join(dir, file)), dir)
	info, err := os.Stat(filepath.Join(dir, file))
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "read %s: %s", r.file, plainReason(err))
	}
	if info.Size() > maxFileBytes {
		e := writ.Errorf(writ.CodeTooLarge, "the file is larger than 1 MiB")
		e.Position = writ.Position{File: r.file}
		return nil, e
	}
	t := r.parse(text)
	if t == nil {
		return nil, r.err()
	}
	var nodeErrs error
	if dirs, ignore := l.nodeDirs(r, t, depth, ignore); len(dirs) > 0 {
		t.Nodes, nodeErrs = l.loadNodes(dirs, depth, ignore)
	}
	r.finish(t)
	r.checkNodes(t)
	if len(r.errs) == 0 || depth == 0 {
		l.loaded = append(l.loaded, namespace{t, r.problems})
	}
	if depth == 0 {
		l.loaded.checkImports()
		nodeErrs = joinFlat(append(l.loaded.errs(r.problems), nodeErrs)...)
	}
	if err := r.err(); err != nil || nodeErrs != nil {
		return nil, joinFlat(err, nodeErrs)
	}
	return t, nil
}

// loadProgram obtains the topology of a Go program.
func (l *loader) loadProgram(dir string) (*Topology, error) {
	t, err := loadProgram(dir)
	if err == nil {
		l.loaded = append(l.loaded, namespace{t, newProblems()})
	}
	return t, err
}

func noTopology(dir string) error {
	e := writ.Errorf(writ.CodeNotFound, "there is no topology in %s", dir).
		WithHint("it needs a topology.yml, or a Go program that makes one; writ init writes a starter")
	if entries, err := os.ReadDir(dir); err == nil {
		for _, entry := range entries {
			if near := near(entry.Name(), topologyNames); near != "" {
				e.Hint = entry.Name() + " is not read; rename it to topology.yml"
			}
		}
	}
	return e
}

// topologyFile gives the name and text of a directory's topology file, "" when
// it has none; the text is nil when it cannot be read.
func topologyFile(dir string) (name string, text []byte) {
	for _, name := range topologyNames {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.Mode().IsRegular() {
			continue
		}
		text, err := readBounded(filepath.Join(dir, name))
		if err != nil {
			return name, nil
		}
		return name, text
	}
	return "", nil
}

// nodeDirs gives the directories of the sub-topologies: those that nodes.dirs
// names, or the nearest below when nodes, recursive or the parent asks for
// them, with the directories that those are to leave out.
func (l *loader) nodeDirs(r *reader, t *Topology, depth int, inherited []string) (dirs, ignore []string) {
	real, err := filepath.EvalSymlinks(t.Dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		r.add(t.Pos, "find %s: %s", t.Dir, plainReason(err))
		return nil, nil
	}
	l.seen[real] = true
	f, ok := r.object(r.nodes, "nodes", []string{"root", "ignore", "dirs"})
	wanted := r.nodes != nil || inherited != nil
	if r.recursive != nil {
		wanted = *r.recursive
	}
	if !ok || !wanted {
		return nil, nil
	}
	if depth >= maxTopologyDepth {
		r.add(r.nodesPos(t), "topologies nest deeper than %d levels", maxTopologyDepth)
		return nil, nil
	}
	if named := r.values(f.value("dirs"), "dirs"); len(named) > 0 {
		for _, n := range named {
			dirs = append(dirs, r.namedNode(t, n)...)
		}
		return l.unseen(r, t, dirs), nil
	}
	ignore = append([]string{}, inherited...)
	for _, name := range append(r.texts(f.value("ignore"), "ignore"), ignoreList(t.Dir)...) {
		ignore = append(ignore, filepath.Join(t.Dir, filepath.FromSlash(name)))
	}
	return l.unseen(r, t, findNodes(t.Dir, ignore)), ignore
}

func (r *reader) nodesPos(t *Topology) writ.Position {
	if r.nodes != nil {
		return r.nodes.pos
	}
	return t.Pos
}

// namedNode gives the directory that nodes.dirs names, if it holds a topology.
func (r *reader) namedNode(t *Topology, n *node) []string {
	dir := filepath.Join(t.Dir, filepath.FromSlash(n.text))
	if name, _ := topologyFile(dir); name == "" && len(globGo(dir)) == 0 {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			r.add(n.pos, "there is no topology in %s", quoted(n.text)).WithHint("the folder is there: add a topology.yml to it, or take it out of dirs:")
			return nil
		}
		r.suggest(r.add(n.pos, "there is no topology in %s", quoted(n.text)), n.text, folders(t.Dir), "the folders here are ")
		return nil
	}
	return []string{dir}
}

// unseen leaves out what was loaded before; a topology inside itself is a problem.
func (l *loader) unseen(r *reader, t *Topology, dirs []string) []string {
	var fresh []string
	for _, dir := range dirs {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			real, err = filepath.Abs(real)
		}
		if err != nil {
			r.add(r.nodesPos(t), "find %s: %s", dir, plainReason(err))
			continue
		}
		if l.seen[real] {
			r.add(r.nodesPos(t), "the nodes go in a circle: %s is composed already", dir).
				WithHint("take it out of nodes: dirs:, or put it under ignore:")
			continue
		}
		if len(l.seen) >= maxTopologies {
			r.add(r.nodesPos(t), "more than %d topologies in one tree", maxTopologies)
			break
		}
		l.seen[real] = true
		fresh = append(fresh, dir)
	}
	return fresh
}

// findNodes gives the nearest directories below dir that hold a topology.yml;
// what lies below those is their own business.
func findNodes(dir string, ignore []string) []string {
	var found []string
	walk := func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || path == dir {
			return nil // an unreadable folder holds no topology for us
		}
		rel, relErr := filepath.Rel(dir, path)
		if relErr != nil || ignoredFolder(d.Name()) && d.Name() != "topology" || slices.Contains(ignore, path) ||
			strings.Count(rel, string(filepath.Separator)) >= maxTopologyDepth { // no deeper than topologies nest
			return filepath.SkipDir
		}
		if name, _ := topologyFile(path); name != "" {
			found = append(found, path)
			return filepath.SkipDir
		}
		return nil
	}
	if err := filepath.WalkDir(dir, walk); err != nil {
		return nil
	}
	return found
}

func (l *loader) loadNodes(dirs []string, depth int, ignore []string) ([]*Topology, error) {
	var nodes []*Topology
	var errs []error
	for _, dir := range dirs {
		t, err := l.load(dir, depth+1, ignore)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		nodes = append(nodes, t)
	}
	return nodes, joinFlat(errs...)
}

// checkNodes makes sure that each namespace of the tree is there once.
func (r *reader) checkNodes(t *Topology) {
	first := map[string]writ.Position{t.Name: t.Pos}
	var visit func(nodes []*Topology)
	visit = func(nodes []*Topology) {
		for _, n := range nodes {
			if pos, twice := first[n.Name]; twice {
				r.add(n.Pos, "two topologies have the name %s", quoted(n.Name)).WithHint("the other one is at %s", tree.Place(pos))
			}
			first[n.Name] = n.Pos
			visit(n.Nodes)
		}
	}
	visit(t.Nodes)
}

// joinFlat joins errors into one list, so that each is shown by itself.
func joinFlat(errs ...error) error {
	var all []error
	for _, err := range errs {
		if err == nil {
			continue
		}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			all = append(all, joined.Unwrap()...)
			continue
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}
