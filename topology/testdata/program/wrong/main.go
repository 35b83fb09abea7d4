// Command wrong uses the constructs in every wrong way.
package main

import "github.com/writ-dev/writ/topology"

func main() {
	app := topology.New("wrong")
	hello := app.Function("hello", topology.FunctionProps{Root: "../hello"})
	app.Function("hello", topology.FunctionProps{Root: "../hello"})
	app.Function("", topology.FunctionProps{})
	app.Function("old", topology.FunctionProps{Runtime: "pyhton3.13"})
	app.Scope("part").Table("hits", topology.TableProps{})
	app.Scope("part")
	var none *topology.Store
	none.GrantReadData(hello)
	hello.GrantInvoke(nil)
	app.Route(topology.RouteProps{Path: "/nowhere"})
	app.Emit()
}
