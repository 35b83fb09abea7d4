package iam_test

import (
	"testing"

	"github.com/writ-dev/writ/iam"
)

func TestResourcePolicyType(t *testing.T) {
	t.Parallel()
	const role, key = "arn:aws:iam::111122223333:role/r", "arn:aws:kms:eu-west-1:111122223333:key/k"
	for _, row := range []struct {
		action, resource string
		want             iam.PolicyType
	}{
		{"sts:AssumeRole", role, iam.TypeTrust},
		{"STS:TagSession", role, iam.TypeTrust},
		{"sts:GetFederationToken", "*", iam.TypeResource},
		{"iam:PassRole", role, iam.TypeResource},
		{"kms:Decrypt", key, iam.TypeKey},
		{"\u212Ams:Decrypt", key, iam.TypeResource}, // the Kelvin sign is no K
		{"kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:alias/a", iam.TypeResource},
		{"s3:GetObject", "arn:aws:s3:::b/:key/", iam.TypeResource},
		{"", "", iam.TypeResource},
	} {
		if got := iam.ResourcePolicyType(row.action, row.resource); got != row.want {
			t.Errorf("%s on %s: %s, want %s", row.action, row.resource, got, row.want)
		}
	}
}
