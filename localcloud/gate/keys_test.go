package gate_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// onlyIf is a policy that allows all calls under one condition.
func onlyIf(operator, key, value string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{%q:{%q:%q}}}]}`, operator, key, value)
}

// Each key that a function's call has decides a call over HTTP: with the right
// value it is allowed, with another it is denied.
func TestContextKeysDecide(t *testing.T) {
	t.Parallel()
	for _, k := range []struct{ operator, key, right, wrong string }{
		{"ArnLike", "aws:PrincipalArn", "arn:aws:iam::000000000000:role/path/caller", "arn:aws:sts::000000000000:assumed-role/caller/*"},
		{"StringEquals", "aws:PrincipalAccount", account, "111111111111"},
		{"StringEquals", "aws:PrincipalType", "AssumedRole", "User"},
		{"StringEquals", "aws:userid", "AROAcaller:s", "AROAcaller"},
		{"StringEquals", "aws:PrincipalTag/team", "green", "blue"}, // the session's tag counts, not the role's
		{"StringEquals", "aws:PrincipalTag/Level", "7", "8"},
		{"DateGreaterThan", "aws:TokenIssueTime", "2020-01-01T00:00:00Z", "2120-01-01T00:00:00Z"},
		{"Bool", "aws:MultiFactorAuthPresent", "false", "true"},
		{"IpAddress", "aws:SourceIp", "127.0.0.0/8", "10.0.0.0/8"},
		{"StringLike", "aws:UserAgent", "aws-sdk-go-v2/*", "curl/*"},
		{"StringEquals", "aws:Referer", "https://example.com/", "https://example.org/"},
		{"Bool", "aws:SecureTransport", "true", "false"},
		{"DateLessThan", "aws:CurrentTime", "2120-01-01T00:00:00Z", "2020-01-01T00:00:00Z"},
		{"NumericLessThan", "aws:EpochTime", "4733510400", "1577836800"},
		{"StringEquals", "aws:RequestedRegion", "us-east-1", "eu-west-1"},
		{"StringEquals", "aws:ResourceAccount", account, "111111111111"},
		{"Bool", "aws:PrincipalIsAWSService", "false", "true"},
		{"Bool", "aws:ViaAWSService", "false", "true"},
		{"StringEquals", "aws:SourceIdentity", "ada", "eve"},
		{"ArnEquals", "lambda:SourceFunctionArn", "arn:aws:lambda:us-east-1:000000000000:function:f", "arn:aws:lambda:us-east-1:000000000000:function:g"},
		// What cannot be here is absent, not empty.
		{"Null", "aws:username", "true", "false"},
		{"Null", "aws:FederatedProvider", "true", "false"},
		{"Null", "aws:AssumedRoot", "true", "false"},
		{"Null", "aws:MultiFactorAuthAge", "true", "false"},
		{"Null", "aws:PrincipalServiceName", "true", "false"},
		{"Null", "aws:PrincipalServiceNamesList", "true", "false"},
		{"Null", "aws:PrincipalOrgID", "true", "false"},
		{"Null", "aws:SourceArn", "true", "false"},
		{"Null", "aws:SourceAccount", "true", "false"},
		{"Null", "aws:SourceVpc", "true", "false"},
		{"Null", "aws:CalledVia", "true", "false"},
		{"Null", "aws:ResourceTag/team", "true", "false"},
		{"Null", "aws:RequestTag/team", "true", "false"},
		{"Null", "aws:TagKeys", "true", "false"},
	} {
		t.Run(k.key, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, nil)
			caller := c.caller("caller")
			caller.SessionTags, caller.SourceIdentity = map[string]string{"team": "green", "level": "7"}, "ada"
			caller.FunctionARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
			issued, err := c.vault.Issue(caller, c.clock().Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			for value, want := range map[string]string{k.right: "", k.wrong: "AccessDeniedException"} {
				c.addRole(t, "caller", onlyIf(k.operator, k.key, value))
				cfg := c.configOf(aws.Credentials{AccessKeyID: issued.AccessKeyID, SecretAccessKey: issued.SecretAccessKey, SessionToken: issued.SessionToken})
				cfg.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
					r.Header.Set("Referer", "https://example.com/")
					return http.DefaultClient.Do(r)
				})
				client := dynamodb.NewFromConfig(cfg)
				if _, err := client.ListTables(t.Context(), nil); code(err) != want {
					t.Errorf("%s %s: %v, want %q", k.operator, value, err, want)
				}
			}
		})
	}
}

// The keys of calls that a service makes, for a caller or for itself.
func TestContextKeysOfServices(t *testing.T) {
	t.Parallel()
	const via = "cloudformation.amazonaws.com"
	for _, k := range []struct{ operator, key, right, wrong string }{
		{"Bool", "aws:ViaAWSService", "true", "false"},
		{"ForAnyValue:StringEquals", "aws:CalledVia", via, "lambda.amazonaws.com"},
		{"StringEquals", "aws:CalledViaFirst", via, "lambda.amazonaws.com"},
		{"StringEquals", "aws:CalledViaLast", via, "lambda.amazonaws.com"},
		{"Null", "aws:SourceIp", "true", "false"}, // a service does not pass it on
		{"StringEquals", "aws:PrincipalAccount", account, "111111111111"},
	} {
		c := newCloud(t, nil)
		for value, want := range map[string]string{k.right: "", k.wrong: "AccessDeniedException"} {
			c.addRole(t, "caller", onlyIf(k.operator, k.key, value))
			_, err := c.gate.Do(t.Context(), &gate.Call{Service: "dynamodb", Operation: "ListTables", Caller: c.caller("caller"), Via: via, SourceIP: "127.0.0.1"})
			if gate.CodeOf(err) != want {
				t.Errorf("%s %s: %v, want %q", k.key, value, err, want)
			}
		}
	}
	c := newCloud(t, nil)
	caller := gate.ServiceCaller("apigateway.amazonaws.com", account, "arn:aws:execute-api:us-east-1:000000000000:a/prod/GET/")
	_, _ = c.gate.Do(t.Context(), &gate.Call{Service: "dynamodb", Operation: "ListTables", Caller: caller}) // no resource policy lets it
	if len(c.verdicts) != 1 {
		t.Fatalf("%d verdicts", len(c.verdicts))
	}
	context := c.verdicts[0].Request.Context
	for key, want := range map[string]string{
		"aws:principalisawsservice": "true", "aws:principalservicename": "apigateway.amazonaws.com",
		"aws:principalservicenameslist": "apigateway.amazonaws.com", "aws:sourcearn": caller.SourceARN, "aws:sourceaccount": account,
		"aws:principalarn": "", "aws:principaltype": "", "aws:userid": "", "aws:tokenissuetime": "", "aws:multifactorauthpresent": "",
	} {
		got := ""
		if v := context[key]; len(v.Values) > 0 {
			got = v.Values[0]
		}
		if got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

// A change of the organisation's policies holds from the next call on, with
// calls under way.
func TestSCPsAreReplaced(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	client := dynamodb.NewFromConfig(c.config(t, "admin"))
	closed, err := iam.Load([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"dynamodb:*","Resource":"*"}]}`), iam.Origin{Type: iam.TypeSCP, Name: "closed"})
	if err != nil {
		t.Fatal(err)
	}
	full := iam.FullAWSAccess(iam.TypeSCP)
	for i, levels := range [][][]*iam.Policy{nil, {{full}}, {{full}, {full, closed}}, {{full}}, {{}}} {
		c.gate.SetSCPs(levels)
		want := ""
		if i == 2 || i == 4 {
			want = "AccessDeniedException"
		}
		if _, err := client.ListTables(t.Context(), nil); code(err) != want {
			t.Errorf("step %d: %v, want %q", i, err, want)
		}
	}
}
