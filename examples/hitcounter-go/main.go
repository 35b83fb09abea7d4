// Command hitcounter-go declares the hit counter as Go constructs. It is the
// topology: `writ up examples/hitcounter-go` runs it and deploys what it says.
package main

import "github.com/writ-dev/writ/topology"

func main() {
	app := topology.New("hitcounter-go")

	hello := app.Function("hello", topology.FunctionProps{Root: "../hitcounter/hello"})
	counter := NewHitCounter(app.Root(), "HelloHitCounter", hello)

	for _, path := range []string{"/", "/{proxy+}"} {
		app.Route(topology.RouteProps{Path: path, Method: "ANY", API: topology.APIREST, Function: counter.Handler})
	}
	app.Emit()
}
