package topology

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// checkHandler makes sure that the file of the handler is there: else each call
// fails, long after the deployment. A layer, which is not seen here, may bring it.
func (p *problems) checkHandler(f *Function, code string) {
	layered := slices.ContainsFunc(f.Others, func(s *Section) bool { return s.Key == "runtime.layers" })
	files := handlerFiles(f.Runtime)
	if len(files) == 0 || layered || has(code, files...) != "" {
		return
	}
	at := p.spot(f.Pos, "handler")
	if !strings.Contains(f.Runtime.Handler, ".") {
		p.add(at, "handler %s of function %s names no function in it", quoted(f.Runtime.Handler), f.Name).
			WithHint("a handler is FILE.FUNCTION, as in  %s", defaultHandler(f.Runtime.Language))
		return
	}
	e := p.add(at, "function %s: handler %s needs %s, which is not in directory %s", f.Name, quoted(f.Runtime.Handler), files[0], quoted(f.Root))
	if f.Runtime.Language == LanguageNode && onlyTypeScript(path.Join(filepath.ToSlash(code), path.Dir(files[0]))) {
		notBuiltYet(e)
		return
	}
	e.Hint = "a handler is FILE.FUNCTION"
	if found := detect(code); found.Language == f.Runtime.Language && has(code, handlerFiles(found)...) != "" {
		e.Hint = "did you mean " + found.Handler + "? A handler is FILE.FUNCTION"
	}
}

func notBuiltYet(e *writ.Error) {
	e.Hint = "TypeScript is not built yet; compile it to .js first, as with  npx esbuild index.ts --bundle --platform=node --outfile=index.js"
}

// handlerFiles gives the files of which one must be there for the handler, none
// for a language whose handler is no file.
func handlerFiles(r Runtime) []string {
	switch r.Language {
	case LanguagePython: // Lambda cuts at the last dot and imports the rest
		module := r.Handler
		if dot := strings.LastIndexByte(module, '.'); dot >= 0 {
			module = module[:dot]
		}
		module = strings.ReplaceAll(module, ".", "/")
		return []string{module + ".py", module + "/__init__.py"}
	case LanguageNode: // Lambda cuts the last part of the path at its first dot
		folder, file := path.Split(r.Handler)
		name, _, _ := strings.Cut(file, ".")
		module := folder + name
		return []string{module + ".js", module + ".mjs", module + ".cjs"}
	}
	return nil
}

// onlyTypeScript reports whether a directory holds TypeScript and nothing that
// Node.js runs.
func onlyTypeScript(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	found := false
	for _, e := range entries {
		switch path.Ext(e.Name()) {
		case ".js", ".mjs", ".cjs":
			return false
		case ".ts", ".mts", ".cts":
			found = true
		}
	}
	return found
}
