package cfn_test

import (
	"fmt"

	"github.com/writ-dev/writ/cfn"
)

func Example() {
	template, err := cfn.Parse([]byte(`
Parameters:
  Stage: {Type: String, Default: dev}
Resources:
  Policy:
    Type: AWS::IAM::Policy
    Properties:
      Resource: !Sub "${Table.Arn}/index/${Stage}"
  Table:
    Type: AWS::DynamoDB::Table
`), "template.yml")
	if err != nil {
		fmt.Println(err)
		return
	}
	order, err := template.Order()
	fmt.Println(order, err)

	// What is not known yet stays as it is.
	resolver, err := cfn.NewResolver(template, cfn.Inputs{Partial: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	properties, err := resolver.Properties("Policy")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := properties.MarshalJSON()
	fmt.Println(string(text), err)
	// Output:
	// [Table Policy] <nil>
	// {"Resource":{"Fn::Join":["",[{"Fn::GetAtt":["Table","Arn"]},"/index/dev"]]}} <nil>
}
