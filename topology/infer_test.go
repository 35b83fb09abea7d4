package topology_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ/topology"
)

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
	want = append([]foundFunction{want[0], want[1], {"py", "py", "python", "python3.13", "handler.handler", true}}, want[2:]...)
	if diff := cmp.Diff(want, foundFunctions(load(t, edge))); diff != "" {
		t.Errorf("an edge names the directory py:\n%s", diff)
	}
}
