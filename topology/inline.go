package topology

import (
	"path"
	"strings"
)

// maxInlineBytes bounds code that is written in a topology; more belongs into files.
const maxInlineBytes = 64 << 10

// inlineCode reads code:, the function's whole code.
func (p *reader) inlineCode(fn *Function, f fields) {
	n := f.value("code")
	if n.null() {
		return
	}
	if fn.Code != "" {
		p.add(n.pos, "function %s has its code twice, in the function and in its runtime", fn.Name).WithHint("keep one of the two")
		return
	}
	fn.Code = p.text(n, "code")
	p.mark(fn.Pos, "code", n.pos)
	if len(fn.Code) > maxInlineBytes {
		p.add(n.pos, "the code of function %s is longer than 64 KiB", fn.Name).WithHint("put it into a file in directory %s", fn.Root)
	}
}

// completeInline fills in how code in the topology runs: Python, as in tc, if it
// does not say.
func (p *reader) completeInline(f *Function) {
	r := &f.Runtime
	if r.Identifier == "" {
		r.Language, r.Identifier = runtimes["python"].Language, runtimes["python"].Identifier
	}
	if r.Handler == "" {
		r.Handler = defaultHandler(r.Language)
	}
	if f.CodeFile() == "" {
		p.add(p.spot(f.Pos, "code"), "function %s has its code in the topology, which only Python and Node.js can", f.Name).
			WithHint("put it into a file in directory %s, or write  runtime: {lang: python3.13}", f.Root)
	}
}

// CodeFile names the one file of code that is written in the topology, relative
// to the function: handler.py for the handler handler.handler. It is "" for a
// language that is not one file.
func (f *Function) CodeFile() string {
	files := handlerFiles(f.Runtime)
	if len(files) == 0 {
		return ""
	}
	name := path.Clean("/" + files[0])[1:] // stays within the function
	if f.Runtime.Language == LanguageNode && strings.Contains("\n"+f.Code, "\nexport ") {
		return strings.TrimSuffix(name, ".js") + ".mjs"
	}
	return name
}
