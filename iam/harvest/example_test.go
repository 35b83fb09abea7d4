package harvest_test

import (
	"fmt"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam/harvest"
	"github.com/writ-dev/writ/iam/lint"
)

func Example() {
	t, err := cfn.Parse([]byte(`
Resources:
  Jobs: {Type: AWS::SQS::Queue}
  App:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: jobs
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: "dynamodb:PutItem", Resource: !GetAtt Jobs.Arn}
`), "app.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	policies := harvest.Template(t)
	fmt.Println(policies[0].Type, policies[0].Name, "of", policies[0].Owner)
	for _, f := range lint.Policies(policies) {
		fmt.Println(f.Position, f.Message)
	}
	// Output:
	// identity App/jobs of role App
	// app.yaml:12:33 dynamodb:PutItem has no effect here: none of the resources is one that it takes
}
