package impersonate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/impersonate"
	"github.com/writ-dev/writ/localcloud/session"
)

var now = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

// oneRole is an account with the role "jobs/worker".
type oneRole struct{}

func (oneRole) RoleAccess(name string) (gate.RoleAccess, bool) {
	return gate.RoleAccess{ARN: "arn:aws:iam::000000000000:role/jobs/worker"}, name == "worker"
}

func (oneRole) CallerOf(role, name string) (gate.Caller, bool) {
	return gate.Caller{Kind: iam.PrincipalSession, ARN: "arn:aws:sts::000000000000:assumed-role/" + role + "/" + name, RoleName: role, SessionName: name, Issued: now}, true
}

func newService(vault *session.Vault) *impersonate.Service {
	return impersonate.New(impersonate.Config{
		Roles: oneRole{}, Issuer: vault, Now: func() time.Time { return now },
		IsDeveloper: func(key string) bool { return key == "ASIADEVELOPER" },
	})
}

// developersCall is a good call; the tests spoil it.
func developersCall(body string) *gate.Call {
	return &gate.Call{
		Operation: "Impersonate", SourceIP: "127.0.0.1", Body: []byte(body),
		Caller: gate.Caller{Kind: iam.PrincipalSession, ARN: "developer", RoleName: "writ-developer", AccessKeyID: "ASIADEVELOPER"},
	}
}

func TestOnlyTheDeveloperFromHere(t *testing.T) {
	t.Parallel()
	s := newService(session.NewVault(make([]byte, session.KeySize)))
	for name, spoil := range map[string]func(*gate.Call){
		"another key, though of the developer's role": func(c *gate.Call) { c.Caller.AccessKeyID = "ASIACHAINED" },
		"no key, as calls from inside have none":      func(c *gate.Call) { c.Caller.AccessKeyID = "" },
		"a service":                                   func(c *gate.Call) { c.Caller.Kind = iam.PrincipalService },
		"nobody":                                      func(c *gate.Call) { c.Caller.Kind = iam.PrincipalAnonymous },
		"from elsewhere":                              func(c *gate.Call) { c.SourceIP = "192.0.2.1" },
		"from no address":                             func(c *gate.Call) { c.SourceIP = "" },
		"through a service":                           func(c *gate.Call) { c.Via = "cloudformation.amazonaws.com" },
		"an unknown role too":                         func(c *gate.Call) { c.Body, c.SourceIP = []byte(`{"Role":"none"}`), "::2" },
	} {
		c := developersCall(`{"Role":"worker"}`)
		spoil(c)
		if asks, err := s.Describe(c); gate.CodeOf(err) != "AccessDeniedException" || asks != nil {
			t.Errorf("%s: %v, %v", name, asks, err)
		}
	}
	for _, address := range []string{"127.0.0.1", "127.8.9.1", "::1"} {
		c := developersCall(`{"Role":"worker"}`)
		c.SourceIP = address
		if asks, err := s.Describe(c); err != nil || len(asks) != 1 || asks[0].Action != "writ:Impersonate" {
			t.Errorf("the developer at %s: %v, %v", address, asks, err)
		}
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	s := newService(session.NewVault(make([]byte, session.KeySize)))
	for body, want := range map[string]string{
		`{"Role":"worker"}`: "",
		`{"Role":"arn:aws:iam::000000000000:role/jobs/worker","DurationSeconds":3600}`: "",
		`{"Role":"arn:aws:iam::000000000000:role/worker"}`:                             "NoSuchEntity", // the path is part of it
		`{"Role":"arn:aws:iam::111122223333:role/jobs/worker"}`:                        "NoSuchEntity",
		`{"Role":"jobs/worker"}`:                                                       "NoSuchEntity",
		`{"Role":"writer"}`:                                                            "NoSuchEntity",
		`{}`:                                                                           "NoSuchEntity",
		`{"Role":"worker","DurationSeconds":3601}`:                                     "ValidationException",
		`{"Role":"worker","DurationSeconds":-1}`:                                       "ValidationException",
		`{"Role":"worker","DurationSeconds":9223372036854775807}`:                      "ValidationException",
		`[]`: "SerializationException",
	} {
		if _, err := s.Describe(developersCall(body)); (err == nil) != (want == "") || err != nil && gate.CodeOf(err) != want {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
	c := developersCall(`{"Role":"worker"}`)
	c.Operation = "TakeAll"
	if _, err := s.Describe(c); gate.CodeOf(err) != "UnknownOperationException" {
		t.Errorf("another operation: %v", err)
	}
}

func Example() {
	if err := example(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// arn:aws:iam::000000000000:role/jobs/worker until 15:19:05, trust policy asked: false
	// arn:aws:sts::000000000000:assumed-role/worker/developer
	// the function cannot: AccessDeniedException
}

func example(ctx context.Context) error {
	vault := session.NewVault(make([]byte, session.KeySize))
	service := newService(vault)
	call := developersCall(`{"Role":"worker"}`)
	if _, err := service.Describe(call); err != nil { // the gate does this, and asks IAM
		return err
	}
	reply, err := service.Handle(ctx, call)
	if err != nil {
		return err
	}
	var answer impersonate.Answer
	if err := json.Unmarshal(reply.Body, &answer); err != nil {
		return err
	}
	keys := answer.Credentials
	fmt.Printf("%s until %s, trust policy asked: %v\n", answer.RoleArn, keys.Expiration.Format(time.TimeOnly), answer.TrustPolicyAsked)
	_, caller, err := vault.Lookup(keys.AccessKeyID, keys.SessionToken, now)
	if err != nil {
		return err
	}
	fmt.Println(caller.ARN)

	call.Caller = caller
	call.Caller.AccessKeyID = keys.AccessKeyID
	_, err = service.Describe(call)
	if err == nil {
		return errors.New("a role's session made another")
	}
	fmt.Println("the function cannot:", gate.CodeOf(err))
	return nil
}
