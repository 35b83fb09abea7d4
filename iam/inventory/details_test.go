package inventory_test

import (
	"os"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/inventory"
)

// An account as the AWS CLI prints it: users with their groups' policies, roles.
func TestReadDetails(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("../../examples/iam/account.json")
	if err != nil {
		t.Fatal(err)
	}
	inv, err := inventory.ReadDetails(src, "account.json", inventory.Account{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	if inv.Account.ID != "111122223333" || inv.Account.Partition != "aws" || len(inv.Principals) != 2 {
		t.Fatalf("%+v with %d principals", inv.Account, len(inv.Principals))
	}
	req, policies := inv.For(inv.Principal("ann").Caller(), "s3:GetObject", "arn:aws:s3:::reports/may.csv")
	req.Context["aws:sourceip"] = iam.One("203.0.113.7")
	d := iam.Evaluate(req, policies)
	if d.Verdict != iam.Allowed || d.Matched[0].Position.String() != "account.json:20:15" {
		t.Errorf("ann: %s by %v", d.Verdict, d.Matched)
	}
	if region := req.Context["aws:requestedregion"].Values[0]; region != "eu-west-1" {
		t.Errorf("the region is %s", region)
	}
	if trust := inv.Principal("nightly").Trust; trust == nil || trust.Named()[0] != "lambda.amazonaws.com" {
		t.Errorf("nightly trusts %v", trust)
	}
}

// The region that a call goes to: of the ARN, of a global service, of the account.
func TestRequestedRegion(t *testing.T) {
	t.Parallel()
	inv := &inventory.Inventory{Account: inventory.Account{ID: "111122223333", Region: "eu-west-1", Partition: "aws"}}
	rows := []struct{ action, resource, want string }{
		{"sqs:SendMessage", "arn:aws:sqs:ap-south-1:111122223333:q", "ap-south-1"},
		{"s3:GetObject", "arn:aws:s3:::b/k", "eu-west-1"},
		{"iam:GetRole", "arn:aws:iam::111122223333:role/r", "us-east-1"},
		{"sts:AssumeRole", "arn:aws:iam::111122223333:role/r", "eu-west-1"},
		{"dynamodb:ListTables", "*", "eu-west-1"},
	}
	for _, row := range rows {
		req, _ := inv.For(inventory.Caller{Principal: iam.ParsePrincipal("anonymous")}, row.action, row.resource)
		if got := req.Context["aws:requestedregion"].Values[0]; got != row.want || req.Context["aws:securetransport"].Values[0] != "true" {
			t.Errorf("%s on %s: %s, want %s", row.action, row.resource, got, row.want)
		}
	}
}

// Nothing that claims to be an account makes the reader fall over.
func FuzzReadDetails(f *testing.F) {
	src, err := os.ReadFile("../../examples/iam/account.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(src)
	f.Add([]byte(`{"RoleDetailList":[{"PermissionsBoundary":{},"AttachedManagedPolicies":[{}],"RolePolicyList":[{"PolicyDocument":null}]}]}`))
	f.Fuzz(func(_ *testing.T, src []byte) {
		inv, err := inventory.ReadDetails(src, "account.json", inventory.Account{})
		if err != nil {
			return
		}
		for _, p := range inv.Principals {
			iam.Explain(inv.For(p.Caller(), "s3:GetObject", "arn:aws:s3:::b/k"))
		}
	})
}
