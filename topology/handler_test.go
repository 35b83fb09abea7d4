package topology_test

import (
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
