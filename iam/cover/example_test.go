package cover_test

import (
	"fmt"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cover"
)

// A platform team made one role for all functions; counter writes to a table,
// reads a bucket and calls hello.
func Example() {
	role, err := iam.Load([]byte(`{
	  "Version": "2012-10-17",
	  "Statement": [
	    {"Sid": "Tables", "Effect": "Allow", "Action": "dynamodb:*Item", "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/*"},
	    {"Sid": "Reports", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/2026/*"},
	    {"Sid": "Office", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
	  ]
	}`), iam.Origin{Type: iam.TypeIdentity, Name: "platform"})
	if err != nil {
		fmt.Println(err)
		return
	}
	need := func(edge, action, resource string) cover.Need {
		return cover.Need{Edges: []string{edge}, Statement: iam.Statement{Effect: iam.Allow, Action: []string{action}, Resource: []string{resource}}}
	}
	report := cover.Check([]cover.Need{
		need("counter -> store hits", "dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:111122223333:table/hits"),
		need("counter -> bucket reports", "s3:GetObject", "arn:aws:s3:::reports/*"),
		need("counter -> function hello", "lambda:InvokeFunction", "arn:aws:lambda:us-east-1:111122223333:function:hello"),
	}, cover.Given{
		Policies: &iam.Policies{Identity: []*iam.Policy{role}},
		Caller:   iam.ParsePrincipal("arn:aws:sts::111122223333:assumed-role/platform/counter"),
	})
	for _, m := range report.Missing {
		fmt.Println("missing ", m.Need.Edges, m)
	}
	for _, u := range report.Unknown {
		fmt.Println("unknown ", u.Need.Edges, u)
	}
	for _, e := range report.Excess {
		fmt.Println("excess  ", e.Sid, e.Allows, "unneeded:", e.Unneeded)
		for _, w := range e.Wider.Calls {
			fmt.Println("  wider ", w.Action, w.Resource, w.Context)
		}
	}
	// Output:
	// missing  [counter -> bucket reports] s3:GetObject on arn:aws:s3:::reports/* (such as arn:aws:s3:::reports/x): ImplicitlyDenied by identity
	// unknown  [counter -> function hello] lambda:InvokeFunction on arn:aws:lambda:us-east-1:111122223333:function:hello: depends on aws:sourceip
	// excess   Tables 7 unneeded: 6 actions (dynamodb:BatchGetItem, dynamodb:BatchWriteItem, dynamodb:ConditionCheckItem, dynamodb:DeleteItem, dynamodb:GetItem, …)
	//   wider  dynamodb:PutItem arn:aws:dynamodb:us-east-1:111122223333:table/x map[]
	// excess   Office 1 unneeded: 0 actions ()
	//   wider  lambda:InvokeFunction arn:aws:lambda:us-east-1:111122223333:function:x map[aws:sourceip:{[203.0.113.0] false}]
}

func ExampleCount() {
	policy, err := iam.Parse([]byte(`{"Version": "2012-10-17", "Statement": [
	  {"Effect": "Allow", "Action": ["sqs:*Message", "sqs:SendMessages"], "Resource": ["*", "arn:aws:sqs:us-east-1:111122223333:jobs-*"]}
	]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%+v\n", cover.Count(nil, policy))
	// Output:
	// {Statements:1 Any:1 Patterns:1 Actions:3 Unreal:[sqs:SendMessages] Services:[]}
}
