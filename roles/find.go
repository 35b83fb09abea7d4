package roles

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// Places are the directories that role files are looked for in.
type Places struct {
	// Dir holds the platform team's files: itself, or its folder roles or
	// base/roles. "" means tc's infrastructure/tc/base/roles at the root of the
	// repository.
	Dir string
	// Position is where Dir is written, for messages.
	Position writ.Position
	// Work is where commands start: tc looks above it for roles/KIND.json too,
	// and paths that start with .. are relative to it. "" means nowhere.
	Work string
}

// maxParents is how far up tc looks for a namespace's files.
const maxParents = 4

// Files are the role files that speak for one topology.
type Files struct {
	topology *topology.Topology
	// Dir is the directory of the shared files as the user would name it, "" when there is none.
	Dir string
	// shared speak for a kind in shared mode, near for a kind in every mode,
	// specific for one function, named is what runtime.role_file names.
	shared, near    map[topology.Kind]*File
	specific, named map[string]*File
	// Unused are files that are there for what Writ does not have.
	Unused []string
	// Passed are files beside a topology whose role files are elsewhere.
	Passed []string
}

// Find reads the role files of a topology. A file that can speak for nothing,
// one that is named and missing, and two that would speak for one thing are
// errors, joined when there are several.
func Find(t *topology.Topology, p Places) (*Files, error) {
	f := &Files{topology: t, shared: map[topology.Kind]*File{}, near: map[topology.Kind]*File{}, specific: map[string]*File{}, named: map[string]*File{}}
	s := search{files: f, root: Repository(t.Dir), work: p.Work}
	if t.Dir != "" {
		s.sharedFiles(p)
		s.own()
		s.ofFunctions()
		s.above()
	}
	s.roleFiles()
	s.passed()
	return f, errors.Join(s.errs...)
}

// Given gives files that are in memory, as if they lay in the directory of the
// shared files: NAME.json -> text.
func Given(t *topology.Topology, shared map[string]string) (*Files, error) {
	f := &Files{topology: t, Dir: "roles", shared: map[topology.Kind]*File{}}
	s := search{files: f}
	for _, name := range slices.Sorted(maps.Keys(shared)) {
		kind := fileKinds[strings.TrimSuffix(name, ".json")]
		if kind == "" {
			s.unknown(name, strings.TrimSuffix(name, ".json"), nil)
			continue
		}
		f.shared[kind] = &File{Path: "roles/" + name, text: []byte(shared[name])}
	}
	return f, errors.Join(s.errs...)
}

// Shared lists the files that shared mode would use, by path.
func (f *Files) Shared() []string {
	var paths []string
	for _, file := range f.shared {
		if !slices.Contains(paths, file.Path) {
			paths = append(paths, file.Path)
		}
	}
	slices.Sort(paths)
	return paths
}

// all lists every file, in no order.
func (f *Files) all() []*File {
	return slices.Concat(slices.Collect(maps.Values(f.shared)), slices.Collect(maps.Values(f.near)),
		slices.Collect(maps.Values(f.specific)), slices.Collect(maps.Values(f.named)))
}

type search struct {
	files *Files
	root  string // the repository, "" for none
	work  string
	errs  []error
}

func (s *search) fail(err *writ.Error, at writ.Position) { s.errs = append(s.errs, err.At(at, "")) }

// sharedFiles reads the files for whole kinds.
func (s *search) sharedFiles(p Places) {
	var folders []string
	switch {
	case p.Dir != "":
		if info, err := os.Stat(p.Dir); err != nil || !info.IsDir() {
			s.fail(writ.Errorf(writ.CodeNotFound, "there is no directory %s with role files", p.Dir).
				WithHint("it holds function.json, event.json, ... itself, or in roles or base/roles"), p.Position)
			return
		}
		folders = []string{p.Dir, filepath.Join(p.Dir, "roles"), filepath.Join(p.Dir, "base", "roles")}
	default:
		for _, root := range []string{s.treeRoot(), s.root} {
			folder := s.relative(filepath.Join(root, "infrastructure", "tc", "base", "roles"))
			if root != "" && !slices.Contains(folders, folder) {
				folders = append(folders, folder)
			}
		}
	}
	for _, folder := range folders {
		names := s.jsonFiles(folder)
		if !slices.ContainsFunc(names, func(name string) bool { return fileKinds[name] != "" }) {
			continue
		}
		if s.files.Dir != "" {
			s.fail(writ.Errorf(writ.CodeConflict, "role files are in %s and in %s", s.files.Dir, folder).
				WithHint("keep them in one of the two"), p.Position)
			return
		}
		s.files.Dir = filepath.ToSlash(folder)
		for _, name := range names {
			s.kindFile(s.files.shared, folder, name)
		}
	}
	if p.Dir != "" && s.files.Dir == "" {
		s.fail(writ.Errorf(writ.CodeNotFound, "%s holds no role file", p.Dir).
			WithHint("a role file is function.json, event.json, route.json, mutation.json, state.json, schedule.json or channel.json, there or in its folder roles or base/roles"), p.Position)
	}
}

