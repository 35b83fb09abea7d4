package lambda_test

import (
	"fmt"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/lambda"
)

// A function may be named by its ARN, which is escaped in the path.
func ExampleRoute() {
	c := &gate.Call{Method: "POST", Path: "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Ahello/invocations"}
	operation, ok := lambda.Route(c)
	fmt.Println(operation, ok, c.Vars["FunctionName"])
	// Output: Invoke true arn:aws:lambda:us-east-1:000000000000:function:hello
}
