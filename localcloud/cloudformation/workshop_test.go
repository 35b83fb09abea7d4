package cloudformation_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

var assetKey = regexp.MustCompile(`[0-9a-f]{64}\.zip`)

// TestWorkshop deploys the four real CDK templates one after the other, each
// by a change set, and removes the stack.
func TestWorkshop(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../shared/reference/workshop/*.template.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no reference templates beside the repository")
	}
	c := newCloud(t)
	client, name := c.client(t), "CdkWorkshopStack"
	before := c.inventory(t)
	for i, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c.asset(t, "cdk-hnb659fds-assets-000000000000-us-east-1", assetKey.FindAllString(string(body), -1)...)
		kind := types.ChangeSetTypeUpdate
		if i == 0 {
			kind = types.ChangeSetTypeCreate
		}
		start := time.Now()
		set, err := client.CreateChangeSet(t.Context(), &sdk.CreateChangeSetInput{
			StackName: &name, ChangeSetName: ptr("deploy"), ChangeSetType: kind, TemplateBody: ptr(string(body)),
			Capabilities: []types.Capability{types.CapabilityCapabilityIam},
		})
		if err != nil {
			t.Fatal(file, err)
		}
		described, err := client.DescribeChangeSet(t.Context(), &sdk.DescribeChangeSetInput{ChangeSetName: set.Id})
		if err != nil {
			t.Fatal(err)
		}
		var changes []string
		for _, change := range described.Changes {
			r := change.ResourceChange
			changes = append(changes, string(r.Action)+" "+*r.LogicalResourceId+" "+string(r.Replacement))
		}
		if _, err := client.ExecuteChangeSet(t.Context(), &sdk.ExecuteChangeSetInput{ChangeSetName: set.Id}); err != nil {
			t.Fatal(err)
		}
		stack := c.settled(t, name)
		t.Logf("%s: %s in %v\n  %s", filepath.Base(file), stack.StackStatus, time.Since(start), strings.Join(changes, "\n  "))
		if stack.StackStatus != types.StackStatusCreateComplete && stack.StackStatus != types.StackStatusUpdateComplete {
			t.Fatalf("%s: %s\n%s", file, stack.StackStatus, strings.Join(c.events(t, name), "\n"))
		}
		if len(stack.Outputs) != 1 || strings.Contains(*stack.Outputs[0].OutputValue, "None") {
			t.Errorf("%s: outputs %v", file, stack.Outputs)
		}
	}
	t.Logf("%d templates deployed", len(files))
	id := *c.settled(t, name).StackId
	if _, err := client.DeleteStack(t.Context(), &sdk.DeleteStackInput{StackName: &name}); err != nil {
		t.Fatal(err)
	}
	if stack := c.settled(t, id); stack.StackStatus != types.StackStatusDeleteComplete {
		t.Fatalf("%s\n%s", stack.StackStatus, strings.Join(c.events(t, id), "\n"))
	}
	// The table and the log groups are retained, as their templates say.
	left := slices.DeleteFunc(c.inventory(t), func(line string) bool {
		return slices.Contains(before, line) || strings.HasPrefix(line, "bucket cdk-")
	})
	kinds := ""
	for _, line := range left {
		kind, _, _ := strings.Cut(line, " ")
		kinds += kind + " "
	}
	if kinds != "log log table " {
		t.Errorf("left behind: %q", left)
	}
}
