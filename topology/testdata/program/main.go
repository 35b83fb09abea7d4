// Command program is the hit counter of same.yml, written as constructs.
package main

import "github.com/writ-dev/writ/topology"

// HitCounter counts each request in a table and hands it on.
type HitCounter struct {
	Handler *topology.Function
	Table   *topology.Store
}

// NewHitCounter makes a hit counter in front of another function.
func NewHitCounter(scope *topology.Scope, id string, downstream *topology.Function) *HitCounter {
	s := scope.Scope(id)
	table := s.Table("hits", topology.TableProps{
		PartitionKey: topology.Key{Name: "path"},
		Indexes: []topology.Index{
			{Name: "recent", PartitionKey: topology.Key{Name: "day", Type: "N"}},
			{Name: "byHour", PartitionKey: topology.Key{Name: "hour", Type: "N"}},
		},
		TTL: "expires",
	})
	handler := s.Function("handler", topology.FunctionProps{
		Root:     "counter",
		MemoryMB: 256,
		Environment: map[string]string{
			"HITS_TABLE_NAME":          table.NameRef(),
			"DOWNSTREAM_FUNCTION_NAME": downstream.NameRef(),
		},
	})
	table.GrantReadWriteData(handler)
	downstream.GrantInvoke(handler)
	return &HitCounter{Handler: handler, Table: table}
}

func main() {
	app := topology.New("hitcounter")
	hello := app.Function("hello", topology.FunctionProps{Runtime: "node22", TimeoutSec: 10})
	counter := NewHitCounter(app.Root(), "HelloHitCounter", hello)
	counter.Handler.AddEnvironment("TABLE_ARN", counter.Table.ARNRef())
	counter.Handler.GrantAccess(topology.KindSecret, "api-key", "read")

	uploads := app.Bucket("uploads")
	uploads.GrantPut(hello)
	jobs := app.Queue("jobs", hello)
	jobs.GrantSend(counter.Handler)
	placed := app.Event("OrderPlaced", topology.EventProps{Producers: []string{"shop"}, Functions: []*topology.Function{hello}})
	placed.GrantPutEvents(counter.Handler)

	app.Route(topology.RouteProps{Path: "/{proxy+}", Method: "ANY", API: topology.APIREST, Function: counter.Handler})
	app.Route(topology.RouteProps{Path: "/jobs", Queue: jobs, Authorizer: hello})
	app.Emit()
}
