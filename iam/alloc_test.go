package iam_test

import (
	"testing"

	"github.com/writ-dev/writ/iam"
)

// every is a request under every kind of policy, with conditions and variables.
func every(tb testing.TB) (*iam.Request, *iam.Policies) {
	conditional := func(condition string) string {
		return `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*","Condition":{` + condition + `}}`
	}
	p := &iam.Policies{
		Identity: []*iam.Policy{
			load(tb, iam.TypeIdentity, conditional(`"StringEquals":{"aws:username":"bob"}`)),
			load(tb, iam.TypeIdentity, conditional(`
				"StringLike":{"aws:username":"a*","s3:prefix":["${aws:username}/*","home/${aws:PrincipalTag/team}/*"]},
				"StringEqualsIgnoreCase":{"aws:PrincipalTag/team":"${aws:PrincipalTag/TEAM}"},
				"IpAddress":{"aws:SourceIp":["198.51.100.0/24","203.0.113.0/24"]},
				"Bool":{"aws:SecureTransport":"${aws:SecureTransport}"},
				"NumericLessThan":{"s3:max-keys":"1000.5"},
				"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"},
				"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/app*"},
				"BinaryEquals":{"x:digest":"AQID"},
				"ForAllValues:StringEquals":{"aws:TagKeys":["env","team"]},
				"Null":{"aws:TokenIssueTime":"true"}`)),
		},
		Resource: load(tb, iam.TypeResource, `{"Effect":"Deny","Principal":{"AWS":["444455556666","arn:aws:iam::111122223333:user/alice"]},"Action":"s3:*","Resource":"arn:aws:s3:::bucket/*"},
			{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/other","arn:aws:iam::111122223333:role/app"]},"Action":"S3:Get*","Resource":"arn:aws:s3:::bucket/b?ue/*.csv"}`),
		Boundary: load(tb, iam.TypeBoundary, `{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`),
		Session:  []*iam.Policy{load(tb, iam.TypeSession, conditional(`"StringNotLike":{"aws:username":"${aws:userid}"}`))},
		SCPs:     [][]*iam.Policy{{iam.FullAWSAccess(iam.TypeSCP)}, {iam.FullAWSAccess(iam.TypeSCP), load(tb, iam.TypeSCP, `{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}`)}},
		RCPs:     [][]*iam.Policy{{iam.FullAWSAccess(iam.TypeRCP)}},
		Endpoint: load(tb, iam.TypeEndpoint, to(`"*"`)),
	}
	return &iam.Request{
		Principal: iam.ParsePrincipal(session), Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/blue/report.csv", ResourceAccount: "111122223333",
		Context: iam.Context{
			"aws:username": iam.One("alice"), "aws:userid": iam.One("AROA:s"), "aws:principaltag/team": iam.One("blue"),
			"s3:prefix": iam.One("home/blue/x"), "aws:sourceip": iam.One("203.0.113.7"), "aws:securetransport": iam.One("true"),
			"s3:max-keys": iam.One("10"), "aws:currenttime": iam.One("2026-11-22T10:00:00Z"), "x:digest": iam.One("\x01\x02\x03"),
			"aws:principalarn": iam.One("arn:aws:iam::111122223333:role/app"), "aws:tagkeys": iam.Many("env", "team"),
		},
	}, p
}

func TestAllocations(t *testing.T) {
	everything := &workload{}
	req, p := every(t)
	everything.requests, everything.policies = []*iam.Request{req}, p
	if d := iam.Evaluate(req, p); d.Verdict != iam.Allowed {
		t.Fatalf("the request that is to pass every policy: %s by %v", d.Verdict, d.BlockedBy)
	}
	for name, w := range map[string]*workload{
		"W1": w1(t), "W2": w2(t), "W2 as one": w2(t).union(), "role": role(t), "100 statements": large(t, 100), "everything": everything,
	} {
		i := 0
		if n := testing.AllocsPerRun(200, func() { iam.Decide(w.next(i), w.policies); i++ }); n != 0 {
			t.Errorf("%s: %v allocations for a verdict", name, n)
		}
		if n := testing.AllocsPerRun(200, func() { iam.Evaluate(w.next(i), w.policies); i++ }); n > 2 {
			t.Errorf("%s: %v allocations for a decision", name, n)
		}
	}
}
