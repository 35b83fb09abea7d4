package cover_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cover"
)

// A policy that was written to take forever (these took many minutes) is answered in
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
		if testing.Short() && name != "NotAction of nothing" {
			continue // each takes all the work that is allowed
		}
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

// A Deny that may meet every call of a role is never passed over.
func TestAttackDeniesThatAreEasyToMiss(t *testing.T) {
	t.Parallel()
	const table = "arn:aws:dynamodb:us-east-1:111122223333:table/hits"
	for name, c := range map[string]struct {
		condition string
		ok        bool
	}{
		"no second factor":   {`{"Bool": {"aws:MultiFactorAuthPresent": "false"}}`, false},
		"the role's path":    {`{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/team/*"}}`, false},
		"another role":       {`{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/other/*"}}`, true},
		"a tag, if there":    {`{"StringNotEqualsIfExists": {"aws:ResourceTag/sandbox": "prod"}}`, false},
		"one of some keys":   {`{"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": "adm*"}}`, false},
		"all of no keys":     {`{"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "x"}}`, false},
		"not from a service": {`{"BoolIfExists": {"aws:ViaAWSService": false}}`, false},
		"a date that passed": {`{"DateGreaterThan": {"aws:CurrentTime": 1577836800}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy, err := iam.Load([]byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"},
				{"Effect": "Deny", "Action": "DynamoDB:put*", "Resource": "*", "Condition": `+c.condition+`}]}`), iam.Origin{Type: iam.TypeIdentity, Name: "p"})
			if err != nil {
				t.Fatal(err)
			}
			caller := iam.ParsePrincipal("arn:aws:sts::111122223333:assumed-role/job/writ")
			caller.RoleARN = "arn:aws:iam::111122223333:role/team/work"
			r := cover.Check([]cover.Need{{Statement: iam.Statement{Effect: iam.Allow, Action: []string{"dynamodb:PutItem"}, Resource: []string{table}}}},
				cover.Given{Policies: &iam.Policies{Identity: []*iam.Policy{policy}}, Caller: caller})
			if r.OK() != c.ok {
				t.Errorf("OK is %v: %v %v", r.OK(), r.Missing, r.Unknown)
			}
		})
	}
}
