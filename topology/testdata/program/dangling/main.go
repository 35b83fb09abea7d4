// Command dangling makes edges that lead nowhere, which shows when all is made.
package main

import "github.com/writ-dev/writ/topology"

func main() {
	other := topology.New("other")
	app := topology.New("dangling")
	hello := app.Function("hello", topology.FunctionProps{
		Root: "../nowhere",
	})
	other.Table("visits", topology.TableProps{PartitionKey: topology.Key{Name: "id"}}).
		GrantReadData(hello)
	app.Bucket("pictures").GrantReadData(hello)
	app.Route(topology.RouteProps{Path: "pets", Function: hello})
	app.Emit()
}
