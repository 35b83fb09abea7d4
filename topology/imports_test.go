package topology_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// plainly compares imports without their places.
var plainly = cmpopts.IgnoreTypes(writ.Position{})

// An import is written in the map of imports or as an entry of a list, and who
// uses it at the function or at the import: all are one form.
func TestImportsHaveOneForm(t *testing.T) {
	t.Parallel()
	want := []*topology.Import{{
		Name: "orders", Sandbox: "stable", Namespace: "payments", Kind: topology.KindQueue, Entity: "orders",
		Access: []string{"consume", "send"}, Functions: []topology.Target{{Kind: topology.KindFunction, Name: "b"}},
	}}
	for name, src := range map[string]string{
		"a map, and the function says it": `
functions: {a: {}, b: {grants: [{import: orders}]}}
imports:
  orders: {sandbox: stable, namespace: payments, entity: queue/orders, access: [send, receive, consume]}`,
		"a list, and the import says it": `
functions: {a: {}, b: {}}
imports:
  - {sandbox: stable, namespace: payments, entity: queue/orders, access: [consume, send], functions: [b]}`,
		"both say it": `
functions: {a: {}, b: {grants: [{import: orders}]}}
imports:
  - {sandbox: stable, namespace: payments, entity: queue/orders, access: [send, consume], function: b}`,
	} {
		got := parse(t, "name: shop"+src)
		if diff := cmp.Diff(want, got.Imports, plainly); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if grants := got.Functions[1].Grants; len(grants) != 0 {
			t.Errorf("%s: the grant stands in two places: %+v", name, grants)
		}
	}
}

// The one function of a topology is meant where none is named.
func TestAnImportIsForTheOneFunction(t *testing.T) {
	t.Parallel()
	got := parse(t, `
name: shop
functions: {a: {}}
imports: {ledger: {sandbox: stable, entity: store/ledger, access: read}}
`)
	if users := got.Users(got.Imports[0]); len(users) != 1 || users[0].Name != "a" {
		t.Errorf("used by %+v", users)
	}
	edges := topology.Edges(got)
	want := topology.Edge{Source: topology.End{Kind: topology.KindFunction, Name: "a"}, Target: topology.End{Kind: topology.KindImport, Name: "ledger"}, Access: "readData"}
	if len(edges) != 1 || !cmp.Equal(want, edges[0], plainly) {
		t.Errorf("edges %+v", edges)
	}
	if notices := topology.NotRun(got); len(notices) != 0 {
		t.Errorf("not run: %+v", notices)
	}
}

const paymentsTree = `
-- payments/topology.yml --
name: payments
hyphenated_names: true
functions: {pay: {}}
queues:
  orders: {fifo: true}
  partner: {external: partner-orders}
stores:
  ledger: {key: id}
  papers: {kind: bucket}
buses: {office: {}}
events:
  Paid: {bus: office, function: pay}
  Lost: {pattern: {source: [a]}, function: pay}
-- payments/pay/handler.py --
-- payments/audit/topology.yml --
name: audit
recursive: false
functions: {audit: {grants: [{import: orders}]}}
imports:
  orders: {namespace: payments, entity: queue/orders, access: consume}
-- payments/audit/audit/handler.py --
-- hello/handler.py --
`

// What is imported from a topology of the same tree is held against it, upwards
// and downwards.
func TestImportsOfATree(t *testing.T) {
	t.Parallel()
	_, err := topology.Load(unpack(t, paymentsTree+`
-- topology.yml --
name: shop
recursive: true
functions: {hello: {}}
imports:
  right: {namespace: payments, entity: queue/orders.fifo, access: send, hyphenated_names: true}
  ordrs: {namespace: payments, entity: queue/ordrs, access: send, hyphenated_names: true}
  orders: {namespace: payments, entity: queue/orders, access: send, hyphenated_names: true}
  pay: {sandbox: stable, namespace: payments, entity: function/pay, access: invoke}
  partner: {namespace: payments, entity: queue/partner, access: send, hyphenated_names: true}
  papers: {namespace: payments, entity: store/papers, access: read, hyphenated_names: true}
  ledger: {namespace: payments, entity: table/ledger, access: streamRead, hyphenated_names: true}
  paid: {namespace: payments, entity: event/Paid, access: putEvents, hyphenated_names: true}
  lost: {namespace: payments, entity: event/Lost, access: putEvents, hyphenated_names: true}
  flow: {namespace: payments, entity: state/flow, access: start, hyphenated_names: true}
  other: {namespace: elsewhere, entity: queue/any, access: send}
`))
	if err == nil {
		t.Fatal("no error")
	}
	got := show(err)
	dir := got[strings.Index(got, "/"):strings.Index(got, "topology.yml")]
	compareGolden(t, "testdata/imports-tree.txt", []byte(strings.ReplaceAll(strings.ReplaceAll(got, dir+"payments/audit/", "AUDIT/"), dir, "")))
}
