package main

import "github.com/writ-dev/writ/topology"

// HitCounter counts every request in a table of its own and passes it on. It
// can be put in front of any function, as often as one likes.
type HitCounter struct {
	Handler *topology.Function
	Hits    *topology.Store
}

// NewHitCounter puts a counter in front of downstream.
func NewHitCounter(scope *topology.Scope, id string, downstream *topology.Function) *HitCounter {
	s := scope.Scope(id)

	hits := s.Table("Hits", topology.TableProps{PartitionKey: topology.Key{Name: "path"}})
	handler := s.Function("Handler", topology.FunctionProps{
		Root: "../hitcounter/counter",
		Environment: map[string]string{
			"DOWNSTREAM_FUNCTION_NAME": downstream.NameRef(),
			"HITS_TABLE_NAME":          hits.NameRef(),
		},
	})

	hits.GrantWriteData(handler)
	downstream.GrantInvoke(handler)

	return &HitCounter{Handler: handler, Hits: hits}
}
