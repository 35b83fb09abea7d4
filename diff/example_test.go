package diff_test

import (
	"fmt"
	"os"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/diff"
)

func ExampleCompare() {
	before, err := cfn.Parse([]byte(`{"Resources": {
		"Policy": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "Role"}], "PolicyName": "p",
			"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": {"Fn::GetAtt": ["Hits", "Arn"]}}]}}}}}`), "before.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	after, err := cfn.Parse([]byte(`{"Resources": {
		"Policy": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "Role"}], "PolicyName": "p",
			"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": {"Fn::GetAtt": ["Hits", "Arn"]}}]}}}}}`), "after.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	changes := diff.Compare("", before, after)
	if err := changes.WriteText(os.Stdout, diff.TextOptions{SecurityOnly: true}); err != nil {
		fmt.Println(err)
	}
	fmt.Println("widens:", changes.Widens())
	// Output:
	// IAM Statement Changes
	// ┌───┬─────────────┬────────┬──────────────────┬─────────────┬───────────┐
	// │   │ Resource    │ Effect │ Action           │ Principal   │ Condition │
	// ├───┼─────────────┼────────┼──────────────────┼─────────────┼───────────┤
	// │ + │ ${Hits.Arn} │ Allow  │ dynamodb:GetItem │ AWS:${Role} │           │
	// │   │             │        │ dynamodb:PutItem │             │           │
	// │ - │ ${Hits.Arn} │ Allow  │ dynamodb:GetItem │ AWS:${Role} │           │
	// └───┴─────────────┴────────┴──────────────────┴─────────────┴───────────┘
	//
	// widens: true
}
