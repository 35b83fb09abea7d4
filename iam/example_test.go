package iam_test

import (
	"fmt"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// A function's role may read its table but not write to it.
func Example() {
	policy, err := iam.Load([]byte(`{
	  "Version": "2012-10-17",
	  "Statement": {
	    "Sid": "Read",
	    "Effect": "Allow",
	    "Action": ["dynamodb:GetItem", "dynamodb:Query"],
	    "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/hits"
	  }
	}`), iam.Origin{Type: iam.TypeIdentity, Name: "CounterPolicy"})
	if err != nil {
		fmt.Println(err)
		return
	}
	req := &iam.Request{
		Principal: iam.ParsePrincipal("arn:aws:sts::111122223333:assumed-role/counter/counter"),
		Action:    "dynamodb:UpdateItem",
		Resource:  "arn:aws:dynamodb:us-east-1:111122223333:table/hits",
	}
	decision := iam.Evaluate(req, &iam.Policies{Identity: []*iam.Policy{policy}})
	fmt.Println(decision.Verdict, decision.BlockedBy)
	for _, reason := range decision.Reasons(req) {
		fmt.Println(reason.Effect, reason.Rule, "-", reason.Message)
		if reason.Fix != nil {
			fmt.Print(reason.Fix.Summary, ":\n", reason.Fix.Lines)
		}
	}
	// Output:
	// ImplicitlyDenied [identity]
	// missing  - User: arn:aws:sts::111122223333:assumed-role/counter/counter is not authorized to perform: dynamodb:UpdateItem on resource: arn:aws:dynamodb:us-east-1:111122223333:table/hits because no identity-based policy allows the dynamodb:UpdateItem action
	// add this statement to an identity-based policy:
	// {
	//   "Effect": "Allow",
	//   "Action": "dynamodb:UpdateItem",
	//   "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/hits"
	// }
	// missing CounterPolicy/Read - statement 0 (Read) of the identity policy "CounterPolicy" would allow this but for Action dynamodb:GetItem, dynamodb:Query, which is not met by dynamodb:UpdateItem
}

func ExampleQuota_Check() {
	policy := []byte(`{"Version": "2012-10-17", "Statement": []}` + strings.Repeat(" ", 9000))
	fmt.Println(iam.QuotaManaged.Size(policy), iam.QuotaManaged.Check(policy))
	fmt.Println(iam.QuotaRCP.Size(policy), iam.QuotaRCP.Check(policy))
	// Output:
	// 39 <nil>
	// 9042 resource control policy: 9042 characters, 3922 more than AWS takes
}

func ExampleDocument_Validate() {
	src := []byte(`{
  "Version": "2012-10-17",
  "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": [
    "arn:aws:s3:::bucket",
    "arn:s3:::bucket/*"
  ]}
}`)
	doc, err := iam.Parse(src)
	if err == nil {
		err = doc.Validate(iam.TypeIdentity) // iam.Load does both, and adds the source line
	}
	fmt.Println(err)
	// Output:
	// 5:5: the resource "arn:s3:::bucket/*" names no partition of AWS
}
