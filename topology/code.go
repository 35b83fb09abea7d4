package topology

import (
	"bufio"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// complete looks at each function's code and fills in how it runs.
func (p *reader) complete(t *Topology) {
	for _, f := range t.Functions {
		completeFunction(p.problems, t.Dir, f, p.noCode[f])
	}
}

// completeFunction fills in Language, Identifier and Handler from the code in
// f.Root; noCode says that there need not be any here.
func completeFunction(p *problems, dir string, f *Function, noCode bool) {
	code := filepath.Join(dir, filepath.FromSlash(f.Root))
	at := p.spot(f.Pos, "root")
	info, err := os.Stat(code)
	switch {
	case noCode:
		code = ""
	case err != nil && os.IsNotExist(err):
		noDirectory(p.add(at, "function %s has no code: there is no directory %s", f.Name, quoted(f.Root)), dir, f)
		return
	case err != nil:
		p.add(at, "function %s: %s: %s", f.Name, f.Root, plainReason(err))
		return
	case !info.IsDir():
		p.add(at, "function %s: root %s is a file, not a directory", f.Name, quoted(f.Root)).WithHint("name the directory that holds it")
		return
	}
	found := detect(code)
	r := &f.Runtime
	if r.Identifier == "" {
		if found.Identifier == "" {
			p.add(at, "function %s: no handler in directory %s", f.Name, quoted(f.Root)).
				WithHint("it needs a main.go, handler.py, index.js, index.mjs or an executable bootstrap, or  runtime: {lang: ..., handler: ...}")
			return
		}
		r.Language, r.Identifier = found.Language, found.Identifier
	}
	if r.Handler == "" {
		r.Handler = found.Handler
		if found.Language != r.Language || r.Handler == "" {
			r.Handler = defaultHandler(r.Language)
		}
	}
}

// noDirectory hints at the folder that was likely meant.
func noDirectory(e *writ.Error, dir string, f *Function) {
	parent := path.Dir(f.Root)
	near := near(path.Base(f.Root), folders(filepath.Join(dir, filepath.FromSlash(parent))))
	if near != "" {
		e.Hint = "did you mean " + path.Join(parent, near) + "?"
		return
	}
	e.Hint = "make it, or say where the code is with  root: DIRECTORY"
}

func defaultHandler(l Language) string {
	switch l {
	case LanguageGo, LanguageCustom, languageRust:
		return "bootstrap"
	case LanguageNode:
		return "index.handler"
	}
	return "handler.handler"
}

// folders gives the sub-folders of a directory that may hold code.
func folders(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !ignoredFolder(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

// detect tells from the files in a directory how its code runs; the order is tc's.
func detect(dir string) Runtime {
	if dir == "" {
		return Runtime{}
	}
	has := func(names ...string) string {
		for _, name := range names {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
				return name
			}
		}
		return ""
	}
	as := func(name, handler string) Runtime {
		r := runtimes[name]
		r.Handler = handler
		return r
	}
	if file := has("handler.py", "lambda_function.py", "index.py", "app.py", "main.py"); file != "" {
		return as("python", strings.TrimSuffix(file, ".py")+"."+pythonHandler(filepath.Join(dir, file)))
	}
	if file := has("handler.js", "handler.mjs", "handler.cjs", "index.js", "index.mjs", "index.cjs"); file != "" {
		return as("node", strings.TrimSuffix(file, path.Ext(file))+".handler")
	}
	switch {
	case has("main.go") != "" || len(globGo(dir)) > 0:
		return as("go", "bootstrap")
	case has("bootstrap") != "":
		return as("custom", "bootstrap")
	case has("Cargo.toml") != "":
		return as("rust", "bootstrap")
	case has("Gemfile", "handler.rb") != "":
		return as("ruby", "handler.handler")
	case has("deps.edn", "handler.clj") != "":
		return as("clojure", "handler.handler")
	case has("pyproject.toml") != "":
		return as("python", "handler.handler")
	case has("package.json") != "":
		return as("node", "index.handler")
	}
	return Runtime{}
}

// globGo gives the Go files of a directory, without tests.
func globGo(dir string) []string {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil { // a directory whose name is no pattern
		return nil
	}
	return slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
}

var pythonFunction = regexp.MustCompile(`(?m)^(?:async )?def (handler|lambda_handler)\(|^(handler|lambda_handler)\s*=`)

// pythonHandler gives the name of the handler in a Python file: handler, tc's
// and the default, or lambda_handler, AWS's examples'.
func pythonHandler(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return "handler"
	}
	defer func() { _ = f.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(bufio.NewReader(f), maxFileBytes))
	if err != nil {
		return "handler"
	}
	for _, match := range pythonFunction.FindAllStringSubmatch(string(text), -1) {
		if match[1] == "handler" || match[2] == "handler" {
			return "handler"
		}
	}
	if pythonFunction.Match(text) {
		return "lambda_handler"
	}
	return "handler"
}

// ignoredFolder are folders that never hold functions or topologies.
func ignoredFolder(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") ||
		slices.Contains([]string{"node_modules", "vendor", "testdata", "states", "topology", "__pycache__"}, name)
}

// inferFunctions adds the functions that tc infers: sub-folders, also of
// functions/, resolvers/ and backend/, with a function.yml or a handler in them,
// unless a function of the file has its code there. A function.yml of a
// declared function fills in what topology.yml leaves out.
func (p *reader) inferFunctions(t *Topology) {
	taken, byName := map[string]bool{}, map[string]bool{}
	for _, f := range t.Functions {
		taken[f.Root], byName[f.Name] = true, true
		p.functionFile(t.Dir, f)
	}
	ignore := ignoreList(t.Dir)
	for _, parent := range []string{".", "functions", "resolvers", "backend"} {
		for _, name := range folders(filepath.Join(t.Dir, parent)) {
			root := path.Join(parent, name)
			if taken[root] || slices.Contains(ignore, root) {
				continue
			}
			if f := p.inferFunction(t.Dir, root, name); f != nil && !byName[f.Name] {
				t.Functions = append(t.Functions, f)
			}
		}
	}
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

// handlerFiles mark a folder as a function, as in tc.
var handlerFiles = []string{
	"handler.py", "handler.rb", "handler.js", "handler.mjs", "handler.clj", "handler.janet", "main.janet", "main.go", "Cargo.toml", "bootstrap",
}

// inferFunction gives the function of a folder, nil when it holds none. A
// folder with a topology is a node, and Go code must be a Lambda's.
func (p *reader) inferFunction(dir, root, name string) *Function {
	code := filepath.Join(dir, filepath.FromSlash(root))
	if file, _ := topologyFile(code); file != "" {
		return nil
	}
	f := &Function{Name: name, Root: root}
	if file, n := p.readFunctionFile(code, path.Join(filepath.ToSlash(dir), root)); n != nil {
		if written := p.text(n.get("name"), "name"); written != "" {
			f.Name = written
		}
		if fn := p.function(f.Name, entry{f.Name, n.pos, n}); fn != nil {
			fn.Root, fn.Pos = root, writ.Position{File: file, Line: n.pos.Line, Col: n.pos.Col}
			return fn
		}
		return f
	}
	for _, file := range handlerFiles {
		info, err := os.Stat(filepath.Join(code, file))
		if err != nil || !info.Mode().IsRegular() || file == "main.go" && !isLambda(filepath.Join(code, file)) {
			continue
		}
		f.Pos = writ.Position{File: path.Join(filepath.ToSlash(dir), root, file), Line: 1}
		return f
	}
	return nil
}

// isLambda reports whether a Go file speaks to Lambda's runtime: any other
// program beside the topology is not meant to be deployed.
func isLambda(file string) bool {
	text, err := readBounded(file)
	return err == nil && (strings.Contains(string(text), "aws-lambda-go") || strings.Contains(string(text), "AWS_LAMBDA_RUNTIME_API"))
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
	for _, v := range own.Environment {
		if !slices.ContainsFunc(f.Environment, func(o EnvVar) bool { return o.Name == v.Name }) {
			f.Environment = append(f.Environment, v)
		}
	}
	f.Targets = append(f.Targets, own.Targets...)
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
	for _, field := range []struct{ have, from *string }{{&r.Handler, &o.Handler}, {&r.Role, &o.Role}, {&r.RoleFile, &o.RoleFile}} {
		if *field.have == "" {
			*field.have = *field.from
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