// kindFile reads DIR/NAME.json into a map of kinds.
func (s *search) kindFile(into map[topology.Kind]*File, dir, name string) {
	path := filepath.Join(dir, name+".json")
	kind := fileKinds[name]
	if kind == "" {
		s.unknown(path, name, nil)
		return
	}
	if other := into[kind]; other != nil {
		if filepath.Dir(other.Path) == filepath.Dir(filepath.ToSlash(path)) {
			s.fail(writ.Errorf(writ.CodeConflict, "the file and %s both speak for the %s role", other.Path, kind).
				WithHint("delete one of them"), writ.Position{File: filepath.ToSlash(path)})
		}
		return // the nearer one holds
	}
	if file := s.read(path, writ.Position{}); file != nil {
		into[kind] = file
	}
}

func (s *search) read(path string, at writ.Position) *File {
	file, err := read(path)
	if err == nil {
		return file
	}
	var known *writ.Error
	if errors.As(err, &known) && known.Position.IsZero() {
		known.Position = at
	}
	s.errs = append(s.errs, err)
	return nil
}

// unknown refuses a file that speaks for nothing, which tc would pass over.
func (s *search) unknown(path, name string, functions []string) {
	if unusedNames[name] {
		s.files.Unused = append(s.files.Unused, filepath.ToSlash(path))
		return
	}
	kinds := slices.Sorted(maps.Keys(fileKinds))
	err := writ.Errorf(writ.CodeInvalid, "%s.json is the role of nothing: there is no such function, and no such kind of entity", name)
	if functions == nil {
		err = writ.Errorf(writ.CodeInvalid, "%s.json is the role of nothing: there is no such kind of entity", name)
	}
	if near := writ.Nearest(name, append(slices.Clone(functions), kinds...)); near != "" {
		err = err.WithHint("did you mean %s.json?", near)
	} else {
		err = err.WithHint("a role file is named after a function of the topology, or %s", anyOf(kinds))
	}
	s.fail(err, writ.Position{File: filepath.ToSlash(path)})
}

// own reads the files beside the topology's own overlays: roles/FUNCTION.json
// and roles/KIND.json.
func (s *search) own() {
	t := s.files.topology
	infra := topology.InfraDir(t)
	folder := filepath.Join(t.Dir, filepath.FromSlash(infra), "roles")
	if abs, err := filepath.Abs(folder); t.Infra == "" && s.root != "" && (err != nil || !within(s.root, abs)) {
		return // tc's tree holds the repository: nobody named it
	}
	code := infra == "" && isCode(t, "roles")
	functions := []string{}
	for _, f := range t.Functions {
		functions = append(functions, f.Name)
	}
	for _, name := range s.jsonFiles(folder) {
		path := filepath.Join(folder, name+".json")
		isFunction := slices.Contains(functions, name)
		switch {
		case code && !((isFunction || fileKinds[name] != "") && looksLikePolicy(path)):
			// A function's own data.
		case code:
			s.fail(writ.Errorf(writ.CodeConflict, "the file is a role by its name, and it lies in the code of a function").
				WithHint("move it into the roles folder of a directory of its own, and name that:  infra: DIR"), writ.Position{File: filepath.ToSlash(path)})
		case isFunction && fileKinds[name] != "":
			s.fail(writ.Errorf(writ.CodeConflict, "the file could be the role of function %s, or of every %s", name, fileKinds[name]).
				WithHint("give the function another name, or name the file in its runtime.role_file and move it"), writ.Position{File: filepath.ToSlash(path)})
		case isFunction:
			if file := s.read(path, writ.Position{}); file != nil {
				s.files.specific[name] = file
			}
		case fileKinds[name] != "":
			s.kindFile(s.files.near, folder, name)
		case infra != "" || looksLikePolicy(path):
			s.unknown(path, name, functions)
		}
	}
}

// ofFunctions reads the files of functions with an infra_dir of their own: there
// NAME.json speaks for the function, function.json for those without one.
func (s *search) ofFunctions() {
	t := s.files.topology
	users := map[string][]string{}
	for _, f := range t.Functions {
		if f.Infra != "" && f.Infra != topology.InfraDir(t) {
			users[f.Infra] = append(users[f.Infra], f.Name)
		}
	}
	for _, infra := range slices.Sorted(maps.Keys(users)) {
		folder := filepath.Join(t.Dir, filepath.FromSlash(infra), "roles")
		for _, name := range s.jsonFiles(folder) {
			path := filepath.Join(folder, name+".json")
			switch {
			case slices.Contains(users[infra], name):
				s.ofFunction(name, path)
			case name == "function":
				for _, user := range users[infra] {
					if !exists(filepath.Join(folder, user+".json")) {
						s.ofFunction(user, path)
					}
				}
			default:
				s.unknown(path, name, users[infra])
			}
		}
	}
}

