package inventory_test

import (
	"fmt"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/inventory"
)

func Example() {
	template, err := cfn.Parse([]byte(`
Resources:
  Hits: {Type: AWS::DynamoDB::Table, Properties: {TableName: hits}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}
      Policies:
        - PolicyName: Read
          PolicyDocument:
            Version: 2012-10-17
            Statement: {Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt Hits.Arn}
  Counter:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: counter, Role: !GetAtt Role.Arn}
`), "template.yml")
	if err != nil {
		fmt.Println(err)
		return
	}
	account := inventory.Account{ID: "111122223333", Region: "us-east-1"}
	inv, err := inventory.Read(account, inventory.Stack{Name: "app", Template: template})
	if err != nil {
		fmt.Println(err)
		return
	}
	caller, _ := inv.Function("counter").Run()
	fmt.Println(caller.ARN)
	for _, action := range []string{"dynamodb:GetItem", "dynamodb:PutItem"} {
		decision := iam.Evaluate(inv.For(caller, action, "arn:aws:dynamodb:us-east-1:111122223333:table/hits"))
		fmt.Println(action, decision.Verdict)
	}
	// Output:
	// arn:aws:sts::111122223333:assumed-role/app-Role-XXXXXXXXXXXX/counter
	// dynamodb:GetItem Allowed
	// dynamodb:PutItem ImplicitlyDenied
}
