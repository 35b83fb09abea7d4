package front_test

import (
	"fmt"

	"github.com/writ-dev/writ/localcloud/apigateway/front"
)

// The most specific route answers: a full match, then a variable, then a
// greedy variable, then $default.
func ExampleTable_Find() {
	table, _ := front.NewTable([]*front.Stage{{
		Kind: front.HTTP, APIID: "abcdefghij", Name: front.Default,
		Routes: []front.Route{
			{Key: "ANY /{proxy+}", Method: "ANY", Path: "/{proxy+}"},
			{Key: "GET /pets/{id}", Method: "GET", Path: "/pets/{id}"},
			{Key: "GET /pets/new", Method: "GET", Path: "/pets/new"},
		},
	}})
	for _, path := range []string{"/pets/new", "/pets/7", "/other/thing"} {
		m := table.Find("127.0.0.1:3000", "GET", path)
		fmt.Println(path, "->", m.Route.Key, m.Vars)
	}
	// Output:
	// /pets/new -> GET /pets/new map[]
	// /pets/7 -> GET /pets/{id} map[id:7]
	// /other/thing -> ANY /{proxy+} map[proxy:other/thing]
}
