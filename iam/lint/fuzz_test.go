package lint_test

import (
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/lint"
)

// Whatever parses is judged, with places inside the text.
func FuzzPolicies(f *testing.F) {
	f.Add([]byte(`{"Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/${aws:username}","Condition":{"Null":{"aws:username":true}}}}`))
	f.Add([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["*:*","é"],"NotResource":"arn:${a:b}:*"},{"Effect":"Allow","Action":"*","Resource":["*","${"]}]}`))
	f.Add([]byte(`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Condition":{"ForAllValues:NumericLessThan":{"x/":["1","a"]}}}]}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 4096 {
			return
		}
		doc, err := iam.Parse(src)
		if err != nil {
			return
		}
		for _, kind := range []iam.PolicyType{iam.TypeIdentity, iam.TypeResource, iam.TypeTrust, iam.TypeRCP} {
			for _, finding := range lint.Policies([]lint.Input{{Document: doc, Type: kind, Source: src}}) {
				if finding.Message == "" || finding.Position.Line == 0 && finding.Statement >= 0 {
					t.Fatalf("a finding without a place: %+v", finding)
				}
			}
		}
	})
}
