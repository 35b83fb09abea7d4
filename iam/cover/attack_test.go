package cover_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cover"
)

// A policy that was written to take forever (this one took hours) is answered in
// seconds: what is missing for certain is said, and of the rest that it cannot be told.
func TestAttackCostOfPatterns(t *testing.T) {
	t.Parallel()
	var hostile []string
	for i := range 12 {
		letter := 'a' + i
		hostile = append(hostile, fmt.Sprintf(`{"Effect": "Allow", "Action": "*",
			"Resource": ["arn:aws:lambda:*:*:*a*%[1]c?b*c*?%[2]d*", "arn:aws:s3:::*%[1]c*??x*y%[2]d*z*/*?*", "arn:aws:sqs:*:*:*%[1]c?*%[2]d*?"],
			"Condition": {"StringLike": {"aws:ResourceTag/x": ["*%[1]c*a?b*", "*%[2]d?*"]}}}`, letter, i))
	}
	for name, statements := range map[string]string{
		"many patterns and values": strings.Join(hostile, ","),
		"runs of ?":                `{"Effect": "Allow", "Action": "*", "Resource": ["arn:aws:s3:::*a????????????????????????????????b", "arn:aws:s3:::*b????????????????????????????????a"]}`,
		"NotAction of nothing":     `{"Effect": "Allow", "NotAction": "*:x", "NotResource": ["arn:aws:s3:::*a*?b*c*", "arn:aws:s3:::*?x*?y?????????????????*?z*"], "Condition": {"StringEquals": {"aws:PrincipalTag/x": "y"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy, err := iam.Load([]byte(`{"Version": "2012-10-17", "Statement": [`+statements+`]}`), iam.Origin{Type: iam.TypeIdentity, Name: "hostile"})
			if err != nil {
				t.Fatal(err)
			}
			needs := []cover.Need{{Statement: iam.Statement{Effect: iam.Allow, Action: []string{"s3:GetObject", "s3:PutObject"}, Resource: []string{"arn:aws:s3:::reports/*"}}}}
			r := cover.Check(needs, cover.Given{Policies: &iam.Policies{Identity: []*iam.Policy{policy}}, Caller: iam.ParsePrincipal("arn:aws:sts::111122223333:assumed-role/platform/work")})
			if r.OK() {
				t.Error("nothing is missing")
			}
			said := 0
			for _, e := range r.Excess {
				said += e.Unneeded.Count + e.Wider.Count + e.CannotTell.Count
			}
			if said == 0 {
				t.Error("no excess")
			}
		})
	}
}
