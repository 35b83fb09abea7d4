package inventory_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/inventory"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

var account = inventory.Account{ID: "111122223333", Region: "us-east-1"}

const (
	tableARN = "arn:aws:dynamodb:us-east-1:111122223333:table/"
	lambda   = "arn:aws:lambda:us-east-1:111122223333:function:"
)

// question is one line of a table: may the function do this?
type question struct {
	function, action, resource string
	want                       iam.Verdict
}

func ask(t *testing.T, inv *inventory.Inventory, questions []question) {
	t.Helper()
	for _, q := range questions {
		f := inv.Function(q.function)
		if f == nil {
			t.Errorf("there is no function %s", q.function)
			continue
		}
		caller, ok := f.Run()
		if !ok {
			t.Errorf("function %s has no role", q.function)
			continue
		}
		if got := iam.Decide(inv.For(caller, q.action, q.resource)); got != q.want {
			t.Errorf("%s %s on %s: %s, want %s", q.function, q.action, q.resource, got, q.want)
		}
	}
}

// TestHitcounter: the example's two grants, as the synthesised template has them.
func TestHitcounter(t *testing.T) {
	t.Parallel()
	system, err := topology.Load("../../examples/hitcounter")
	if err != nil {
		t.Fatal(err)
	}
	asset := synth.Asset{Bucket: "b", Key: "k"}
	out, err := synth.Template(system, synth.Options{Sandbox: "dev", Assets: map[string]synth.Asset{"hello": asset, "counter": asset}})
	if err != nil {
		t.Fatal(err)
	}
	inv, err := inventory.Read(account, inventory.Stack{Name: "hitcounter-dev", Template: out.Template})
	if err != nil {
		t.Fatal(err)
	}
	if len(inv.Unknown) > 0 || len(inv.Principals) != 2 || len(inv.Functions) != 2 {
		t.Errorf("%d roles, %d functions, unknown %v", len(inv.Principals), len(inv.Functions), inv.Unknown)
	}
	ask(t, inv, []question{
		{"hitcounter_counter_dev", "dynamodb:UpdateItem", tableARN + "hitcounter_hits_dev", iam.Allowed},
		{"hitcounter_counter_dev", "dynamodb:GetItem", tableARN + "hitcounter_hits_dev", iam.ImplicitlyDenied},
		{"hitcounter_counter_dev", "lambda:InvokeFunction", lambda + "hitcounter_hello_dev", iam.Allowed},
		{"hitcounter_hello_dev", "lambda:InvokeFunction", lambda + "hitcounter_counter_dev", iam.ImplicitlyDenied},
		{"hitcounter_hello_dev", "dynamodb:UpdateItem", tableARN + "hitcounter_hits_dev", iam.ImplicitlyDenied},
	})
	// API Gateway may invoke the counter for the route, and nothing else.
	gateway := inventory.Caller{Principal: iam.ParsePrincipal("apigateway.amazonaws.com")}
	for source, want := range map[string]iam.Verdict{
		"arn:aws:execute-api:us-east-1:111122223333:RestApi/prod/GET/": iam.Allowed,
		"arn:aws:execute-api:us-east-1:111122223333:other/prod/GET/":   iam.ImplicitlyDenied,
	} {
		req, policies := inv.For(gateway, "lambda:InvokeFunction", lambda+"hitcounter_counter_dev")
		req.Context["aws:sourcearn"], req.Context["aws:sourceaccount"] = iam.One(source), iam.One("111122223333")
		if got := iam.Decide(req, policies); got != want {
			t.Errorf("API Gateway for %s: %s, want %s (%v)", source, got, want, iam.Explain(req, policies).Misses)
		}
	}
}

