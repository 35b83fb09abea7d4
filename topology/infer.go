package topology

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// ignoredFolder are folders that never hold functions or topologies.
func ignoredFolder(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") ||
		slices.Contains([]string{"node_modules", "vendor", "testdata", "states", "topology", "__pycache__"}, name)
}

// inferFunctions adds the functions that the topology does not declare. One
// that declares functions has, besides, those that its edges name and that
// have a folder of that name with a handler; one that declares none has a
// function in each immediate sub-folder with a function.yml or a handler. (tc
// always adds all of these, which deploys folders that nobody asked for.)
//
// A function.yml of a declared function fills in what topology.yml leaves out.
func (p *reader) inferFunctions(t *Topology) {
	for _, f := range t.Functions {
		p.functionFile(t.Dir, f)
	}
	if p.declares {
		p.inferNamed(t)
		return
	}
	ignore := ignoreList(t.Dir)
	for _, name := range folders(t.Dir) {
		if slices.Contains(ignore, name) {
			continue
		}
		if f := p.inferFunction(t, name); f != nil {
			f.Inferred = true
			t.Functions = append(t.Functions, f)
		}
	}
}

// inferNamed adds the functions that edges name, and those that these lead to.
func (p *reader) inferNamed(t *Topology) {
	have := map[string]bool{}
	for _, f := range t.Functions {
		have[f.Name] = true
	}
	for added := true; added; {
		added = false
		unnamed := unnamedFunctions(t)
		for _, e := range Edges(t) {
			name := e.Target.Name
			if e.Target.Kind != KindFunction || have[name] || !slices.Contains(unnamed, name) {
				continue
			}
			have[name] = true
			if f := p.inferFunction(t, name); f != nil {
				f.Inferred = true
				t.Functions = append(t.Functions, f)
				added = true
			}
		}
	}
}

// unnamedFunctions gives the folders with a handler that no function of the
// topology has its code in.
func unnamedFunctions(t *Topology) []string {
	taken := map[string]bool{}
	for _, f := range t.Functions {
		taken[f.Root] = true
	}
	return slices.DeleteFunc(folders(t.Dir), func(name string) bool {
		return taken[name] || handlerFile(filepath.Join(t.Dir, name)) == ""
	})
}

// ignoreList gives the folders that .tcignore names, one a line.
func ignoreList(dir string) []string {
	text, err := readBounded(filepath.Join(dir, ".tcignore"))
	if err != nil {
		return nil
	}
	var names []string
	for _, line := range strings.Fields(string(text)) {
		names = append(names, cleanPath(line))
	}
	return names
}

// inferFunction gives the function of a folder, nil when it holds none. A
// folder with a topology is a node, and tc's library or extension is kept apart.
func (p *reader) inferFunction(t *Topology, name string) *Function {
	dir := t.Dir
	code := filepath.Join(dir, name)
	if file, _ := topologyFile(code); file != "" {
		return nil
	}
	f := &Function{Name: name, Root: name}
	if file, n := p.readFunctionFile(code, path.Join(filepath.ToSlash(dir), name)); n != nil {
		if written := p.text(n.get("name"), "name"); written != "" {
			f.Name = written
		}
		if kind := n.get("build").get("kind"); kind != nil && (strings.EqualFold(kind.text, "library") || strings.EqualFold(kind.text, "extension")) {
			t.Others = append(t.Others, &Section{Key: "functions." + f.Name, YAML: n.yaml(), Pos: kind.pos})
			return nil
		}
		if fn := p.function(f.Name, entry{f.Name, n.pos, n}); fn != nil {
			fn.Root, fn.Pos = name, writ.Position{File: file, Line: n.pos.Line, Col: n.pos.Col}
			if fn.Infra != "" {
				fn.Infra = path.Join(name, fn.Infra)
			}
			return fn
		}
		return nil // said already
	}
	file := handlerFile(code)
	if file == "" {
		return nil
	}
	f.Pos = writ.Position{File: path.Join(filepath.ToSlash(dir), name, file), Line: 1}
	return f
}

