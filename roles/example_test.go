package roles_test

import (
	"fmt"

	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/topology"
)

func Example() {
	t, err := topology.Parse([]byte(`
name: shop
functions:
  pay: {runtime: {lang: go, role: payments-of-the-bank}}
  ship: {runtime: {lang: go}}
`), "topology.yml", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	files, err := roles.Find(t, roles.Places{})
	if err != nil {
		fmt.Println(err)
		return
	}
	set := files.Choose(roles.Settings{Mode: roles.Global})
	for _, name := range []string{"pay", "ship"} {
		choice := set.Of(topology.KindFunction, name)
		fmt.Println(name, choice.Source, choice.Existing)
	}
	// Output:
	// pay provided [payments-of-the-bank]
	// ship global [tc-base-lambda-role]
}
