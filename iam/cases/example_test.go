package cases_test

import (
	"fmt"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cases"
)

func Example() {
	file := `{"id": "read", "request": {"principal": "arn:aws:iam::111122223333:user/ann", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "resourceAccount": "111122223333"}, "identityPolicies": [{"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}]}
{"id": "write", "request": {"principal": "arn:aws:iam::111122223333:user/ann", "action": "s3:PutObject", "resource": "arn:aws:s3:::b/k"}, "identityPolices": []}
`
	for line, err := range cases.Lines(strings.NewReader(file)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		c, err := line.Case("cases.jsonl")
		if err != nil {
			fmt.Println(err)
			continue
		}
		req, policies, err := c.IAM()
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(c.ID, iam.Evaluate(req, policies).Verdict)
	}
	// Output:
	// read Allowed
	// cases.jsonl:2:139: a case has no "identityPolices"
}
