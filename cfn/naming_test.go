package cfn_test

import (
	"fmt"
	"testing"

	"github.com/writ-dev/writ/cfn"
)

func ExampleNamingOf() {
	table, _ := cfn.NamingOf("AWS::DynamoDB::Table")
	for _, attribute := range []string{"", "Arn", "StreamArn", "Colour"} {
		form, ok := table.Returns(attribute)
		fmt.Printf("%q %q %t\n", attribute, form, ok)
	}
	// Output:
	// "" "{N}" true
	// "Arn" "arn:{P}:dynamodb:{R}:{A}:table/{N}" true
	// "StreamArn" "arn:{P}:dynamodb:{R}:{A}:table/{N}/stream/{made}" true
	// "Colour" "" false
}

func TestNamingOfWhatHasNone(t *testing.T) {
	t.Parallel()
	if n, ok := cfn.NamingOf("AWS::Nothing"); ok || n.ARN != "" {
		t.Errorf("an unknown type has the naming %+v", n)
	}
	deployment, ok := cfn.NamingOf("AWS::ApiGateway::Deployment")
	if _, known := deployment.Returns("Arn"); !ok || known {
		t.Error("a deployment has an ARN")
	}
	if _, known := deployment.Returns(""); !known {
		t.Error("Ref of a deployment is not known")
	}
}
