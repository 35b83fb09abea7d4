package topology_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// unpack writes a tree of files to a new directory.
func unpack(t *testing.T, tree string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(tree)).Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// load loads a tree that must be right.
func load(t *testing.T, tree string) *topology.Topology {
	t.Helper()
	got, err := topology.Load(unpack(t, tree))
	if err != nil {
		t.Fatal(show(err))
	}
	return got
}

func show(err error) string {
	var b bytes.Buffer
	writ.WriteError(&b, err)
	return b.String()
}

type foundFunction struct {
	Name, Root, Language, Runtime, Handler string
	Inferred                               bool
}

func foundFunctions(got *topology.Topology) (all []foundFunction) {
	for _, f := range got.Functions {
		all = append(all, foundFunction{f.Name, f.Root, string(f.Runtime.Language), f.Runtime.Identifier, f.Runtime.Handler, f.Inferred})
	}
	return all
}

// A topology without functions of its own has one in each folder with a handler.
func TestInferredFunctions(t *testing.T) {
	t.Parallel()
	dir := unpack(t, `
-- topology.yml --
name: shop
stores:
  hits: {key: path}
-- py/handler.py --
def handler(event, context): pass
-- lambdastyle/handler.py --
def lambda_handler(event, context): pass
-- js/handler.js --
exports.handler = async () => ({});
-- index/index.js --
exports.handler = async () => ({});
-- module/index.mjs --
export const handler = async () => ({});
-- exe/bootstrap --
#!/bin/sh
-- notexecutable/bootstrap --
text
-- gopher/main.go --
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(nil) }
-- gomodule/go.mod --
module example.com/gomodule
-- gomodule/main.go --
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(nil) }
-- seed/main.go --
package main // a tool, not a function, though it names aws-lambda-go
-- lib/util.py --
-- functions/deep/handler.py --
-- named/function.yml --
name: renamed
description: its name is not its folder's
runtime: {lang: node20, timeout: 7}
-- named/index.js --
-- ignored/handler.py --
-- node_modules/x/handler.js --
-- sub/topology.yml --
name: sub
-- sub/handler.py --
-- .tcignore --
ignored
`)
	if err := os.Chmod(filepath.Join(dir, "notexecutable", "bootstrap"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := topology.Load(dir)
	if err != nil {
		t.Fatal(show(err))
	}
	want := []foundFunction{
		{"exe", "exe", "custom", "provided.al2023", "bootstrap", true},
		{"gomodule", "gomodule", "go", "provided.al2023", "bootstrap", true},
		{"gopher", "gopher", "go", "provided.al2023", "bootstrap", true},
		{"index", "index", "node", "nodejs22.x", "index.handler", true},
		{"js", "js", "node", "nodejs22.x", "handler.handler", true},
		{"lambdastyle", "lambdastyle", "python", "python3.13", "handler.lambda_handler", true},
		{"module", "module", "node", "nodejs22.x", "index.handler", true},
		{"py", "py", "python", "python3.13", "handler.handler", true},
		{"renamed", "named", "node", "nodejs20.x", "index.handler", true},
	}
	if diff := cmp.Diff(want, foundFunctions(got)); diff != "" {
		t.Error(diff)
	}
	if len(got.Nodes) != 0 {
		t.Errorf("nodes without being asked for: %v", got.Nodes)
	}
}

// A topology that names functions has these alone.
func TestNamedFunctionsAreAll(t *testing.T) {
	t.Parallel()
	const tree = `
-- topology.yml --
name: shop
functions:
  greet: {root: src/greet}
  go:
    root: gofn
  slow:
    root: src
    runtime: {lang: python, handler: pkg.app.main}
-- src/greet/index.mjs --
export const handler = async () => ({});
-- src/pkg/app.py --
-- gofn/api.go --
package main
-- py/handler.py --
def handler(event, context): pass
-- js/function.yml --
runtime: {lang: node20}
-- js/index.js --
`
	want := []foundFunction{
		{"go", "gofn", "go", "provided.al2023", "bootstrap", false},
		{"greet", "src/greet", "node", "nodejs22.x", "index.handler", false},
		{"slow", "src", "python", "python3.13", "pkg.app.main", false},
	}
	if diff := cmp.Diff(want, foundFunctions(load(t, tree))); diff != "" {
		t.Error(diff)
	}

	edge := strings.Replace(tree, "greet: {root: src/greet}", "greet: {root: src/greet, function: py}", 1)
	_, err := topology.Load(unpack(t, edge))
	if err == nil || !strings.Contains(show(err), "add  py: {}  under  functions:") {
		t.Errorf("%v", err)
	}
}

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

// An attribute has the type that it is given once, also in indexes.
func TestIndexKeysTakeTheType(t *testing.T) {
	t.Parallel()
	got := load(t, `
-- topology.yml --
name: shop
stores:
  orders:
    key: customer
    sort: {name: placed, type: N}
    indexes:
      by-state: {key: state, sort: placed}
      by-count: {key: count, sort: customer}
      by-count-too: {key: {name: count, type: N}}
tables:
  old:
    key_schema: [{name: id, rtype: HASH}]
    attributes: [{name: id, rtype: N}, {name: day, rtype: B}]
    indexes:
      by-day: {key: day, sort: id}
`)
	for name, want := range map[string][]topology.Index{
		"orders": {
			{Name: "by-count", PartitionKey: topology.Key{Name: "count", Type: "N"}, SortKey: &topology.Key{Name: "customer", Type: "S"}, Projection: "ALL"},
			{Name: "by-count-too", PartitionKey: topology.Key{Name: "count", Type: "N"}, Projection: "ALL"},
			{Name: "by-state", PartitionKey: topology.Key{Name: "state", Type: "S"}, SortKey: &topology.Key{Name: "placed", Type: "N"}, Projection: "ALL"},
		},
		"old": {
			{Name: "by-day", PartitionKey: topology.Key{Name: "day", Type: "B"}, SortKey: &topology.Key{Name: "id", Type: "N"}, Projection: "ALL"},
		},
	} {
		for _, s := range got.Stores {
			if s.Name != name {
				continue
			}
			if diff := cmp.Diff(want, s.Table.Indexes); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

func TestOverlays(t *testing.T) {
	t.Parallel()
	got := load(t, `
-- topology.yml --
name: shop
infra: infrastructure
functions:
  pay:
    environment: {LEVEL: debug}
    runtime: {timeout: 20}
-- pay/handler.py --
-- pay/function.yml --
name: pay
runtime: {lang: python3.12, memory_size: 512}
environment: {FROM_FILE: "1", LEVEL: info}
-- infrastructure/vars/pay.json --
{
	"default": {"memory_size": 1024, "timeout": 300, "environment": {"LEVEL": "warn", "BUCKET": "b-{{account}}"}},
	"stable": {"memory_size": 2048}
}
-- infrastructure/schedules.json --
{"nightly": {"cron": "cron(0 3 * * ? *)", "target": "pay", "payload": {"a": 1}},
 "flow": {"cron": "rate(1 hour)", "target": "{{namespace}}_{{sandbox}}"}}
`)
	f := got.Functions[0]
	if f.Runtime.MemoryMB != 512 || f.Runtime.TimeoutSec != 20 || f.Runtime.Identifier != "python3.12" {
		t.Errorf("runtime %+v", f.Runtime)
	}
	env := map[string]string{}
	for _, v := range f.Environment {
		env[v.Name] = v.Value
	}
	if diff := cmp.Diff(map[string]string{"LEVEL": "debug", "FROM_FILE": "1", "BUCKET": "b-{{account}}"}, env); diff != "" {
		t.Error(diff)
	}
	if len(got.Schedules) != 2 || got.Schedules[1].Target.Kind != topology.KindFunction || got.Schedules[0].Target.Kind != topology.KindState {
		t.Errorf("schedules %+v", got.Schedules)
	}
}

func TestNodes(t *testing.T) {
	t.Parallel()
	const tree = `
-- topology.yml --
name: root
%s
-- a/topology.yml --
name: a
recursive: true
-- a/below/topology.yml --
name: a-below
-- b/topology.yaml --
name: b
-- b/below/topology.yml --
name: b-below
-- old/topology.yml --
name: old
`
	for _, c := range []struct {
		name, nodes string
		want        []string
	}{
		{"not asked for", "", nil},
		{"recursive", "recursive: true", []string{"a", "a/a-below", "b", "b/b-below", "old"}},
		{"root", "nodes: {root: true, ignore: [old, b/below]}", []string{"a", "a/a-below", "b"}},
		{"named", "nodes: {dirs: [b, a]}", []string{"a", "a/a-below", "b"}},
		{"switched off", "recursive: false\nnodes: {root: true}", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := load(t, strings.Replace(tree, "%s", c.nodes, 1))
			if diff := cmp.Diff(c.want, names(got.Nodes, "")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func names(nodes []*topology.Topology, prefix string) []string {
	var all []string
	for _, n := range nodes {
		all = append(all, prefix+n.Name)
		all = append(all, names(n.Nodes, prefix+n.Name+"/")...)
	}
	return all
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, tree, want string }{
		{"no topology", "-- readme.md --\n", "there is no topology in "},
		{"misspelt file", "-- topolgy.yml --\n", "topolgy.yml is not read; rename it to topology.yml"},
		{
			"circle of names", "-- topology.yml --\nname: a\nnodes: {dirs: [b]}\n-- b/topology.yml --\nname: b\nnodes: {dirs: [../]}\n",
			"the nodes go in a circle",
		},
		{"missing node", "-- topology.yml --\nname: a\nnodes: {dirs: [bb]}\n-- b/topology.yml --\nname: b\n", "did you mean b?"},
		{"one namespace twice", "-- topology.yml --\nname: a\nnodes: {root: true}\n-- b/topology.yml --\nname: a\n", `two topologies have the name "a"`},
		{
			"problems of all files", "-- topology.yml --\nname: a\nnodes: {root: true}\nfunctions: {x: {rot: y}}\n-- b/topology.yml --\nname: b\nstore: {}\n",
			`unknown key "store"`,
		},
		{"overlay", "-- topology.yml --\nname: a\ninfra: infra\n-- f/handler.py --\n-- infra/vars/f.json --\n{\"default\": {\"memory\": 1}}\n", `unknown key "memory"`},
		{"overlay bounds", "-- topology.yml --\nname: a\ninfra: infra\n-- f/handler.py --\n-- infra/vars/f.json --\n{\"default\":\n {\"timeout\": 1000}}\n", "f.json:2:14: timeout 1000"},
		{"two by one name", "-- topology.yml --\nname: a\n-- f/function.yml --\nname: g\n-- f/index.js --\n-- g/handler.py --\n", `two functions have the name "g"`},
		{"no handler", "-- topology.yml --\nname: a\nfunctions: {f: }\n-- f/readme.md --\n", "no handler in directory"},
		{"large", "-- topology.yml --\nname: a\n" + strings.Repeat("# 0123456789\n", 90_000), "larger than 1 MiB"},
		{"include circle", "-- topology.yml --\nname: a\nfunctions: !include topology.yml\n", "includes itself"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := topology.Load(unpack(t, c.tree))
			if err == nil {
				t.Fatal("no error")
			}
			if text := show(err); !strings.Contains(text, c.want) {
				t.Errorf("no %q in\n%s", c.want, text)
			}
		})
	}
}

func TestLoadOfNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(unpack(t, "-- topology.yml --\nname: a\n"), "topology.yml")
	for _, dir := range []string{"no/such/directory", file} {
		if _, err := topology.Load(dir); err == nil {
			t.Errorf("Load(%q): no error", dir)
		}
	}
}

func TestInclude(t *testing.T) {
	t.Parallel()
	got := load(t, `
-- topology.yml --
name: shop
stores: !include parts/stores.yml
functions: !read parts/one.yml !read parts/two.yml
-- parts/stores.yml --
hits: {key: path}
-- parts/one.yml --
f:
  root: f
  grants:
  - {store: hits, access: read}
-- parts/two.yml --
g: {root: f}
-- f/index.js --
`)
	if len(got.Functions) != 2 || len(got.Stores) != 1 {
		t.Fatalf("%d functions, %d stores", len(got.Functions), len(got.Stores))
	}
	if at := got.Functions[0].Pos; filepath.Base(at.File) != "one.yml" || at.Line != 1 {
		t.Errorf("position %v", at)
	}
}