// handlerFile gives the file that makes a folder a function, "" when none does.
func handlerFile(code string) string {
	if file := has(code, "handler.py", "index.js", "index.mjs", "handler.js", "handler.mjs"); file != "" {
		return file
	}
	if has(code, "main.go") != "" && isLambda(filepath.Join(code, "main.go")) {
		return "main.go"
	}
	if info, err := os.Stat(filepath.Join(code, "bootstrap")); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
		return "bootstrap"
	}
	return ""
}

// isLambda reports whether a Go file imports Lambda's library: any other program
// beside the topology is not meant to be deployed.
func isLambda(file string) bool {
	text, err := readBounded(file)
	if err != nil {
		return false
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(parsed.Imports, func(i *ast.ImportSpec) bool {
		return strings.HasPrefix(i.Path.Value, `"github.com/aws/aws-lambda-go/`)
	})
}

// readFunctionFile gives the root of a folder's function.yml, nil when it has none.
func (p *reader) readFunctionFile(code, shown string) (file string, n *node) {
	for _, name := range []string{"function.yml", "function.yaml", "function.json"} {
		text, err := readBounded(filepath.Join(code, name))
		if err != nil {
			continue
		}
		file = path.Join(shown, name)
		if n := p.readYAML(text, file, filepath.Join(code, name)); n != nil && n.kind == mapNode {
			p.checkTemplates(n)
			return file, n
		}
	}
	return file, nil
}

// functionFile fills in what topology.yml leaves out from the function's own file.
func (p *reader) functionFile(dir string, f *Function) {
	code := filepath.Join(dir, filepath.FromSlash(f.Root))
	_, n := p.readFunctionFile(code, path.Join(filepath.ToSlash(dir), f.Root))
	if n == nil {
		return
	}
	own := p.function(f.Name, entry{f.Name, n.pos, n})
	if own == nil {
		return
	}
	p.fillRuntime(f, own)
	if f.Description == "" {
		f.Description = own.Description
	}
	if f.Infra == "" && own.Infra != "" {
		f.Infra = path.Join(f.Root, own.Infra)
	}
	for _, v := range own.Environment {
		if !slices.ContainsFunc(f.Environment, func(o EnvVar) bool { return o.Name == v.Name }) {
			f.Environment = append(f.Environment, v)
		}
	}
	f.Targets = append(f.Targets, own.Targets...)
	if f.DeadLetter == nil {
		f.DeadLetter = own.DeadLetter
	}
	if f.Network == nil {
		f.Network = own.Network
	}
	f.Grants = append(f.Grants, own.Grants...)
	f.Others = append(f.Others, own.Others...)
	p.noCode[f] = p.noCode[f] || p.noCode[own]
}

// fillRuntime gives f the runtime fields of own that it has not.
func (p *reader) fillRuntime(f, own *Function) {
	r, o := &f.Runtime, own.Runtime
	if r.Identifier == "" {
		r.Language, r.Identifier = o.Language, o.Identifier
	}
	if r.Provider == "" {
		r.Provider = o.Provider
	}
	if r.Handler == "" && o.Handler != "" {
		r.Handler = o.Handler
		p.mark(f.Pos, "handler", p.spot(own.Pos, "handler"))
	}
	for _, field := range []struct {
		have, from *string
		at         *writ.Position
		fromAt     writ.Position
	}{{&r.Role, &o.Role, &r.RolePos, o.RolePos}, {&r.RoleFile, &o.RoleFile, &r.RoleFilePos, o.RoleFilePos}, {&r.RoleName, &o.RoleName, &r.RoleNamePos, o.RoleNamePos}} {
		if *field.have == "" {
			*field.have, *field.at = *field.from, field.fromAt
		}
	}
	for _, field := range []struct {
		have, from *int
		word       string
	}{{&r.MemoryMB, &o.MemoryMB, "memory"}, {&r.TimeoutSec, &o.TimeoutSec, "timeout"}} {
		if *field.have == 0 && *field.from != 0 {
			*field.have = *field.from
			p.mark(f.Pos, field.word, p.spot(own.Pos, field.word))
		}
	}
}
