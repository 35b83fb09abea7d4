package synth_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam/inventory"
	"github.com/writ-dev/writ/iam/observe"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// Closed world, of imports: a function may do in the other sandbox what its
// imports say, and nothing else there, here, or in a third, though all of them
// have the same system.
func TestClosedWorldOfImports(t *testing.T) {
	t.Parallel()
	systems, questions, yes := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		top, other, where := randomNeighbours(rt)
		inv := deployedBeside(rt, top, other)
		systems++
		var third []ask
		for _, sandbox := range neighbourhood(top, other) {
			if sandbox != where {
				third = append(third, universe(other, sandbox)...)
			}
		}
		for _, f := range top.Functions {
			for _, q := range universe(top, "dev") {
				if got, want := try(inv, top, f, q), allowed(top, f, q); got != want && !q.any && !shared(q) {
					rt.Fatalf("%s: %s on %s is allowed here: %v, by the imports %s", f.Name, q.action, q.resource, got, written(top))
				}
				questions++
			}
			for _, q := range universe(other, where) {
				want := allowed(other, importer(top, f), q) || (q.any || shared(q)) && allowed(top, f, q)
				got := try(inv, top, f, q)
				if got != want {
					rt.Fatalf("%s: %s on %s %v is allowed: %v, by the imports %s", f.Name, q.action, q.resource, q.context, got, written(top))
				}
				if questions++; got {
					yes++
				}
			}
			for _, q := range third {
				if !q.any && !shared(q) && try(inv, top, f, q) {
					rt.Fatalf("%s reaches a third sandbox: %s on %s, by the imports %s", f.Name, q.action, q.resource, written(top))
				}
				questions++
			}
		}
	})
	if yes == 0 || yes == questions {
		t.Fatalf("%d of %d questions were answered with yes: the test says nothing", yes, questions)
	}
	t.Logf("%d systems, %d questions, %d allowed there", systems, questions, yes)
}

// randomNeighbours draws a system and one like it, of its own namespace or of
// another, that it imports from in one sandbox.
func randomNeighbours(rt *rapid.T) (top, other *topology.Topology, where string) {
	top = randomWorld(rt)
	for _, e := range top.Events { // an import knows of an event its name and bus alone
		e.Producers = nil
	}
	there := *top
	other, where = &there, "stable"
	if rapid.Bool().Draw(rt, "of another namespace") {
		other.Name = "payments"
		other.Hyphenated = rapid.Bool().Draw(rt, "hyphenated")
		where = rapid.SampledFrom([]string{"stable", "dev"}).Draw(rt, "sandbox")
	}
	for n := range rapid.IntRange(1, 4).Draw(rt, "imports") {
		i := randomImport(rt, other)
		i.Name = fmt.Sprint("import", n)
		if i.Namespace, i.Sandbox = other.Name, where; where == "dev" {
			i.Sandbox = ""
		}
		for _, f := range top.Functions {
			if rapid.Bool().Draw(rt, "uses") {
				i.Functions = append(i.Functions, topology.Target{Kind: topology.KindFunction, Name: f.Name})
			}
		}
		top.Imports = append(top.Imports, i)
	}
	return top, other, where
}

func randomImport(rt *rapid.T, other *topology.Topology) *topology.Import {
	all := []topology.Import{
		{Kind: topology.KindQueue, Entity: "one"},
		{Kind: topology.KindTopic, Entity: "one"},
		{Kind: topology.KindStream, Entity: "one"},
		{Kind: topology.KindBus, Entity: "one"},
		{Kind: topology.KindEvent, Entity: "Made"},
		{Kind: topology.KindEvent, Entity: "Gone", Bus: "one"},
		{Kind: topology.KindSecret, Entity: "one"},
		{Kind: topology.KindParameter, Entity: "one"},
	}
	for _, s := range other.Stores {
		kind := topology.KindStore
		if s.Kind == topology.StoreBucket {
			kind = topology.KindBucket
		}
		all = append(all, topology.Import{Kind: kind, Entity: s.Name})
	}
	for _, f := range other.Functions {
		all = append(all, topology.Import{Kind: topology.KindFunction, Entity: f.Name})
	}
	i := rapid.SampledFrom(all).Draw(rt, "import")
	i.Hyphenated = other.Hyphenated
	i.Access = rapid.SliceOfNDistinct(rapid.SampledFrom(topology.Verbs(i.Kind, "")), 1, -1, rapid.ID[string]).Draw(rt, "access")
	return &i
}

// neighbourhood are the sandboxes that the other system stands in besides.
func neighbourhood(top, other *topology.Topology) []string {
	if other.Name == top.Name {
		return []string{"stable", "third"}
	}
	return []string{"dev", "stable", "third"}
}

