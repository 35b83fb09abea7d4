package inventory_test

import (
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/inventory"
)

// FuzzRead: no template makes the inventory fail but with an error, and every
// question to what was read has an answer.
func FuzzRead(f *testing.F) {
	// Small ones: the fuzzer spends its time on making large ones smaller.
	f.Add([]byte(`{Parameters: {T: {Type: String}}, Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: r, Tags: [{Key: a, Value: b}], Policies: [{PolicyName: p, PolicyDocument: {Statement: {Effect: Deny, Action: "s3:*", NotResource: !Ref T}}}]}}}}`))
	f.Add([]byte(`{Resources: {B: {Type: AWS::S3::Bucket}, P: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref B, PolicyDocument: {Statement: {Effect: Allow, Principal: "*", Action: "s3:*", Resource: !GetAtt B.Arn}}}}}}`))
	f.Add([]byte(`{Resources: {F: {Type: AWS::Lambda::Function, Properties: {Role: r}}, P: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref F, Action: "lambda:*", Principal: "*"}}}}`))
	f.Fuzz(func(_ *testing.T, src []byte) {
		template, err := cfn.Parse(src, "t.yml")
		if err != nil {
			return
		}
		inv, err := inventory.Read(account, inventory.Stack{Name: "s", Template: template})
		if err != nil {
			return
		}
		for _, p := range inv.Principals {
			for _, r := range inv.Resources {
				iam.Explain(inv.For(p.Caller(), "s3:GetObject", r.ARN))
			}
		}
	})
}
