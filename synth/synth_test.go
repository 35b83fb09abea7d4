package synth_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
	"github.com/writ-dev/writ/topology/guard"
)

var update = flag.Bool("update", false, "write the expected templates in testdata anew")

// options give every function of a topology some code.
func options(t *topology.Topology, sandbox string) synth.Options {
	assets := map[string]synth.Asset{}
	for _, f := range t.Functions {
		assets[f.Name] = synth.Asset{
			Bucket: "writ-assets-${AWS::AccountId}-${AWS::Region}",
			Key:    "0f" + f.Name + ".zip",
		}
	}
	o := synth.Options{Sandbox: sandbox, Assets: assets}
	if len(t.Authorizers) > 0 {
		if set, err := guard.Read(t, wordsOf{t}); err == nil {
			o.Guards = set
		}
	}
	return o
}

func parse(t *testing.T, path string) *topology.Topology {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parseText(t, string(src))
}

func parseText(t *testing.T, src string) *topology.Topology {
	t.Helper()
	top, err := topology.Parse([]byte(src), "topology.yml", "")
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, src)
	}
	return top
}

// wordsOf is a policy that has all that the routes ask, and does not look at the context of a request.
type wordsOf struct{ *topology.Topology }

func (w wordsOf) Types() []string {
	var types []string
	for _, r := range w.Routes {
		if r.Authorize != nil {
			kind, _, _ := strings.Cut(r.Authorize.Resource, ":")
			types = append(types, kind)
		}
	}
	return types
}

func (w wordsOf) Actions(string) []string {
	actions := []string{"read", "create", "update", "delete"}
	for _, r := range w.Routes {
		if r.Authorize != nil {
			actions = append(actions, r.Authorize.Action)
		}
	}
	return actions
}

func (w wordsOf) Subjects() []string {
	types := []string{"user"}
	for _, a := range w.Authorizers {
		types = append(types, a.Subject.Type)
	}
	return types
}

func (wordsOf) ReadsContext(string, string) bool { return false }

func build(t *testing.T, top *topology.Topology, sandbox string) *synth.Output {
	t.Helper()
	out, err := synth.Template(top, options(top, sandbox))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := cfn.Format(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// golden lists the folders of testdata.
func golden(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("testdata/*/topology.yml")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no topologies in testdata: %v", err)
	}
	return dirs
}

func TestGoldenTemplates(t *testing.T) {
	t.Parallel()
	for _, path := range golden(t) {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			out := build(t, parse(t, path), "dev")
			compare(t, filepath.Join(dir, "template.json"), text(t, out.Template.Root))
			compare(t, filepath.Join(dir, "edges.txt"), edges(out))
		})
	}
}

// edges lists which statement comes from which edge, and what was left out.
func edges(out *synth.Output) string {
	var b []byte
	add := func(parts ...string) {
		for _, p := range parts {
			b = append(b, p...)
		}
		b = append(b, '\n')
	}
	for _, p := range out.Statements {
		add(p.Role, " ", p.Policy, "/", p.Sid, ": ", p.Edge, " at ", p.Position.String())
	}
	for _, p := range out.Permissions {
		add(p.Policy, ": ", p.Edge, " at ", p.Position.String())
	}
	for _, s := range out.Skipped {
		add("skipped ", s.Kind, " ", s.Name, ": ", s.Why, " at ", s.Pos.String())
	}
	return string(b)
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got, -update accepts):\n%s", path, diff)
	}
}