// deployedBeside takes the inventory of an account with all of them in it.
func deployedBeside(rt *rapid.T, top, other *topology.Topology) *inventory.Inventory {
	var stacks []inventory.Stack
	add := func(t *topology.Topology, sandbox string) {
		out, err := synth.Template(t, options(t, sandbox))
		if err != nil {
			rt.Fatal(err)
		}
		stacks = append(stacks, inventory.Stack{Name: t.Name + "-" + sandbox, Template: out.Template})
	}
	add(top, "dev")
	for _, sandbox := range neighbourhood(top, other) {
		add(other, sandbox)
	}
	inv, err := inventory.Read(inventory.Account{ID: account, Region: region}, stacks...)
	if err != nil {
		rt.Fatal(err)
	}
	return inv
}

// importer is a function that is granted there what the imports of f say.
func importer(top *topology.Topology, f *topology.Function) *topology.Function {
	there := &topology.Function{Name: "of elsewhere"}
	for _, i := range top.Imports {
		if !slices.ContainsFunc(top.Users(i), func(u topology.Target) bool { return u.Name == f.Name }) {
			continue
		}
		kind := i.Kind
		if kind == topology.KindBucket {
			kind = topology.KindStore
		}
		for _, access := range i.Access {
			there.Grants = append(there.Grants, topology.Grant{Kind: kind, Name: i.Entity, Access: access})
		}
	}
	return there
}

func written(top *topology.Topology) string {
	var all []string
	for _, i := range top.Imports {
		all = append(all, fmt.Sprintf("%+v", *i))
	}
	return strings.Join(all, "\n")
}

const shopImports = `
name: shop
functions:
  hello:
    runtime: {lang: go}
    grants:
      - {import: ledger}
  report:
    runtime: {lang: go}
queues: {jobs: }
imports:
  ledger: {sandbox: stable, entity: store/ledger, access: readData}
  orders: {sandbox: "{{sandbox}}", namespace: payments, entity: queue/orders, access: send, functions: [hello]}
`

const ledgerARN = "arn:aws:dynamodb:us-east-1:000000000000:table/shop_ledger_stable"

// A denial on what is imported leads to the import, and one on what nothing
// imports to nothing: access to another sandbox is never offered.
func TestFixOfImports(t *testing.T) {
	t.Parallel()
	top := parseText(t, shopImports)
	for _, c := range []struct{ role, action, resource, lines, summary string }{
		{"report", "dynamodb:GetItem", ledgerARN, "    grants:\n      - {import: ledger}\n", "grant function report import ledger"},
		{"hello", "dynamodb:PutItem", ledgerARN, "access: [readData, writeData]", "let import ledger writeData too: change its access"},
		{"hello", "sqs:ReceiveMessage", "arn:aws:sqs:us-east-1:000000000000:payments_orders_dev", "access: [consume, send]", "let import orders consume too: change its access"},
		{"hello", "dynamodb:GetItem", ledgerARN, "", ""},
		{"report", "dynamodb:PutItem", ledgerARN, "", ""},
		{"hello", "sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:shop_jobs_stable", "", ""},
		{"hello", "dynamodb:GetItem", strings.Replace(ledgerARN, "stable", "third", 1), "", ""},
	} {
		fix, ok := synth.Fix(top, "dev", "tc-shop-"+c.role+"-dev", c.action, c.resource)
		if ok != (c.lines != "") || fix.Lines != c.lines || fix.Summary != c.summary {
			t.Errorf("%s: %s on %s: %v %+v", c.role, c.action, c.resource, ok, fix)
		}
	}
	if !synth.Granted(top, "dev", "tc-shop-hello-dev", "dynamodb:GetItem", ledgerARN) ||
		synth.Granted(top, "dev", "tc-shop-report-dev", "dynamodb:GetItem", ledgerARN) {
		t.Error("an import is granted to its users")
	}
}

// What was seen on what is imported is one edge, which is granted as a whole.
func TestEdgesOfImports(t *testing.T) {
	t.Parallel()
	top := parseText(t, shopImports)
	w, err := synth.Edges(top, "dev", "report")
	if err != nil {
		t.Fatal(err)
	}
	n := slices.IndexFunc(w.Offered, func(e observe.Edge) bool { return e.Kind == "import" && e.Name == "ledger" })
	if n < 0 || !w.Offered[n].Holds("dynamodb:Query", ledgerARN+"/index/by") || w.Offered[n].Holds("dynamodb:PutItem", ledgerARN) {
		t.Fatalf("offered %+v", w.Offered)
	}
	if fix := synth.GrantLines(top, "report", w.Offered[n:n+1]); fix.Lines != "    grants:\n      - {import: ledger}\n" {
		t.Errorf("lines %q", fix.Lines)
	}
	if w, err = synth.Edges(top, "dev", "hello"); err != nil || len(w.Granted) != 2 || w.Granted[0].Position.Line != 7 {
		t.Errorf("granted %+v (%v)", w.Granted, err)
	}
}

