package synth_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// importsInGo is testdata/imports/topology.yml as constructs, made in another order.
func importsInGo(t *testing.T) *topology.Topology {
	t.Helper()
	app := topology.New("shop")
	app.Table("ledger", topology.TableProps{PartitionKey: topology.Key{Name: "id"}, Stream: "NEW_IMAGE"})
	app.Function("alone", topology.FunctionProps{Root: "alone", Runtime: "go"})
	report := app.Function("report", topology.FunctionProps{Root: "report", Runtime: "go"})
	hello := app.Function("hello", topology.FunctionProps{Root: "hello", Runtime: "go"})
	payments := func(name, entity string, access ...string) *topology.Import {
		return app.Import(name, topology.ImportProps{Sandbox: "stable", Namespace: "payments", Entity: entity, Access: access})
	}
	orders := payments("orders", "queue/orders", "consume", "send")
	charge := payments("charge", "function/charge", "invokeUrl", "invoke")
	flow := payments("flow", "state/flow", "read", "start")
	token, papers := payments("token", "secret/token", "read"), payments("papers", "bucket/papers", "put")
	made := payments("made", "event/Was made", "putEvents")
	clicks, office := payments("clicks", "stream/clicks", "write"), payments("office", "bus/office", "putEvents")
	fifo := app.Import("fifo", topology.ImportProps{
		Namespace: "pay-ments", Entity: "queue/orders.fifo", Access: []string{"purge"}, Functions: []*topology.Function{hello}, Hyphenated: true,
	})
	book := app.Import("book", topology.ImportProps{Sandbox: "stable", Entity: "store/ledger", Access: []string{"readData"}})
	changes := app.Import("changes", topology.ImportProps{Sandbox: "stable", Entity: "table/ledger", Access: []string{"writeData", "streamRead"}})
	news := app.Import("news", topology.ImportProps{Namespace: "payments", Entity: "topic/news", Access: []string{"publish"}})
	paid := app.Import("paid", topology.ImportProps{
		Sandbox: "stable", Namespace: "payments", Entity: "event/Paid", Bus: "office", Access: []string{"putEvents"},
	})
	limit := app.Import("limit", topology.ImportProps{
		Sandbox: "{{sandbox}}-base", Namespace: "payments", Entity: "parameter/limit", Access: []string{"read"},
	})
	for _, i := range []*topology.Import{news, book, charge, orders} {
		i.Grant(hello)
	}
	for _, i := range []*topology.Import{changes, papers, clicks, office, paid, made, token, limit, flow, book} {
		i.Grant(report)
	}
	for name, value := range map[string]string{
		"QUEUE": orders.URLRef(), "QUEUE_NAME": fifo.NameRef(), "TABLE": book.NameRef(), "TABLE_ARN": book.ARNRef(),
		"CHARGE": charge.ARNRef(), "PAPERS": papers.NameRef(), "TOKEN": token.NameRef(), "LIMIT": limit.NameRef() + " and " + limit.ARNRef(),
		"BUS": paid.NameRef(), "DEFAULT_BUS": made.ARNRef(), "FLOW": flow.ARNRef(),
	} {
		hello.AddEnvironment(name, value)
	}
	top, err := app.Topology()
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// Imports give one template, whether written in YAML or in Go.
func TestGoAndYAMLGiveTheSameBytesForImports(t *testing.T) {
	t.Parallel()
	inYAML := text(t, build(t, parse(t, "testdata/imports/topology.yml"), "dev").Template.Root)
	inGo := text(t, build(t, importsInGo(t), "dev").Template.Root)
	if diff := cmp.Diff(inYAML, inGo); diff != "" {
		t.Errorf("-YAML +Go:\n%s", diff)
	}
}

func TestFixOfImportsInGo(t *testing.T) {
	t.Parallel()
	top := importsInGo(t)
	const table = "arn:aws:dynamodb:eu-west-1:111122223333:table/shop_ledger_stable"
	for action, want := range map[string]string{
		"dynamodb:PutItem": "\tchanges.Grant(hello)\n",
		"dynamodb:GetItem": "", // it may
	} {
		fix, ok := synth.Fix(top, "dev", "tc-shop-hello-dev", action, table)
		if fix.Lines != want || ok != (want != "") || ok && !strings.HasSuffix(fix.Position.File, "constructs_imports_test.go") {
			t.Errorf("%s: %v %+v", action, ok, fix)
		}
	}
}
