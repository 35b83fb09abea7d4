package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam/inventory"
)

// Nobody whom a resource's policy lets in is left out: an account stands for
// its roles, everybody for services, and a session that is named for itself.
func TestWhoCanLeavesNobodyOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ principal, condition, want string }{
		{`{"AWS":"444455556666"}`, `{}`, "444455556666 yes"},
		{`{"AWS":"444455556666"}`, `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/deploy"}}`, "444455556666 conditionally"},
		{`{"AWS":"444455556666"}`, `{"StringEquals":{"aws:PrincipalType":"User"}}`, "444455556666 conditionally"},
		{`{"AWS":"444455556666"}`, `{"StringEquals":{"aws:PrincipalAccount":"777788889999"}}`, ""},
		{`"*"`, `{}`, "everybody yes"},
		{`"*"`, `{"StringEquals":{"aws:PrincipalType":"User"}}`, "everybody conditionally"},
		{`"*"`, `{"Bool":{"aws:PrincipalIsAWSService":"true"}}`, "everybody conditionally"},
		{`{"AWS":"arn:aws:sts::000000000000:assumed-role/app/deploy"}`, `{}`, "arn:aws:sts::000000000000:assumed-role/app/deploy yes"},
		{`{"AWS":"arn:aws:iam::000000000000:role/app"}`, `{}`, "app yes"},
	} {
		template, err := cfn.Parse([]byte(`{"Resources": {
			"Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "app", "AssumeRolePolicyDocument":
				{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}}},
			"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}},
			"Policy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument":
				{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": `+tt.principal+`, "Action": "sqs:SendMessage", "Resource": "*", "Condition": `+tt.condition+`}}}}}}`), "t.json")
		if err != nil {
			t.Fatal(err)
		}
		inv, err := inventory.Read(inventory.Account{ID: "000000000000", Region: "us-east-1"}, inventory.Stack{Name: "s", Template: template})
		if err != nil {
			t.Fatal(err)
		}
		w, queue := &world{inv: inv}, "arn:aws:sqs:us-east-1:000000000000:jobs"
		var got []string
		for _, c := range w.candidates("sqs:SendMessage", queue) {
			q := &question{caller: c.Caller, world: w}
			q.req, q.policies = inv.For(c.Caller, "sqs:SendMessage", queue)
			if err := q.setContext(nil); err != nil {
				t.Fatal(err)
			}
			if one, ok := q.allowed(c); ok && one.Principal != "root user" {
				got = append(got, one.Principal+" "+one.May)
			}
		}
		got = slices.DeleteFunc(got, func(s string) bool { return tt.principal == `"*"` && strings.HasPrefix(s, "app ") }) // of this account
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s under %s: %q, want %q", tt.principal, tt.condition, got, tt.want)
		}
	}
}
