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

// A function's infra_dir stands in for the topology's, and starts where it is written.
func TestOverlaysOfOneFunction(t *testing.T) {
	t.Parallel()
	got := load(t, `
-- topology.yml --
name: shop
infra: infrastructure
functions:
  pay: {}
  ship: {infra_dir: ./of-ship}
-- pay/handler.py --
-- pay/function.yml --
infra_dir: ./overlays
-- pay/overlays/vars/pay.json --
{"default": {"timeout": 30}}
-- ship/handler.py --
-- of-ship/vars/ship.json --
{"default": {"timeout": 40}}
-- infrastructure/vars/pay.json --
{"default": {"timeout": 300}}
`)
	pay, ship := got.Functions[0], got.Functions[1]
	if pay.Infra != "pay/overlays" || pay.Runtime.TimeoutSec != 30 || len(pay.Others) != 0 {
		t.Errorf("pay: %q, timeout %d, %v", pay.Infra, pay.Runtime.TimeoutSec, pay.Others)
	}
	if ship.Infra != "of-ship" || ship.Runtime.TimeoutSec != 40 {
		t.Errorf("ship: %q, timeout %d", ship.Infra, ship.Runtime.TimeoutSec)
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
		{"a folder that holds none", "-- topology.yml --\nname: a\nnodes: {dirs: [b]}\n-- b/readme.md --\n", "the folder is there: add a topology.yml to it"},
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