// TestWorkshop: what each step of the CDK workshop adds.
func TestWorkshop(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../shared/reference/workshop/*.template.json")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		template, err := cfn.Parse(src, filepath.Base(file))
		if err != nil {
			t.Fatal(err)
		}
		inv, err := inventory.Read(account, inventory.Stack{Name: "Workshop", Template: template})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if len(inv.Unknown) > 0 || len(inv.Functions) == 0 || len(inv.Principals) != len(inv.Functions) {
			t.Errorf("%s: %d functions, %d roles, unknown %v", file, len(inv.Functions), len(inv.Principals), inv.Unknown)
		}
		step := filepath.Base(file)[0]
		granted := func(from byte) iam.Verdict {
			if step >= from {
				return iam.Allowed
			}
			return iam.ImplicitlyDenied
		}
		for _, f := range inv.Functions {
			ask(t, inv, []question{{f.Name, "logs:PutLogEvents", "arn:aws:logs:us-east-1:111122223333:log-group:x:*", iam.Allowed}})
			if !strings.Contains(f.Name, "HitCounter") {
				continue
			}
			for _, r := range inv.Resources {
				switch {
				case r.Type == "AWS::DynamoDB::Table":
					ask(t, inv, []question{{f.Name, "dynamodb:UpdateItem", r.ARN, granted('c')}})
				case r.Type == "AWS::Lambda::Function" && r.Name != f.Name:
					ask(t, inv, []question{{f.Name, "lambda:InvokeFunction", r.ARN, granted('d')}})
				}
			}
		}
		ran++
	}
	t.Logf("%d templates of the workshop were read", ran)
	if len(files) == 0 {
		t.Skip("the workshop's templates are not beside this checkout")
	}
}

// TestUnknown: what is not known is listed, and never allows.
func TestUnknown(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("testdata/unknown.yml")
	if err != nil {
		t.Fatal(err)
	}
	template, err := cfn.Parse(src, "unknown.yml")
	if err != nil {
		t.Fatal(err)
	}
	inv, err := inventory.Read(account, inventory.Stack{Name: "s", Template: template})
	if err != nil {
		t.Fatal(err)
	}
	ask(t, inv, []question{
		{"f", "dynamodb:GetItem", tableARN + "known", iam.Allowed},             // beside one that is not known
		{"f", "dynamodb:GetItem", tableARN + "other", iam.ImplicitlyDenied},    // the unknown one is none
		{"f", "dynamodb:Scan", tableARN + "known", iam.ImplicitlyDenied},       // its condition is not known
		{"f", "dynamodb:Query", tableARN + "known", iam.ImplicitlyDenied},      // all but an unknown resource
		{"f", "dynamodb:PutItem", tableARN + "known", iam.ExplicitlyDenied},    // denied on something
		{"f", "dynamodb:DeleteItem", tableARN + "known", iam.ExplicitlyDenied}, // denied under some condition
		{"f", "sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:q", iam.Allowed},
		{"bounded", "sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:q", iam.ImplicitlyDenied}, // the boundary is not known
	})
	var got strings.Builder
	for _, u := range inv.Unknown {
		got.WriteString(u.Position.String() + " " + u.LogicalID + ": " + u.What + "\n")
	}
	want, err := os.ReadFile("testdata/unknown.golden")
	if err != nil || got.String() != string(want) {
		t.Errorf("unknown:\n%s\nwant:\n%s%v", got.String(), want, err)
	}
}

// TestPolicies: everything that can hold a policy of a resource or a principal.
func TestPolicies(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("testdata/policies.yml")
	if err != nil {
		t.Fatal(err)
	}
	template, err := cfn.Parse(src, "policies.yml")
	if err != nil {
		t.Fatal(err)
	}
	inv, err := inventory.Read(account, inventory.Stack{Name: "s", Template: template})
	if err != nil {
		t.Fatal(err)
	}
	if len(inv.Unknown) > 0 {
		t.Errorf("unknown: %v", inv.Unknown)
	}
	other := inventory.Caller{Principal: iam.ParsePrincipal("arn:aws:iam::999988887777:root")}
	for _, c := range []struct {
		caller           inventory.Caller
		action, resource string
		want             iam.Verdict
	}{
		{other, "s3:GetObject", "arn:aws:s3:::shared/key", iam.Allowed},
		{other, "s3:GetObject", "arn:aws:s3:::closed/key", iam.ExplicitlyDenied}, // Block Public Access
		{other, "sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:jobs", iam.Allowed},
		{other, "sns:Publish", "arn:aws:sns:us-east-1:111122223333:news", iam.Allowed},
		{other, "dynamodb:GetItem", tableARN + "items", iam.Allowed},
		{other, "dynamodb:GetItem", tableARN + "items/index/x", iam.ImplicitlyDenied},
		{other, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-XXXXXX", iam.Allowed},
		{other, "lambda:InvokeFunction", lambda + "f:live", iam.Allowed}, // the permission is on the alias
		{other, "lambda:InvokeFunction", lambda + "f", iam.ImplicitlyDenied},
		{inv.Principal("ann").Caller(), "kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/Key", iam.Allowed}, // by the group, through the default key policy
		{inv.Principal("ann").Caller(), "sts:AssumeRole", "arn:aws:iam::111122223333:role/team/admin", iam.Allowed},
		{inv.Principal("bob").Caller(), "sts:AssumeRole", "arn:aws:iam::111122223333:role/team/admin", iam.ImplicitlyDenied},
		{inv.Principal("admin").Caller(), "s3:ListAllMyBuckets", "*", iam.Allowed},     // AWS's own policy
		{inv.Principal("admin").Caller(), "iam:CreateUser", "*", iam.ImplicitlyDenied}, // the boundary
		{inv.Principal("bob").Caller(), "sqs:ReceiveMessage", "arn:aws:sqs:us-east-1:111122223333:jobs", iam.Allowed},
	} {
		if got := iam.Decide(inv.For(c.caller, c.action, c.resource)); got != c.want {
			t.Errorf("%s %s on %s: %s, want %s", c.caller.ARN, c.action, c.resource, got, c.want)
		}
	}
}

// TestErrors: a policy that IAM would refuse is an error at its place in the template.
func TestErrors(t *testing.T) {
	t.Parallel()
	template, err := cfn.Parse([]byte(`
Resources:
  P:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: p
      Roles: [r]
      PolicyDocument:
        Statement: {Effect: Allow, Action: "s3", Resource: "*"}
`), "t.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = inventory.Read(account, inventory.Stack{Template: template})
	if err == nil || !strings.HasPrefix(err.Error(), `t.yml:8:7: the action "s3" is not of the form service:Name`) {
		t.Errorf("got %v", err)
	}
}

// A session is found by its role alone, whatever else its ARN holds.
func TestPrincipalOfStrangeSessions(t *testing.T) {
	t.Parallel()
	template, err := cfn.Parse([]byte(`{"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "app", "AssumeRolePolicyDocument":
		{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}}}}}`), "t.json")
	if err != nil {
		t.Fatal(err)
	}
	inv, err := inventory.Read(account, inventory.Stack{Template: template})
	if err != nil {
		t.Fatal(err)
	}
	for session, want := range map[string]bool{
		"assumed-role/app/s": true, "assumed-role/app": false, "assumed-role": false, "assumed-role/": false, "assumed-role/other/x:y/app": false,
		"assumed-role/other/x:assumed-role/app/s": false, "assumed-role/app/s/t": false,
	} {
		if got := inv.Principal("arn:aws:sts::111122223333:"+session) != nil; got != want {
			t.Errorf("%s: %t", session, got)
		}
	}
}
