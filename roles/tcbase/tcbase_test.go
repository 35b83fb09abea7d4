package tcbase_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cover"
	"github.com/writ-dev/writ/roles/tcbase"
)

var update = flag.Bool("update", false, "write the golden files anew")

var yoda = tcbase.Vars{Account: "111122223333", Region: "us-east-1", Sandbox: "yo-da", AssetBucket: "assets"}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, got, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, pretty.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pretty.Bytes(), want) {
		t.Errorf("%s is not as it was (-update writes it):\n%s", file, pretty.Bytes())
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	for _, kind := range tcbase.Kinds() {
		golden(t, kind, tcbase.Policy(kind, yoda))
	}
	golden(t, "trust", tcbase.Trust())
	if got := tcbase.Policy("queue", yoda); got != nil {
		t.Errorf("tc makes no role for queues: %s", got)
	}
}

func parse(t *testing.T, src []byte) *iam.Document {
	t.Helper()
	doc, err := iam.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// AWS takes the documents, whatever is wrong with them.
func TestPoliciesAreTaken(t *testing.T) {
	t.Parallel()
	for _, kind := range tcbase.Kinds() {
		if err := parse(t, tcbase.Policy(kind, yoda)).Validate(iam.TypeIdentity); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if err := parse(t, tcbase.Trust()).Validate(iam.TypeTrust); err != nil {
		t.Error(err)
	}
	odd := yoda
	odd.Sandbox = "yo_da"
	if err := parse(t, tcbase.Policy("route", odd)).Validate(iam.TypeIdentity); err == nil {
		t.Error("only hyphens go out of the Sid: an underscore makes it illegal")
	}
}

// TestUnreal notes which of tc's actions do not exist.
func TestUnreal(t *testing.T) {
	t.Parallel()
	want := map[string][]string{"route": {"states:StartExecutionSync"}}
	for _, kind := range tcbase.Kinds() {
		if got := cover.Count(nil, parse(t, tcbase.Policy(kind, yoda))).Unreal; !slices.Equal(got, want[kind]) {
			t.Errorf("%s: %q are no actions of AWS, want %q", kind, got, want[kind])
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	if got := tcbase.RoleName("route", "dev"); got != "tc-base-route-dev" {
		t.Error(got)
	}
}

// TestWhatTheySufficeFor asks of each role what its edges need.
func TestWhatTheySufficeFor(t *testing.T) {
	t.Parallel()
	arn := func(rest string) string { return "arn:aws:" + rest }
	for _, row := range []struct {
		kind, action, resource string
		want                   bool
	}{
		{"route", "lambda:InvokeFunction", arn("lambda:us-east-1:111122223333:function:hello"), true},
		{"route", "states:StartExecution", arn("states:us-east-1:111122223333:stateMachine:m"), true},
		{"route", "states:StartSyncExecution", arn("states:us-east-1:111122223333:stateMachine:m"), false},
		{"route", "sqs:SendMessage", arn("sqs:us-east-1:111122223333:q"), false},
		{"event", "appsync:GraphQL", arn("appsync:us-east-1:111122223333:apis/a/types/Mutation/fields/f"), true},
		{"event", "events:InvokeApiDestination", arn("events:us-east-1:111122223333:api-destination/d/*"), true},
		{"mutation", "events:PutEvents", arn("events:us-east-1:111122223333:event-bus/default"), false},
		{"function", "events:PutEvents", arn("events:us-east-1:111122223333:event-bus/default"), true},
		{"function", "sqs:ReceiveMessage", arn("sqs:us-east-1:111122223333:q"), false},
		{"function", "dynamodb:PutItem", arn("dynamodb:us-east-1:111122223333:table/hits"), false},
		{"state", "states:StartExecution", arn("states:us-east-1:111122223333:stateMachine:m"), true},
		{"state", "states:DescribeExecution", arn("states:us-east-1:111122223333:execution:m:*"), false},
		{"state", "events:PutEvents", arn("events:us-east-1:111122223333:event-bus/default"), false},
	} {
		policy, err := iam.Load(tcbase.Policy(row.kind, yoda), iam.Origin{Type: iam.TypeIdentity, Name: tcbase.RoleName(row.kind, yoda.Sandbox)})
		if err != nil {
			t.Fatal(err)
		}
		need := cover.Need{Statement: iam.Statement{Effect: iam.Allow, Action: []string{row.action}, Resource: []string{row.resource}}}
		r := cover.Check([]cover.Need{need}, cover.Given{
			Policies: &iam.Policies{Identity: []*iam.Policy{policy}},
			Caller:   iam.ParsePrincipal("arn:aws:sts::111122223333:assumed-role/tc-base/s"),
		})
		if r.OK() != row.want {
			t.Errorf("%s: %s on %s: %v", row.kind, row.action, row.resource, r.OK())
		}
	}
}