func (s *search) ofFunction(name, path string) {
	if other := s.files.specific[name]; other != nil {
		s.fail(writ.Errorf(writ.CodeConflict, "the file and %s both speak for function %s", other.Path, name).
			WithHint("delete one of them"), writ.Position{File: filepath.ToSlash(path)})
		return
	}
	if file := s.read(path, writ.Position{}); file != nil {
		s.files.specific[name] = file
	}
}

// passed notes the role files in the topology's own directory, where tc's layout
// has them below infrastructure/tc: nobody looks at them there.
func (s *search) passed() {
	t := s.files.topology
	if t.Dir == "" || t.Infra != "" || topology.InfraDir(t) == "" || isCode(t, "roles") {
		return
	}
	folder := filepath.Join(t.Dir, "roles")
	for _, name := range s.jsonFiles(folder) {
		path := filepath.ToSlash(filepath.Join(folder, name+".json"))
		used := func(f *File) bool { return f.Path == path }
		if looksLikePolicy(path) && !slices.ContainsFunc(slices.Collect(maps.Values(s.files.near)), used) &&
			!slices.ContainsFunc(slices.Collect(maps.Values(s.files.named)), used) {
			s.files.Passed = append(s.files.Passed, path)
		}
	}
}

// isCode reports whether a folder of the topology holds a function's code.
func isCode(t *topology.Topology, folder string) bool {
	return slices.ContainsFunc(t.Functions, func(f *topology.Function) bool {
		return f.Root == folder || strings.HasPrefix(f.Root, folder+"/")
	})
}

// looksLikePolicy keeps other JSON apart where a folder need not be of roles. A
// file that may not be read could be one: whoever reads it next says so.
func looksLikePolicy(path string) bool {
	file, err := read(path)
	if err != nil {
		return writ.CodeOf(err) == writ.CodeExternal
	}
	return bytes.Contains(file.text, []byte(`"Statement"`))
}

// above reads roles/KIND.json in the folders above the topology's overlays and
// above the working directory; the nearest holds. It stays in the repository:
// who may write above it must not decide over roles.
func (s *search) above() {
	if s.root == "" {
		return
	}
	for _, start := range []string{filepath.Join(s.files.topology.Dir, filepath.FromSlash(topology.InfraDir(s.files.topology))), s.work} {
		abs, err := filepath.Abs(start)
		if start == "" || err != nil {
			continue
		}
		for range maxParents {
			if abs = filepath.Dir(abs); !s.inRepository(abs) {
				break
			}
			folder := s.relative(filepath.Join(abs, "roles"))
			for _, name := range s.jsonFiles(folder) {
				if fileKinds[name] != "" && looksLikePolicy(filepath.Join(folder, name+".json")) {
					s.kindFile(s.files.near, folder, name)
				}
			}
		}
	}
}

// inRepository reports whether a directory is in the topology's repository;
// where there is none, only the topology's own directory is.
func (s *search) inRepository(dir string) bool {
	abs, err := filepath.Abs(dir)
	top := s.root
	if top == "" && err == nil {
		top, err = filepath.Abs(s.files.topology.Dir)
	}
	return err == nil && within(top, abs)
}

// roleFiles reads what functions name in runtime.role_file: a path relative to
// the topology or, as with tc, to the working directory.
func (s *search) roleFiles() {
	for _, f := range s.files.topology.Functions {
		if f.Runtime.RoleFile == "" {
			continue
		}
		if f.Runtime.Role != "" {
			s.fail(writ.Errorf(writ.CodeInvalid, "function %s has a role and a role_file", f.Name).
				WithHint("a role that exists keeps its own policies: leave one of the two out"), f.Runtime.RoleFilePos)
			continue
		}
		path := filepath.FromSlash(f.Runtime.RoleFile)
		tried := []string{filepath.Join(s.files.topology.Dir, path)}
		if s.work != "" && s.inRepository(s.work) {
			tried = append(tried, filepath.Join(s.work, path))
		}
		if filepath.IsAbs(path) {
			tried = []string{path}
		}
		i := slices.IndexFunc(tried, exists)
		if i < 0 {
			s.fail(writ.Errorf(writ.CodeNotFound, "there is no role file %s of function %s", f.Runtime.RoleFile, f.Name).
				WithHint("looked for as %s", strings.Join(tried, " and ")), f.Runtime.RoleFilePos)
			continue
		}
		if file := s.read(tried[i], f.Runtime.RoleFilePos); file != nil {
			s.files.named[f.Name] = file
		}
	}
}
