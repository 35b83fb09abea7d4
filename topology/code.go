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
		if f.Runtime.Provider != "" {
			continue // how that runs is not for Lambda's rules to say
		}
		if f.Code != "" {
			p.completeInline(f)
			continue
		}
		completeFunction(p.problems, t.Dir, f, p.noCode[f])
	}
}

// completeFunction fills in Language, Identifier and Handler from the code in
// f.Root; noCode says that there need not be any here.
func completeFunction(p *problems, dir string, f *Function, noCode bool) {
	code := filepath.Join(dir, filepath.FromSlash(f.Root))
	at := p.spot(f.Pos, "root")
	info, err := os.Stat(code)
	found := Runtime{}
	switch {
	case noCode:
		found, code = detect(code), ""
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
	if code != "" {
		found = detect(code)
	}
	r := &f.Runtime
	if r.Identifier == "" {
		if found.Identifier == "" {
			if code != "" && onlyTypeScript(code) {
				notBuiltYet(p.add(at, "function %s: directory %s holds TypeScript only", f.Name, quoted(f.Root)))
				return
			}
			p.add(at, "function %s: no handler in directory %s", f.Name, quoted(f.Root)).
				WithHint("it needs a main.go, handler.py, index.js, index.mjs or an executable bootstrap, or  runtime: {lang: ..., handler: ...}")
			return
		}
		r.Language, r.Identifier = found.Language, found.Identifier
	}
	wrong := r.Handler == "" && p.spot(f.Pos, "handler") != f.Pos // written, but no text: said already
	if r.Handler == "" {
		r.Handler = found.Handler
		if found.Language != r.Language || r.Handler == "" {
			r.Handler = defaultHandler(r.Language)
		}
	}
	if code != "" && !wrong {
		p.checkHandler(f, code)
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
	has := func(names ...string) string { return has(dir, names...) }
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

// has gives the first of the files that a directory holds, "" when it has none.
func has(dir string, names ...string) string {
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err == nil && info.Mode().IsRegular() {
			return name
		}
	}
	return ""
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
