package synth_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// hitCounterInGo is testdata/hitcounter/topology.yml as constructs, made in another order.
func hitCounterInGo(t *testing.T) *topology.Topology {
	t.Helper()
	app := topology.New("hitcounter")
	hits := app.Table("hits", topology.TableProps{PartitionKey: topology.Key{Name: "path"}})
	hello := app.Function("hello", topology.FunctionProps{Root: "hello", Runtime: "go"})
	counter := app.Function("counter", topology.FunctionProps{
		Root: "counter", Runtime: "go",
		Environment: map[string]string{"HITS_TABLE_NAME": hits.NameRef(), "DOWNSTREAM_FUNCTION_NAME": hello.NameRef()},
	})
	hello.GrantInvoke(counter)
	hits.GrantWriteData(counter)
	for _, path := range []string{"/{proxy+}", "/"} {
		app.Route(topology.RouteProps{Path: path, Method: "ANY", API: topology.APIREST, Function: counter})
	}
	top, err := app.Topology()
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// A system gives one template, whether written in YAML or in Go.
func TestGoAndYAMLGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	inYAML := text(t, build(t, parse(t, "testdata/hitcounter/topology.yml"), "dev").Template.Root)
	inGo := text(t, build(t, hitCounterInGo(t), "dev").Template.Root)
	if diff := cmp.Diff(inYAML, inGo); diff != "" {
		t.Errorf("-YAML +Go:\n%s", diff)
	}
}

func TestFixOfConstructs(t *testing.T) {
	t.Parallel()
	top := hitCounterInGo(t)
	fix, ok := synth.Fix(top, "dev", "tc-hitcounter-counter-dev", "dynamodb:GetItem", tableARN(top, "hits", "dev"))
	if !ok || fix.Lines != "\thits.GrantReadData(counter)\n" || !strings.HasSuffix(fix.Position.File, "constructs_test.go") {
		t.Errorf("%v %+v", ok, fix)
	}
}
