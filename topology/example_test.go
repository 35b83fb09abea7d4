package topology_test

import (
	"fmt"
	"os"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// HitCounter is a construct: a table and a function that counts in it.
type HitCounter struct {
	Handler *topology.Function
}

// NewHitCounter makes a hit counter that hands each request on to downstream.
func NewHitCounter(scope *topology.Scope, id string, downstream *topology.Function) *HitCounter {
	s := scope.Scope(id)
	table := s.Table("hits", topology.TableProps{PartitionKey: topology.Key{Name: "path"}})
	handler := s.Function("handler", topology.FunctionProps{
		Root: "counter",
		Environment: map[string]string{
			"DOWNSTREAM_FUNCTION_NAME": downstream.NameRef(),
			"HITS_TABLE_NAME":          table.NameRef(),
		},
	})
	table.GrantReadWriteData(handler)
	downstream.GrantInvoke(handler)
	return &HitCounter{Handler: handler}
}

func Example() {
	app := topology.New("hitcounter")
	hello := app.Function("hello", topology.FunctionProps{Root: "hello"})
	counter := NewHitCounter(app.Root(), "HelloHitCounter", hello)
	app.Route(topology.RouteProps{Path: "/{proxy+}", Method: "ANY", API: topology.APIREST, Function: counter.Handler})

	t, err := app.Topology() // a program ends with app.Emit() instead
	if err != nil {
		writ.WriteError(os.Stdout, err)
		return
	}
	for _, e := range topology.Edges(t) {
		fmt.Printf("%s %s may %s %s %s\n", e.Source.Kind, e.Source.Name, e.Access, e.Target.Kind, e.Target.Name)
	}
	// Output:
	// function HelloHitCounter-handler may invoke function hello
	// function HelloHitCounter-handler may readWriteData store HelloHitCounter-hits
	// route ANY /{proxy+} (rest) may invoke function HelloHitCounter-handler
}

func ExampleScope_Import() {
	app := topology.New("shop")
	orders := app.Import("orders", topology.ImportProps{
		Sandbox: "stable", Namespace: "payments", Entity: "queue/orders", Access: []string{"send"},
	})
	hello := app.Function("hello", topology.FunctionProps{Environment: map[string]string{"QUEUE": orders.URLRef()}})
	orders.Grant(hello)

	t, err := app.Topology()
	if err != nil {
		writ.WriteError(os.Stdout, err)
		return
	}
	for _, e := range topology.Edges(t) {
		fmt.Printf("%s %s may %s %s %s\n", e.Source.Kind, e.Source.Name, e.Access, e.Target.Kind, e.Target.Name)
	}
	// Output:
	// function hello may send import orders
}

func ExampleParse() {
	_, err := topology.Parse([]byte(`name: hitcounter
functions:
  counter:
    grants:
      - {store: hits, access: writeDta}
stores:
  hits: {key: path}
`), "topology.yml", "")
	writ.WriteError(os.Stdout, err)
	// Output:
	// error: topology.yml:5:31: unknown access "writeDta" to table hits
	//   5 |       - {store: hits, access: writeDta}
	//     |                               ^
	//   hint: did you mean writeData? A table takes readData, writeData, readWriteData, fullAccess, streamRead
}

func ExampleNotRun() {
	t, err := topology.Parse([]byte(`name: shop
functions:
  worker:
queues:
  jobs: {function: worker}
routes:
  /jobs: {method: POST, queue: jobs}
streams:
  clicks: {}
`), "topology.yml", "")
	if err != nil {
		writ.WriteError(os.Stdout, err)
		return
	}
	for _, n := range topology.NotRun(t) {
		fmt.Printf("%s: %s %s is not run locally yet: %s\n", n.Pos, n.Kind, n.Name, n.Why)
	}
	// Output:
	// topology.yml:9:3: stream clicks is not run locally yet: its service is not emulated yet
}
