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
	for kind, want := range map[string][]string{
		"function": {"tc-base-lambda-role"},
		"queue":    {"tc-base-lambda-role"},
		"event":    {"tc-base-event-role"},
		"schedule": {"tc-base-event-role"},
		"route":    {"tc-base-route-role", "tc-base-api-role"},
		"mutation": {"tc-base-mutation-role", "tc-base-appsync-role"},
		"state":    {"tc-base-sfn-role"},
	} {
		if got := tcbase.GlobalNames(kind); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}
