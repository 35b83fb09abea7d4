package gate_test

import (
	"context"
	"fmt"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// clock is a service with one operation.
type clock struct{}

func (clock) Info() gate.Info {
	return gate.Info{Name: "clock", Protocol: gate.JSON10, Target: "Clock_20260101"}
}

func (clock) Describe(c *gate.Call) ([]gate.Ask, error) {
	if c.Operation != "Tell" {
		return nil, gate.UnknownOperation(clock{}.Info(), c)
	}
	return []gate.Ask{{Action: "clock:Tell", Resource: "arn:aws:clock:us-east-1:000000000000:tower/big"}}, nil
}

func (clock) Handle(context.Context, *gate.Call) (*gate.Reply, error) {
	return &gate.Reply{Body: []byte(`{"Time": "noon"}`)}, nil
}

// roles is an account with one role.
type roles struct{ hello gate.RoleAccess }

func (r roles) RoleAccess(name string) (gate.RoleAccess, bool) { return r.hello, name == "hello" }

func Example() {
	policy, err := iam.Load([]byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "clock:Tell", "Resource": "arn:aws:clock:us-east-1:000000000000:tower/*"}]}`),
		iam.Origin{Type: iam.TypeIdentity, Name: "tell"})
	if err != nil {
		fmt.Println(err)
		return
	}
	allowed := gate.RoleAccess{ARN: "arn:aws:iam::000000000000:role/hello", ID: "AROAEXAMPLE", Identity: []*iam.Policy{policy}}
	for _, access := range []gate.RoleAccess{allowed, {ARN: allowed.ARN, ID: allowed.ID}} {
		g := gate.New(gate.Config{Account: "000000000000", Region: "us-east-1", Services: []gate.Service{clock{}}, Directory: roles{access}})
		reply, err := g.Do(context.Background(), &gate.Call{Service: "clock", Operation: "Tell", Caller: gate.Caller{
			Kind: iam.PrincipalSession, ARN: "arn:aws:sts::000000000000:assumed-role/hello/s", Account: "000000000000",
			UserID: "AROAEXAMPLE:s", RoleName: "hello", SessionName: "s",
		}})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(string(reply.Body))
	}
	// Output:
	// {"Time": "noon"}
	// AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/hello/s is not authorized to perform: clock:Tell on resource: arn:aws:clock:us-east-1:000000000000:tower/big because no identity-based policy allows the clock:Tell action
}