func TestLocateOfImports(t *testing.T) {
	t.Parallel()
	top := parseText(t, shopImports)
	for physical, want := range map[string]string{
		"shop_ledger_stable": "import ledger", "payments_orders_dev": "import orders", "tc-shop-hello-dev-imports": "role hello", "shop_ledger_dev": " ",
	} {
		if kind, name, _, _ := synth.Locate(top, "dev", physical); kind+" "+name != want {
			t.Errorf("%s is %s %s", physical, kind, name)
		}
	}
}

// Provenance says which statement is of which import.
func TestProvenanceOfImports(t *testing.T) {
	t.Parallel()
	out := build(t, parseText(t, shopImports), "dev")
	var got []synth.Provenance
	for _, p := range out.Statements {
		if p.Import != "" {
			got = append(got, p)
		}
	}
	want := []synth.Provenance{
		{Kind: "function", Name: "hello", Role: "HelloRole", Policy: "HelloImports", Index: 0, Sid: "ImportLedger", Import: "ledger", Edge: "hello -> table ledger of shop in stable (readData)"},
		{Kind: "function", Name: "hello", Role: "HelloRole", Policy: "HelloImports", Index: 1, Sid: "ImportOrders", Import: "orders", Edge: "hello -> queue orders of payments in dev (send)"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(synth.Provenance{}, "Position")); diff != "" {
		t.Error(diff)
	}
}

// What only a sandbox tells: that an import leads nowhere but home.
func TestImportsThatLeadNowhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ src, sandbox, want string }{
		{shopImports, "stable", "import ledger is of the sandbox stable, and this is it: there is no store ledger here"},
		{strings.Replace(shopImports, `"{{sandbox}}"`, `"{{env}}"`, 1), "dev", "no profile is given for {{env}}"},
	} {
		top := parseText(t, c.src)
		_, err := synth.Template(top, options(top, c.sandbox))
		if err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: %v", c.sandbox, err)
		}
		if e := new(writ.Error); err != nil && (!errors.As(err, &e) || e.Position.Line == 0) {
			t.Errorf("%v has no place", err)
		}
	}
	o := options(parseText(t, shopImports), "dev")
	o.Env = "prod"
	out, err := synth.Template(parseText(t, strings.Replace(shopImports, `"{{sandbox}}"`, `"{{env}}"`, 1)), o)
	if err != nil || !strings.Contains(text(t, out.Template.Root), "payments_orders_prod") {
		t.Errorf("the sandbox of a profile: %v", err)
	}
	o.Env = "${aws:PrincipalTag/sandbox}" // in the condition it would be whatever the caller says
	_, err = synth.Template(parseText(t, strings.Replace(shopImports, `"{{sandbox}}"`, `"{{env}}"`, 1)), o)
	if err == nil || !strings.Contains(err.Error(), "no sandbox is called so") {
		t.Errorf("the sandbox of a profile that is a policy variable: %v", err)
	}
}

// The sandbox that the others import from has the right on its own: one topology
// serves for all of them.
func TestImportsAtHome(t *testing.T) {
	t.Parallel()
	top := parseText(t, `
name: shop
functions: {report: {runtime: go}}
stores: {ledger: {key: id}}
imports:
  ledger: {sandbox: stable, entity: store/ledger, access: readData}
  other: {sandbox: stable, namespace: bank, entity: queue/mail, access: send}
`)
	for sandbox, want := range map[string][]string{"dev": {"ReportImports"}, "stable": {"ReportImports", "ReportOwnImports"}} {
		out := build(t, top, sandbox)
		var policies []string
		for id := range out.Template.Resources().All() {
			if strings.HasSuffix(id, "Imports") {
				policies = append(policies, id)
				resource, _ := out.Template.Resource(id)
				if elsewhere := resource.Body.Object("Metadata") != nil; elsewhere == strings.Contains(id, "Own") {
					t.Errorf("%s in %s is marked as imports: %v", id, sandbox, elsewhere)
				}
			}
		}
		slices.Sort(policies)
		if diff := cmp.Diff(want, policies); diff != "" {
			t.Errorf("%s: %s", sandbox, diff)
		}
		inv, err := deployed(out)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := inv.Function(synth.FunctionName(top, "report", sandbox)).Run()
		home := ask{action: "dynamodb:GetItem", resource: tableARN(top, "ledger", "stable")}
		if sandbox == "stable" && (!ok || !decide(inv, c, home)) {
			t.Error("the right is missing at home")
		}
	}
	gone := parseText(t, "name: shop\nfunctions: {report: {runtime: go}}\nimports: {ledger: {sandbox: stable, entity: store/ledger, access: readData}}")
	_, err := synth.Template(gone, options(gone, "stable"))
	if err == nil || !strings.Contains(err.Error(), "there is no store ledger here") {
		t.Errorf("%v", err)
	}
}
