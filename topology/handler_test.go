package topology_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/topology"
)

// The file of a handler must be there, in any of the forms that Lambda takes.
func TestHandlerFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lang, handler, file, want string }{
		{"python", "app.handler", "app.py", ""},
		{"python", "src.app.handler", "src/app.py", ""},
		{"python", "src/app.handler", "src/app.py", ""},
		{"python", "app.handler", "app/__init__.py", ""},
		{"python", "app.handler", "handler.py", `needs app.py`},
		{"node", "app.handler", "app.js", ""},
		{"node", "app.handler", "app.mjs", ""},
		{"node", "dist/app.api.get", "dist/app.cjs", ""},
		{"node", "dist/app.handler", "dist/app.ts", "TypeScript is not built yet"},
		{"node", "app.handler", "index.js", "did you mean index.handler?"},
		{"go", "anything", "main.go", ""},
	} {
		_, err := topology.Load(unpack(t, "-- topology.yml --\nname: shop\nfunctions:\n  f: {root: f, runtime: {lang: "+c.lang+", handler: "+c.handler+"}}\n-- f/"+c.file+" --\n"))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(show(err), c.want) {
			t.Errorf("%+v: %v", c, show(err))
		}
	}
}

// What does not run on Lambda has no handler of Lambda's, and a library none; an image's language is
// found in its code, where that is there.
func TestNoHandlerNeeded(t *testing.T) {
	t.Parallel()
	got := load(t, `
-- topology.yml --
name: shop
-- agent/function.yml --
runtime: {provider: MicroVm, handler: python app.py}
-- agent/app.py --
-- batch/function.json --
{"runtime": {"platform": "Fargate", "package_type": "image"}}
-- scan/function.yml --
runtime: {package_type: image, provider: lambda, image_uri: "registry.example/scan:1"}
-- lib/function.yml --
name: shared-code
build: {kind: Library, dirs: [a]}
-- scan/handler.py --
`)
	if len(got.Others) != 1 || got.Others[0].Key != "functions.shared-code" {
		t.Errorf("kept apart: %v", got.Others)
	}
	var all []string
	for _, f := range got.Functions {
		all = append(all, f.Name+": "+f.Runtime.Provider+" "+f.Runtime.Identifier)
	}
	want := []string{"agent: MicroVm ", "batch: Fargate ", "scan:  python3.13"}
	if !slices.Equal(all, want) {
		t.Errorf("got %q, want %q", all, want)
	}
}

// Code in the topology is one file, named after its handler.
func TestInlineCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ function, identifier, file string }{
		{"{code: 'def handler(e, c): pass'}", "python3.13", "handler.py"},
		{"{runtime: {code: 'def run(e, c): pass', lang: python3.12, handler: app.run}}", "python3.12", "app.py"},
		{"{code: 'exports.handler = async () => 1', runtime: {lang: node22}}", "nodejs22.x", "index.js"},
		{"{code: 'export const handler = async () => 1', runtime: {lang: node22}}", "nodejs22.x", "index.mjs"},
		{"{code: 'def handler(e, c): pass', runtime: {handler: ../../up.handler}}", "python3.13", "up.py"},
	} {
		f := load(t, "-- topology.yml --\nname: t\nfunctions:\n  f: "+c.function+"\n").Functions[0]
		if f.Runtime.Identifier != c.identifier || f.CodeFile() != c.file || len(f.Others) != 0 {
			t.Errorf("%s: %s in %s, %v", c.function, f.Runtime.Identifier, f.CodeFile(), f.Others)
		}
	}
}
