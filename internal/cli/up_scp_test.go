package cli

import (
	"slices"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// What stands in the way of a call is named; a missing grant is no obstacle,
// as the topology can have it.
func TestObstacles(t *testing.T) {
	t.Parallel()
	policy := func(kind iam.PolicyType, name, statement string) *iam.Policy {
		p, err := iam.Load([]byte(`{"Version":"2012-10-17","Statement":[`+statement+`]}`), iam.Origin{Type: kind, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const (
		all    = `{"Effect":"Allow","Action":"*","Resource":"*"}`
		reads  = `{"Effect":"Allow","Action":"dynamodb:Get*","Resource":"*"}`
		denies = `{"Sid":"No","Effect":"Deny","Action":"dynamodb:PutItem","Resource":"*"}`
	)
	scps := func(levels ...*iam.Policy) (list [][]*iam.Policy) {
		for _, p := range levels {
			list = append(list, []*iam.Policy{p})
		}
		return list
	}
	one := func(p *iam.Policy) []*iam.Policy { return []*iam.Policy{p} }
	granted, nothing := one(policy(iam.TypeIdentity, "p", all)), one(policy(iam.TypeIdentity, "p", reads))
	for _, c := range []struct {
		name     string
		policies iam.Policies
		want     []string
	}{
		{"no grant", iam.Policies{Identity: nothing}, nil},
		{
			"an SCP denies",
			iam.Policies{Identity: nothing, SCPs: [][]*iam.Policy{{iam.FullAWSAccess(iam.TypeSCP), policy(iam.TypeSCP, "base.json", denies)}}},
			[]string{`the SCP "base.json" denies it, in statement 0 (No)`},
		},
		{
			"the second level does not allow",
			iam.Policies{Identity: granted, SCPs: scps(iam.FullAWSAccess(iam.TypeSCP), policy(iam.TypeSCP, "unit.json", reads))},
			[]string{`the SCP "unit.json" does not allow it`},
		},
		{
			"a boundary does not allow, and no grant either",
			iam.Policies{Identity: nothing, Boundary: policy(iam.TypeBoundary, "edge", reads)},
			[]string{`the permissions boundary "edge" of the role does not allow it`},
		},
		{
			"a boundary denies",
			iam.Policies{Identity: granted, Boundary: policy(iam.TypeBoundary, "edge", all+","+denies)},
			[]string{`the permissions boundary "edge" denies it, in statement 1 (No)`},
		},
		{
			"a session policy",
			iam.Policies{Identity: granted, Session: one(policy(iam.TypeSession, "", reads))},
			[]string{"the session policies that the session was made with do not allow it"},
		},
		{
			"the role's own deny",
			iam.Policies{Identity: one(policy(iam.TypeIdentity, "own", all+","+denies))},
			[]string{`the identity policy "own" denies it, in statement 1 (No)`},
		},
	} {
		request := &iam.Request{
			Principal: iam.Principal{Kind: iam.PrincipalSession, ARN: "arn:aws:sts::000000000000:assumed-role/r/s", Account: "000000000000"},
			Action:    "dynamodb:PutItem", Resource: "arn:aws:dynamodb:us-east-1:000000000000:table/t",
		}
		decision := iam.Evaluate(request, &c.policies)
		if decision.Verdict == iam.Allowed {
			t.Errorf("%s: allowed", c.name)
		}
		v := gate.Verdict{Call: &gate.Call{Caller: gate.Caller{RoleName: "r"}}, Request: request, Decision: decision, Policies: &c.policies}
		if got := (&up{}).obstacles(v); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
