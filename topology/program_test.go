package topology_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// TestBothWays loads one system written as constructs and as YAML: the two
// differ in nothing but places.
func TestBothWays(t *testing.T) {
	t.Parallel()
	fromGo, err := topology.Load("testdata/program")
	if err != nil {
		writ.WriteError(os.Stderr, err)
		t.Fatal(err)
	}
	src, err := os.ReadFile("testdata/program/same.yml")
	if err != nil {
		t.Fatal(err)
	}
	fromYAML, err := topology.Parse(src, "testdata/program/same.yml", "testdata/program")
	if err != nil {
		writ.WriteError(os.Stderr, err)
		t.Fatal(err)
	}
	if diff := cmp.Diff(withoutPlaces(t, fromYAML), withoutPlaces(t, fromGo)); diff != "" {
		t.Errorf("-yaml +go:\n%s", diff)
	}

	counter := fromGo.Functions[0]
	if counter.Name != "HelloHitCounter-handler" {
		t.Fatalf("first function is %s", counter.Name)
	}
	want := writ.Position{File: "testdata/program/main.go", Line: 23}
	if counter.Pos != want || fromGo.File != want.File {
		t.Errorf("function at %v in %s, want %v", counter.Pos, fromGo.File, want)
	}
	for _, g := range counter.Grants {
		if g.Kind == topology.KindStore && g.Pos.Line != 31 {
			t.Errorf("grant at %v, want line 31", g.Pos)
		}
	}
}

// withoutPlaces gives a topology's JSON without File and what says where things stand.
func withoutPlaces(t *testing.T, top *topology.Topology) any {
	t.Helper()
	text, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	places := map[string]bool{"pos": true, "end": true, "grantsEnd": true, "indent": true, "grantsIndent": true, "file": true}
	var strip func(any)
	strip = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				if places[k] {
					delete(v, k)
					continue
				}
				strip(v[k])
			}
		case []any:
			for _, item := range v {
				strip(item)
			}
		}
	}
	strip(v)
	return v
}

// TestWrongPrograms shows what a user sees of a Go program that makes no topology.
func TestWrongPrograms(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"wrong", "dangling", "broken", "silent"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := topology.Load(filepath.Join("testdata/program", name))
			if err == nil {
				t.Fatal("no error")
			}
			var shown bytes.Buffer
			writ.WriteError(&shown, err)
			// The go command prints the import path after "#", which names the checkout.
			text := regexp.MustCompile(`(?m)^# .*\n`).ReplaceAllString(shown.String(), "")
			compareGolden(t, "testdata/program/"+name+".txt", []byte(text))
		})
	}
}

// TestTopologyInProcess uses the constructs without a program around them.
func TestTopologyInProcess(t *testing.T) {
	t.Parallel()
	app := topology.New("a")
	b := app.Scope("outer").Scope("inner").Function("b", topology.FunctionProps{})
	b.GrantInvoke(app.Function("c", topology.FunctionProps{}))
	got, err := app.Topology()
	if err != nil {
		t.Fatal(err)
	}
	if got.Functions[1].Name != "outer-inner-b" || !strings.HasSuffix(got.Functions[1].Pos.File, "program_test.go") {
		t.Errorf("got %s at %v", got.Functions[1].Name, got.Functions[1].Pos)
	}
	want := []topology.Grant{{Kind: topology.KindFunction, Name: "outer-inner-b", Access: "invoke", Pos: got.Functions[0].Grants[0].Pos}}
	if diff := cmp.Diff(want, got.Functions[0].Grants); diff != "" {
		t.Error(diff)
	}
}
