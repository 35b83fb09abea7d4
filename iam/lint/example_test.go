package lint_test

import (
	"fmt"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/lint"
)

func Example() {
	src := []byte(`{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/*"},
    {"Effect": "Allow", "Action": "lambda:CreateFunction", "Resource": "*"},
    {"Effect": "Deny", "Action": "dynamodb:DeleteTabel", "Resource": "*"}
  ]
}`)
	doc, err := iam.Parse(src)
	if err != nil {
		fmt.Println(err)
		return
	}
	found := lint.Policies([]lint.Input{{
		Document: doc, Type: iam.TypeIdentity, Name: "Deploy", File: "deploy.json", Source: src, Owner: "role ci",
	}})
	for _, f := range found {
		fmt.Println(f.Position, f.Severity, f.Code)
		fmt.Println("  " + f.Message)
	}
	// Output:
	// deploy.json:4:63 security pass-role-any
	//   every role of the account can be passed, also an administrator's
	// deploy.json:5:35 security privilege-escalation
	//   with iam:PassRole and lambda:CreateFunction role ci can put code of its own with the role into a new function, which something else may start
	// deploy.json:5:72 warning wildcard-resource
	//   lambda:CreateFunction can write to every resource
	// deploy.json:6:34 error unknown-action
	//   Amazon DynamoDB has no action "dynamodb:DeleteTabel"
}
