package expr_test

import (
	"fmt"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/expr"
)

func ExampleCompile() {
	scope := &expr.Scope{Variables: []expr.Variable{
		{Name: "user", Type: expr.Object, Fields: map[string]expr.Type{"clearance": expr.Number}},
		{Name: "resource", Type: expr.Object},
	}}
	p, err := expr.Compile(`user.clearance >= resource.level`, scope, writ.Position{File: "policy.yml", Line: 12, Col: 11})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Eval(values{{"clearance": 3.0}, {"level": 2.0}}))
	fmt.Println(p.Eval(values{{"clearance": 3.0}, {}}))

	_, err = expr.Compile(`user.clearance >= "high"`, scope, writ.Position{File: "policy.yml", Line: 12, Col: 11})
	fmt.Println(err)
	// Output:
	// true <nil>
	// false resource.level is not given
	// policy.yml:12:26: user.clearance is a number and cannot be compared with a string by >=
}
