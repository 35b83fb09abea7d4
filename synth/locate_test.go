package synth_test

import (
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

func TestLocate(t *testing.T) {
	t.Parallel()
	top := parseText(t, `name: shop
functions:
  counter:
    runtime: {lang: go}
stores:
  hits: {key: path}
  photos: {kind: bucket}
`)
	node := parseText(t, "name: sub\nstores:\n  notes: {key: id}\n")
	top.Nodes = []*topology.Topology{node}
	for _, c := range []struct {
		physical, kind, name string
		line                 int
	}{
		{"shop_counter_dev", "function", "counter", 3},
		{"tc-shop-counter-dev", "role", "counter", 3},
		{"/aws/lambda/shop_counter_dev", "log group", "counter", 3},
		{"shop_hits_dev", "table", "hits", 6},
		{"shop-photos-dev", "bucket", "photos", 7},
		{"shop-photos-dev-000000000000-eu-west-1", "bucket", "photos", 7},
		{"sub_notes_dev", "table", "notes", 3},
		{"shop_counter_blue", "", "", 0},
		{"shop-photos-dev-else", "", "", 0},
		{"", "", "", 0},
	} {
		kind, name, pos, ok := synth.Locate(top, "dev", c.physical)
		if kind != c.kind || name != c.name || pos.Line != c.line || ok != (c.kind != "") {
			t.Errorf("%s: %q %q at %v, %v", c.physical, kind, name, pos, ok)
		}
	}
}

func TestEscapedReference(t *testing.T) {
	t.Parallel()
	top := parseText(t, `name: shop
functions:
  one:
    runtime: {lang: go}
    environment:
      TEXT: "$${stores.hits.name}"
      BOTH: "$${x} ${stores.hits.name} $${{sandbox}}"
stores:
  hits: {key: path}
`)
	if got := topology.References(top.Functions[0].Environment[0].Value); len(got) != 1 || got[0].Text != "${stores.hits.name}" {
		t.Errorf("references %+v", got)
	}
	variables := variablesOf(t, top)
	for name, want := range map[string]string{"TEXT": "${stores.hits.name}", "BOTH": "${x} shop_hits_dev $$dev"} {
		if got := variables.Text(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// variablesOf gives the environment of function one as CloudFormation would set it.
func variablesOf(t *testing.T, top *topology.Topology) *cfn.Object {
	t.Helper()
	out, err := synth.Template(top, options(top, "dev"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := cfn.NewResolver(out.Template, cfn.Inputs{
		Account: account, Region: region,
		Ref:    func(string) (any, bool) { return "shop_hits_dev", true },
		GetAtt: func(id, _ string) (any, bool) { return id, true },
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Properties("OneFunction")
	if err != nil {
		t.Fatal(err)
	}
	return p.Object("Environment").Object("Variables")
}
